"""Shortens long names for people; --json keeps them whole."""

import re

DIGEST = re.compile(r"\b(?:sha256:)?[0-9a-f]{40,64}\b")
PYDANTIC = re.compile(r"For further information visit https://errors\.pydantic\.dev/\S+")
SHORT = 12  # characters of a digest or a commit


def digests(text: str) -> str:
    """Return the text with every digest cut to its first characters."""
    return DIGEST.sub(_cut, text)


def _cut(found: re.Match[str]) -> str:
    kind, colon, digest = found[0].rpartition(":")
    return f"{kind}{colon}{digest[:SHORT]}"


def image(uri: str) -> str:
    """Return the image's name without its registry's host."""
    host, slash, name = uri.partition("/")
    return digests(name if slash and "." in host else uri)


def resource(arn: str) -> str:
    """Return an ARN's resource without its type: ``oil-price/3`` for a model package."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return arn
    kind, slash, name = parts[5].partition("/")
    return name if slash else kind


def person(arn: str) -> str:
    """Return the user or the role session in an ARN."""
    return resource(arn).rpartition("/")[2]


def one_line(text: str) -> str:
    """Return the text on one line, without pydantic's URL after each finding."""
    return " ".join(PYDANTIC.sub("", text).split())


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
