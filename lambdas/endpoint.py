"""The SageMaker endpoint, and the model and configuration that a release creates for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.capture import data_capture
from lambdas.endpoint_rows import EndpointChange
from lambdas.errors import DeploymentFailed, EndpointBusy, ServiceFault, code_of, message_of
from lambdas.instance_types import endpoint_type
from lambdas.runtime import Runtime
from lambdas.submission import Submission, already_exists, not_found
from lambdas.tags import release_tags
from modelwharf.contracts.jobs import ENDPOINT
from modelwharf.contracts.names import job_name
from modelwharf.contracts.parameters import Deployment
from modelwharf.contracts.release import Image, ModelPackage, Plan, ReleaseDocument

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        ContainerDefinitionTypeDef,
        CreateEndpointConfigInputTypeDef,
        ProductionVariantTypeDef,
    )

VARIANT = "champion"
IN_SERVICE = "InService"
STARTUP = 480  # seconds that SageMaker gives a server to become healthy, unless set otherwise
# Statuses in DescribeEndpoint that end without a further request.
TRANSITIONAL = {"Creating", "Deleting", "RollingBack", "SystemUpdating", "Updating"}
# The fields of DataCaptureConfig that distinguish one configuration from another.
CAPTURED = ("DestinationS3Uri", "InitialSamplingPercentage")


@dataclass(frozen=True)
class EndpointState:
    """The state from DescribeEndpoint. ``target`` is the configuration that an update leads to."""

    status: str
    config: str
    target: str
    reason: str

    @property
    def in_transition(self) -> bool:
        return self.status in TRANSITIONAL

    def serves(self, config: str) -> bool:
        return self.status == IN_SERVICE and self.config == config


def config_name(document: ReleaseDocument) -> str:
    return job_name(document.project, document.release_id, "config")


def model_name(document: ReleaseDocument) -> str:
    return job_name(document.project, document.release_id, "model")


def describe_endpoint(runtime: Runtime, name: str) -> EndpointState | None:
    try:
        found = runtime.clients.sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if not not_found(error):
            raise
        return None
    pending = found.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
    config = found.get("EndpointConfigName", "")  # the API does not guarantee it
    return EndpointState(
        status=found["EndpointStatus"],
        config=config,
        target=pending or config,
        reason=found.get("FailureReason", ""),
    )


def refuse_if_busy(name: str, state: EndpointState | None, config: str) -> None:
    """Raise EndpointBusy during another change, DeploymentFailed when none is possible."""
    if state is None:
        return
    if state.in_transition and state.target != config:
        raise EndpointBusy(
            f"endpoint {name!r} is {state.status} towards configuration {state.target!r}; "
            "this release waits until that is over"
        )
    if state.status == "Failed":
        raise DeploymentFailed(
            f"endpoint {name!r} is Failed ({state.reason or 'no reason was given'}), and SageMaker "
            f"can only delete such an endpoint: aws sagemaker delete-endpoint --endpoint-name "
            f"{name}, then start the release again with another reason"
        )


def create_model(
    runtime: Runtime, document: ReleaseDocument, plan: Plan, image: Image, package: ModelPackage
) -> None:
    """Create the release's model, or find the equal one from an earlier attempt."""
    name = model_name(document)
    container: ContainerDefinitionTypeDef = {
        "Image": image.uri,
        "ModelDataUrl": package.artifact,
        "Environment": plan.deployment.environment,
    }
    try:
        runtime.clients.sagemaker.create_model(
            ModelName=name,
            PrimaryContainer=container,
            EnableNetworkIsolation=plan.deployment.network_isolation,
            ExecutionRoleArn=runtime.environment.serve_role_arn,
            Tags=release_tags(document),
        )
    except ClientError as error:
        if not already_exists(error):
            raise
        found = runtime.clients.sagemaker.describe_model(ModelName=name)["PrimaryContainer"]
        _refuse_if_different(f"model {name!r}", {"Environment": {}, **found}, container)


def startup_limit(settings: Deployment) -> int | None:
    """Return the seconds to start in: as set, or the update's if that is shorter than STARTUP."""
    configured, update = settings.startup_timeout_seconds, settings.update_timeout_seconds
    if configured is None and update < STARTUP:
        return update
    return configured


