"""The functions: one asset, one table, a role each."""

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, IgnoreMode, RemovalPolicy
from aws_cdk.aws_iam import ServicePrincipal
from aws_cdk.aws_lambda import (
    Architecture,
    Code,
    Function,
    ILayerVersion,
    LayerVersion,
    Runtime,
    RuntimeFamily,
    Tracing,
)
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_sns_subscriptions import LambdaSubscription
from aws_cdk.aws_sqs import Queue
from aws_cdk.aws_ssm import StringParameter
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.dead_letters import DeadLetters
from infra.grant import Grant, role_with
from infra.names import Names
from infra.permissions import Permissions
from infra.settings import Settings
from infra.topics import Topics

ROOT = Path(__file__).parent.parent
DEPLOYED = ("contracts", "lambdas")  # the packages a function is made of
LONGEST = 900  # seconds; Lambda's own limit
RETRIES = 2  # of an asynchronous call, after one and two minutes: Lambda's own most


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """One function: ``lambdas/<module>.py``, its limits, and who calls it."""

    module: str
    timeout: int = 60  # seconds
    memory: int = 256  # MB; CPU grows with it, and most calls wait for an API
    in_release: bool = True
    """Whether it is a state of the machine; the others are called by events."""

    @property
    def handler(self) -> str:
        return f"lambdas.{self.module}.handler"

    @property
    def construct_id(self) -> str:
        """``train_model`` → ``TrainModel``: also the stem of the machine's substitution."""
        return "".join(part.title() for part in self.module.split("_"))


FUNCTIONS = (
    FunctionSpec(module="start_release", in_release=False),
    FunctionSpec(module="resolve", timeout=120),  # it asks the base image's registry
    FunctionSpec(module="build_image"),
    FunctionSpec(module="prepare_data", timeout=LONGEST),  # it copies the raw data
    FunctionSpec(module="train_model"),
    # It reads the job's output, however long that is, and holds one file of it in memory.
    FunctionSpec(module="check_quality", timeout=LONGEST, memory=512),
    FunctionSpec(module="register_model", timeout=LONGEST),  # it copies the model
    FunctionSpec(module="request_approval"),
    FunctionSpec(module="deploy_model"),
    FunctionSpec(module="verify_endpoint", timeout=LONGEST, memory=512),  # it reads it too
    # The promotion stands before it cleans up, and must not fail for a clean-up that hangs.
    FunctionSpec(module="promote_model", timeout=LONGEST),
    FunctionSpec(module="roll_back", timeout=120),
    FunctionSpec(module="notify"),
    FunctionSpec(module="resume_release", timeout=120, memory=512, in_release=False),
    FunctionSpec(module="refresh_data", timeout=300, in_release=False),
)


class Functions(Construct):
    """Every function of the release, and the three that events call."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        topics: Topics,
        dead_letters: DeadLetters,
        permissions: Permissions,
        environment: dict[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._names = names
        self._permissions = permissions
        self._environment = environment
        self._dead_letters = dead_letters.sqs_queue
        self._code = _code()
        self._layer = _powertools(self, settings)
        self._functions = {spec.module: self._function(spec) for spec in FUNCTIONS}
        topics.changes.add_subscription(
            LambdaSubscription(self.start_release, dead_letter_queue=self._dead_letters)
        )

    @property
    def start_release(self) -> Function:
        return self._functions["start_release"]

    @property
    def resume_release(self) -> Function:
        return self._functions["resume_release"]

    @property
    def refresh_data(self) -> Function:
        return self._functions["refresh_data"]

    @property
    def of_events(self) -> dict[str, Function]:
        """The functions that events call, by their names without the stack's."""
        return {
            spec.module.replace("_", "-"): self._functions[spec.module]
            for spec in FUNCTIONS
            if not spec.in_release
        }

    @property
    def of_release(self) -> dict[str, Function]:
        """The state machine's functions, by the stem of their substitution."""
        return {
            spec.construct_id: self._functions[spec.module] for spec in FUNCTIONS if spec.in_release
        }

    def _function(self, spec: FunctionSpec) -> Function:
        name = self._names.function(spec.module)
        log_group = LogGroup(
            self,
            f"{spec.construct_id}Log",
            log_group_name=f"/aws/lambda/{name}",
            retention=self._settings.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = role_with(
            self,
            f"{spec.construct_id}Role",
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            grants=(*self._permissions.of(spec.module), *_telemetry(log_group)),
            description=f"Runs {name}",
        )
        function = Function(
            self,
            spec.construct_id,
            function_name=name,
            handler=spec.handler,
            code=self._code,
            layers=[self._layer],
            runtime=Runtime(f"python{self._settings.python_version}", RuntimeFamily.PYTHON),
            architecture=Architecture.X86_64,
            timeout=Duration.seconds(spec.timeout),
            memory_size=spec.memory,
            role=role.without_policy_updates(),
            log_group=log_group,
            tracing=Tracing.ACTIVE,
            environment=self._environment,
        )
        acknowledge(
            function,
            "AwsSolutions-L1",
            f"Python {self._settings.python_version} is the one of the exemplar's images too; the "
            "newer runtime is one setting away, and is moved to with them.",
        )
        if not spec.in_release:
            _call_again(function, then=self._dead_letters)
        return function


def _call_again(function: Function, *, then: Queue) -> None:
    """Try an event again; one that no retry could handle goes to the queue, with the reason."""
    function.configure_async_invoke(
        retry_attempts=RETRIES,
        max_event_age=Duration.hours(1),
        on_failure=SqsDestination(then),
    )


def _code() -> Code:
    """One asset for all: one hash, and the packages keep the names they have in the tests."""
    kept = [pattern for package in DEPLOYED for pattern in (f"!{package}", f"!{package}/**")]
    return Code.from_asset(
        str(ROOT),
        exclude=["*", *kept, "**/__pycache__"],
        ignore_mode=IgnoreMode.GIT,
    )


def _powertools(scope: Construct, settings: Settings) -> ILayerVersion:
    """AWS's public layer of Powertools, which brings pydantic with it.

    The parameter is AWS's, one for each region, architecture, Python and release of Powertools
    (Powertools for AWS Lambda (Python), "Lambda Layer").
    """
    path = (
        f"/aws/service/powertools/python/x86_64/python{settings.python_version}"
        f"/{settings.powertools_version}"
    )
    layer = StringParameter.value_for_string_parameter(scope, path)
    return LayerVersion.from_layer_version_arn(scope, "Powertools", layer)


def _telemetry(log_group: LogGroup) -> tuple[Grant, ...]:
    return (
        Grant(
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=(log_group.log_group_arn,),
            reason="A log group's ARN ends in :*, which stands for its streams; Lambda names them.",
        ),
        Grant(
            actions=("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            resources=("*",),
            reason="X-Ray's write actions know no resources.",
        ),
    )
