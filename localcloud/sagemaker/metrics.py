"""CloudWatch's metrics of an endpoint's invocations, as SageMaker publishes them.

"Amazon SageMaker AI metrics in Amazon CloudWatch", Endpoint invocation metrics: namespace
AWS/SageMaker, one value a minute, with the dimensions EndpointName and VariantName.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from moto.cloudwatch.models import MetricAggregatedDatum, cloudwatch_backends
from moto.core.utils import utcnow

from localcloud.cloud import Cloud

NAMESPACE = "AWS/SageMaker"
RECENT = 200  # values looked through; one that is missed begins a second set of its minute
MICROSECONDS = 1_000_000  # in a second; the unit of SageMaker's latencies

_lock = threading.Lock()


def count(
    cloud: Cloud, endpoint: str, variant: str, status: int, model: float, overhead: float
) -> None:
    """Add one invocation: the HTTP status of the model, and both latencies in seconds."""
    values = {
        ("Invocations", "None"): 1.0,
        ("Invocation4XXErrors", "None"): float(400 <= status < 500),
        ("Invocation5XXErrors", "None"): float(status >= 500),
        ("ModelLatency", "Microseconds"): model * MICROSECONDS,
        ("OverheadLatency", "Microseconds"): overhead * MICROSECONDS,
    }
    minute = utcnow().replace(second=0, microsecond=0)
    with _lock:
        _add(cloud, {"EndpointName": endpoint, "VariantName": variant}, minute, values)


def _add(
    cloud: Cloud,
    dimensions: Mapping[str, str],
    minute: datetime,
    values: Mapping[tuple[str, str], float],
) -> None:
    """Into this minute's statistics, which are kept at the end of CloudWatch's list."""
    data = cloudwatch_backends[cloud.account][cloud.region].metric_data
    pairs = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    for (name, unit), value in values.items():
        new = MetricAggregatedDatum(NAMESPACE, name, value, value, 1.0, value, pairs, minute, unit)
        held = next((one for one in _of_minute(data, minute) if _same(one, new)), None)
        if held is None:
            data.append(new)
            continue
        held.min, held.max = min(held.min, value), max(held.max, value)
        held.sum, held.sample_count = held.sum + value, held.sample_count + 1


def _of_minute(data: Sequence[object], minute: datetime) -> list[MetricAggregatedDatum]:
    """The endpoints' statistics of this minute."""
    return [
        one
        for one in data[-RECENT:]
        if isinstance(one, MetricAggregatedDatum)
        and one.namespace == NAMESPACE
        and one.timestamp == minute
    ]


def _same(one: MetricAggregatedDatum, other: MetricAggregatedDatum) -> bool:
    return one.name == other.name and sorted(one.dimensions) == sorted(other.dimensions)
