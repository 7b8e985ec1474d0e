"""AWS clients that answer from memory, in the shapes that boto3 gives."""

# ruff: noqa: N803 - AWS spells its arguments this way

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

import modelwharf
from modelwharf.cli.services import Services
from tests.unit.cli.dead_letters import LAMBDA, FakeFunctions, FakeQueue
from tests.unit.contracts.histories import START, History

STATE_MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:modelwharf-oil-price-release"
OUTPUTS = {
    "ChangesTopicArn": "arn:aws:sns:eu-west-1:123456789012:modelwharf-oil-price-changes",
    "NotificationsTopicArn": "arn:aws:sns:eu-west-1:123456789012:n",
    "DeadLetterQueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters",
    "StateMachineArn": STATE_MACHINE,
    "LedgerTable": "ledger",
    "DataBucket": "data-bucket",
    "ArtifactBucket": "artifact-bucket",
    "RepositoryName": "oil-price",
    "RepositoryCloneUrl": "unset",
    "EndpointName": "oil-price",
    "ModelPackageGroup": "oil-price",
    "BuildProject": "modelwharf-oil-price-images",
    "ModelwharfVersion": modelwharf.__version__,
    "OldestReader": modelwharf.__version__,
}

FUNCTIONS = tuple(f"modelwharf-oil-price-{name}" for name in ("train-model", "start-release"))


def refusal(code: str, message: str, operation: str, **more: Any) -> ClientError:
    # The stubs know only the keys that every service's errors have.
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError(response, operation)


class FakeCloudFormation:
    def __init__(self, outputs: dict[str, str]) -> None:
        self.stacks = {"modelwharf-oil-price": outputs}

    def describe_stacks(self, StackName: str = "") -> dict[str, Any]:
        if not StackName:
            return {"Stacks": [{"StackName": name} for name in self.stacks]}
        if StackName not in self.stacks:
            message = f"Stack with id {StackName} does not exist"
            raise refusal("ValidationError", message, "DescribeStacks")
        outputs = self.stacks[StackName].items()
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs]
        stack = {"StackName": StackName, "StackStatus": "CREATE_COMPLETE", "Outputs": listed}
        return {"Stacks": [stack]}

    def list_stack_resources(self, StackName: str, NextToken: str = "") -> dict[str, Any]:
        """Two pages: each with one function, the second with something else besides."""
        assert StackName in self.stacks
        if not NextToken:
            return {"StackResourceSummaries": [_resource(FUNCTIONS[0])], "NextToken": "2"}
        other = {"ResourceType": "AWS::KMS::Key", "PhysicalResourceId": "key-id"}
        return {"StackResourceSummaries": [other, *map(_resource, FUNCTIONS[1:])]}


def _resource(function: str) -> dict[str, Any]:
    return {"ResourceType": "AWS::Lambda::Function", "PhysicalResourceId": function}


@dataclass
class Execution:
    history: History
    status: str = "RUNNING"
    started: datetime = START
    stopped: datetime | None = None
    more: dict[str, Any] = field(default_factory=dict)


class FakeStepFunctions:
    PAGE = 5  # events: a history takes several pages

    def __init__(self) -> None:
        self.executions: dict[str, Execution] = {}
        self.later: list[Callable[[], None]] = []
        """What happens in the cloud, one at each look at the list or at an execution."""

    def list_executions(self, stateMachineArn: str, maxResults: int) -> dict[str, Any]:
        self._go_on()
        found: list[dict[str, Any]] = [
            {"name": name, "executionArn": name, "startDate": one.started, "status": one.status}
            for name, one in self.executions.items()
        ]
        return {"executions": sorted(found, key=lambda one: one["startDate"])[::-1][:maxResults]}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        self._go_on()
        name = executionArn.rsplit(":", 1)[-1]
        if name not in self.executions:
            message = "Execution Does Not Exist"
            raise refusal("ExecutionDoesNotExist", message, "DescribeExecution")
        one = self.executions[name]
        started = one.history.events[0]["executionStartedEventDetails"]["input"]
        answer = {
            "name": name,
            "executionArn": executionArn,
            "status": one.status,
            "startDate": one.started,
            "input": started,
            **one.more,
        }
        return answer | ({"stopDate": one.stopped} if one.stopped else {})

    def get_execution_history(
        self, executionArn: str, maxResults: int, nextToken: str = "0"
    ) -> dict[str, Any]:
        events = self.executions[executionArn.rsplit(":", 1)[-1]].history.events
        end = int(nextToken) + self.PAGE
        page = {"events": events[int(nextToken) : end]}
        return page | ({"nextToken": str(end)} if end < len(events) else {})

    def _go_on(self) -> None:
        if self.later:
            self.later.pop(0)()


