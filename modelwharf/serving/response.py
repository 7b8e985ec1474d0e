"""A response, before the connection adds the headers that all responses have."""

import json
from http import HTTPStatus
from typing import NamedTuple

from modelwharf.serving.refusal import Headers


class Response(NamedTuple):
    """A status and a whole body. A ``connection: close`` among the headers ends the connection."""

    status: int
    body: bytes
    content_type: str
    headers: Headers = ()

    @property
    def head(self) -> bytes:
        """The beginning of the head, up to the value of content-length."""
        line = f"HTTP/1.1 {self.status:d} {HTTPStatus(self.status).phrase}"
        return f"{line}\r\ncontent-type: {self.content_type}\r\ncontent-length: ".encode("latin-1")


def json_response(answer: object, status: int = 200, headers: Headers = ()) -> Response:
    """Return a response with a JSON document."""
    return Response(status, json.dumps(answer).encode(), "application/json", headers)


def error_response(status: int, reason: str, headers: Headers = ()) -> Response:
    """Return an error response: JSON with the reason."""
    return json_response({"error": reason}, status, headers)
