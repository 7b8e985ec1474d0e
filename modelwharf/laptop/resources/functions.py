"""Lambda: functions, the permissions to call them, and settings of asynchronous calls."""

import uuid

from moto.awslambda.utils import get_backend

from modelwharf.laptop import iam
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.resources.resource import (
    Created,
    Properties,
    Resource,
    ResourceRefused,
    chosen,
    gone,
    names,
    shortened,
)

NAME_LIMIT = 64  # characters, CreateFunction
LAYER_PARTS = ("powertools",)
"""Layers whose content comes from the laptop's own environment, by a part of their ARN."""


class Function(Resource):
    type = "AWS::Lambda::Function"
    name_property = "FunctionName"
    properties = names(
        "Architectures Code Description Environment EphemeralStorage FunctionName Handler Layers "
        "LoggingConfig MemorySize Role Runtime Tags Timeout TracingConfig"
    )
    attributes = frozenset({"Arn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        iam.require_trust(cls.cloud, properties["Role"], "lambda.amazonaws.com")
        layers = properties.get("Layers", [])
        _refuse_unknown_layers(layers)
        function_name = shortened(name, NAME_LIMIT)
        settings = chosen(
            properties,
            "Architectures Code Description Environment EphemeralStorage Handler MemorySize Role "
            "Runtime Timeout TracingConfig",
        )
        tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        arn = cls.client("lambda").create_function(
            FunctionName=function_name, Tags=tags, **settings
        )["FunctionArn"]
        _set_what_moto_drops(cls.cloud, function_name, properties)
        return Created(function_name, {"Arn": arn})

    def modify(self, wanted: Properties) -> None:
        layers = wanted.get("Layers", [])
        _refuse_unknown_layers(layers)
        client, name = self.client("lambda"), self.created.ref
        if self.given["Code"] != wanted["Code"]:
            client.update_function_code(FunctionName=name, **wanted["Code"])
        settings = chosen(
            wanted,
            "Description Environment EphemeralStorage Handler MemorySize Role Runtime Timeout "
            "TracingConfig",
        )
        if "Environment" not in wanted:
            settings["Environment"] = {"Variables": {}}
        client.update_function_configuration(FunctionName=name, **settings)
        _set_what_moto_drops(self.cloud, name, wanted)

    def remove(self) -> None:
        with gone("ResourceNotFoundException"):
            self.client("lambda").delete_function(FunctionName=self.created.ref)


def _set_what_moto_drops(cloud: Cloud, name: str, properties: Properties) -> None:
    """Set what moto ignores: the layers' ARNs, and the name of the log group."""
    function = get_backend(cloud.account, cloud.region).get_function(name)
    function.layers = [{"Arn": layer, "CodeSize": 0} for layer in properties.get("Layers", [])]
    group = properties.get("LoggingConfig", {}).get("LogGroup")
    function.logs_group_name = group or f"/aws/lambda/{name}"


def _refuse_unknown_layers(layers: list[str]) -> None:
    unknown = [arn for arn in layers if not any(part in arn.lower() for part in LAYER_PARTS)]
    if unknown:
        raise ResourceRefused(
            f"the laptop's cloud has no content for the layer {', '.join(unknown)}; it knows AWS's "
            "public Powertools layer, whose packages this environment holds"
        )


class Permission(Resource):
    type = "AWS::Lambda::Permission"
    properties = frozenset({"Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"})
    replacement = names("Action FunctionName Principal SourceAccount SourceArn")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        statement = f"{name[:60]}-{uuid.uuid4().hex[:12]}"
        cls.client("lambda").add_permission(StatementId=statement, **properties)
        return Created(statement)

    def remove(self) -> None:
        with gone("ResourceNotFoundException"):
            self.client("lambda").remove_permission(
                FunctionName=self.given["FunctionName"], StatementId=self.created.ref
            )


class EventInvokeConfig(Resource):
    type = "AWS::Lambda::EventInvokeConfig"
    properties = names(
        "DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts Qualifier"
    )
    replacement = names("FunctionName Qualifier")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        if properties["Qualifier"] != "$LATEST":
            raise ResourceRefused(
                f"Qualifier is {properties['Qualifier']!r}; the laptop's cloud runs $LATEST only"
            )
        destinations = properties.get("DestinationConfig", {})
        service = destinations.get("OnFailure", {}).get("Destination", "::sns").split(":")[2]
        if "OnSuccess" in destinations or service not in ("sns", "sqs"):
            raise ResourceRefused(
                "the laptop's cloud tells of failures (OnFailure) to a topic or a queue only"
            )
        settings = {key: value for key, value in properties.items() if key != "Qualifier"}
        cls.client("lambda").put_function_event_invoke_config(**settings)
        return Created(f"{properties['FunctionName']}|$LATEST")

    def modify(self, wanted: Properties) -> None:
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        with gone("ResourceNotFoundException"):
            self.client("lambda").delete_function_event_invoke_config(
                FunctionName=self.given["FunctionName"]
            )


TYPES = (Function, Permission, EventInvokeConfig)
