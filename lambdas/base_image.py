"""Ask a registry for the base image's digest: a tag moves, a digest does not.

The module speaks the registries' HTTP API (OCI Distribution Specification 1.1, "Pulling manifests")
with the anonymous token that public registries hand out (CNCF Distribution, "Token
Authentication"). Known challenges: ``Bearer realm="https://public.ecr.aws/token/",
service="public.ecr.aws",scope="aws"``; ``Bearer realm="https://auth.docker.io/token",
service="registry.docker.io",scope="repository:library/python:pull"``. The challenge of a private
ECR begins with ``Basic``.
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

from lambdas.errors import InvalidParameter, ServiceFault, Throttled
from modelwharf.contracts.image_reference import DOCKER_HUB, ImageReference

TIMEOUT = 10  # seconds for an answer; a registry needs a fraction of one
PULL_TIMEOUT = 100  # a registry that mirrors every host may have to fetch the image first
DOCKER_HUB_REGISTRY = "registry-1.docker.io"
MANIFEST_LIMIT = 4 * 1024 * 1024  # bytes; registries accept no larger manifests
WORDS_SHOWN = 300  # characters
# A multi-platform image has the digest of its index; FROM accepts that digest.
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
    """A server's response; ``body`` is cut at MANIFEST_LIMIT."""

    status: int
    headers: Message
    body: bytes

    @property
    def digest(self) -> str:
        return self.headers.get("Docker-Content-Digest", "")

    @property
    def words(self) -> str:
        """Return the reason from the registry's error document, or else the text of the body."""
        text = self.body.decode(errors="replace").strip()
        with suppress(ValueError, LookupError, TypeError):
            text = str(json.loads(text)["errors"][0]["message"])
        return text[:WORDS_SHOWN]


@dataclass(frozen=True)
class BaseImage:
    """A base image as a parameter names it.

    ``path`` is the parameter's path, for error messages. ``registry``, when not empty, is the URL
    of a registry that mirrors every host, as ``/v2/<host>/<name>/…``. ``timeout`` is in seconds;
    None means the default for that kind of registry.
    """

    reference: ImageReference
    path: str
    registry: str = ""
    timeout: float | None = None

    def pinned(self) -> str:
        """Return ``name:tag@sha256:…``, without a request when the digest is given.

        Raises InvalidParameter for an image that cannot be had; Throttled and ServiceFault when a
        later try may succeed.
        """
        if self.reference.digest is not None:
            return f"{self.reference.text}@{self.reference.digest}"
        return self.reference.pinned(self._digest())

    @property
    def url(self) -> str:
        """The URL of its manifest."""
        host, name, tag = self.reference.host, self.reference.name, self.reference.tag
        if self.registry:
            return f"{self.registry.rstrip('/')}/v2/{host}/{name}/manifests/{tag}"
        server = DOCKER_HUB_REGISTRY if host == DOCKER_HUB else host
        return f"https://{server}/v2/{name}/manifests/{tag}"

    def _digest(self) -> str:
        # HEAD does not count as a pull at registries that count pulls, such as Docker Hub. But its
        # response gives no reason for a refusal, and not every registry supports HEAD or puts the
        # digest in a header.
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
        """Return the manifest or a refusal, and the token that the request needed, if any."""
        answer = self._fetch(method, self.url, token)
        if answer.status == 401 and not token:
            token = self._token(answer)
            answer = self._fetch(method, self.url, token)
        return token, answer

    def _token(self, refusal: Answer) -> str:
        """Fetch an anonymous token from the address that the refusal names."""
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
    def _timeout(self) -> float:
        if self.timeout is not None:
            return self.timeout
        return PULL_TIMEOUT if self.registry else TIMEOUT

    @property
    def _scheme(self) -> str:
        return self.url.partition("//")[0] + "//"

    def _fetch(self, method: str, url: str, token: str = "") -> Answer:
        """Return the server's response, including a refusal. Raises Throttled, ServiceFault."""
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
        """Return the response's stream; urllib raises refusals as exceptions."""
        try:
            opened: addinfourl = urllib.request.urlopen(request, timeout=self._timeout)  # noqa: S310
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
            # Docker Hub answers the same for an image that does not exist.
            why = f"{self.reference.host} requires credentials to show it, or has no such image"
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
