"""What a release waits for, an entry a kind of job: its event, its log, its IAM actions.

The functions, the rules and policies of the template, and the command line follow it. What is done
with a job of each kind is ``lambdas/jobs.py``.
"""

from dataclasses import dataclass

# CodeBuild: StatusType; SageMaker: TrainingJobStatus, ProcessingJobStatus.
BUILD_ENDS = ("SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED")
JOB_ENDS = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True, kw_only=True)
class JobEvent:
    """An event on EventBridge's default bus that tells of jobs."""

    rule: str
    """Its rule in the template."""
    source: str
    detail_type: str
    owner: str
    """The field of ``detail`` that tells this project's jobs from others'."""
    subject: str
    """The field of ``detail`` that names the job."""
    status: str = ""
    ends: tuple[str, ...] = ()
    """Values of the field ``status`` that count; (): every event does."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field of ``detail`` that is read."""
        return tuple(sorted({self.owner, self.subject, self.status} - {""}))


@dataclass(frozen=True, kw_only=True)
class JobType:
    """One kind of job."""

    name: str
    """In the ledger's rows: a release that waits across an upgrade must find it."""
    event: JobEvent
    """What tells that a job is over."""
    logs: str = ""
    """The log group; ``{}`` stands for the build project or the endpoint."""
    resource: str = ""
    """What SageMaker's ARNs call a job that is named after its release."""
    submit: tuple[str, ...] = ()
    settle: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    """IAM actions: to start the job, to read its true status, to stop it."""
    undoes: bool = False
    """Whether the row brings the endpoint back, rather than a release forward."""
    answers: bool = True
    """Whether a state waits for the answer."""

    @property
    def submitted(self) -> bool:
        """Whether a function starts it, once the row that waits for it is written."""
        return bool(self.submit)

    def key(self, *parts: str) -> str:
        """The job's name in the ledger."""
        return "/".join((self.name, *parts))

    def log_group(self, name: str = "") -> str:
        return self.logs.format(name)


BUILD = JobType(
    name="build",
    event=JobEvent(
        rule="BuildEnded",
        source="aws.codebuild",
        detail_type="CodeBuild Build State Change",
        owner="project-name",
        subject="build-id",
        status="build-status",
        ends=BUILD_ENDS,
    ),
    logs="/aws/codebuild/{}",
    submit=("codebuild:StartBuild",),
    settle=("codebuild:BatchGetBuilds",),
    stop=("codebuild:StopBuild",),
)
TRAINING = JobType(
    name="training",
    event=JobEvent(
        rule="TrainingEnded",
        source="aws.sagemaker",
        detail_type="SageMaker Training Job State Change",
        owner="TrainingJobName",
        subject="TrainingJobName",
        status="TrainingJobStatus",
        ends=JOB_ENDS,
    ),
    logs="/aws/sagemaker/TrainingJobs",
    resource="training-job",
    submit=("sagemaker:AddTags", "sagemaker:CreateTrainingJob"),
    settle=("sagemaker:DescribeTrainingJob",),
    stop=("sagemaker:StopTrainingJob",),
)
PROCESSING = JobType(
    name="processing",
    event=JobEvent(
        rule="ProcessingEnded",
        source="aws.sagemaker",
        detail_type="SageMaker Processing Job State Change",
        owner="ProcessingJobName",
        subject="ProcessingJobName",
        status="ProcessingJobStatus",
        ends=JOB_ENDS,
    ),
    logs="/aws/sagemaker/ProcessingJobs",
    resource="processing-job",
    submit=("sagemaker:AddTags", "sagemaker:CreateProcessingJob"),
    settle=("sagemaker:DescribeProcessingJob",),
    stop=("sagemaker:StopProcessingJob",),
)
APPROVAL = JobType(
    name="approval",
    event=JobEvent(
        rule="ModelPackageDecided",
        source="aws.sagemaker",
        detail_type="SageMaker Model Package State Change",
        owner="ModelPackageGroupName",
        subject="ModelPackageArn",
        status="ModelApprovalStatus",
        ends=("Approved", "Rejected"),
    ),
    settle=("sagemaker:DescribeModelPackage",),
)
ENDPOINT = JobType(
    name="endpoint",
    # Every status: the event spells them unlike the API, and DescribeEndpoint is asked anyway.
    event=JobEvent(
        rule="EndpointChanged",
        source="aws.sagemaker",
        detail_type="SageMaker Endpoint State Change",
        owner="EndpointName",
        subject="EndpointName",
    ),
    logs="/aws/sagemaker/Endpoints/{}",
    submit=("sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"),
    settle=("sagemaker:DescribeEndpoint",),
)
ROLLBACK = JobType(name="rollback", event=ENDPOINT.event, settle=ENDPOINT.settle, undoes=True)
STOPPED = JobType(
    name="stopped", event=ENDPOINT.event, settle=ENDPOINT.settle, undoes=True, answers=False
)

TYPES = {
    kind.name: kind for kind in (BUILD, TRAINING, PROCESSING, ENDPOINT, APPROVAL, ROLLBACK, STOPPED)
}

# Stopped by a person, or by a time limit: no state of the machine runs that could undo. FAILED and
# SUCCEEDED come from the machine's own end states.
RELEASE_STOPPED = JobEvent(
    rule="ReleaseStopped",
    source="aws.states",
    detail_type="Step Functions Execution Status Change",
    owner="stateMachineArn",
    subject="name",
    status="status",
    ends=("ABORTED", "TIMED_OUT"),
)

EVENTS = (*dict.fromkeys(kind.event for kind in TYPES.values()), RELEASE_STOPPED)
"""All that a rule hands to resume-release."""
