"""Image manifests (Docker's schema 2), which name an image's parts by their SHA-256."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
# Multi-platform image lists: registries accept them, SageMaker does not.
LISTS = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)


@dataclass(frozen=True)
class Layer:
    """One layer as a manifest names it; ``size`` is in bytes."""

    digest: str
    size: int
    media_type: str


def manifest_of(config: bytes, layers: Sequence[Layer]) -> str:
    """Return the manifest's JSON, identical byte for byte for the same image."""
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "size": len(config), "digest": digest(config)},
            "layers": [
                {"mediaType": layer.media_type, "size": layer.size, "digest": layer.digest}
                for layer in layers
            ],
        }
    ).decode()


def canonical(value: object) -> bytes:
    """Return JSON that is identical byte for byte for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
