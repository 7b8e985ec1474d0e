"""ECR: an image is identified by the SHA-256 of its manifest, and an immutable tag stays.

Stock moto hashes only the layers' names, so that two images with different configurations become
one. It answers a push to a missing repository with 500, and its error for an immutable tag has the
wrong name. It deletes an image when its last tag moves to another. It lacks
GetDownloadUrlForLayer, which every pull needs permission to call.
"""

import json
import re
import threading
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ecr.models import ECRBackend, Image, Repository
from moto.ecr.responses import ECRResponse

from modelwharf.engines.manifest import LISTS
from modelwharf.engines.manifest import digest as digest_of
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock

IMAGE_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)

_lock = threading.Lock()


class ImageRefused(Exception):
    """A role cannot pull an image. The text is for the FailureReason."""


def install(cloud: Cloud) -> None:
    """Compute digests as registries do, and keep tags as the repository's settings say."""
    stock_put_image = stock(ECRBackend, "put_image")

    def put_image(
        self: ECRBackend,
        repository_name: str,
        image_manifest: str,
        image_tag: str | None,
        image_manifest_mediatype: str | None = None,
        digest: str | None = None,
    ) -> Any:
        with _lock:
            self._get_repository(repository_name)
            if image_tag is not None:
                _free_tag(self, repository_name, image_tag, image_manifest)
            return stock_put_image(
                self,
                repository_name,
                image_manifest,
                image_tag,
                image_manifest_mediatype,
                digest_of(image_manifest.encode()),
            )

    def create_digest(self: Image) -> None:
        self._image_digest = digest_of(self.image_manifest.encode())

    replace(ECRBackend, "put_image", put_image)
    replace(Image, "_create_digest", create_digest)
    replace(ECRResponse, "get_download_url_for_layer", _layer_url)


def _free_tag(backend: ECRBackend, name: str, tag: str, manifest: str) -> None:
    """Remove the tag from another image. Refuse if the tag is immutable."""
    repository = backend._get_repository(name)
    for image in repository.images:
        if tag not in image.image_tags:
            continue
        if _is_immutable(repository, tag):
            raise JsonRESTError(
                "ImageTagAlreadyExistsException",
                f"The image tag '{tag}' already exists in the '{name}' repository and cannot be "
                "overwritten because the tag is immutable.",
            )
        if image.image_manifest != manifest:
            image.remove_tag(tag)


def _is_immutable(repository: Repository, tag: str) -> bool:
    """Whether the tag is immutable. An exclusion filter inverts the repository's setting.

    In a filter, * matches any text (ECR user guide, "Preventing image tags from being
    overwritten"). Stock moto reads the filter as a regular expression.
    """
    filters = repository.image_tag_mutability_exclusion_filters or ()
    patterns = (".*".join(map(re.escape, one["filter"].split("*"))) for one in filters)
    excluded = any(re.fullmatch(pattern, tag) for pattern in patterns)
    return bool(repository.is_tag_immutable()) != excluded


def pull(cloud: Cloud, uri: str, role: str) -> str:
    """The digest of the image that ``uri`` names, read with the role's credentials.

    Raises ImageRefused when the image is missing, or when the role may not pull it.
    """
    match = IMAGE_URI.fullmatch(uri)
    if match is None:
        raise ImageRefused(
            f"image {uri} is not in ECR; the laptop's cloud runs images that a build pushed to "
            "<account>.dkr.ecr.<region>.amazonaws.com/<repository>"
        )
    named = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"]}
    ecr = cloud.client("ecr", role=role, session="SageMaker")
    try:
        ecr.get_authorization_token()
        answer = ecr.batch_get_image(repositoryName=match["repository"], imageIds=[named])
        if answer["images"]:
            _require_one_image(uri, answer["images"][0])
            _authorize_layers(ecr, match["repository"], answer["images"][0])
    except ClientError as error:
        raise ImageRefused(_refusal(error, uri, role)) from None
    if not answer["images"]:
        raise ImageRefused(f"cannot pull image {uri}: Requested image not found")
    digest: str = answer["images"][0]["imageId"]["imageDigest"]
    return digest


def _refusal(error: ClientError, uri: str, role: str) -> str:
    if (error.operation_name, error.response["Error"]["Code"]) == (
        "BatchGetImage",
        "AccessDeniedException",
    ):
        return (
            f"The role '{role}' does not have BatchGetImage permission for the image: '{uri}'. "
            f"({error})"
        )
    return f"cannot pull image {uri}: {error}"


def _require_one_image(uri: str, image: dict[str, Any]) -> None:
    """Raise ImageRefused for a list of images, with SageMaker's text."""
    manifest = json.loads(image["imageManifest"])
    kind = manifest.get("mediaType") or image.get("imageManifestMediaType") or LISTS[0]
    if kind in LISTS or "manifests" in manifest:
        raise ImageRefused(
            f"Unsupported manifest media type {kind} for image {uri}. Ensure that valid manifest "
            "media type is used for specified image."
        )


def _authorize_layers(ecr: Any, repository: str, image: dict[str, Any]) -> None:
    """Make a container runtime's two further calls, so that the role's policy must allow them.

    The content itself is already on this machine.
    """
    config = json.loads(image["imageManifest"])["config"]["digest"]
    ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[config])
    ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=config)


def _layer_url(response: ECRResponse) -> ActionResult:
    backend = response.ecr_backend
    repository = backend._get_repository(response._get_param("repositoryName"))
    layer = response._get_param("layerDigest")
    if layer not in repository.layers:
        raise JsonRESTError(
            "LayersNotFoundException",
            f"The layer with digest '{layer}' is not in the repository '{repository.name}'",
        )
    return ActionResult({"layerDigest": layer, "downloadUrl": f"{repository.uri}/blobs/{layer}"})