class FakeLedger:
    """DynamoDB's client, answering the two queries that the command line makes."""

    def __init__(self) -> None:
        self.waits: list[dict[str, str]] = []
        self.skips: list[dict[str, str]] = []

    def query(self, **request: Any) -> dict[str, Any]:
        if "IndexName" in request:
            wanted = request["ExpressionAttributeValues"][":release"]["S"]
            found = [row for row in self.waits if row["release_id"] == wanted]
        else:
            found = sorted(self.skips, key=lambda row: row["sk"], reverse=True)
        return {"Items": [{name: {"S": text} for name, text in row.items()} for row in found]}

    def skip(self, commit: str, reason: str, time: str = "2026-11-21T09:00:05+00:00") -> None:
        self.skips.append(
            {"sk": f"skipped#{time}#{commit}", "commit": commit, "reason": reason, "time": time}
        )


class FakeParameters:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        """Of what was put; what a test made itself has the first."""
        self.on_put: Callable[[str], None] = lambda name: None

    def get_parameters(self, Names: list[str]) -> dict[str, Any]:
        found = [name for name in Names if name in self.values]
        missing = [name for name in Names if name not in self.values]
        parameters = [
            {"Name": name, "Value": self.values[name], "Version": self.versions.get(name, 1)}
            for name in found
        ]
        return {"Parameters": parameters, "InvalidParameters": missing}

    def get_parameter(self, Name: str) -> dict[str, Any]:
        if Name not in self.values:
            raise refusal("ParameterNotFound", "not there", "GetParameter")
        return {"Parameter": {"Name": Name, "Value": self.values[Name]}}

    def get_paginator(self, name: str) -> "FakeParameters":
        assert name == "get_parameter_history"
        return self

    def paginate(self, Name: str) -> list[dict[str, Any]]:
        """Each version on a page of its own, as another person wrote it."""
        versions = range(1, self.versions.get(Name, 1) + 1)
        user = "arn:aws:iam::123456789012:user/eve"
        return [
            {"Parameters": [{"Version": one, "LastModifiedDate": START, "LastModifiedUser": user}]}
            for one in versions
        ]

    def put_parameter(
        self, Name: str, Value: str, Type: str, Tier: str, Overwrite: bool
    ) -> dict[str, Any]:
        assert Overwrite and Type == "String" and Tier == "Intelligent-Tiering"
        self.on_put(Name)
        self.versions[Name] = self.versions.get(Name, int(Name in self.values)) + 1
        self.values[Name] = Value
        return {"Version": self.versions[Name]}


class FakeTopic:
    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.subscriptions: dict[str, dict[str, str]] = {}
        """A subscribed function's name → the subscription's attributes."""
        self.on_publish: Callable[[str], None] = lambda message: None

    def publish(self, TopicArn: str, Message: str) -> dict[str, Any]:
        self.messages.append((TopicArn, Message))
        self.on_publish(Message)
        return {"MessageId": "1"}

    def get_paginator(self, name: str) -> "FakeTopic":
        assert name == "list_subscriptions_by_topic"
        return self

    def paginate(self, TopicArn: str) -> list[dict[str, Any]]:
        """A person's address, then the functions on a page of their own."""
        listed = [
            {"SubscriptionArn": name, "Protocol": "lambda", "Endpoint": f"{LAMBDA}:{name}"}
            for name in self.subscriptions
        ]
        person = {"SubscriptionArn": "mail", "Protocol": "email", "Endpoint": "a@example.com"}
        return [{"Subscriptions": [person]}, {"Subscriptions": listed}]

    def get_subscription_attributes(self, SubscriptionArn: str) -> dict[str, Any]:
        return {"Attributes": self.subscriptions[SubscriptionArn]}


