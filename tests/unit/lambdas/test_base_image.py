from collections.abc import Iterator

import pytest

from lambdas.base_image import BaseImage
from lambdas.errors import InvalidParameter, ServiceFault, Throttled
from modelwharf.contracts.image_reference import ImageReference
from tests.unit.lambdas.registries import DIGEST, TOKEN, Registry, running

PATH = "/modelwharf/oil-price/source"
PYTHON = "public.ecr.aws/docker/library/python:3.12-slim"
MANIFEST = "/v2/public.ecr.aws/docker/library/python/manifests/3.12-slim"


@pytest.fixture(scope="module")
def server() -> Iterator[Registry]:
    with running() as registry:
        yield registry


@pytest.fixture
def registry(server: Registry) -> Registry:
    server.like = type(server.like)()
    return server


def base(registry: Registry, image: str = PYTHON, *, timeout: float | None = None) -> BaseImage:
    return BaseImage(
        reference=ImageReference.parse(image), path=PATH, registry=registry.url, timeout=timeout
    )


def refusal(registry: Registry, image: str = PYTHON) -> str:
    with pytest.raises(InvalidParameter) as caught:
        base(registry, image).pinned()
    return str(caught.value)


def test_a_tag_is_pinned_to_the_digest_that_the_registry_gives(registry: Registry) -> None:
    assert base(registry).pinned() == f"{PYTHON}@{DIGEST}"


def test_the_token_is_asked_for_where_and_for_what_the_refusal_says(registry: Registry) -> None:
    base(registry).pinned()
    refused, token, answered = registry.like.asked
    assert (refused.method, refused.path, refused.authorization) == ("HEAD", MANIFEST, "")
    assert (token.method, token.path) == ("GET", "/token/")
    assert token.query == {"service": ["public.ecr.aws"], "scope": ["aws"]}
    assert (answered.method, answered.path) == ("HEAD", MANIFEST)
    assert answered.authorization == f"Bearer {TOKEN}"


def test_an_index_for_several_platforms_is_asked_for_too(registry: Registry) -> None:
    base(registry).pinned()
    accepted = registry.like.asked[0].accept.split(", ")
    assert "application/vnd.oci.image.index.v1+json" in accepted
    assert "application/vnd.docker.distribution.manifest.list.v2+json" in accepted


@pytest.mark.parametrize(
    ("challenge", "query"),
    [
        (
            'Bearer realm="{url}/token",service="registry.docker.io",'
            'scope="repository:library/python:pull"',
            {"service": ["registry.docker.io"], "scope": ["repository:library/python:pull"]},
        ),
        (
            'bearer realm="{url}/token", service=gcr.io, scope="repository:a/b:pull,push"',
            {"service": ["gcr.io"], "scope": ["repository:a/b:pull,push"]},
        ),
        (
            'Bearer realm="{url}/token?v=2"',
            {"v": ["2"], "scope": ["repository:docker/library/python:pull"]},
        ),
    ],
    ids=["Docker Hub", "unquoted, with spaces", "without a scope"],
)
def test_every_registry_s_challenge_is_understood(
    registry: Registry, challenge: str, query: dict[str, list[str]]
) -> None:
    registry.like.challenge = challenge
    assert base(registry).pinned().endswith(DIGEST)
    assert registry.like.asked[1].query == query


def test_a_token_may_be_called_access_token(registry: Registry) -> None:
    registry.like.token = b'{"access_token": "anonymous", "expires_in": 300}'
    assert base(registry).pinned().endswith(DIGEST)


def test_a_registry_that_wants_no_token_is_asked_once(registry: Registry) -> None:
    registry.like.challenge = ""
    base(registry).pinned()
    assert [asked.method for asked in registry.like.asked] == ["HEAD"]


def test_without_the_header_the_digest_is_the_manifest_s_own(registry: Registry) -> None:
    registry.like.digest = None
    assert base(registry).pinned() == f"{PYTHON}@{DIGEST}"
    assert [asked.method for asked in registry.like.asked] == ["HEAD", "GET", "HEAD", "GET"]


