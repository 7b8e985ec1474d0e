"""Which actions on which resources a call needs, as the Service Authorization Reference has it.

An operation that is not in the table is refused to roles: nothing is allowed by oversight.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.iam.calls import Call
from localcloud.iam.policies import Value

Parameters = Mapping[str, Any]


class UnknownOperation(Exception):
    """A call that the table does not know."""


@dataclass(frozen=True)
class Place:
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class Need:
    """One permission that a call needs; ``context`` adds to the call's own condition keys."""

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)


Resources = Callable[[Parameters, Place], list[str]]


def needs_of(call: Call, place: Place) -> list[Need]:
    """All permissions that the call needs. Raises UnknownOperation."""
    special = _SPECIAL.get((call.service, call.operation))
    if special is not None:
        return special(call.parameters, place)
    resources = _TABLE.get(call.service, {}).get(call.operation)
    if resources is None:
        raise UnknownOperation(
            f"{call.service}:{call.operation} is not in the laptop's table of permissions "
            "(localcloud/iam/permissions.py), so no role may call it here"
        )
    action = f"{call.service}:{call.operation}"
    needs = [Need(action, resource) for resource in resources(call.parameters, place)]
    return [*needs, *_tagging(call, needs), *_passed_roles(call)]


def _tagging(call: Call, needs: list[Need]) -> list[Need]:
    """SageMaker asks for AddTags, too, when something is created with tags."""
    if call.service == "sagemaker" and call.parameters.get("Tags") and needs:
        return [Need("sagemaker:AddTags", need.resource) for need in needs]
    return []


def any_resource(parameters: Parameters, place: Place) -> list[str]:
    return ["*"]


def _values(parameters: Parameters, *keys: str) -> Iterator[str]:
    for key in keys:
        value = parameters.get(key)
        yield from value if isinstance(value, list) else [value] if value else []


def _named(service: str, kind: str, *keys: str) -> Resources:
    """Resources named by parameters, each either an ARN already or a name."""

    def resources(parameters: Parameters, place: Place) -> list[str]:
        return [
            value if value.startswith("arn:") else place.arn(service, f"{kind}{value}")
            for value in _values(parameters, *keys)
        ] or ["*"]

    return resources


def _table(resources: Resources, operations: str) -> dict[str, Resources]:
    return dict.fromkeys(operations.split(), resources)


def _parameter(parameters: Parameters, place: Place) -> list[str]:
    return [
        place.arn("ssm", "parameter/" + name.split(":")[0].lstrip("/"))
        for name in _values(parameters, "Name", "Names", "Path")
    ]


_SAGEMAKER_KINDS = {
    "TrainingJobName": "training-job",
    "ProcessingJobName": "processing-job",
    "ModelName": "model",
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
    "ModelPackageGroupName": "model-package-group",
    "ModelPackageName": "model-package",
    "ModelPackageArn": "model-package",
    "ResourceArn": "",
}


def _sagemaker(*keys: str) -> Resources:
    """SageMaker writes the names in its ARNs in lower case."""

    def resources(parameters: Parameters, place: Place) -> list[str]:
        return [
            value if value.startswith("arn:")
            else place.arn("sagemaker", f"{_SAGEMAKER_KINDS[key]}/{value.lower()}")
            for key in keys
            for value in _values(parameters, key)
        ] or ["*"]  # fmt: skip

    return resources


def _new_model_package(parameters: Parameters, place: Place) -> list[str]:
    """A version's number is not known before it exists: the group's name, any version."""
    group = str(parameters.get("ModelPackageGroupName", parameters.get("ModelPackageName", "")))
    name = group.rsplit("/", 1)[-1].lower()
    versioned = "ModelPackageGroupName" in parameters
    return [place.arn("sagemaker", f"model-package/{name}" + ("/*" if versioned else ""))]


def _build_projects(parameters: Parameters, place: Place) -> list[str]:
    """A build's id is ``<project>:<uuid>``, its permission the project's."""
    ids = [value.rsplit("build/", 1)[-1] for value in _values(parameters, "ids", "id")]
    names = [*_values(parameters, "projectName", "names", "name"), *ids]
    projects = dict.fromkeys(name.split(":")[0] for name in names)
    return [place.arn("codebuild", f"project/{project}") for project in projects] or ["*"]


def _log_group(parameters: Parameters, place: Place) -> list[str]:
    names = _values(parameters, "logGroupName", "logGroupIdentifier", "logGroupNames")
    return [place.arn("logs", f"log-group:{name}:*") for name in names] or ["*"]


def _log_stream(parameters: Parameters, place: Place) -> list[str]:
    group, stream = parameters.get("logGroupName", ""), parameters.get("logStreamName", "")
    return [place.arn("logs", f"log-group:{group}:log-stream:{stream}")]


def _queue(parameters: Parameters, place: Place) -> list[str]:
    urls = _values(parameters, "QueueUrl")
    return [place.arn("sqs", url.rsplit("/", 1)[-1]) for url in urls] or ["*"]


