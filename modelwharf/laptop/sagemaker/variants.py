"""From an endpoint configuration to its plans: models, images, artifacts, roles."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.sagemaker.models import SageMakerModelBackend

from modelwharf.laptop.sagemaker import rules
from modelwharf.laptop.sagemaker.data_capture import CapturePlan, capture_plan
from modelwharf.laptop.sagemaker.job_tree import plain

DEFAULT_STARTUP = 300.0  # seconds (ContainerStartupHealthCheckTimeoutInSeconds)
STARTUP_VARIABLE = "WHARF_STARTUP_TIMEOUT"

UNSUPPORTED = ("ServerlessConfig", "AcceleratorType", "CoreDumpConfig", "InferenceAmiVersion")


@dataclass(frozen=True)
class Container:
    """The container of a variant's model, and its role."""

    image: str
    artifact: str | None
    environment: Mapping[str, str]
    role: str
    isolated: bool


@dataclass(frozen=True)
class VariantPlan:
    """A production variant with its model's container."""

    name: str
    weight: float
    instances: int
    instance_type: str
    container: Container
    startup: float
    """Seconds until the server must be healthy."""
    capture: CapturePlan | None = None


def instances_by_type(plans: Iterable[VariantPlan]) -> Counter[str]:
    """The number of instances of each type."""
    counted: Counter[str] = Counter()
    for plan in plans:
        counted[plan.instance_type] += plan.instances
    return counted


def plans_of(backend: SageMakerModelBackend, config: str) -> list[VariantPlan]:
    """The variants of a configuration. Raises ValidationException, which names what is missing."""
    described = backend.describe_endpoint_config(config)
    capture = capture_plan(plain(described.get("DataCaptureConfig")))
    return [_plan(backend, plain(one), capture) for one in described["ProductionVariants"]]


def _plan(
    backend: SageMakerModelBackend, variant: Mapping[str, Any], capture: CapturePlan | None
) -> VariantPlan:
    rules.refuse_keys("ProductionVariants.", variant, UNSUPPORTED)
    return VariantPlan(
        name=variant["VariantName"],
        weight=float(variant.get("InitialVariantWeight", 1.0)),
        instances=int(variant.get("InitialInstanceCount") or 1),
        instance_type=variant.get("InstanceType") or "",
        container=container_of(backend, variant["ModelName"]),
        startup=_startup(variant),
        capture=capture,
    )


def _startup(variant: Mapping[str, Any]) -> float:
    """The variant's own time, else the laptop's setting, else SageMaker's default."""
    named = variant.get("ContainerStartupHealthCheckTimeoutInSeconds")
    return float(named or startup_seconds(DEFAULT_STARTUP))


def startup_seconds(default: float) -> float:
    """The laptop's setting, else SageMaker's default."""
    return float(os.environ.get(STARTUP_VARIABLE) or default)


def container_of(backend: SageMakerModelBackend, model: str) -> Container:
    """The container of a model. For a model package, its own container."""
    held = backend.describe_model(model)
    found = plain(held.primary_container) or (plain(held.containers) or [{}])[0]
    if len(held.containers or []) > 1:
        raise rules.invalid(f"Model {model} has several containers; the laptop's cloud runs one")
    environment = found.get("Environment") or {}
    if found.get("ModelPackageName"):
        found = _packaged(backend, found["ModelPackageName"])
        environment = {**(found.get("Environment") or {}), **environment}
    return Container(
        image=found["Image"],
        artifact=artifact_of(found),
        environment={str(name): str(value) for name, value in environment.items()},
        role=held.execution_role_arn,
        isolated=bool(held.enable_network_isolation),
    )


def _packaged(backend: SageMakerModelBackend, package: str) -> dict[str, Any]:
    specification = plain(backend.describe_model_package(package).inference_specification)
    container: dict[str, Any] = specification["Containers"][0]
    return container


def artifact_of(container: Mapping[str, Any]) -> str | None:
    """The model's tar.gz. Raises ValidationException for other kinds of model data."""
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    if not source:
        return container.get("ModelDataUrl") or None
    if (source.get("S3DataType"), source.get("CompressionType")) != ("S3Object", "Gzip"):
        raise rules.invalid(
            "ModelDataSource: the laptop's cloud reads an S3Object with CompressionType Gzip"
        )
    uri: str = source["S3Uri"]
    return uri
