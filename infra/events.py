"""Events that resume a release, and events that start one."""

from aws_cdk import Duration
from aws_cdk.aws_events import EventPattern, Match, Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_lambda import Function
from constructs import Construct

from infra.dead_letters import DeadLetters
from infra.functions import Functions
from infra.grant import arn
from infra.names import Names
from infra.storage import Storage
from modelwharf.contracts.jobs import EVENTS

SWEEP_EVERY = Duration.minutes(1)  # EventBridge's minimum
REFRESH_AT = Schedule.cron(minute="30", hour="5")  # UTC; the EIA publishes in its afternoon


class Events(Construct):
    """Rules on the default bus, each as narrow as its event allows."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        storage: Storage,
        dead_letters: DeadLetters,
        functions: Functions,
    ) -> None:
        super().__init__(scope, construct_id)
        self._dead_letters = dead_letters.sqs_queue
        self._resume = self._target(functions.resume_release)
        self._resume_on_state_changes(names)
        self._schedules(functions)
        self._start_on_new_data(storage, functions)

    def _target(self, function: Function) -> LambdaFunction:
        """Call the function. An event that cannot be delivered goes to the dead-letter queue."""
        return LambdaFunction(function, dead_letter_queue=self._dead_letters)

    def _resume_on_state_changes(self, names: Names) -> None:
        machine = arn(self, "states", f"stateMachine:{names.state_machine}")
        ours = {
            "EndpointName": [names.endpoint],
            "ModelPackageGroupName": [names.model_package_group],
            "project-name": [names.build_project],
            "stateMachineArn": [machine],
        }
        of_release = Match.prefix(names.release_jobs)
        for event in EVENTS:
            detail = {event.owner: ours.get(event.owner, of_release)}
            if event.ends:
                detail[event.status] = list(event.ends)
            Rule(
                self,
                event.rule,
                description=f"{event.detail_type}: the waiting release goes on",
                event_pattern=EventPattern(
                    source=[event.source], detail_type=[event.detail_type], detail=detail
                ),
                targets=[self._resume],
            )

    def _schedules(self, functions: Functions) -> None:
        Rule(
            self,
            "Sweep",
            description="Looks after waiting tasks and pushes whose event never came",
            schedule=Schedule.rate(SWEEP_EVERY),
            targets=[self._resume, self._target(functions.start_release)],
        )
        Rule(
            self,
            "DailyRefresh",
            description="Fetches the newest prices of inputs that name an EIA series",
            schedule=REFRESH_AT,
            targets=[self._target(functions.refresh_data)],
        )

    def _start_on_new_data(self, storage: Storage, functions: Functions) -> None:
        """Call the function directly, not through the topic.

        EventBridge publishes to a topic without a source. A topic policy with a condition never
        allows that, and one without a condition lets every rule of every account publish
        (EventBridge user guide, "Troubleshooting"). A function's policy names the rule.
        """
        Rule(
            self,
            "DataArrived",
            description="New data: a release is asked for",
            event_pattern=EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [storage.data_bucket.bucket_name]}},
            ),
            targets=[self._target(functions.start_release)],
        )
