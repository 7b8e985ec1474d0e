import pytest

from modelwharf.contracts.image_reference import ImageReference

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "host", "name", "tag"),
    [
        ("python", "docker.io", "library/python", "latest"),
        ("python:3.12", "docker.io", "library/python", "3.12"),
        ("docker.io/python:3", "docker.io", "library/python", "3"),
        ("index.docker.io/library/python:3", "docker.io", "library/python", "3"),
        ("bitnami/python:3", "docker.io", "bitnami/python", "3"),
        ("localhost/mine", "localhost", "mine", "latest"),
        ("localhost:5000/a/b:c", "localhost:5000", "a/b", "c"),
        ("host:5000/a", "host:5000", "a", "latest"),
        (
            "public.ecr.aws/docker/library/python:3.12-slim",
            "public.ecr.aws",
            "docker/library/python",
            "3.12-slim",
        ),
    ],
)
def test_a_name_is_made_whole(text: str, host: str, name: str, tag: str) -> None:
    found = ImageReference.parse(text)
    assert (found.host, found.name, found.tag, found.digest) == (host, name, tag, None)
    assert ImageReference.parse(f"{text}@{DIGEST}").digest == DIGEST


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        ("python:3.12", f"python:3.12@{DIGEST}"),
        ("python", f"python:latest@{DIGEST}"),
        ("host:5000/a", f"host:5000/a:latest@{DIGEST}"),
    ],
)
def test_a_pinned_name_keeps_its_tag_for_people(text: str, pinned: str) -> None:
    assert ImageReference.parse(text).pinned(DIGEST) == pinned


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Python",
        "two words",
        "-x",
        "python:",
        "https://host.com/python",
        "./python",
        "host.com:99/",
        "python@sha256:123",
        f"python@{DIGEST.upper()}",
        "python\n",
    ],
)
def test_what_is_not_a_name_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="allowed is name:tag"):
        ImageReference.parse(text)
