"""ECR keeps manifests by their digest, and immutable tags where they are."""

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.laptop import registry
from tests.unit.laptop.ml.laptops import EVERYTHING, REPOSITORY, URI, Laptop


def manifest(config: str) -> str:
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "c", "digest": config, "size": 1},
        "layers": [{"mediaType": "l", "digest": "same", "size": 1}],
    }
    return json.dumps(document)


def push(laptop: Laptop, config: str, tag: str, repository: str = REPOSITORY) -> str:
    image = laptop.client("ecr").put_image(
        repositoryName=repository, imageManifest=manifest(config), imageTag=tag
    )["image"]
    return str(image["imageId"]["imageDigest"])


def test_a_digest_is_of_the_manifest(laptop: Laptop) -> None:
    digest = push(laptop, "a", "digest-a")
    assert digest == f"sha256:{hashlib.sha256(manifest('a').encode()).hexdigest()}"
    assert push(laptop, "b", "digest-b") != digest
    found = laptop.client("ecr").batch_get_image(
        repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest}]
    )
    assert found["images"][0]["imageManifest"] == manifest("a")


def test_an_immutable_tag_stays(laptop: Laptop) -> None:
    push(laptop, "first", "fixed")
    with pytest.raises(ClientError) as caught:
        push(laptop, "second", "fixed")
    assert caught.value.response["Error"]["Code"] == "ImageTagAlreadyExistsException"
    assert "'fixed' already exists in the 'modelwharf/toy/model' repository" in str(caught.value)


def test_a_mutable_tag_moves_and_leaves_the_image(laptop: Laptop) -> None:
    ecr = laptop.client("ecr")
    ecr.create_repository(repositoryName="loose")
    first = push(laptop, "one", "latest", "loose")
    second = push(laptop, "two", "latest", "loose")
    details = ecr.describe_images(repositoryName="loose")["imageDetails"]
    tags = {image["imageDigest"]: image.get("imageTags", []) for image in details}
    assert tags == {first: [], second: ["latest"]}


@pytest.mark.parametrize(
    ("kind", "tag", "moves"),
    [
        ("MUTABLE_WITH_EXCLUSION", "v1", False),
        ("MUTABLE_WITH_EXCLUSION", "latest", True),
        ("IMMUTABLE_WITH_EXCLUSION", "v1", True),
        ("IMMUTABLE_WITH_EXCLUSION", "latest", False),
    ],
)
def test_a_tag_that_a_filter_excludes_is_the_other_way_round(
    laptop: Laptop, kind: str, tag: str, moves: bool
) -> None:
    name = f"{kind.lower()}/{tag}"
    laptop.client("ecr").create_repository(
        repositoryName=name,
        imageTagMutability=kind,
        imageTagMutabilityExclusionFilters=[{"filter": "v*", "filterType": "WILDCARD"}],
    )
    push(laptop, "first", tag, name)
    if moves:
        push(laptop, "second", tag, name)
    else:
        with pytest.raises(ClientError, match="ImageTagAlreadyExistsException"):
            push(laptop, "second", tag, name)


def test_a_missing_repository_is_named(laptop: Laptop) -> None:
    with pytest.raises(ClientError, match="'none' does not exist"):
        push(laptop, "a", "b", "none")


def test_a_pull_names_what_is_missing(laptop: Laptop) -> None:
    with pytest.raises(registry.ImageRefused, match="none: Requested image not found"):
        registry.pull(laptop.cloud, f"{URI}:none", laptop.role)
    with pytest.raises(registry.ImageRefused, match=r"docker\.io/x is not in ECR"):
        registry.pull(laptop.cloud, "docker.io/x", laptop.role)


@pytest.mark.parametrize(
    "action",
    [
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
    ],
)
def test_a_pull_needs_every_leave_that_a_container_runtime_needs(
    laptop: Laptop, action: str
) -> None:
    push(laptop, "pulled", f"pulled-{action[4:]}")
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": action, "Resource": "*"})
    with pytest.raises(registry.ImageRefused, match=action):
        registry.pull(laptop.cloud, f"{URI}:pulled-{action[4:]}", laptop.role)


def test_a_list_of_images_is_pushed_and_not_pulled(laptop: Laptop) -> None:
    kind = "application/vnd.oci.image.index.v1+json"
    one = {"mediaType": "m", "digest": "sha256:1", "size": 1, "platform": {}}
    listed = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [one]})
    laptop.client("ecr").put_image(
        repositoryName=REPOSITORY,
        imageManifest=listed,
        imageManifestMediaType=kind,
        imageTag="listed",
    )
    with pytest.raises(registry.ImageRefused, match="Unsupported manifest media type") as refused:
        registry.pull(laptop.cloud, f"{URI}:listed", laptop.role)
    assert kind in str(refused.value)
