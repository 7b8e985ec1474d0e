"""Register: add the model to the model registry, with its lineage."""

import re

from lambdas.approval import APPROVED, PENDING
from lambdas.entry import entry
from lambdas.instance_types import endpoint_type
from lambdas.registered_model import keep_model
from lambdas.runtime import Runtime
from modelwharf.contracts.parameters import Approval
from modelwharf.contracts.probe import Probe
from modelwharf.contracts.release import ModelPackage, ReleaseDocument
from modelwharf.contracts.stages import TrainedRelease

CONTENT_TYPES = ("application/json", "application/jsonlines", "text/csv")
# Limits of a model package's customer metadata (CreateModelPackage): CustomerMetadataMap.
KEY_LIMIT = 128  # characters
VALUE_LIMIT = 256  # characters
PROPERTIES_LIMIT = 50
REFUSED = re.compile(r"[^\w .:/=+@-]")  # in keys and in values


def register_model(runtime: Runtime, document: TrainedRelease) -> ReleaseDocument:
    """Add the model package; a retry gets the same one through the client token."""
    plan = document.plan
    automatic = plan.deployment.approval is Approval.AUTOMATIC
    artifact = keep_model(runtime, document.release_id, document.training)
    arn = runtime.clients.sagemaker.create_model_package(
        ModelPackageGroupName=runtime.environment.model_package_group,
        ModelPackageDescription=f"release {document.release_id} of {document.project}",
        InferenceSpecification={
            "Containers": [
                {
                    "Image": document.images.inference.uri,
                    "ModelDataUrl": artifact,
                    "Environment": plan.deployment.environment,
                }
            ],
            "SupportedContentTypes": content_types(plan.deployment.probe),
            "SupportedResponseMIMETypes": list(CONTENT_TYPES),
            "SupportedRealtimeInferenceInstanceTypes": [endpoint_type(plan.deployment)],
        },
        ModelApprovalStatus=APPROVED if automatic else PENDING,
        CustomerMetadataProperties=lineage(document),
        ClientToken=document.release_id,
    )["ModelPackageArn"]
    package = ModelPackage(arn=arn, version=int(arn.rsplit("/", 1)[1]), artifact=artifact)
    return document.model_copy(update={"model_package": package})


def content_types(probe: Probe | None) -> list[str]:
    """Return the content types for the registry, including the probe's own type."""
    asked = () if probe is None else (probe.content_type,)
    return list(dict.fromkeys((*CONTENT_TYPES, *asked)))


def lineage(document: TrainedRelease) -> dict[str, str]:
    """Return what the model was made from, as the registry shows it."""
    training, data = document.training, document.data
    images = document.images
    facts = {
        "release": document.release_id,
        "commit": document.trigger.commit,
        "training_job": training.job,
        "training_image": images.training.digest,
        "inference_image": images.inference.digest,
        "data": data.uri,
        "data_fingerprint": data.fingerprint or "",
    }
    quality = document.quality.metrics if document.quality is not None else {}
    facts |= {f"metric {name}": f"{value:.6g}" for name, value in sorted(quality.items())}
    present = {
        _accepted(name)[:KEY_LIMIT]: _accepted(value)[:VALUE_LIMIT]
        for name, value in facts.items()
        if value
    }
    return dict(list(present.items())[:PROPERTIES_LIMIT])


def _accepted(text: str) -> str:
    """Replace every character that SageMaker refuses: metrics may have any name."""
    return REFUSED.sub("_", text)


@entry(TrainedRelease)
def handler(document: TrainedRelease, runtime: Runtime) -> ReleaseDocument:
    return register_model(runtime, document)
