"""Find the ARNs of the resources that a call's parameters name."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelwharf.laptop import formats

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        return formats.arn(service, resource, region=self.region, account=self.account)


Resources = Callable[[Parameters, Place], list[str]]


def any_resource(parameters: Parameters, place: Place) -> list[str]:
    return ["*"]


def values(parameters: Parameters, *keys: str) -> Iterator[str]:
    """The values of these parameters, where given; a list's items one by one."""
    for key in keys:
        value = parameters.get(key)
        yield from value if isinstance(value, list) else [value] if value else []


def named(service: str, kind: str, *keys: str) -> Resources:
    """The resources that parameters name, each as an ARN or as a name."""

    def resources(parameters: Parameters, place: Place) -> list[str]:
        return [
            value if value.startswith("arn:") else place.arn(service, f"{kind}{value}")
            for value in values(parameters, *keys)
        ] or ["*"]

    return resources


def each(resources: Resources, operations: str) -> dict[str, Resources]:
    return dict.fromkeys(operations.split(), resources)


def parameters_named(parameters: Parameters, place: Place) -> list[str]:
    """The ARNs of parameters. AWS's own parameters belong to no account (Systems Manager user
    guide, "Calling public parameters").
    """
    arns = []
    for name in values(parameters, "Name", "Names", "Path"):
        path = name.split(":")[0].lstrip("/")
        owner = Place(place.region, "") if path.startswith("aws/service/") else place
        arns.append(owner.arn("ssm", f"parameter/{path}"))
    return arns


_SAGEMAKER_KINDS = {
    "TrainingJobName": "training-job",
    "ProcessingJobName": "processing-job",
    "TransformJobName": "transform-job",
    "ModelName": "model",
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
    "ModelPackageGroupName": "model-package-group",
    "ModelPackageName": "model-package",
    "ModelPackageArn": "model-package",
    "ResourceArn": "",
}


def sagemaker(*keys: str) -> Resources:
    """The ARNs of SageMaker's resources, with the names in lower case as SageMaker writes them."""

    def resources(parameters: Parameters, place: Place) -> list[str]:
        def arn(key: str, value: str) -> str:
            if value.startswith("arn:"):
                return value
            return place.arn("sagemaker", f"{_SAGEMAKER_KINDS[key]}/{value.lower()}")

        return [arn(key, value) for key in keys for value in values(parameters, key)] or ["*"]

    return resources


def new_model_package(parameters: Parameters, place: Place) -> list[str]:
    """The group's name with any version: a version has no number before it exists."""
    group = str(parameters.get("ModelPackageGroupName", parameters.get("ModelPackageName", "")))
    name = group.rsplit("/", 1)[-1].lower()
    versioned = "ModelPackageGroupName" in parameters
    return [place.arn("sagemaker", f"model-package/{name}" + ("/*" if versioned else ""))]


def build_projects(parameters: Parameters, place: Place) -> list[str]:
    """The builds' projects. A build's id is ``<project>:<uuid>``; permissions name the project."""
    ids = [value.rsplit("build/", 1)[-1] for value in values(parameters, "ids", "id")]
    names = [*values(parameters, "projectName", "names", "name"), *ids]
    projects = dict.fromkeys(name.split(":")[0] for name in names)
    return [place.arn("codebuild", f"project/{project}") for project in projects] or ["*"]


def log_group(parameters: Parameters, place: Place) -> list[str]:
    given = values(parameters, "logGroupName", "logGroupIdentifier", "logGroupNames")
    names = map(formats.log_group_name, given)
    return [place.arn("logs", f"log-group:{name}:*") for name in names] or ["*"]


def log_stream(parameters: Parameters, place: Place) -> list[str]:
    group, stream = parameters.get("logGroupName", ""), parameters.get("logStreamName", "")
    return [place.arn("logs", f"log-group:{group}:log-stream:{stream}")]


def queue(parameters: Parameters, place: Place) -> list[str]:
    urls = values(parameters, "QueueUrl")
    return [place.arn("sqs", url.rsplit("/", 1)[-1]) for url in urls] or ["*"]


def function_arns(parameters: Parameters, place: Place) -> list[str]:
    """The function's ARNs, from a name, partial ARN or ARN, with or without a qualifier."""
    name = str(parameters.get("FunctionName", ""))
    if not name:
        return ["*"]
    resource = name.split(":function:")[-1] if ":" in name else name
    qualifier = parameters.get("Qualifier")
    if qualifier and ":" not in resource:
        resource = f"{resource}:{qualifier}"
    return [place.arn("lambda", f"function:{resource}")]


def execution(parameters: Parameters, place: Place) -> list[str]:
    return list(values(parameters, "executionArn"))


def state_machine(parameters: Parameters, place: Place) -> list[str]:
    arns = values(parameters, "stateMachineArn", "resourceArn")
    return list(arns) or [place.arn("states", f"stateMachine:{parameters.get('name', '*')}")]


def table_arns(parameters: Parameters, place: Place) -> list[str]:
    name = str(parameters["TableName"])
    table = name if name.startswith("arn:") else place.arn("dynamodb", f"table/{name}")
    index = parameters.get("IndexName")
    return [f"{table}/index/{index}" if index else table]


def iam(kind: str, *keys: str) -> Resources:
    def resources(parameters: Parameters, place: Place) -> list[str]:
        return [
            value if value.startswith("arn:") else f"arn:aws:iam::{place.account}:{kind}/{value}"
            for value in values(parameters, *keys)
        ] or ["*"]

    return resources
