"""Reads lines of CloudWatch Logs, each line once."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from modelwharf.artifact.contract import Contract
from modelwharf.cli.log_sources import Source, Step
from modelwharf.cli.services import Services

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef as Event
    from mypy_boto3_logs.type_defs import LogStreamTypeDef

STREAM_NAMES = 100  # FilterLogEvents accepts no more per call
# Lines arrive late and out of order: each read starts this far before the last line.
LATE = timedelta(minutes=2)
RELEASE_ID = re.compile(r"\br-[0-9a-f]{16}\b")
CRASHES = ("ERROR", "Traceback", "Task timed out", "Runtime exited")
FRAMES = ("START RequestId: ", "END RequestId: ", "INIT_START ")


class LogLine(Contract):
    """One log line of a step; ``wharf logs --json`` prints one JSON object for each."""

    time: datetime
    step: Step
    source: str
    """The step, with its host if it has several (``train algo-2``), or the function's name."""
    group: str
    stream: str
    message: str


class LogReader:
    """Polls sources, and returns every line once."""

    def __init__(self, services: Services, since: datetime | None = None) -> None:
        self._client = services.client("logs")
        self._since = since
        self._seen: set[str] = set()
        self._newest: dict[Source, datetime] = {}

    def read(self, sources: Iterable[Source]) -> list[LogLine]:
        """Return the new lines, sorted by time."""
        lines = [line for source in sources for line in self._read(source)]
        return sorted(lines, key=lambda line: line.time)

    def _read(self, source: Source) -> Iterator[LogLine]:
        for event in _events_of(source, list(self._events(source))):
            time = _time(event["timestamp"])
            self._newest[_key(source)] = max(time, self._newest.get(_key(source), time))
            if event["eventId"] in self._seen or (self._since and time < self._since):
                continue
            self._seen.add(event["eventId"])
            yield LogLine(
                time=time,
                step=source.step,
                source=source.label,
                group=source.group,
                stream=event["logStreamName"],
                message=event["message"].rstrip("\n"),
            )

    def _events(self, source: Source) -> Iterator["Event"]:
        request: dict[str, Any] = {"logGroupName": source.group, **self._window(source)}
        try:
            for names in self._streams(source):
                yield from self._pages({**request, **names})
        except ClientError as error:
            # The group is created with its first line and deleted with the stack.
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

    def _window(self, source: Source) -> dict[str, int]:
        newest = self._newest.get(_key(source))
        times = [
            source.begin if not source.born else None,
            self._since,
            newest - LATE if newest else None,
        ]
        begin = max((time for time in times if time), default=None)
        end = source.end if not source.born else None
        window = {"startTime": begin, "endTime": end}
        return {name: _milliseconds(time) for name, time in window.items() if time}

    def _streams(self, source: Source) -> Iterator[dict[str, list[str]]]:
        """Yield arguments that name the source's streams, a hundred at a time; {} for the whole
        group.
        """
        if not source.stream and not source.born:
            yield {}
            return
        request: dict[str, Any] = {"logGroupName": source.group}
        if source.stream:
            request["logStreamNamePrefix"] = source.stream
        while True:
            page = self._client.describe_log_streams(**request)
            found = [one["logStreamName"] for one in page["logStreams"] if _counts(source, one)]
            for first in range(0, len(found), STREAM_NAMES):
                yield {"logStreamNames": found[first : first + STREAM_NAMES]}
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]

    def _pages(self, request: dict[str, Any]) -> Iterator["Event"]:
        while True:
            page = self._client.filter_log_events(**request)
            yield from page["events"]
            if not page.get("nextToken"):
                return
            request = {**request, "nextToken": page["nextToken"]}


def _key(source: Source) -> Source:
    """Return the part of the source that is constant between polls: its end may become known
    later.
    """
    return Source(source.step, source.label, source.group, source.stream)


def _counts(source: Source, stream: "LogStreamTypeDef") -> bool:
    if not source.born:
        return True
    made = _time(stream["creationTime"])
    after = source.begin is None or made >= source.begin
    return after and (source.end is None or made <= source.end)


def _events_of(source: Source, events: list["Event"]) -> Iterable["Event"]:
    """Return the events; for functions, only whole calls for the release, without their frames."""
    if not source.release:
        return events
    streams: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        streams[event["logStreamName"]].append(event)
    return [
        event
        for stream in streams.values()
        for call in _calls(stream)
        if _is_for(source.release, "\n".join(one["message"] for one in call))
        for event in call
        if not event["message"].startswith(FRAMES)
    ]


def _is_for(release: str, call: str) -> bool:
    """Whether the call was for the release. A failed call that names no release may have been.

    A crash before the function names its release is therefore shown, perhaps for each of two
    releases of that time.
    """
    if named := RELEASE_ID.findall(call):
        return release in named
    return any(sign in call for sign in CRASHES)


def _calls(events: list["Event"]) -> list[list["Event"]]:
    """Return a stream's events by call: an instance of a function runs one call at a time."""
    calls: list[list[Event]] = [[]]
    for event in events:
        if event["message"].startswith("START "):
            calls.append([])
        calls[-1].append(event)
    return calls


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
