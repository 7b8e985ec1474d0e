"""CloudWatch shows of an endpoint's invocations what SageMaker publishes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from modelwharf.laptop.sagemaker import metrics
from tests.unit.laptop.core.world import World, serving

NAMES = {
    "Invocations",
    "Invocation4XXErrors",
    "Invocation5XXErrors",
    "ModelLatency",
    "OverheadLatency",
}
DIMENSIONS = [
    {"Name": "EndpointName", "Value": "live"},
    {"Name": "VariantName", "Value": "champion"},
]


def statistics(world: World, name: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    (point,) = world.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=name,
        Dimensions=DIMENSIONS,
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=30),
        Period=3600,
        Statistics=["Sum", "SampleCount", "Average", "Maximum"],
    )["Datapoints"]
    found: dict[str, Any] = point
    return found


def test_each_invocation_is_counted_under_its_endpoint_and_variant(tmp_path: Path) -> None:
    with serving(tmp_path) as world:
        metrics.count(world.cloud, "live", "champion", 200, model=0.002, overhead=0.001)
        metrics.count(world.cloud, "live", "champion", 400, model=0.004, overhead=0.001)
        metrics.count(world.cloud, "live", "champion", 503, model=0.001, overhead=0.001)
        listed = world.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker")["Metrics"]
        assert {metric["MetricName"] for metric in listed} == NAMES
        assert all(metric["Dimensions"] == DIMENSIONS for metric in listed)
        assert statistics(world, "Invocations")["Sum"] == 3
        errors = statistics(world, "Invocation4XXErrors")
        assert (errors["Sum"], errors["SampleCount"]) == (1, 3)
        assert statistics(world, "Invocation5XXErrors")["Sum"] == 1
        latency = statistics(world, "ModelLatency")
        assert (latency["Maximum"], latency["Unit"]) == (4000, "Microseconds")


def test_the_values_of_a_minute_are_one_set(tmp_path: Path) -> None:
    with serving(tmp_path) as world:
        for _ in range(50):
            metrics.count(world.cloud, "live", "champion", 200, model=0.002, overhead=0.001)
        data = cloudwatch_backends[world.cloud.account][world.cloud.region].metric_data
        assert len(data) <= 2 * len(NAMES)  # two, if a minute ended meanwhile