def test_a_registry_that_does_not_know_head_is_asked_with_get(registry: Registry) -> None:
    registry.like.heads = False
    assert base(registry).pinned() == f"{PYTHON}@{DIGEST}"


def test_an_image_given_by_its_digest_is_not_looked_up(registry: Registry) -> None:
    assert base(registry, f"{PYTHON}@{DIGEST}").pinned() == f"{PYTHON}@{DIGEST}"
    assert registry.like.asked == []


def test_an_image_that_is_not_there_is_named_with_the_parameter_and_what_to_do(
    registry: Registry,
) -> None:
    registry.like.missing = True
    assert refusal(registry) == (
        f"{PATH}: base_image is '{PYTHON}', but public.ecr.aws has no such image (not here); "
        "allowed is a public image, or any that the build can pull by its digest, which is not "
        f"looked up: {PYTHON}@sha256:…"
    )


def test_a_private_registry_is_distinguished_from_a_public_one(registry: Registry) -> None:
    registry.like.challenge = 'Basic realm="https://123456789012.dkr.ecr",service="ecr"'
    words = refusal(registry, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1")
    assert "requires credentials to show it, or has no such image" in words
    assert "mine:1@sha256:…" in words


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_is_the_user_s_to_mend(registry: Registry, status: int) -> None:
    registry.like.token_status = status
    assert "requires credentials" in refusal(registry)


def test_a_token_is_never_fetched_from_a_file(registry: Registry) -> None:
    registry.like.challenge = 'Bearer realm="file:///etc/passwd",service="x"'
    assert "requires credentials" in refusal(registry)


def test_too_many_requests_are_throttling_with_the_way_out(registry: Registry) -> None:
    registry.like.refusal = (429, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}')
    with pytest.raises(Throttled) as caught:
        base(registry).pinned()
    words = str(caught.value)
    assert f"{PATH}: base_image is '{PYTHON}'" in words and "429" in words
    assert f"set base_image to '{PYTHON}@sha256:…'" in words


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_registry_s_own_fault_is_tried_again(registry: Registry, status: int) -> None:
    registry.like.refusal = (status, b"upstream")
    with pytest.raises(ServiceFault, match=f"answered {status}"):
        base(registry).pinned()


def test_a_registry_that_gives_no_answer_is_not_waited_for(registry: Registry) -> None:
    registry.like.silent = True
    with pytest.raises(ServiceFault, match="cannot be asked for its digest: timed out"):
        base(registry, timeout=0.05).pinned()


def test_a_registry_that_is_not_there_is_tried_again() -> None:
    with running() as closed:
        pass
    with pytest.raises(ServiceFault, match="Connection refused"):
        base(closed).pinned()


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b"null"])
def test_a_token_that_cannot_be_read_is_reported(registry: Registry, answer: bytes) -> None:
    registry.like.token = answer
    with pytest.raises(ServiceFault, match="gave no token"):
        base(registry).pinned()


def test_a_digest_that_is_none_is_reported(registry: Registry) -> None:
    registry.like.digest = "md5:1"
    with pytest.raises(ServiceFault, match="gave the digest 'md5:1'"):
        base(registry).pinned()


@pytest.mark.parametrize(
    ("image", "url"),
    [
        ("python:3.12", "https://registry-1.docker.io/v2/library/python/manifests/3.12"),
        ("bitnami/python", "https://registry-1.docker.io/v2/bitnami/python/manifests/latest"),
        (PYTHON, "https://public.ecr.aws/v2/docker/library/python/manifests/3.12-slim"),
        ("my.host:5000/a/b:1", "https://my.host:5000/v2/a/b/manifests/1"),
    ],
)
def test_each_image_is_asked_for_at_its_own_registry(image: str, url: str) -> None:
    assert BaseImage(reference=ImageReference.parse(image), path=PATH).url == url


def test_with_a_registry_for_all_the_host_is_a_part_of_the_path(registry: Registry) -> None:
    assert base(registry, "python:3").url == (
        f"{registry.url}/v2/docker.io/library/python/manifests/3"
    )
