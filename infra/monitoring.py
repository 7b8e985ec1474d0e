"""What is seen from outside: the alarm on failed releases, and the dashboard."""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import (
    Alarm,
    ComparisonOperator,
    Dashboard,
    GraphWidget,
    IMetric,
    Metric,
    TreatMissingData,
)
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.functions import Functions
from infra.grant import arn
from infra.names import Names
from infra.topics import Topics
from infra.workflow import Workflow

VARIANT = "champion"  # of the endpoint, always
WIDTH = 12  # of a dashboard's 24 columns


class Monitoring(Construct):
    """An alarm that tells the notifications topic, and one page of graphs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        topics: Topics,
        workflow: Workflow,
        functions: Functions,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarm = self._alarm(names, workflow)
        self.alarm.add_alarm_action(SnsAction(topics.notifications))
        topics.publish_from(
            topics.notifications,
            sid="AlarmsOfTheProject",
            service="cloudwatch.amazonaws.com",
            source_arn=arn(self, "cloudwatch", f"alarm:{names.alarm('*')}"),
        )
        self.dashboard = Dashboard(
            self,
            "Dashboard",
            dashboard_name=names.stack,
            widgets=[
                [_graph("Releases", *_releases(workflow)), _graph("Functions", *_calls(functions))],
                [_graph("Endpoint", *_answers(names)), _graph("Latency", *_latency(names))],
            ],
        )

    def _alarm(self, names: Names, workflow: Workflow) -> Alarm:
        return Alarm(
            self,
            "ReleaseFailed",
            alarm_name=names.alarm("release-failed"),
            alarm_description=(
                "A release failed; the model that served before still does. "
                "`wharf releases` names it, `wharf show` says why."
            ),
            metric=workflow.state_machine.metric_failed(period=Duration.minutes(1)),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )


def _graph(title: str, *metrics: IMetric) -> GraphWidget:
    return GraphWidget(title=title, width=WIDTH, left=list(metrics))


def _releases(workflow: Workflow) -> tuple[IMetric, ...]:
    machine = workflow.state_machine
    return (
        machine.metric_started(),
        machine.metric_succeeded(),
        machine.metric_failed(),
        machine.metric_timed_out(),
    )


def _calls(functions: Functions) -> tuple[IMetric, ...]:
    return tuple(
        metric
        for function in (functions.start_release, functions.resume_release, functions.refresh_data)
        for metric in (function.metric_invocations(), function.metric_errors())
    )


def _answers(names: Names) -> tuple[IMetric, ...]:
    return tuple(
        _endpoint_metric(names, metric, "Sum")
        for metric in ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors")
    )


def _latency(names: Names) -> tuple[IMetric, ...]:
    """The model's and SageMaker's own share, in microseconds."""
    return tuple(
        _endpoint_metric(names, metric, "p99") for metric in ("ModelLatency", "OverheadLatency")
    )


def _endpoint_metric(names: Names, metric: str, statistic: str) -> IMetric:
    return Metric(
        namespace="AWS/SageMaker",
        metric_name=metric,
        dimensions_map={"EndpointName": names.endpoint, "VariantName": VARIANT},
        statistic=statistic,
    )
