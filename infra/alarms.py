"""The alarms, as a table: what is watched, from when on, and what people read."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import IMetric

from infra.dead_letters import DeadLetters
from infra.workflow import Workflow

MINUTE = Duration.minutes(1)


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """One alarm: it tells when the metric is at the threshold or above. No data is no alarm."""

    name: str
    """In words with hyphens, after the stack's name."""
    metric: IMetric
    threshold: float = 1
    periods: int = 1
    """How many periods of the metric in a row."""
    text: str
    """What happened, and what to type: the notification's words."""

    @property
    def construct_id(self) -> str:
        return "".join(part.title() for part in self.name.split("-"))


def alarms(*, workflow: Workflow, dead_letters: DeadLetters) -> tuple[AlarmSpec, ...]:
    """Every alarm of the project."""
    machine = workflow.state_machine
    return (
        AlarmSpec(
            name="release-failed",
            metric=machine.metric_failed(period=MINUTE),
            text=(
                "A release failed; the model that served before still does. "
                "`wharf releases` names it, `wharf show` says why."
            ),
        ),
        AlarmSpec(
            name="events-lost",
            metric=dead_letters.sqs_queue.metric_approximate_number_of_messages_visible(
                period=MINUTE, statistic="Maximum"
            ),
            text=(
                "A function failed on an event three times, or could not be called; no release may "
                "have started. `wharf redrive --list` says what and why, `wharf redrive` hands it "
                "over again."
            ),
        ),
    )
