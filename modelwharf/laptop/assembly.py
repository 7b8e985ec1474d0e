"""A CDK cloud assembly: the output of `cdk synth`, read as `cdk deploy` reads it."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class AssemblyUnreadable(Exception):
    """The folder is not a cloud assembly, or not an assembly of this stack."""


@dataclass(frozen=True)
class FileAsset:
    """A file or folder that the template expects in the bootstrap bucket."""

    source: Path
    zipped: bool
    bucket: str
    """The bucket's name with placeholders, such as ``${AWS::Region}``."""
    key: str

    def content(self) -> bytes:
        """The bytes to upload. A folder becomes an archive that depends only on its content."""
        return _archive(self.source) if self.zipped else self.source.read_bytes()


@dataclass(frozen=True)
class Assembly:
    """One stack of a cloud assembly."""

    stack: str
    template: Mapping[str, Any]
    template_file: Path
    assets: tuple[FileAsset, ...]
    protected: bool = False
    """Whether the stack's termination protection is on."""


def read_assembly(folder: Path, stack: str) -> Assembly:
    """Read the stack's assembly. Raises AssemblyUnreadable."""
    artifacts = _document(folder / "manifest.json").get("artifacts", {})
    stacks = {
        artifact.get("properties", {}).get("stackName", name): artifact
        for name, artifact in artifacts.items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    if stack not in stacks:
        raise AssemblyUnreadable(
            f"{folder} has no stack {stack!r}; it has {', '.join(sorted(stacks)) or 'none'}. "
            "Synthesise it for this project, or name another with --project."
        )
    template_file = folder / stacks[stack]["properties"]["templateFile"]
    assets = tuple(
        asset
        for name in stacks[stack].get("dependencies", [])
        if artifacts[name]["type"] == "cdk:asset-manifest"
        for asset in _assets(folder, artifacts[name]["properties"]["file"])
    )
    protected = stacks[stack]["properties"].get("terminationProtection", False)
    return Assembly(stack, _document(template_file), template_file, assets, protected)


def _document(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise AssemblyUnreadable(
            f"{path} is not there: synthesise the template first (python app.py)"
        ) from error
    except json.JSONDecodeError as error:
        raise AssemblyUnreadable(f"{path} is not JSON: {error}") from error
    return document


def _assets(folder: Path, manifest: str) -> list[FileAsset]:
    document = _document(folder / manifest)
    if document.get("dockerImages"):
        raise AssemblyUnreadable(
            f"{folder / manifest} has image assets; the laptop's cloud uploads file assets only"
        )
    return [
        FileAsset(
            source=folder / asset["source"]["path"],
            zipped=asset["source"].get("packaging") == "zip",
            bucket=destination["bucketName"],
            key=destination["objectKey"],
        )
        for asset in document.get("files", {}).values()
        for destination in asset["destinations"].values()
    ]


def _archive(folder: Path) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)))  # dated 1980-01-01
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return target.getvalue()