def _function(parameters: Parameters, place: Place) -> list[str]:
    """A function's name, partial ARN or ARN, with or without a qualifier."""
    name = str(parameters.get("FunctionName", ""))
    if not name:
        return ["*"]
    resource = name.split(":function:")[-1] if ":" in name else name
    qualifier = parameters.get("Qualifier")
    if qualifier and ":" not in resource:
        resource = f"{resource}:{qualifier}"
    return [place.arn("lambda", f"function:{resource}")]


def _execution(parameters: Parameters, place: Place) -> list[str]:
    return list(_values(parameters, "executionArn"))


def _state_machine(parameters: Parameters, place: Place) -> list[str]:
    arns = _values(parameters, "stateMachineArn", "resourceArn")
    return list(arns) or [place.arn("states", f"stateMachine:{parameters.get('name', '*')}")]


def _table_or_index(parameters: Parameters, place: Place) -> list[str]:
    name = str(parameters["TableName"])
    table = name if name.startswith("arn:") else place.arn("dynamodb", f"table/{name}")
    index = parameters.get("IndexName")
    return [f"{table}/index/{index}" if index else table]


def _iam(kind: str, *keys: str) -> Resources:
    def resources(parameters: Parameters, place: Place) -> list[str]:
        return [
            value if value.startswith("arn:") else f"arn:aws:iam::{place.account}:{kind}/{value}"
            for value in _values(parameters, *keys)
        ] or ["*"]

    return resources


