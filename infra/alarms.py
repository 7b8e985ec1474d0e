"""The table of alarms: metric, threshold and message."""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import IMetric

from infra.dead_letters import DeadLetters
from infra.functions import Functions
from infra.metrics import FIVE_MINUTES, endpoint_metric
from infra.names import Names
from infra.settings import Settings
from infra.workflow import Workflow

MINUTE = Duration.minutes(1)


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """One alarm: raised when the metric reaches the threshold. Missing data raises none."""

    name: str
    """In kebab case; the stack's name is its prefix."""
    metric: IMetric
    threshold: float = 1
    periods: int = 1
    """Consecutive periods at the threshold."""
    text: str
    """The notification's text: what happened, and what to type."""

    @property
    def construct_id(self) -> str:
        return "".join(part.title() for part in self.name.split("-"))


def alarms(
    *,
    settings: Settings,
    names: Names,
    workflow: Workflow,
    functions: Functions,
    dead_letters: DeadLetters,
) -> tuple[AlarmSpec, ...]:
    """Every alarm of the project. A superseded release succeeds and raises none."""
    machine, queue = workflow.state_machine, dead_letters.sqs_queue
    return (
        AlarmSpec(
            name="release-failed",
            metric=machine.metric_failed(period=MINUTE),
            text="A release failed. `wharf releases` names it, `wharf show` says why, and what "
            "serves.",
        ),
        AlarmSpec(
            name="release-timed-out",
            metric=machine.metric_timed_out(period=MINUTE),
            text="A release took longer than it may and was ended; what it began is undone. "
            "`wharf releases` names it, `wharf show` says where it stood.",
        ),
        AlarmSpec(
            name="release-stopped",
            metric=machine.metric_aborted(period=MINUTE),
            text="Someone stopped a release; what it began is undone. "
            "`wharf releases` names it, `wharf start` starts another.",
        ),
        AlarmSpec(
            name="endpoint-errors",
            metric=endpoint_metric(names, "Invocation5XXErrors", "Sum"),
            text="The endpoint answered requests with 5xx. "
            "`wharf logs --step serve` has what its servers wrote.",
        ),
        AlarmSpec(
            name="endpoint-latency",
            metric=endpoint_metric(names, "ModelLatency", "p99"),
            threshold=settings.latency_ms * 1000,  # the metric is in microseconds
            periods=3,  # longer than a cold first request or one slow body
            text=f"For 15 minutes one answer in a hundred took {settings.latency_ms} ms or more. "
            "`wharf logs --step serve` has what the servers wrote; a larger instance type is "
            "a setting of the deployment section (`wharf config show deployment`).",
        ),
        AlarmSpec(
            name="events-lost",
            metric=queue.metric_approximate_number_of_messages_visible(
                period=MINUTE, statistic="Maximum"
            ),
            text="A function failed on an event three times, or could not be called; no release "
            "may have started. `wharf redrive --list` says what and why, `wharf redrive` hands it "
            "over again.",
        ),
        *_of_calls(names, functions),
    )


def _of_calls(names: Names, functions: Functions) -> Iterator[AlarmSpec]:
    """Two per function that events call. Functions of the machine fail the release instead."""
    for name, function in functions.of_events.items():
        log_group = f"/aws/lambda/{names.function(name)}"
        yield AlarmSpec(
            name=f"{name}-errors",
            metric=function.metric_errors(period=FIVE_MINUTES),
            text=f"The function {name} failed. Lambda tries twice again; what stays undone raises "
            "events-lost. What it wrote: aws logs filter-log-events --log-group-name "
            f"{log_group} --filter-pattern ERROR",
        )
        yield AlarmSpec(
            name=f"{name}-throttles",
            metric=function.metric_throttles(period=FIVE_MINUTES),
            text=f"Lambda did not run the function {name}, as the account runs as many as it may. "
            "It tries again for an hour. How many that are: aws lambda get-account-settings",
        )
