"""FilterLogEvents by prefix, by ARN and in the order of time, as CloudWatch Logs does it.

moto ignores ``logStreamNamePrefix`` and ``logGroupIdentifier``, and lists stream after stream.
"""

import json

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.responses import LogsResponse

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import log_group_name
from modelwharf.laptop.overrides import replace

NO_STREAM = [""]  # a name that no stream has: moto takes an empty list for all streams


def install(cloud: Cloud) -> None:
    """Search the request's own streams. ``interleaved`` is always true (API reference)."""

    def filter_log_events(self: LogsResponse) -> str:
        group = _group(self)
        events, token, searched = self.logs_backend.filter_log_events(
            group,
            _streams(self, group),
            self._get_param("startTime"),
            self._get_param("endTime"),
            self._get_param("limit"),
            self._get_param("nextToken"),
            self._get_param("filterPattern"),
            True,
        )
        return json.dumps({"events": events, "nextToken": token, "searchedLogStreams": searched})

    replace(LogsResponse, "filter_log_events", filter_log_events)


def _group(request: LogsResponse) -> str:
    """The group's name, from the name or from the identifier, which may be an ARN."""
    name, identifier = request._get_param("logGroupName"), request._get_param("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise InvalidParameterException(
            msg="Exactly one of logGroupName and logGroupIdentifier is needed"
        )
    if name is not None:
        return str(name)
    return log_group_name(str(identifier))


def _streams(request: LogsResponse, group: str) -> list[str]:
    names = request._get_param("logStreamNames") or []
    prefix = request._get_param("logStreamNamePrefix")
    if prefix is None:
        return [str(name) for name in names]
    if names:
        raise InvalidParameterException(
            msg="logStreamNames and logStreamNamePrefix cannot be given together"
        )
    groups = request.logs_backend.groups
    if group not in groups:
        raise ResourceNotFoundException
    return [name for name in groups[group].streams if name.startswith(prefix)] or NO_STREAM
