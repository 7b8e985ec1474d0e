"""SageMaker hosting: models, configurations, and endpoints that are real servers.

Stock moto starts nothing: an endpoint is InService when it is created, whatever its image.
UpdateEndpoint is missing. A second model, configuration or endpoint of the same name replaces
the first. moto knows only some instance types. Invocations have a module of their own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.sagemaker import invocations, rules
from modelwharf.laptop.sagemaker.data_capture import require_capture
from modelwharf.laptop.sagemaker.endpoint import Endpoint
from modelwharf.laptop.sagemaker.job_tree import plain
from modelwharf.laptop.sagemaker.s3_transfers import DataError, split_uri
from modelwharf.laptop.sagemaker.variants import (
    VariantPlan,
    container_of,
    instances_by_type,
    plans_of,
)

EMPTY: tuple[object, ...] = (None, {}, [])
UPDATE_KEYS = (
    "RetainAllVariantProperties",
    "ExcludeRetainedVariantProperties",
    "RetainDeploymentConfig",
)


def install(cloud: Cloud) -> None:
    """Serve endpoints with the cloud's engine."""
    endpoints: dict[str, Endpoint] = {}
    invocations.install(cloud, endpoints)
    lock = Lock()
    _install_names(cloud)
    stock_create = stock(SageMakerModelBackend, "create_endpoint")
    stock_delete = stock(SageMakerModelBackend, "delete_endpoint")

    def create_endpoint(
        self: SageMakerModelBackend,
        endpoint_name: str,
        endpoint_config_name: str,
        tags: list[dict[str, str]],
    ) -> FakeEndpoint:
        rules.require_name("endpointName", endpoint_name)
        with lock:
            if endpoint_name in self.endpoints:
                arn = self.endpoints[endpoint_name].arn
                raise rules.invalid(f'Cannot create already existing endpoint "{arn}".')
            plans = plans_of(self, endpoint_config_name)
            _require_quota(cloud, endpoints.values(), plans)
            held: FakeEndpoint = stock_create(self, endpoint_name, endpoint_config_name, tags)
            endpoints[endpoint_name] = Endpoint(cloud, held)
            endpoints[endpoint_name].create(endpoint_config_name, plans)
        return held

    def delete_endpoint(self: SageMakerModelBackend, endpoint_name: str) -> None:
        _held(self, endpoint_name)

        def forget() -> None:
            with lock:
                stock_delete(self, endpoint_name)
                endpoints.pop(endpoint_name)

        endpoints[endpoint_name].delete(forget)

    def update_endpoint(self: SageMakerResponse) -> ActionResult:
        request = plain(self.params)
        held = _held(self.sagemaker_backend, request["EndpointName"])
        deployment = _deployment(request)
        plans = plans_of(self.sagemaker_backend, request["EndpointConfigName"])
        with lock:
            endpoint = endpoints[held.endpoint_name]
            endpoint.require_updatable()
            _require_quota(cloud, endpoints.values(), plans)
            endpoint.update(request["EndpointConfigName"], plans, deployment)
        return ActionResult({"EndpointArn": held.arn})

    def describe_endpoint(self: SageMakerModelBackend, endpoint_name: str) -> dict[str, Any]:
        described: dict[str, Any] = _held(self, endpoint_name).response_object
        return described

    def update_weights(self: SageMakerResponse) -> ActionResult:
        held = _held(self.sagemaker_backend, self._get_param("EndpointName"))
        raise rules.invalid(
            f"UpdateEndpointWeightsAndCapacities of {held.endpoint_name} is not supported by the "
            "laptop's cloud; make a configuration with the weights and call UpdateEndpoint"
        )

    replace(SageMakerModelBackend, "create_endpoint", create_endpoint)
    replace(SageMakerModelBackend, "delete_endpoint", delete_endpoint)
    replace(SageMakerModelBackend, "describe_endpoint", describe_endpoint)
    replace(SageMakerResponse, "update_endpoint", update_endpoint)
    replace(SageMakerResponse, "update_endpoint_weights_and_capacities", update_weights)


def _require_quota(
    cloud: Cloud, endpoints: Iterable[Endpoint], plans: Sequence[VariantPlan]
) -> None:
    """Raise ResourceLimitExceeded at the quota. An update's new instances count as additional."""
    used = instances_by_type(plan for endpoint in endpoints for plan in endpoint.plans)
    for instance_type, more in instances_by_type(plans).items():
        cloud.quotas.require_instances(instance_type, "endpoint", used[instance_type], more)