def create_config(runtime: Runtime, document: ReleaseDocument, plan: Plan) -> None:
    """Create the release's endpoint configuration, or find the equal one."""
    name = config_name(document)
    variant: ProductionVariantTypeDef = {
        "VariantName": VARIANT,
        "ModelName": model_name(document),
        "InstanceType": endpoint_type(plan.deployment),
        "InitialInstanceCount": plan.deployment.instance_count,
    }
    limit = startup_limit(plan.deployment)
    if limit is not None:
        variant["ContainerStartupHealthCheckTimeoutInSeconds"] = limit
    request: CreateEndpointConfigInputTypeDef = {
        "EndpointConfigName": name,
        "ProductionVariants": [{**variant, "InitialVariantWeight": 1.0}],
        "Tags": release_tags(document),
    }
    capture = data_capture(runtime.environment, plan.deployment)
    if capture is not None:
        request["DataCaptureConfig"] = capture
    try:
        with just_made():
            runtime.clients.sagemaker.create_endpoint_config(**request)
    except ClientError as error:
        if not already_exists(error):
            raise
        found = runtime.clients.sagemaker.describe_endpoint_config(EndpointConfigName=name)
        what = f"endpoint configuration {name!r}"
        kept: Mapping[str, object] = capture or {}
        _refuse_if_different(what, found["ProductionVariants"][0], variant)
        _refuse_if_different(
            what,
            found.get("DataCaptureConfig") or {},
            {key: kept.get(key) for key in CAPTURED},
        )


@contextmanager
def just_made() -> Iterator[None]:
    """Raise ServiceFault, which is retried, when SageMaker does not find what was just created.

    SageMaker reads the named resources with eventual consistency (API reference, CreateEndpoint).
    """
    try:
        yield
    except ClientError as error:
        if not not_found(error):
            raise
        raise ServiceFault(f"SageMaker does not see yet what it just made: {error}") from None


def _refuse_if_different(
    what: str, found: Mapping[str, object], wanted: Mapping[str, object]
) -> None:
    for key, value in wanted.items():
        if found.get(key) != value:
            raise DeploymentFailed(
                f"{what} exists already with {key} {found.get(key)!r} instead of {value!r}; "
                "it was not made by this release: delete it and start the release again"
            )


def submit_deployment(
    runtime: Runtime, document: ReleaseDocument, change: EndpointChange
) -> Submission:
    """Create or update the endpoint, unless an earlier attempt already did."""
    name = change.endpoint
    state = describe_endpoint(runtime, name)
    refuse_if_busy(name, state, change.config)
    if state is not None and state.target == change.config and not _stuck(state):
        return Submission(subject=name, existed=True)
    if state is None:
        return _create_endpoint(runtime, document, change)
    with just_made():
        update_endpoint(runtime, name, change.config)
    return Submission(subject=name, existed=False)


def _stuck(state: EndpointState) -> bool:
    return not state.in_transition and state.status != IN_SERVICE


def _create_endpoint(
    runtime: Runtime, document: ReleaseDocument, change: EndpointChange
) -> Submission:
    try:
        with just_made():
            runtime.clients.sagemaker.create_endpoint(
                EndpointName=change.endpoint,
                EndpointConfigName=change.config,
                Tags=release_tags(document),
            )
    except ClientError as error:
        if not already_exists(error):
            raise
        return Submission(subject=change.endpoint, existed=True)
    return Submission(subject=change.endpoint, existed=False)


def update_endpoint(runtime: Runtime, name: str, config: str) -> None:
    """Update the endpoint.

    Raises EndpointBusy when an update is under way that DescribeEndpoint did not show yet.
    """
    try:
        runtime.clients.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    except ClientError as error:
        if "in-progress" in message_of(error) or code_of(error) == "ResourceInUse":
            raise EndpointBusy(f"endpoint {name!r}: {message_of(error)}") from None
        raise


def log_of(endpoint: str) -> str:
    """Return the command that shows the endpoint's log, for any version of the AWS CLI.

    Each instance writes a stream named after itself, so the command reads the whole group.
    """
    group = ENDPOINT.log_group(endpoint)
    return f"Its log: aws logs filter-log-events --log-group-name {group}"
