"""Which events move a release on, and which start one."""

from collections.abc import Mapping
from typing import Any

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

# What a build, a job ends as (CodeBuild: StatusType; SageMaker: TrainingJobStatus).
BUILD_ENDS = ["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"]
JOB_ENDS = ["Completed", "Failed", "Stopped"]
STOPPED = ["ABORTED", "TIMED_OUT"]  # FAILED and SUCCEEDED come from the machine's own end states
SWEEP_EVERY = Duration.minutes(1)  # the least that EventBridge knows
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
        """Call the function; an event that cannot be delivered goes to the dead-letter queue."""
        return LambdaFunction(function, dead_letter_queue=self._dead_letters)

    def _resume_on_state_changes(self, names: Names) -> None:
        of_release = Match.prefix(names.release_jobs)
        self._resume_on(
            "BuildEnded",
            "aws.codebuild",
            "CodeBuild Build State Change",
            {"project-name": [names.build_project], "build-status": BUILD_ENDS},
        )
        self._resume_on(
            "TrainingEnded",
            "aws.sagemaker",
            "SageMaker Training Job State Change",
            {"TrainingJobName": of_release, "TrainingJobStatus": JOB_ENDS},
        )
        self._resume_on(
            "ProcessingEnded",
            "aws.sagemaker",
            "SageMaker Processing Job State Change",
            {"ProcessingJobName": of_release, "ProcessingJobStatus": JOB_ENDS},
        )
        # Every status: the event spells them unlike the API, and DescribeEndpoint is asked anyway.
        self._resume_on(
            "EndpointChanged",
            "aws.sagemaker",
            "SageMaker Endpoint State Change",
            {"EndpointName": [names.endpoint]},
        )
        self._resume_on(
            "ModelPackageDecided",
            "aws.sagemaker",
            "SageMaker Model Package State Change",
            {
                "ModelPackageGroupName": [names.model_package_group],
                "ModelApprovalStatus": ["Approved", "Rejected"],
            },
        )

        machine = arn(self, "states", f"stateMachine:{names.state_machine}")
        # Stopped by a person, or by a time limit: no state of the machine runs that could undo.
        self._resume_on(
            "ReleaseStopped",
            "aws.states",
            "Step Functions Execution Status Change",
            {"stateMachineArn": [machine], "status": STOPPED},
        )

    def _resume_on(
        self, construct_id: str, source: str, detail_type: str, detail: Mapping[str, Any]
    ) -> None:
        Rule(
            self,
            construct_id,
            description=f"{detail_type}: the waiting release goes on",
            event_pattern=EventPattern(
                source=[source], detail_type=[detail_type], detail=dict(detail)
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
        """Call the function, not the topic before it.

        What EventBridge publishes to a topic carries no source, so a topic policy with a
        condition never allows it, and one without lets every rule of every account publish
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
