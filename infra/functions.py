"""The functions: one asset, one table, a role each."""

from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
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
from infra.function_files import function_files
from infra.grant import Grant, role_with
from infra.names import Names
from infra.permissions import Permissions
from infra.settings import Settings
from infra.topics import Topics
from modelwharf.contracts.states import every_state, pascal

RETRIES = 2  # of an asynchronous call, after one and two minutes; Lambda's maximum


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """One function: ``lambdas/handlers/<module>.py``, its limits, and its caller."""

    module: str
    timeout: int  # seconds
    memory: int = 256  # MB; CPU grows with it, and most calls wait for an API
    in_release: bool = False
    """Whether it is a state of the machine; the others are called by events."""

    @property
    def handler(self) -> str:
        return f"lambdas.handlers.{self.module}.handler"

    @property
    def construct_id(self) -> str:
        """``train_model`` → ``TrainModel``: also the stem of the machine's substitution."""
        return pascal(self.module)


def _of_release() -> tuple[FunctionSpec, ...]:
    """One function per module, though several states may call it."""
    called = {state.module: state for state in every_state()}
    return tuple(
        FunctionSpec(
            module=module, timeout=state.call_seconds, memory=state.memory, in_release=True
        )
        for module, state in called.items()
    )


FUNCTIONS = (
    FunctionSpec(module="start_release", timeout=60),
    *_of_release(),
    FunctionSpec(module="resume_release", timeout=120, memory=512),
    FunctionSpec(module="refresh_data", timeout=300),
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
        self._layer = _powertools(self, settings)
        with function_files() as folder:
            # One asset for all: one hash, and the packages keep the names they have in the tests.
            self._code = Code.from_asset(str(folder))
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
    """Retry an event; after the last retry it goes to the queue, with the reason."""
    function.configure_async_invoke(
        retry_attempts=RETRIES,
        max_event_age=Duration.hours(1),
        on_failure=SqsDestination(then),
    )


def _powertools(scope: Construct, settings: Settings) -> ILayerVersion:
    """AWS's public layer of Powertools, which brings pydantic with it.

    AWS publishes the parameter for each region, architecture, Python and release of Powertools
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
