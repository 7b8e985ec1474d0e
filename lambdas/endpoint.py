"""The SageMaker endpoint, and the model and configuration that a release makes for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from contracts.names import job_name
from contracts.release import DeploymentResult, Image, ModelPackage, Plan, ReleaseDocument
from lambdas.capture import data_capture
from lambdas.endpoint_rows import EndpointChange
from lambdas.errors import DeploymentFailed, EndpointBusy, ServiceFault, code_of, message_of
from lambdas.site import Site
from lambdas.submission import Submission, abandoned, already_exists, not_found
from lambdas.tags import release_tags
from lambdas.verdict import Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter

VARIANT = "champion"
IN_SERVICE = "InService"
STARTUP = 480  # seconds that SageMaker gives a server to become healthy, unless told otherwise
# DescribeEndpoint: statuses that end by themselves.
TRANSITIONAL = {"Creating", "Deleting", "RollingBack", "SystemUpdating", "Updating"}
# Of DataCaptureConfig, what tells one configuration from another.
CAPTURED = ("DestinationS3Uri", "InitialSamplingPercentage")


@dataclass(frozen=True)
class EndpointState:
    """What DescribeEndpoint says. ``target`` is the configuration an update leads to."""

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


def endpoint_job(endpoint: str, config: str) -> str:
    return f"endpoint/{endpoint}/{config}"


def describe_endpoint(site: Site, name: str) -> EndpointState | None:
    try:
        found = site.clients.sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if not not_found(error):
            raise
        return None
    pending = found.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
    config = found.get("EndpointConfigName", "")  # the API does not promise it
    return EndpointState(
        status=found["EndpointStatus"],
        config=config,
        target=pending or config,
        reason=found.get("FailureReason", ""),
    )


def refuse_if_busy(name: str, state: EndpointState | None, config: str) -> None:
    """Raise EndpointBusy while another change is under way, DeploymentFailed when none can be."""
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
    site: Site, document: ReleaseDocument, plan: Plan, image: Image, package: ModelPackage
) -> None:
    """Create the release's model, or find the equal one of an earlier attempt."""
    name = model_name(document)
    container = {
        "Image": image.uri,
        "ModelDataUrl": package.artifact,
        "Environment": plan.deployment.environment,
    }
    try:
        site.clients.sagemaker.create_model(
            ModelName=name,
            PrimaryContainer=container,
            EnableNetworkIsolation=plan.deployment.network_isolation,
            ExecutionRoleArn=site.environment.serve_role_arn,
            Tags=release_tags(document),
        )
    except ClientError as error:
        if not already_exists(error):
            raise
        found = site.clients.sagemaker.describe_model(ModelName=name)["PrimaryContainer"]
        _refuse_if_different(f"model {name!r}", {"Environment": {}, **found}, container)


def startup_limit(update: int) -> dict[str, int]:
    """A server has no longer to become healthy than the whole update; seconds."""
    if update >= STARTUP:
        return {}
    return {"ContainerStartupHealthCheckTimeoutInSeconds": update}


def create_config(site: Site, document: ReleaseDocument, plan: Plan) -> None:
    """Create the release's endpoint configuration, or find the equal one."""
    name = config_name(document)
    variant = {
        "VariantName": VARIANT,
        "ModelName": model_name(document),
        "InstanceType": plan.deployment.instance_type,
        "InitialInstanceCount": plan.deployment.instance_count,
        **startup_limit(plan.deployment.update_timeout_seconds),
    }
    capture = data_capture(site.environment, plan.deployment)
    try:
        with just_made():
            site.clients.sagemaker.create_endpoint_config(
                EndpointConfigName=name,
                ProductionVariants=[{**variant, "InitialVariantWeight": 1.0}],
                Tags=release_tags(document),
                **({"DataCaptureConfig": capture} if capture else {}),
            )
    except ClientError as error:
        if not already_exists(error):
            raise
        found = site.clients.sagemaker.describe_endpoint_config(EndpointConfigName=name)
        what = f"endpoint configuration {name!r}"
        _refuse_if_different(what, found["ProductionVariants"][0], variant)
        _refuse_if_different(
            what,
            found.get("DataCaptureConfig") or {},
            {key: (capture or {}).get(key) for key in CAPTURED},
        )