class FakeBucket:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.metadata: dict[str, Mapping[str, str]] = {}
        self.on_put: Callable[[str], None] = lambda key: None

    def put_object(
        self,
        Bucket: str,
        Key: str,
        Body: Any,
        ContentType: str,
        Metadata: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        self.objects[Bucket, Key] = Body if isinstance(Body, bytes) else Body.read()
        self.metadata[Key] = Metadata or {}
        self.on_put(Key)
        return {"VersionId": "version-7"}

    def list_objects_v2(self, Bucket: str, Prefix: str, MaxKeys: int) -> dict[str, Any]:
        keys = sorted(key for bucket, key in self.objects if bucket == Bucket)
        found = [{"Key": key} for key in keys if key.startswith(Prefix)][:MaxKeys]
        return {"Contents": found} if found else {}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}


class FakeSageMaker:
    def __init__(self) -> None:
        self.decisions: list[dict[str, str]] = []
        self.endpoints: dict[str, dict[str, Any]] = {}

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if EndpointName not in self.endpoints:
            message = f'Could not find endpoint "{EndpointName}".'
            raise refusal("ValidationException", message, "DescribeEndpoint")
        return self.endpoints[EndpointName]

    def update_model_package(self, **request: str) -> dict[str, Any]:
        self.decisions.append(request)
        return {"ModelPackageArn": request["ModelPackageArn"]}


class FakeRepository:
    def __init__(self) -> None:
        self.refusal: ClientError | None = None

    def get_commit(self, repositoryName: str, commitId: str) -> dict[str, Any]:
        if self.refusal:
            raise self.refusal
        return {"commit": {"commitId": commitId}}


class FakeEndpoint:
    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.refusal: ClientError | None = None

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if self.refusal:
            raise self.refusal
        return {
            "Body": io.BytesIO(b'{"forecast":47.1}\n'),
            "ContentType": "application/json",
            "InvokedProductionVariant": "champion",
            "ResponseMetadata": {"HTTPStatusCode": 200},
        }


class FakeLogs:
    PAGE = 3  # events, or streams: an answer takes several pages

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, list[dict[str, Any]]]] = {
            f"/aws/lambda/{name}": {} for name in FUNCTIONS
        }
        """Group → stream → events. The template makes those of the functions."""
        self.retention: dict[str, int] = {}
        self.asked: set[str] = set()
        self.later: list[Callable[[], None]] = []

    def write(self, group: str, stream: str, *lines: str, seconds: float = 0) -> None:
        """Write lines, all of them some seconds after the start."""
        events = self.groups.setdefault(group, {}).setdefault(stream, [])
        for line in lines:
            number = sum(map(len, self.groups[group].values()))
            events.append(
                {
                    "eventId": f"{group}-{number}",
                    "timestamp": int((START.timestamp() + seconds) * 1000),
                    "logStreamName": stream,
                    "message": line,
                }
            )

    def filter_log_events(
        self,
        logGroupName: str,
        logStreamNames: tuple[str, ...] = (),
        startTime: int = 0,
        endTime: int | None = None,
        nextToken: str = "0",
        filterPattern: str = "",
    ) -> dict[str, Any]:
        self.asked.add(logGroupName)
        found = [
            event
            for stream, events in self._group(logGroupName).items()
            for event in events
            if (not logStreamNames or stream in logStreamNames)
            and startTime <= event["timestamp"] <= (endTime or event["timestamp"])
            and filterPattern.strip('"') in event["message"]
        ]
        answer = self._page("events", found, nextToken)
        if self.later:
            self.later.pop(0)()
        return answer

    def describe_log_streams(
        self, logGroupName: str, logStreamNamePrefix: str = "", nextToken: str = "0"
    ) -> dict[str, Any]:
        found = [
            {"logStreamName": name, "creationTime": events[0]["timestamp"]}
            for name, events in self._group(logGroupName).items()
            if name.startswith(logStreamNamePrefix)
        ]
        return self._page("logStreams", found, nextToken)

    def describe_log_groups(self, logGroupNamePrefix: str) -> dict[str, Any]:
        found = [
            {"logGroupName": name}
            | ({"retentionInDays": self.retention[name]} if name in self.retention else {})
            for name in self.groups
            if name.startswith(logGroupNamePrefix)
        ]
        return {"logGroups": found}

    def _group(self, name: str) -> dict[str, list[dict[str, Any]]]:
        if name not in self.groups:
            message = "The specified log group does not exist."
            raise refusal("ResourceNotFoundException", message, "FilterLogEvents")
        return self.groups[name]

    def _page(self, name: str, found: list[Any], token: str) -> dict[str, Any]:
        end = int(token) + self.PAGE
        page: dict[str, Any] = {name: found[int(token) : end]}
        return page | ({"nextToken": str(end)} if end < len(found) else {})