def _held(backend: SageMakerModelBackend, name: str) -> Any:
    held = backend.endpoints.get(name)
    if held is None:
        arn = FakeEndpoint.arn_formatter(name, backend.account_id, backend.region_name)
        raise rules.invalid(f'Could not find endpoint "{arn}".')
    return held


def _deployment(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The deployment settings. The laptop does blue/green, all at once, and refuses others."""
    rules.refuse_keys("", request, UPDATE_KEYS)
    deployment: Mapping[str, Any] = request.get("DeploymentConfig") or {}
    rules.refuse_keys("DeploymentConfig.", deployment, ("RollingUpdatePolicy",))
    policy = deployment.get("BlueGreenUpdatePolicy") or {}
    routing = policy.get("TrafficRoutingConfiguration") or {}
    if routing.get("Type", "ALL_AT_ONCE") != "ALL_AT_ONCE":
        raise rules.invalid(
            f"DeploymentConfig: traffic routing {routing['Type']} is not supported by the laptop's "
            "cloud; use ALL_AT_ONCE"
        )
    return deployment


def _leave_out_what_is_empty(operation: str) -> None:
    """Describe without empty members: SDK v3 reads an empty member, and fails."""
    described = stock(SageMakerResponse, operation)

    def describe(self: SageMakerResponse) -> ActionResult:
        members: Mapping[str, Any] = described(self).result
        return ActionResult({key: value for key, value in members.items() if value not in EMPTY})

    replace(SageMakerResponse, operation, describe)


def _install_names(cloud: Cloud) -> None:
    """Refuse names that exist, and a model whose data is missing at its creation."""
    stock_model = stock(SageMakerResponse, "create_model")
    stock_config = stock(SageMakerResponse, "create_endpoint_config")

    def create_model(self: SageMakerResponse) -> ActionResult:
        name = rules.require_name("modelName", self._get_param("ModelName"))
        backend = self.sagemaker_backend
        if name in backend._models:
            arn = backend._models[name].arn
            raise rules.invalid(f'Cannot create already existing model "{arn}".')
        answer: ActionResult = stock_model(self)
        backend._models[name].enable_network_isolation = bool(
            self._get_param("EnableNetworkIsolation")
        )
        try:
            _require_artifact(cloud, backend, name)
        except Exception:
            backend._models.pop(name)
            raise
        return answer

    def create_endpoint_config(self: SageMakerResponse) -> ActionResult:
        name = rules.require_name("endpointConfigName", self._get_param("EndpointConfigName"))
        held = self.sagemaker_backend.endpoint_configs.get(name)
        if held is not None:
            arn = held.endpoint_config_arn
            raise rules.invalid(f'Cannot create already existing endpoint configuration "{arn}".')
        require_capture(plain(self.params))
        answer: ActionResult = stock_config(self)
        return answer

    def validate_instance_type(self: FakeEndpointConfig, instance_type: str) -> None:
        if not re.fullmatch(r"ml\.[a-z0-9-]+\.[a-z0-9]+", instance_type):
            raise rules.invalid(f"'{instance_type}' at 'instanceType' is not an instance type")

    replace(SageMakerResponse, "create_model", create_model)
    for operation in ("describe_model", "describe_endpoint_config", "describe_endpoint"):
        _leave_out_what_is_empty(operation)
    replace(SageMakerResponse, "create_endpoint_config", create_endpoint_config)
    replace(FakeEndpointConfig, "validate_instance_type", validate_instance_type)


def _require_artifact(cloud: Cloud, backend: SageMakerModelBackend, model: str) -> None:
    container = container_of(backend, model)
    if container.artifact is None:
        return
    try:
        bucket, key = split_uri(container.artifact)
        s3 = cloud.client("s3", role=container.role, session=f"SageMaker-{model}")
        s3.head_object(Bucket=bucket, Key=key)
    except (ClientError, DataError) as error:
        raise rules.invalid(
            f"Could not access model data at {container.artifact}. Please ensure that the role "
            f'"{container.role}" exists and that its trust relationship policy allows the action '
            '"sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". Also ensure '
            f'that the role has "s3:GetObject" permissions and that the object is located in '
            f"{cloud.region}. ({error})"
        ) from None
