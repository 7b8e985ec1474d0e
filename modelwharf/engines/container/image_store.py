"""Images whose layers the engine keeps: the manifest and the engine's id, by digest.

A registry names an image by the digest of its manifest, an engine by its own kind of id. The
manifest stored here is made from the engine's description of an image: its layers, and how it
starts. So the digest covers what is in an image, not when it was built.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelwharf.engines.engine import Image, ImageMissing
from modelwharf.engines.image_push import Pushable
from modelwharf.engines.manifest import Layer, canonical, digest, manifest_of

LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar"
SIZE = 0  # bytes; the engine tells only the size of all layers together
STARTS_WITH = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)
"""The keys of an image's configuration that say how it starts."""


class ImageStore:
    """A folder of images, safe against concurrent and killed builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remember(self, inspected: Mapping[str, Any]) -> Image:
        """Store an image as the engine's API describes it ("Inspect an image")."""
        config = canonical(_config(inspected))
        layers = _layers(inspected)
        manifest = manifest_of(config, [Layer(layer, SIZE, LAYER_TYPE) for layer in layers])
        image = Image(digest(manifest.encode()), manifest)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(image, config)
        # The same image may be built again under another id, and the first one be pruned.
        partial = tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False)  # noqa: SIM115
        with partial:
            partial.write(inspected["Id"])
        Path(partial.name).rename(self._path(image.digest) / "id")
        return image

    def _write(self, image: Image, config: bytes) -> None:
        final = self._path(image.digest)
        if final.exists():
            return
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self.folder))
        try:
            (draft / "manifest.json").write_text(image.manifest)
            (draft / "config.json").write_bytes(config)
            draft.rename(final)
        except OSError:
            if not final.exists():  # Otherwise another build of the same image was first.
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def local(self, image_digest: str) -> str:
        """Return the engine's id of the image. Raises ImageMissing."""
        return (self._find(image_digest) / "id").read_text()

    def pushable(self, image_digest: str) -> Pushable:
        """Return what a registry gets of it: the configuration. Raises ImageMissing."""
        folder = self._find(image_digest)
        manifest = (folder / "manifest.json").read_text()
        config = (folder / "config.json").read_bytes()
        kept = frozenset(layer["digest"] for layer in json.loads(manifest)["layers"])
        return Pushable(image_digest, manifest, {digest(config): config}, kept)

    def _find(self, image_digest: str) -> Path:
        folder = self._path(image_digest)
        if not (folder / "id").exists():
            raise ImageMissing(
                f"image {image_digest} is not on this machine: build and push it again"
            )
        return folder

    def _path(self, image_digest: str) -> Path:
        return self.folder / image_digest.removeprefix("sha256:")


def _config(inspected: Mapping[str, Any]) -> dict[str, Any]:
    """Return the image configuration of the OCI Image Specification, without its times."""
    held = inspected.get("Config") or {}
    platform = {
        key: inspected[key.title()]
        for key in ("architecture", "os", "variant")
        if inspected.get(key.title())
    }
    return {
        **platform,
        "config": {name: held[name] for name in STARTS_WITH if held.get(name)},
        "rootfs": {"type": "layers", "diff_ids": _layers(inspected)},
    }


def _layers(inspected: Mapping[str, Any]) -> list[str]:
    return list((inspected.get("RootFS") or {}).get("Layers") or [])
