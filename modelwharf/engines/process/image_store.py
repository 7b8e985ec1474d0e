"""Built images of the process engine: manifest, configuration and files of each, by digest."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwharf.engines.engine import Image, ImageMissing
from modelwharf.engines.manifest import Layer, canonical, digest, manifest_of

LAYER_TYPE = "application/vnd.modelwharf.process.layer.v1+json"


@dataclass(frozen=True)
class StoredImage:
    """An image on this machine: its files are under ``root``, as ``/`` is in a container."""

    folder: Path
    config: Mapping[str, Any]

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def blobs(self) -> dict[str, bytes]:
        """Return digest → bytes of every blob that the manifest names, as a registry keeps them."""
        paths = [self.folder / "config.json", *sorted((self.folder / "layers").iterdir())]
        return {digest(path.read_bytes()): path.read_bytes() for path in paths}


class ImageStore:
    """A folder of images, safe against concurrent and killed builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(
        self,
        config: Mapping[str, Any],
        layers: Sequence[bytes],
        fill: Callable[[Path], None],
    ) -> Image:
        """Store an image unless it exists; ``fill`` writes its files under the given root."""
        named = [Layer(digest(layer), len(layer), LAYER_TYPE) for layer in layers]
        manifest = manifest_of(canonical(config), named)
        image = Image(digest(manifest.encode()), manifest)
        final = self._path(image.digest)
        if final.exists():
            return image
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self.folder))
        try:
            (draft / "manifest.json").write_text(manifest)
            (draft / "config.json").write_bytes(canonical(config))
            (draft / "layers").mkdir()
            for number, layer in enumerate(layers):
                (draft / "layers" / f"{number:03}.json").write_bytes(layer)
            (draft / "root").mkdir()
            fill(draft / "root")
            draft.rename(final)
        except OSError:
            if not final.exists():  # Otherwise another build of the same image was first.
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return image

    def find(self, image_digest: str) -> StoredImage:
        """Return the image. Raises ImageMissing."""
        folder = self._path(image_digest)
        if not folder.exists():
            raise ImageMissing(
                f"image {image_digest} is not on this machine: build and push it again"
            )
        return StoredImage(folder, json.loads((folder / "config.json").read_text()))

    def manifest(self, image_digest: str) -> str:
        return (self.find(image_digest).folder / "manifest.json").read_text()

    def _path(self, image_digest: str) -> Path:
        return self.folder / image_digest.removeprefix("sha256:")
