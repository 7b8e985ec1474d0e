"""The CloudWatch metrics that AWS's services publish themselves: one set of values per minute."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from moto.cloudwatch.models import MetricAggregatedDatum, cloudwatch_backends
from moto.core.utils import utcnow

from modelwharf.laptop.cloud import Cloud

RECENT = 500  # values searched; a value that is not found starts a second set for its minute

Values = Mapping[tuple[str, str], float]
"""Metric and unit → value."""

_lock = threading.Lock()


def add(cloud: Cloud, namespace: str, dimensions: Mapping[str, str], values: Values) -> None:
    """Add values to this minute's statistics, which are at the end of CloudWatch's list."""
    minute = utcnow().replace(second=0, microsecond=0)
    pairs = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    data = cloudwatch_backends[cloud.account][cloud.region].metric_data
    with _lock:
        for (name, unit), value in values.items():
            new = MetricAggregatedDatum(
                namespace, name, value, value, 1.0, value, pairs, minute, unit
            )
            held = next((one for one in _of_minute(data, minute) if _same(one, new)), None)
            if held is None:
                data.append(new)
                continue
            held.min, held.max = min(held.min, value), max(held.max, value)
            held.sum, held.sample_count = held.sum + value, held.sample_count + 1


def _of_minute(data: Sequence[object], minute: datetime) -> list[MetricAggregatedDatum]:
    return [
        one
        for one in data[-RECENT:]
        if isinstance(one, MetricAggregatedDatum) and one.timestamp == minute
    ]


def _same(one: MetricAggregatedDatum, other: MetricAggregatedDatum) -> bool:
    return (one.namespace, one.name) == (other.namespace, other.name) and sorted(
        one.dimensions
    ) == sorted(other.dimensions)
