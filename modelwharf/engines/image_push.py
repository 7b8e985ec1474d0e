"""``docker login`` and ``docker push`` of a build, for every engine.

``push`` calls ECR with the build role's own credentials, call by call as the real client does. So
the role's policy is checked as it is on AWS.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_REGISTRY = r"(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)"
_REPOSITORY = r"(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)"
IMAGE_URI = re.compile(rf"{_REGISTRY}/{_REPOSITORY}(?::(?P<tag>[\w][\w.-]{{0,127}}))?")


class Refused(Exception):
    """The command is not possible; the message is for the build's log."""


@dataclass(frozen=True)
class Pushable:
    """An image as a push needs it.

    ``blobs`` (digest → bytes) go into the registry; ``kept`` are digests of layers that stay in the
    engine's own store.
    """

    digest: str
    manifest: str
    blobs: Mapping[str, bytes]
    kept: frozenset[str] = field(default_factory=frozenset)


class RegistryClient:
    """The logins, kept in ``state`` from one command to the next, and the push.

    ``ecr`` makes a client of ECR in the region that it is given.
    """

    def __init__(self, state: Path, ecr: Callable[[str], Any]) -> None:
        self._logins = state / "logins.json"
        self._ecr = ecr

    def login(self, registry: str, user: str, password: str) -> str:
        """Log in to the registry. Raises Refused."""
        if user != "AWS" or not password.strip():
            raise Refused(f"login to {registry}: give user AWS and the password of `aws ecr`")
        self._logins.parent.mkdir(parents=True, exist_ok=True)
        self._logins.write_text(json.dumps(sorted({*self._logged_in(), registry})))
        return "Login Succeeded"

    def push(self, name: str, find: Callable[[str], Pushable]) -> str:
        """Push the image that ``find`` returns for the name. Raises Refused, and AWS's errors."""
        match = IMAGE_URI.fullmatch(name)
        if match is None:
            raise Refused(
                f"push {name}: the laptop's cloud has only ECR; give "
                "<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>"
            )
        image = find(name)
        if match["registry"] not in self._logged_in():
            raise Refused(f"push access denied to {match['registry']}: no basic auth credentials")
        tag = match["tag"] or "latest"
        _push(self._ecr(match["region"]), match["repository"], tag, image)
        return f"{tag}: digest: {image.digest}"

    def _logged_in(self) -> list[str]:
        return json.loads(self._logins.read_text()) if self._logins.exists() else []


def _push(ecr: Any, repository: str, tag: str, image: Pushable) -> None:
    answer = ecr.batch_check_layer_availability(
        repositoryName=repository, layerDigests=sorted({*image.blobs, *image.kept})
    )
    there = {
        layer["layerDigest"]
        for layer in answer["layers"]
        if layer["layerAvailability"] == "AVAILABLE"
    }
    for digest in sorted(set(image.blobs) - there):
        _upload(ecr, repository, digest, image.blobs[digest])
    ecr.put_image(repositoryName=repository, imageManifest=image.manifest, imageTag=tag)


def _upload(ecr: Any, repository: str, digest: str, blob: bytes) -> None:
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository,
        uploadId=upload,
        partFirstByte=0,
        partLastByte=len(blob) - 1,
        layerPartBlob=blob,
    )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])
