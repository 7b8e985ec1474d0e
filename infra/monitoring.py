"""The alarms and the dashboard."""

from aws_cdk.aws_cloudwatch import (
    Alarm,
    AlarmStatusWidget,
    ComparisonOperator,
    Dashboard,
    GraphWidget,
    IMetric,
    TreatMissingData,
)
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.alarms import AlarmSpec, alarms
from infra.dead_letters import DeadLetters
from infra.functions import Functions
from infra.grant import arn
from infra.metrics import endpoint_metric
from infra.names import Names
from infra.settings import Settings
from infra.topics import Topics
from infra.workflow import Workflow

WIDTH = 12  # of a dashboard's 24 columns


class Monitoring(Construct):
    """Alarms that notify the notifications topic, and one dashboard."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        topics: Topics,
        dead_letters: DeadLetters,
        workflow: Workflow,
        functions: Functions,
    ) -> None:
        super().__init__(scope, construct_id)
        self.alarms = [
            self._alarm(spec, names)
            for spec in alarms(
                settings=settings,
                names=names,
                workflow=workflow,
                functions=functions,
                dead_letters=dead_letters,
            )
        ]
        for alarm in self.alarms:
            alarm.add_alarm_action(SnsAction(topics.notifications))
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
                [AlarmStatusWidget(title="Alarms", width=2 * WIDTH, alarms=self.alarms)],
                [_graph("Releases", *_releases(workflow)), _graph("Functions", *_calls(functions))],
                [_graph("Endpoint", *_answers(names)), _graph("Latency", *_latency(names))],
                [_graph("Lost and throttled", *_lost(functions, dead_letters))],
            ],
        )

    def _alarm(self, spec: AlarmSpec, names: Names) -> Alarm:
        return Alarm(
            self,
            spec.construct_id,
            alarm_name=names.alarm(spec.name),
            alarm_description=spec.text,
            metric=spec.metric,
            threshold=spec.threshold,
            evaluation_periods=spec.periods,
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
        machine.metric_aborted(),
    )


def _calls(functions: Functions) -> tuple[IMetric, ...]:
    return tuple(
        metric
        for function in functions.of_events.values()
        for metric in (function.metric_invocations(), function.metric_errors())
    )


def _lost(functions: Functions, dead_letters: DeadLetters) -> tuple[IMetric, ...]:
    """Failed calls, and messages in the dead-letter queue."""
    throttles = [function.metric_throttles() for function in functions.of_events.values()]
    queue = dead_letters.sqs_queue
    return (queue.metric_approximate_number_of_messages_visible(), *throttles)


def _answers(names: Names) -> tuple[IMetric, ...]:
    return tuple(
        endpoint_metric(names, metric, "Sum")
        for metric in ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors")
    )


def _latency(names: Names) -> tuple[IMetric, ...]:
    """The model's latency and SageMaker's overhead, in microseconds."""
    return tuple(
        endpoint_metric(names, metric, "p99") for metric in ("ModelLatency", "OverheadLatency")
    )
