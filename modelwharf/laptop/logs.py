"""CloudWatch Logs: the logs that the cloud's own services write."""

import threading
import time
from collections.abc import Iterable

from moto.logs.models import LogsBackend, logs_backends

from modelwharf.laptop import iam
from modelwharf.laptop.cloud import Cloud

EVENT_LIMIT = 256 * 1024  # bytes; PutLogEvents refuses a larger event

_lock = threading.Lock()  # moto's log streams are plain lists, and many threads append to them


def put_lines(cloud: Cloud, group: str, stream: str, lines: Iterable[str]) -> None:
    """Append ``lines`` to a stream with the current time. Create a missing group or stream."""
    backend: LogsBackend = logs_backends[cloud.account][cloud.region]
    now = int(time.time() * 1000)  # ms since the epoch
    # CloudWatch Logs drops empty messages; the agents that write there do so, too.
    events = [{"timestamp": now, "message": _fitting(line)} for line in lines if line]
    with _lock:
        backend.ensure_log_group(group)
        backend.ensure_log_stream(group, stream)
        if events:
            backend.put_log_events(group, stream, events)


def require_writing(cloud: Cloud, role: str, session: str, group: str, stream: str) -> None:
    """Check a role's permissions before and while a service writes a stream with it.

    A missing group is created, as SageMaker and Lambda do. Raises Refusal.
    """
    groups = logs_backends[cloud.account][cloud.region].groups
    held = groups.get(group)
    arn = cloud.arn("logs", f"log-group:{group}")
    if held is None:
        iam.require_of_role(cloud, role, session, "logs:CreateLogGroup", f"{arn}:*")
    if held is None or stream not in held.streams:
        iam.require_of_role(cloud, role, session, "logs:CreateLogStream", f"{arn}:*")
    put = f"{arn}:log-stream:{stream}"
    iam.require_of_role(cloud, role, session, "logs:PutLogEvents", put)


def _fitting(line: str) -> str:
    data = line.encode()
    return line if len(data) <= EVENT_LIMIT else data[:EVENT_LIMIT].decode(errors="ignore")
