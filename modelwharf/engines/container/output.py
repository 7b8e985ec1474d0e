"""The attached output of a container, line by line."""

from contextlib import suppress
from typing import Any

from modelwharf.engines.engine import LogSink

LONGEST_LINE = 256 * 1024  # bytes (one event of CloudWatch Logs)


def close_output(output: Any) -> None:
    """Close the stream; the SDK leaves the socket open when the other side closed first."""
    with suppress(Exception):
        output._response.close()


class OutputLines:
    """Collects bytes and passes on whole lines."""

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self._rest = b""

    def take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._say(line)
        if len(self._rest) > LONGEST_LINE:
            self.flush()

    def flush(self) -> None:
        if self._rest:
            self._say(self._rest)
            self._rest = b""

    def _say(self, line: bytes) -> None:
        self._log(line.removesuffix(b"\r").decode(errors="replace"))
