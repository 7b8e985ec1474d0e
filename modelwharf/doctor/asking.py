"""Send one HTTP request to a server, as SageMaker's proxy in front of it sends it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3


class NoAnswer(Exception):
    """The server refused the connection, or closed it without an answer."""


class TooSlow(Exception):
    """No response within the time limit; the message says which."""


@dataclass(frozen=True)
class Answer:
    """A server's response. ``seconds`` are from the first byte sent to the last byte read."""

    status: int
    body: bytes
    seconds: float

    @property
    def shown(self) -> str:
        """Return the status and the beginning of the body, in one line."""
        text = " ".join(self.body[:120].decode(errors="replace").split())
        return f"{self.status}" + (f" {text!r}" if text else "")


def ask(
    address: tuple[str, int],
    method: str,
    path: str,
    *,
    timeout: float,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send the request over its own connection. Raises NoAnswer, TooSlow."""
    begun = time.monotonic()
    with urllib3.HTTPConnectionPool(*address, maxsize=1, retries=False, timeout=timeout) as pool:
        try:
            answer = pool.urlopen(method, path, body=body, headers=dict(headers or {}))
        except urllib3.exceptions.ConnectTimeoutError:
            raise TooSlow(f"no connection within {timeout:g} s") from None
        except urllib3.exceptions.TimeoutError:
            raise TooSlow(f"no answer within {timeout:g} s") from None
        except urllib3.exceptions.ProtocolError:
            raise NoAnswer("no answer: the connection was closed") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswer(f"{error}") from None
    return Answer(answer.status, answer.data, time.monotonic() - begun)