@contextmanager
def just_made() -> Iterator[None]:
    """Raise ServiceFault, which is tried again, when SageMaker does not find what was just made.

    It reads eventually consistently what a call names (API reference, CreateEndpoint).
    """
    try:
        yield
    except ClientError as error:
        if not not_found(error):
            raise
        raise ServiceFault(f"SageMaker does not see yet what it just made: {error}") from None


def _refuse_if_different(what: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for key, value in wanted.items():
        if found.get(key) != value:
            raise DeploymentFailed(
                f"{what} exists already with {key} {found.get(key)!r} instead of {value!r}; "
                "it was not made by this release: delete it and start the release again"
            )


def submit_deployment(site: Site, document: ReleaseDocument, change: EndpointChange) -> Submission:
    """Create or update the endpoint, unless an earlier attempt already did."""
    name = change.endpoint
    state = describe_endpoint(site, name)
    refuse_if_busy(name, state, change.config)
    if state is not None and state.target == change.config and not _stuck(state):
        return Submission(subject=name, existed=True)
    if state is None:
        return _create_endpoint(site, document, change)
    with just_made():
        update_endpoint(site, name, change.config)
    return Submission(subject=name, existed=False)


def _stuck(state: EndpointState) -> bool:
    return not state.in_transition and state.status != IN_SERVICE


def _create_endpoint(site: Site, document: ReleaseDocument, change: EndpointChange) -> Submission:
    try:
        with just_made():
            site.clients.sagemaker.create_endpoint(
                EndpointName=change.endpoint,
                EndpointConfigName=change.config,
                Tags=release_tags(document),
            )
    except ClientError as error:
        if not already_exists(error):
            raise
        return Submission(subject=change.endpoint, existed=True)
    return Submission(subject=change.endpoint, existed=False)


def update_endpoint(site: Site, name: str, config: str) -> None:
    """Raises EndpointBusy when an update is under way that DescribeEndpoint did not show yet."""
    try:
        site.clients.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    except ClientError as error:
        if "in-progress" in message_of(error) or code_of(error) == "ResourceInUse":
            raise EndpointBusy(f"endpoint {name!r}: {message_of(error)}") from None
        raise


def settle_endpoint(site: Site, waiter: Waiter) -> Verdict:
    """Read back which configuration serves: a silent way back is a failure."""
    wanted = DeploymentResult.model_validate_json(waiter.context)
    state = describe_endpoint(site, wanted.endpoint)
    if state is None:
        if abandoned(site, waiter) or waiter.submitted:
            return failed(DeploymentFailed(f"there is no endpoint {wanted.endpoint!r}"))
        return Running()
    if state.in_transition:
        return Running()
    if state.serves(wanted.config):
        return Succeeded(output=wanted)
    if state.status == IN_SERVICE and not (waiter.submitted or abandoned(site, waiter)):
        return Running()
    return failed(DeploymentFailed(_reason(wanted, state)))


def _reason(wanted: DeploymentResult, state: EndpointState) -> str:
    words = state.reason or "SageMaker gave no reason"
    if state.status == IN_SERVICE:
        return (
            f"endpoint {wanted.endpoint!r} serves configuration {state.config!r} instead of "
            f"{wanted.config!r}: {words}. {log_of(wanted.endpoint)}"
        )
    return f"endpoint {wanted.endpoint!r} is {state.status}: {words}. {log_of(wanted.endpoint)}"


def log_of(endpoint: str) -> str:
    """What to type to read it, whatever the AWS CLI's version.

    Each instance writes a stream named after itself, so the whole group is asked.
    """
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    return f"Its log: aws logs filter-log-events --log-group-name {group}"
