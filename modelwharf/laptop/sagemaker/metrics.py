"""CloudWatch's metrics of an endpoint's invocations, as SageMaker publishes them.

"Amazon SageMaker AI metrics in Amazon CloudWatch", Endpoint invocation metrics: namespace
AWS/SageMaker, one value per minute, with the dimensions EndpointName and VariantName.
"""

from modelwharf.laptop import metrics
from modelwharf.laptop.cloud import Cloud

NAMESPACE = "AWS/SageMaker"
MICROSECONDS = 1_000_000  # per second; the unit of SageMaker's latencies


def count(
    cloud: Cloud, endpoint: str, variant: str, status: int, model: float, overhead: float
) -> None:
    """Add one invocation: the model's HTTP status, and both latencies in seconds."""
    values = {
        ("Invocations", "None"): 1.0,
        ("Invocation4XXErrors", "None"): float(400 <= status < 500),
        ("Invocation5XXErrors", "None"): float(status >= 500),
        ("ModelLatency", "Microseconds"): model * MICROSECONDS,
        ("OverheadLatency", "Microseconds"): overhead * MICROSECONDS,
    }
    metrics.add(cloud, NAMESPACE, {"EndpointName": endpoint, "VariantName": variant}, values)
