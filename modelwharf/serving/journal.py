"""The access log: one line per request with the time of each step, and metrics once a minute."""

import json
import logging
import os
import re
import select
import threading
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from queue import SimpleQueue
from time import time, time_ns

from modelwharf.serving.metrics import Metrics

SLOW_NANOSECONDS = 1_000_000_000  # a slower response is always logged
SAMPLE = 10  # lines a second of "sampled", besides errors and slow responses
ATOMIC = 4096  # bytes; PIPE_BUF: a write of at most this size to a shared pipe stays whole
UNWRITTEN = 8 * 1024 * 1024  # bytes that may wait for a slow reader of the log
GATHERED = 1000  # lines that are written before the second ends
PATH_LIMIT = 256  # characters
_ID = re.compile(rb"[A-Za-z0-9_.:=/+@-]{1,128}")
REQUEST_ID = b"x-amzn-requestid"
INFERENCE_ID = b"x-amzn-sagemaker-inference-id"

Steps = tuple[int, int, int, int]
"""Nanoseconds of waiting for a thread, parsing, predicting and writing."""
NO_STEPS: Steps = (0, 0, 0, 0)


class AccessLog(StrEnum):
    """Which requests get a line. All values but ``off`` log every error and every slow response."""

    ALL = "all"
    SAMPLED = "sampled"
    ERRORS = "errors"
    OFF = "off"


class Journal:
    """Records requests in one event loop. ``write`` gets whole lines, in a thread.

    Lines are collected and written by ``flush``, which is called at least once a second.
    """

    def __init__(
        self,
        access_log: AccessLog = AccessLog.SAMPLED,
        *,
        write: Callable[[bytes], object] | None = None,
    ) -> None:
        self.metrics = Metrics()
        self._all = access_log is AccessLog.ALL
        self._off = access_log is AccessLog.OFF
        self._sample = SAMPLE if access_log is AccessLog.SAMPLED else 0
        self._left = self._sample
        self._lines: list[str] = []
        self._second = 0
        self._stamp = ""
        self._prefix = os.urandom(8).hex().encode()  # secrets imports hmac
        self._made = 0
        self._writer = _Writer(write or _to_stdout)

    def request_id(self, headers: dict[bytes, bytes]) -> bytes:
        """Return the client's request id if a log line can hold it; otherwise a new one."""
        given = headers.get(REQUEST_ID)
        if given is not None and _ID.fullmatch(given):
            return given
        self._made += 1
        return b"%b-%x" % (self._prefix, self._made)

    def note(
        self,
        status: int,
        method: str,
        path: str,
        request_id: bytes,
        headers: dict[bytes, bytes],
        bytes_in: int,
        bytes_out: int,
        rows: int = 0,
        steps: Steps = NO_STEPS,
        total: int = 0,
    ) -> None:
        """Record one answered request. Times are in nanoseconds; the path is JSON text."""
        self.metrics.note(status, rows, total)
        if not self._all and status < 400 and total < SLOW_NANOSECONDS:
            if not self._left:
                return
            self._left -= 1
        if self._off:
            return
        queue, parse, predict, write = steps
        given = headers.get(INFERENCE_ID)
        inference_id = (
            f'"{given.decode()}"' if given is not None and _ID.fullmatch(given) else "null"
        )
        now = time_ns()
        second = now // 1_000_000_000
        if second != self._second:
            self._second = second
            self._stamp = _stamp(second)
        self._lines.append(
            f'{{"time":"{self._stamp}.{now // 1_000_000 % 1000:03d}Z",'
            f'"request_id":"{request_id.decode()}","inference_id":{inference_id},'
            f'"method":"{method}","path":{path},"status":{status},'
            f'"bytes_in":{bytes_in},"bytes_out":{bytes_out},"rows":{rows},'
            f'"queue_us":{queue // 1000},"parse_us":{parse // 1000},'
            f'"predict_us":{predict // 1000},"write_us":{write // 1000},'
            f'"total_us":{total // 1000}}}\n'
        )
        if len(self._lines) >= GATHERED:
            self._hand_over()

    def ping(self, status: int) -> None:
        """Count a ping. Pings have no line, because SageMaker sends one every few seconds."""
        self.metrics.pings[status] += 1

    def flush(self) -> None:
        """Hand the collected lines to the writer, and the metrics once a minute."""
        self._left = self._sample
        if self._lines:
            self._hand_over()
        line = self.metrics.line_if_due(time())
        if line:
            self._writer.put([line])

    def say(self, text: str) -> None:
        """Write another line, from any thread, without waiting for the log's reader."""
        self._writer.put([text + "\n"])

    def _hand_over(self) -> None:
        lines, self._lines = self._lines, []
        self._writer.put(lines)

    def close(self) -> None:
        """Write everything, including the metrics of the last part of a minute."""
        self.flush()
        line = self.metrics.line(time())
        if line:
            self._writer.put([line])
        self._writer.close()


def path_text(path: str) -> str:
    """Return a path as JSON text."""
    return json.dumps(path[:PATH_LIMIT])


def _stamp(second: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class JournalHandler(logging.Handler):
    """Writes records of ``logging`` to a journal, whose thread waits for a slow reader."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        self._journal.say(self.format(record))


def _to_stdout(text: bytes) -> None:
    while text:
        try:
            text = text[os.write(1, text) :]
        except BlockingIOError:  # another process on the same pipe may have made it non-blocking
            select.select((), (1,), ())


class _Writer:
    """Writes in a thread. Otherwise a log reader that stops would stop the server."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._queue: SimpleQueue[list[str] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._putting = threading.Lock()
        # Only one thread at a time changes each of them.
        self._given = 0
        self._written = 0
        self._lost: Counter[str] = Counter()

    def put(self, lines: list[str]) -> None:
        with self._putting:
            self._put(lines)

    def _put(self, lines: list[str]) -> None:
        size = sum(map(len, lines))
        waiting = self._given - self._written
        if waiting + size > UNWRITTEN:
            self._lost["lines"] += len(lines)
            return
        if self._lost and not waiting:
            lines = [f'{{"lost_lines":{self._lost.pop("lines")}}}\n', *lines]
        self._given += size
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        self._queue.put(lines)

    def close(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(1)

    def _run(self) -> None:
        while (lines := self._queue.get()) is not None:
            size = sum(map(len, lines))
            part: list[str] = []
            length = 0
            for line in lines:
                if length + len(line) > ATOMIC:
                    self._write("".join(part).encode())
                    part, length = [], 0
                part.append(line)
                length += len(line)
            self._write("".join(part).encode())
            self._written += size
