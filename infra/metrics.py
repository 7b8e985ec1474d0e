"""The endpoint's own metrics in CloudWatch."""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Metric

from infra.names import Names

VARIANT = "champion"  # of the endpoint, always
FIVE_MINUTES = Duration.minutes(5)


def endpoint_metric(
    names: Names, metric: str, statistic: str, period: Duration = FIVE_MINUTES
) -> Metric:
    """Times are in microseconds (SageMaker developer guide, "Monitor with CloudWatch")."""
    return Metric(
        namespace="AWS/SageMaker",
        metric_name=metric,
        dimensions_map={"EndpointName": names.endpoint, "VariantName": VARIANT},
        statistic=statistic,
        period=period,
    )
