"""Lambda: functions, who may call them, and what becomes of asynchronous calls."""

import uuid

from moto.awslambda.utils import get_backend

from localcloud import iam
from localcloud.resources.resource import (
    Created,
    Properties,
    Resource,
    ResourceRefused,
    chosen,
    names,
    shortened,
)

NAME_LIMIT = 64  # characters, CreateFunction
LAYER_PARTS = ("powertools",)
"""Layers whose content the laptop's own environment stands in for, by a part of their ARN."""


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
        # What moto's API drops: the layers' ARNs, and the name of the log group.
        function = get_backend(cls.cloud.account, cls.cloud.region).get_function(function_name)
        function.layers = [{"Arn": layer, "CodeSize": 0} for layer in layers]
        group = properties.get("LoggingConfig", {}).get("LogGroup")
        function.logs_group_name = group or function.logs_group_name
        return Created(function_name, {"Arn": arn})


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

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        statement = f"{name[:60]}-{uuid.uuid4().hex[:12]}"
        cls.client("lambda").add_permission(StatementId=statement, **properties)
        return Created(statement)


class EventInvokeConfig(Resource):
    type = "AWS::Lambda::EventInvokeConfig"
    properties = names(
        "DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts Qualifier"
    )

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


TYPES = (Function, Permission, EventInvokeConfig)
