"""An error response: JSON with the reason."""

import json
from http import HTTPStatus


def error_response(status: int, reason: str) -> tuple[bytes, bytes]:
    """Return the head, up to the value of content-length, and the body."""
    content = json.dumps({"error": reason}).encode()
    phrase = HTTPStatus(status).phrase
    head = f"HTTP/1.1 {int(status)} {phrase}\r\ncontent-type: application/json\r\ncontent-length: "
    return head.encode(), content