_TABLE: Mapping[str, Mapping[str, Resources]] = {
    "ssm": {
        **_table(_parameter, "GetParameter GetParameters PutParameter DeleteParameter "
                 "DeleteParameters GetParameterHistory GetParametersByPath LabelParameterVersion"),
        **_table(any_resource, "DescribeParameters"),
    },
    "sagemaker": {
        **_table(_sagemaker("TrainingJobName"),
                 "CreateTrainingJob DescribeTrainingJob StopTrainingJob"),
        **_table(_sagemaker("ProcessingJobName"),
                 "CreateProcessingJob DescribeProcessingJob StopProcessingJob"),
        **_table(_sagemaker("ModelName"), "CreateModel DescribeModel DeleteModel"),
        **_table(_sagemaker("EndpointConfigName"),
                 "DescribeEndpointConfig DeleteEndpointConfig CreateEndpointConfig"),
        **_table(_sagemaker("EndpointName", "EndpointConfigName"),
                 "CreateEndpoint UpdateEndpoint"),
        **_table(_sagemaker("EndpointName"), "DescribeEndpoint DeleteEndpoint InvokeEndpoint "
                 "UpdateEndpointWeightsAndCapacities"),
        **_table(_sagemaker("ModelPackageGroupName"),
                 "CreateModelPackageGroup DescribeModelPackageGroup DeleteModelPackageGroup"),
        **_table(_sagemaker("ModelPackageName"), "DescribeModelPackage DeleteModelPackage"),
        **_table(_sagemaker("ModelPackageArn"), "UpdateModelPackage"),
        **_table(_new_model_package, "CreateModelPackage"),
        **_table(_sagemaker("ResourceArn"), "AddTags ListTags DeleteTags"),
        **_table(any_resource, "ListTrainingJobs ListProcessingJobs ListModels ListEndpoints "
                 "ListEndpointConfigs ListModelPackages ListModelPackageGroups Search"),
    },
    "codebuild": {
        **_table(_build_projects, "StartBuild StopBuild BatchGetBuilds BatchGetProjects "
                 "ListBuildsForProject CreateProject UpdateProject DeleteProject"),
        **_table(any_resource, "ListBuilds ListProjects"),
    },
    "codecommit": {
        **_table(_named("codecommit", "", "repositoryName"),
                 "GetBranch GetCommit GetFolder GetFile GetBlob GetDifferences GetRepository "
                 "ListBranches GitPull GitPush CreateCommit PutFile GetRepositoryTriggers "
                 "BatchGetCommits GetReferences"),
        **_table(any_resource, "ListRepositories"),
    },
    "ecr": {
        **_table(_named("ecr", "repository/", "repositoryName", "repositoryNames"),
                 "DescribeImages BatchGetImage ListImages PutImage DescribeRepositories "
                 "BatchCheckLayerAvailability GetDownloadUrlForLayer InitiateLayerUpload "
                 "UploadLayerPart CompleteLayerUpload BatchDeleteImage DescribeImageScanFindings "
                 "GetRepositoryPolicy"),
        **_table(any_resource, "GetAuthorizationToken DescribeRegistry"),
    },
    "states": {
        **_table(_state_machine, "StartExecution DescribeStateMachine ListExecutions "
                 "StartSyncExecution UpdateStateMachine"),
        **_table(_execution, "DescribeExecution GetExecutionHistory StopExecution "
                 "DescribeStateMachineForExecution RedriveExecution"),
        **_table(any_resource, "ListStateMachines"),
    },
    "sns": {
        **_table(_named("sns", "", "TopicArn", "TargetArn"), "Publish PublishBatch Subscribe "
                 "GetTopicAttributes ListSubscriptionsByTopic SetTopicAttributes"),
        **_table(any_resource, "ListTopics ListSubscriptions"),
    },
    "sqs": {
        **_table(_queue, "SendMessage SendMessageBatch ReceiveMessage DeleteMessage "
                 "GetQueueAttributes ChangeMessageVisibility PurgeQueue"),
        **_table(lambda parameters, place: [place.arn("sqs", str(parameters["QueueName"]))],
                 "GetQueueUrl"),
        **_table(any_resource, "ListQueues"),
    },
    "lambda": {
        **_table(_function, "GetFunction GetFunctionConfiguration GetPolicy UpdateFunctionCode "
                 "UpdateFunctionConfiguration ListVersionsByFunction"),
        **_table(any_resource, "ListFunctions"),
    },
    "events": {
        **_table(_named("events", "rule/", "Name", "Rule"), "PutRule DescribeRule PutTargets "
                 "RemoveTargets ListTargetsByRule EnableRule DisableRule DeleteRule"),
        **_table(any_resource, "ListRules"),
    },
    "logs": {
        **_table(_log_group, "CreateLogGroup CreateLogStream DescribeLogStreams FilterLogEvents "
                 "PutRetentionPolicy StartQuery DeleteLogGroup"),
        **_table(_log_stream, "PutLogEvents GetLogEvents"),
        **_table(lambda parameters, place: [place.arn("logs", "log-group::log-stream:*")],
                 "DescribeLogGroups"),
        **_table(any_resource, "GetQueryResults StopQuery"),
    },
    "cloudwatch": {
        **_table(_named("cloudwatch", "alarm:", "AlarmNames", "AlarmName"),
                 "DescribeAlarms SetAlarmState PutMetricAlarm DeleteAlarms"),
        **_table(any_resource, "PutMetricData GetMetricData GetMetricStatistics ListMetrics "
                 "GetDashboard ListDashboards DescribeAlarmsForMetric"),
    },
    "dynamodb": {
        **_table(_table_or_index, "GetItem PutItem UpdateItem DeleteItem Query Scan DescribeTable "
                 "DescribeTimeToLive ConditionCheckItem"),
        **_table(any_resource, "ListTables"),
    },
    "kms": {
        **_table(_named("kms", "key/", "KeyId"), "Encrypt Decrypt GenerateDataKey DescribeKey "
                 "GenerateDataKeyWithoutPlaintext CreateGrant Sign Verify"),
        **_table(any_resource, "ListKeys ListAliases"),
    },
    "cloudformation": _table(
        lambda parameters, place: [
            name if name.startswith("arn:") else place.arn("cloudformation", f"stack/{name}/*")
            for name in _values(parameters, "StackName")
        ] or ["*"],
        "DescribeStacks DescribeStackResources DescribeStackEvents GetTemplate ListStacks "
        "ListStackResources DescribeStackResource",
    ),
    "iam": {
        **_table(_iam("role", "RoleName"), "GetRole GetRolePolicy ListRolePolicies "
                 "ListAttachedRolePolicies"),
        **_table(_iam("policy", "PolicyArn"), "GetPolicy GetPolicyVersion"),
        **_table(any_resource, "ListRoles ListPolicies"),
    },
    "sts": {
        **_table(_iam("role", "RoleArn"), "AssumeRole"),
        **_table(any_resource, "GetCallerIdentity"),
    },
    "xray": _table(any_resource, "PutTraceSegments PutTelemetryRecords GetSamplingRules "
                   "GetSamplingTargets GetSamplingStatisticSummaries"),
}  # fmt: skip


def _invoke(parameters: Parameters, place: Place) -> list[Need]:
    return [Need("lambda:InvokeFunction", arn) for arn in _function(parameters, place)]


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


def _batch(operation: str) -> Callable[[Parameters, Place], list[Need]]:
    """BatchGetItem and BatchWriteItem name their tables as keys of RequestItems."""

    def needs(parameters: Parameters, place: Place) -> list[Need]:
        return [
            Need(f"dynamodb:{operation}", _table_or_index({"TableName": table}, place)[0])
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
        Need(f"dynamodb:{_TRANSACTION_ACTIONS[kind]}", _table_or_index(part, place)[0])
        for item in parameters.get("TransactItems", [])
        for kind, part in item.items()
    ]


_SPECIAL: Mapping[tuple[str, str], Callable[[Parameters, Place], list[Need]]] = {
    ("lambda", "Invoke"): _invoke,
    ("lambda", "InvokeAsync"): _invoke,
    ("events", "PutEvents"): _put_events,
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
    """Handing a role to a service needs iam:PassRole on that role."""
    service, keys = _PASSING.get((call.service, call.operation), ("", ()))
    context: dict[str, Value] = {"iam:PassedToService": service}
    return [Need("iam:PassRole", role, context) for role in _values(call.parameters, *keys)]
