"""The base image's digest, asked of its registry: a tag moves, a digest does not.

Spoken is the registries' HTTP API (OCI Distribution Specification 1.1, "Pulling manifests") with
the anonymous token that public registries hand out (CNCF Distribution, "Token Authentication").
Known challenges: ``Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",
scope="aws"``; ``Bearer realm="https://auth.docker.io/token",service="registry.docker.io",
scope="repository:library/python:pull"``. A private ECR's begins with ``Basic``.
"""

import hashlib
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from urllib.response import addinfourl

from contracts.image_reference import DOCKER_HUB, ImageReference
from lambdas.errors import InvalidParameter, ServiceFault, Throttled

TIMEOUT = 10  # seconds for an answer; a registry needs a fraction of one
PULL_TIMEOUT = 100  # who answers for every host may have to fetch the image first
DOCKER_HUB_REGISTRY = "registry-1.docker.io"
MANIFEST_LIMIT = 4 * 1024 * 1024  # bytes; registries take no larger ones
WORDS_SHOWN = 300  # characters
# The digest of an image for several platforms is its index's: FROM takes it as it is.
ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
CHALLENGE = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))')


@dataclass(frozen=True)
class Answer:
    """What a server said; ``body`` is cut at MANIFEST_LIMIT."""

    status: int
    headers: Message
    body: bytes

    @property
    def digest(self) -> str:
        return self.headers.get("Docker-Content-Digest", "")

    @property
    def words(self) -> str:
        """The reason that a registry gives in its errors' shape, or whatever else it wrote."""
        text = self.body.decode(errors="replace").strip()
        with suppress(ValueError, LookupError, TypeError):
            text = str(json.loads(text)["errors"][0]["message"])
        return text[:WORDS_SHOWN]


