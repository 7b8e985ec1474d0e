"""The actions and resources that a call needs, from the Service Authorization Reference.

Roles may not call an operation that is missing in the table: nothing is allowed by oversight.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from modelwharf.laptop.iam.calls import Call
from modelwharf.laptop.iam.policies import Value
from modelwharf.laptop.services import PERMISSIONS
from modelwharf.laptop.services.call_resources import (
    Parameters,
    Place,
    function_arns,
    table_arns,
    values,
)


class UnknownOperation(Exception):
    """The table does not contain this call."""


@dataclass(frozen=True)
class Need:
    """One permission that a call needs; ``context`` adds to the call's own condition keys."""

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)


def needs_of(call: Call, place: Place) -> list[Need]:
    """All permissions that the call needs. Raises UnknownOperation."""
    special = _SPECIAL.get((call.service, call.operation))
    if special is not None:
        return special(call.parameters, place)
    resources = PERMISSIONS.get(call.service, {}).get(call.operation)
    if resources is None:
        raise UnknownOperation(
            f"{call.service}:{call.operation} is not in the laptop's table of permissions "
            "(modelwharf/laptop/services), so no role may call it here"
        )
    action = f"{call.service}:{call.operation}"
    needs = [Need(action, resource) for resource in resources(call.parameters, place)]
    return [*needs, *_tagging(call, needs), *_passed_roles(call)]


def _tagging(call: Call, needs: list[Need]) -> list[Need]:
    """SageMaker requires AddTags, too, when a resource is created with tags."""
    if call.service == "sagemaker" and call.parameters.get("Tags") and needs:
        return [Need("sagemaker:AddTags", need.resource) for need in needs]
    return []


def _invoke(parameters: Parameters, place: Place) -> list[Need]:
    return [Need("lambda:InvokeFunction", arn) for arn in function_arns(parameters, place)]


def _put_events(parameters: Parameters, place: Place) -> list[Need]:
    needs = []
    for entry in parameters.get("Entries", []):
        bus = entry.get("EventBusName") or "default"
        arn = bus if bus.startswith("arn:") else place.arn("events", f"event-bus/{bus}")
        context: dict[str, Value] = {
            "events:source": entry.get("Source", ""),
            "events:detail-type": entry.get("DetailType", ""),
        }
        needs.append(Need("events:PutEvents", arn, context))
    return needs


def _put_metrics(parameters: Parameters, place: Place) -> list[Need]:
    """CloudWatch's actions have no resources. The namespace narrows this one."""
    context: dict[str, Value] = {"cloudwatch:namespace": str(parameters.get("Namespace", ""))}
    return [Need("cloudwatch:PutMetricData", "*", context)]


ECR_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)[:@].+")


def _model_package(parameters: Parameters, place: Place) -> list[Need]:
    """The permissions for a model package. SageMaker reads each container's image and artifact with
    the caller's permissions: those of the managed policy AmazonSageMakerModelRegistryFullAccess.
    """
    resources = PERMISSIONS["sagemaker"]["CreateModelPackage"](parameters, place)
    group = parameters.get("ModelPackageGroupName")
    if group:
        name = str(group).rsplit("/", 1)[-1].lower()
        resources = [*resources, place.arn("sagemaker", f"model-package-group/{name}")]
    needs = [Need("sagemaker:CreateModelPackage", resource) for resource in resources]
    for container in (parameters.get("InferenceSpecification") or {}).get("Containers", []):
        image = ECR_IMAGE.fullmatch(container.get("Image", ""))
        if image is not None:
            repository = f"arn:aws:ecr:{image[2]}:{image[1]}:repository/{image[3]}"
            needs += [Need(f"ecr:{one}", repository) for one in ("BatchGetImage", "DescribeImages")]
        artifact = container.get("ModelDataUrl", "")
        if artifact.startswith("s3://"):
            needs.append(Need("s3:GetObject", f"arn:aws:s3:::{artifact.removeprefix('s3://')}"))
    return [*needs, *_tagging(Call("sagemaker", "CreateModelPackage", parameters), needs[:1])]


def _batch(operation: str) -> Callable[[Parameters, Place], list[Need]]:
    """BatchGetItem and BatchWriteItem name their tables as keys of RequestItems."""

    def needs(parameters: Parameters, place: Place) -> list[Need]:
        return [
            Need(f"dynamodb:{operation}", table_arns({"TableName": table}, place)[0])
            for table in parameters.get("RequestItems", {})
        ]

    return needs


_TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


def _transaction(parameters: Parameters, place: Place) -> list[Need]:
    """Each part of a transaction needs the permission of the single operation."""
    return [
        Need(f"dynamodb:{_TRANSACTION_ACTIONS[kind]}", table_arns(part, place)[0])
        for item in parameters.get("TransactItems", [])
        for kind, part in item.items()
    ]


_SPECIAL: Mapping[tuple[str, str], Callable[[Parameters, Place], list[Need]]] = {
    ("lambda", "Invoke"): _invoke,
    ("lambda", "InvokeAsync"): _invoke,
    ("events", "PutEvents"): _put_events,
    ("cloudwatch", "PutMetricData"): _put_metrics,
    ("sagemaker", "CreateModelPackage"): _model_package,
    ("dynamodb", "BatchGetItem"): _batch("BatchGetItem"),
    ("dynamodb", "BatchWriteItem"): _batch("BatchWriteItem"),
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("dynamodb", "TransactGetItems"): _transaction,
}


_PASSING: Mapping[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("sagemaker", "CreateTrainingJob"): ("sagemaker.amazonaws.com", ("RoleArn",)),
    ("sagemaker", "CreateProcessingJob"): ("sagemaker.amazonaws.com", ("RoleArn",)),
    ("sagemaker", "CreateModel"): ("sagemaker.amazonaws.com", ("ExecutionRoleArn",)),
    ("sagemaker", "CreateEndpointConfig"): ("sagemaker.amazonaws.com", ("ExecutionRoleArn",)),
    ("codebuild", "CreateProject"): ("codebuild.amazonaws.com", ("serviceRole",)),
    ("codebuild", "UpdateProject"): ("codebuild.amazonaws.com", ("serviceRole",)),
    ("codebuild", "StartBuild"): ("codebuild.amazonaws.com", ("serviceRoleOverride",)),
    ("states", "UpdateStateMachine"): ("states.amazonaws.com", ("roleArn",)),
    ("lambda", "UpdateFunctionConfiguration"): ("lambda.amazonaws.com", ("Role",)),
    ("events", "PutRule"): ("events.amazonaws.com", ("RoleArn",)),
}


def _passed_roles(call: Call) -> list[Need]:
    """The iam:PassRole permissions for the roles that the call passes to a service."""
    service, keys = _PASSING.get((call.service, call.operation), ("", ()))
    context: dict[str, Value] = {"iam:PassedToService": service}
    return [Need("iam:PassRole", role, context) for role in values(call.parameters, *keys)]