class FakeBuilds:
    """CodeBuild: builds, oldest first."""

    PAGE = 2

    def __init__(self) -> None:
        self.builds: list[dict[str, Any]] = []

    def list_builds_for_project(self, projectName: str, nextToken: str = "0") -> dict[str, Any]:
        assert projectName == OUTPUTS["BuildProject"]
        ids = [build["id"] for build in reversed(self.builds)]
        end = int(nextToken) + self.PAGE
        page: dict[str, Any] = {"ids": ids[int(nextToken) : end]}
        return page | ({"nextToken": str(end)} if end < len(ids) else {})

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        return {"builds": [build for build in reversed(self.builds) if build["id"] in ids]}

    def add(self, identity: str, image: tuple[str, str], start: float, end: float | None) -> None:
        """A build of an image (repository, tag), from and to so many seconds after the start."""
        given = {"IMAGE_REPOSITORY": image[0], "IMAGE_TAG": image[1]}
        listed = [{"name": name, "value": value} for name, value in given.items()]
        build: dict[str, Any] = {
            "id": identity,
            "startTime": START + timedelta(seconds=start),
            "environment": {"environmentVariables": listed},
            "logs": {"groupName": "/aws/codebuild/images", "streamName": identity},
        }
        self.builds.append(build)
        if end is not None:
            build["endTime"] = START + timedelta(seconds=end)


@dataclass
class FakeCloud:
    """All clients of one cloud, and its clock: a sleep takes no time."""

    endpoint_url: str | None = "http://127.0.0.1:5000"
    environment: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=lambda: dict(OUTPUTS))
    stepfunctions: FakeStepFunctions = field(default_factory=FakeStepFunctions)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    parameters: FakeParameters = field(default_factory=FakeParameters)
    topic: FakeTopic = field(default_factory=FakeTopic)
    bucket: FakeBucket = field(default_factory=FakeBucket)
    sagemaker: FakeSageMaker = field(default_factory=FakeSageMaker)
    endpoint: FakeEndpoint = field(default_factory=FakeEndpoint)
    logs: FakeLogs = field(default_factory=FakeLogs)
    builds: FakeBuilds = field(default_factory=FakeBuilds)
    repository: FakeRepository = field(default_factory=FakeRepository)
    queue: FakeQueue = field(default_factory=FakeQueue)
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    slept: float = 0.0

    def services(self) -> Services:
        clients: dict[str, Any] = {
            "cloudformation": FakeCloudFormation(self.outputs),
            "stepfunctions": self.stepfunctions,
            "dynamodb": self.ledger,
            "ssm": self.parameters,
            "sns": self.topic,
            "sqs": self.queue,
            "lambda": self.functions,
            "s3": self.bucket,
            "logs": self.logs,
            "codebuild": self.builds,
            "codecommit": self.repository,
            "sagemaker": self.sagemaker,
            "sagemaker-runtime": self.endpoint,
        }
        return Services(
            client=clients.__getitem__,
            endpoint_url=self.endpoint_url,
            configured_region="eu-west-1",
            environment=self.environment,
            now=lambda: (START + timedelta(seconds=60 + self.slept)).astimezone(UTC),
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
