"""An image's name as ``FROM`` takes it: ``[host[:port]/]name[:tag][@sha256:…]``.

The grammar is the registries' own (distribution/reference): the text before the first slash is a
host if it has a dot or a colon or is ``localhost``. Otherwise the image is Docker Hub's, and its
official images are short for ``docker.io/library/<name>``.
"""

import re

from modelwharf.artifact.contract import Contract

DOCKER_HUB = "docker.io"
OFFICIAL = "library/"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_HOST = r"(?:localhost|(?=[^/]*[.:])[A-Za-z0-9][A-Za-z0-9.-]*)(?::[0-9]{1,5})?"
_REFERENCE = re.compile(
    rf"(?:(?P<host>{_HOST})/)?(?P<name>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


class ImageReference(Contract):
    """One parsed name. ``host`` and ``name`` are complete even if the text was short."""

    text: str
    """The text without the digest."""
    host: str
    name: str
    tag: str
    """``latest`` if the text has no tag."""
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> "ImageReference":
        """Raises ValueError, which says what is allowed."""
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise ValueError(
                "it is not the name of an image; allowed is name:tag, name:tag@sha256:… "
                "(64 hexadecimal digits), or either of them after a registry's host, such as "
                "public.ecr.aws/docker/library/python:3.12-slim"
            )
        host, name = found["host"], found["name"]
        if host in (None, f"index.{DOCKER_HUB}"):
            host = DOCKER_HUB
        if host == DOCKER_HUB and "/" not in name:
            name = OFFICIAL + name
        return cls(
            text=text.partition("@")[0],
            host=host,
            name=name,
            tag=found["tag"] or "latest",
            digest=found["digest"],
        )

    def pinned(self, digest: str) -> str:
        """``name:tag@sha256:…``: the tag is for people, the digest decides."""
        tagged = self.text if self._names_tag else f"{self.text}:{self.tag}"
        return f"{tagged}@{digest}"

    @property
    def _names_tag(self) -> bool:
        return ":" in self.text.rpartition("/")[2]
