"""CloudWatch Logs: what the cloud's own services write there."""

import threading
import time
from collections.abc import Iterable

from moto.logs.models import LogsBackend, logs_backends

from localcloud.cloud import Cloud

EVENT_LIMIT = 256 * 1024  # bytes; PutLogEvents refuses a larger event

_lock = threading.Lock()  # moto's log streams are plain lists, appended to from many threads


def put_lines(cloud: Cloud, group: str, stream: str, lines: Iterable[str]) -> None:
    """Append ``lines`` to a stream, now; the group and the stream are made when missing."""
    backend: LogsBackend = logs_backends[cloud.account][cloud.region]
    now = int(time.time() * 1000)  # ms since the epoch
    # CloudWatch Logs drops empty messages; so do the agents that write there.
    events = [{"timestamp": now, "message": _fitting(line)} for line in lines if line]
    with _lock:
        backend.ensure_log_group(group)
        backend.ensure_log_stream(group, stream)
        if events:
            backend.put_log_events(group, stream, events)


def _fitting(line: str) -> str:
    data = line.encode()
    return line if len(data) <= EVENT_LIMIT else data[:EVENT_LIMIT].decode(errors="ignore")