@dataclass(frozen=True)
class BaseImage:
    """A base image as a parameter names it.

    ``path`` is that parameter's, for whoever reads the errors; ``registry``, when not empty, is
    the URL of a registry that answers for every host, as ``/v2/<host>/<name>/…``.
    ``timeout`` is in seconds, None what its kind of registry needs.
    """

    reference: ImageReference
    path: str
    registry: str = ""
    timeout: float | None = None

    def pinned(self) -> str:
        """``name:tag@sha256:…``, without a call when the digest is given.

        Raises InvalidParameter for an image that cannot be had, Throttled and ServiceFault when
        its registry may answer another time.
        """
        if self.reference.digest is not None:
            return f"{self.reference.text}@{self.reference.digest}"
        return self.reference.pinned(self._digest())

    @property
    def url(self) -> str:
        """Where its manifest is."""
        host, name, tag = self.reference.host, self.reference.name, self.reference.tag
        if self.registry:
            return f"{self.registry.rstrip('/')}/v2/{host}/{name}/manifests/{tag}"
        server = DOCKER_HUB_REGISTRY if host == DOCKER_HUB else host
        return f"https://{server}/v2/{name}/manifests/{tag}"

    def _digest(self) -> str:
        # HEAD costs nothing at a registry that counts pulls, as Docker Hub does; but it tells no
        # reason for a refusal, and not every registry knows it or names the digest in a header.
        token, answer = self._ask("HEAD")
        if answer.status != 200 or not answer.digest:
            _, answer = self._ask("GET", token)
        if answer.status != 200:
            raise self._refused(answer)
        digest = answer.digest or "sha256:" + hashlib.sha256(answer.body).hexdigest()
        if not DIGEST.fullmatch(digest):
            raise ServiceFault(f"{self._what}: its registry gave the digest {digest!r}")
        return digest

    def _ask(self, method: str, token: str = "") -> tuple[str, Answer]:
        """The manifest or a refusal, and the token that it took, if any."""
        answer = self._fetch(method, self.url, token)
        if answer.status == 401 and not token:
            token = self._token(answer)
            answer = self._fetch(method, self.url, token)
        return token, answer

    def _token(self, refusal: Answer) -> str:
        """An anonymous token, from where the refusal says."""
        scheme, _, rest = refusal.headers.get("WWW-Authenticate", "").partition(" ")
        challenge = {key.lower(): one or other for key, one, other in CHALLENGE.findall(rest)}
        realm = challenge.get("realm", "")
        if scheme.lower() != "bearer" or not realm.startswith(("https://", self._scheme)):
            raise self._refused(refusal)
        scope = challenge.get("scope") or f"repository:{self.reference.name}:pull"
        query = {"scope": scope}
        if "service" in challenge:
            query["service"] = challenge["service"]
        separator = "&" if "?" in realm else "?"
        answer = self._fetch("GET", f"{realm}{separator}{urllib.parse.urlencode(query)}")
        if answer.status != 200:
            raise self._refused(answer)
        try:
            document = json.loads(answer.body)
            return str(document.get("token") or document["access_token"])
        except (ValueError, KeyError, AttributeError, TypeError):
            raise ServiceFault(f"{self._what}: {realm} gave no token: {answer.words!r}") from None

    @property
    def _patience(self) -> float:
        if self.timeout is not None:
            return self.timeout
        return PULL_TIMEOUT if self.registry else TIMEOUT

    @property
    def _scheme(self) -> str:
        return self.url.partition("//")[0] + "//"

    def _fetch(self, method: str, url: str, token: str = "") -> Answer:
        """The server's answer, be it a refusal. Raises Throttled, ServiceFault."""
        if not url.startswith(("https://", "http://")):
            raise ServiceFault("WHARF_BASE_REGISTRY must begin with https:// or http://")
        headers = {"Accept": ACCEPT, "User-Agent": "modelwharf"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310 (above)
        try:
            with self._opened(request) as found:
                answer = Answer(found.status or 0, found.headers, found.read(MANIFEST_LIMIT))
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error) or type(error).__name__
            raise ServiceFault(
                f"{self._what}: {urllib.parse.urlsplit(url).netloc} cannot be asked for its "
                f"digest: {reason}. {self._by_digest}"
            ) from None
        return self._raise_if_passing(url, answer)

    def _opened(self, request: urllib.request.Request) -> addinfourl:
        """The answer's stream; urllib raises those that are refusals."""
        try:
            opened: addinfourl = urllib.request.urlopen(request, timeout=self._patience)  # noqa: S310
        except urllib.error.HTTPError as refusal:
            return refusal
        return opened

    def _raise_if_passing(self, url: str, answer: Answer) -> Answer:
        server = urllib.parse.urlsplit(url).netloc
        if answer.status == 429:
            raise Throttled(
                f"{self._what}: {server} asks for fewer requests (429 {answer.words}). "
                f"{self._by_digest}"
            )
        if answer.status >= 500:
            raise ServiceFault(
                f"{self._what}: {server} answered {answer.status} {answer.words}. {self._by_digest}"
            )
        return answer

    def _refused(self, answer: Answer) -> InvalidParameter:
        if answer.status == 404:
            why = f"{self.reference.host} has no such image"
        elif answer.status in (401, 403):
            # Docker Hub says so of an image that does not exist, too.
            why = (
                f"{self.reference.host} shows it to nobody without credentials, or has no such "
                "image"
            )
        else:
            why = f"{self.reference.host} answered {answer.status}"
        words = f" ({answer.words})" if answer.words else ""
        return InvalidParameter(
            f"{self._what}, but {why}{words}; allowed is a public image, or any that the build can "
            f"pull by its digest, which is not looked up: {self.reference.pinned('sha256:…')}"
        )

    @property
    def _what(self) -> str:
        written = self.reference.text
        return f"{self.path}: base_image is {written!r}"

    @property
    def _by_digest(self) -> str:
        return (
            "Given by its digest it needs no asking: set base_image to "
            f"{self.reference.pinned('sha256:…')!r}"
        )
