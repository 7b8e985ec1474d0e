"""What both servers share: one function from a request to a response, errors as JSON, bounded
bodies.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from time import perf_counter_ns

from modelwharf.serving.journal import REQUEST_ID, AccessLog, Journal, path_text
from modelwharf.serving.limits import BODY_LIMIT, DRAIN_LIMIT, REQUEST_SECONDS
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.request import ClientGone, Request
from modelwharf.serving.response import Response, error_response
from modelwharf.serving.thread_pool import Reservation, ThreadPool, busy

NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
REQUEST_TIMEOUT = 408
CONTENT_TOO_LARGE = 413
INTERNAL_ERROR = "internal error; the server's log has the reason"
CLOSE = (b"connection", b"close")

LOG = logging.getLogger("inference")


class Application(ABC):
    """``route`` answers or raises; exceptions become error responses here."""

    def __init__(self, *, pool: ThreadPool | None = None, journal: Journal | None = None) -> None:
        self.pool = pool or ThreadPool()
        self.journal = journal or Journal(AccessLog.OFF)

    async def respond(self, request: Request) -> Response | None:
        """Answer one request. Returns None when the client is gone."""
        begun = perf_counter_ns()
        request_id = self.journal.request_id(request.headers)
        try:
            response = await self._respond(request)
        except ClientGone:
            LOG.info("the client closed the connection while it sent its body")
            return None
        if request.path != "/ping":
            size, total = len(response.body), perf_counter_ns() - begun
            self.journal.note(
                response.status, request.method, path_text(request.path), request_id,
                request.headers, request.bytes_in, size, request.rows, request.steps, total,
            )  # fmt: skip
        ends = (CLOSE,) if request.held_back else ()
        return response._replace(headers=(*response.headers, (REQUEST_ID, request_id), *ends))

    async def _respond(self, request: Request) -> Response:
        try:
            return await self.route(request)
        except Refusal as refusal:
            return error_response(refusal.status, refusal.reason, refusal.headers)
        except ClientGone:
            raise
        except asyncio.CancelledError:
            LOG.warning("%s %s was cut off: the server ends", request.method, request.path)
            ends = busy("the server ends")
            return error_response(ends.status, ends.reason, ends.headers)
        except Exception:
            LOG.exception("%s %s failed", request.method, request.path)
            return error_response(500, INTERNAL_ERROR)

    @abstractmethod
    async def route(self, request: Request) -> Response:
        """Answer one request. Raises Refusal or ClientGone."""


def check_method(request: Request, *allowed: str) -> None:
    """Check the request's method. Raises Refusal with 405."""
    if request.method not in allowed:
        raise Refusal(
            f"{request.method} is not allowed here; use {allowed[0]}",
            status=METHOD_NOT_ALLOWED,
            headers=((b"allow", ", ".join(allowed).encode()),),
        )


async def read_body(
    request: Request,
    *,
    limit: int = BODY_LIMIT,
    reservation: Reservation | None = None,
    seconds: float = REQUEST_SECONDS,
) -> bytes:
    """Read the body and hold at most ``limit`` bytes of it, counted by ``reservation``.

    Raises Refusal: 413 when the body is too long, 408 when it takes too long, 503 when there is no
    room for it now.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, limit, reservation)
    except TimeoutError:
        raise Refusal(
            f"the body was not there within {seconds:g} s",
            status=REQUEST_TIMEOUT,
            headers=(CLOSE,),
        ) from None


async def _read(request: Request, limit: int, reservation: Reservation | None) -> bytes:
    length = int(request.headers.get(b"content-length", b"0"))
    if b"expect" in request.headers and length > limit:
        raise _too_long(limit)  # the client waits for 100 Continue
    promised = length if length <= limit else 0
    if reservation is not None:
        reservation.hold(promised)
    chunks: list[bytes] = []
    size = 0
    while size <= DRAIN_LIMIT and (chunk := await request.body.read()):
        size += len(chunk)
        if size > limit:
            chunks.clear()
            continue
        chunks.append(chunk)
        if reservation is not None and size > promised:
            reservation.hold(size - promised)
            promised = size
    if size > limit:
        raise _too_long(limit)
    return b"".join(chunks)


def _too_long(limit: int) -> Refusal:
    return Refusal(f"the body is longer than {limit} bytes", status=CONTENT_TOO_LARGE)
