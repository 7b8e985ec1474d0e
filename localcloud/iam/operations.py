"""Which resources each operation names, as the Service Authorization Reference has it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud import formats

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        return formats.arn(service, resource, region=self.region, account=self.account)


Resources = Callable[[Parameters, Place], list[str]]


def _any_resource(parameters: Parameters, place: Place) -> list[str]:
    return ["*"]


def values(parameters: Parameters, *keys: str) -> Iterator[str]:
    """Those of these parameters that are given, a list's items one by one."""
    for key in keys:
        value = parameters.get(key)
        yield from value if isinstance(value, list) else [value] if value else []


def _named(service: str, kind: str, *keys: str) -> Resources:
    """Resources named by parameters, each either an ARN already or a name."""

    def resources(parameters: Parameters, place: Place) -> list[str]:
        return [
            value if value.startswith("arn:") else place.arn(service, f"{kind}{value}")
            for value in values(parameters, *keys)
        ] or ["*"]

    return resources


def _table(resources: Resources, operations: str) -> dict[str, Resources]:
    return dict.fromkeys(operations.split(), resources)


def _parameter(parameters: Parameters, place: Place) -> list[str]:
    """AWS's own parameters belong to no account (Systems Manager user guide, "Calling public
    parameters").
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


def _sagemaker(*keys: str) -> Resources:
    """SageMaker writes the names in its ARNs in lower case."""

    def resources(parameters: Parameters, place: Place) -> list[str]:
        def arn(key: str, value: str) -> str:
            if value.startswith("arn:"):
                return value
            return place.arn("sagemaker", f"{_SAGEMAKER_KINDS[key]}/{value.lower()}")

        return [arn(key, value) for key in keys for value in values(parameters, key)] or ["*"]

    return resources


def _new_model_package(parameters: Parameters, place: Place) -> list[str]:
    """A version's number is not known before it exists: the group's name, any version."""
    group = str(parameters.get("ModelPackageGroupName", parameters.get("ModelPackageName", "")))
    name = group.rsplit("/", 1)[-1].lower()
    versioned = "ModelPackageGroupName" in parameters
    return [place.arn("sagemaker", f"model-package/{name}" + ("/*" if versioned else ""))]


def _build_projects(parameters: Parameters, place: Place) -> list[str]:
    """A build's id is ``<project>:<uuid>``, its permission the project's."""
    ids = [value.rsplit("build/", 1)[-1] for value in values(parameters, "ids", "id")]
    names = [*values(parameters, "projectName", "names", "name"), *ids]
    projects = dict.fromkeys(name.split(":")[0] for name in names)
    return [place.arn("codebuild", f"project/{project}") for project in projects] or ["*"]


def _log_group(parameters: Parameters, place: Place) -> list[str]:
    given = values(parameters, "logGroupName", "logGroupIdentifier", "logGroupNames")
    names = map(formats.log_group_name, given)
    return [place.arn("logs", f"log-group:{name}:*") for name in names] or ["*"]


def _log_stream(parameters: Parameters, place: Place) -> list[str]:
    group, stream = parameters.get("logGroupName", ""), parameters.get("logStreamName", "")
    return [place.arn("logs", f"log-group:{group}:log-stream:{stream}")]


def _queue(parameters: Parameters, place: Place) -> list[str]:
    urls = values(parameters, "QueueUrl")
    return [place.arn("sqs", url.rsplit("/", 1)[-1]) for url in urls] or ["*"]


def function_arns(parameters: Parameters, place: Place) -> list[str]:
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
    return list(values(parameters, "executionArn"))


def _state_machine(parameters: Parameters, place: Place) -> list[str]:
    arns = values(parameters, "stateMachineArn", "resourceArn")
    return list(arns) or [place.arn("states", f"stateMachine:{parameters.get('name', '*')}")]


def table_arns(parameters: Parameters, place: Place) -> list[str]:
    name = str(parameters["TableName"])
    table = name if name.startswith("arn:") else place.arn("dynamodb", f"table/{name}")
    index = parameters.get("IndexName")
    return [f"{table}/index/{index}" if index else table]


def _iam(kind: str, *keys: str) -> Resources:
    def resources(parameters: Parameters, place: Place) -> list[str]:
        return [
            value if value.startswith("arn:") else f"arn:aws:iam::{place.account}:{kind}/{value}"
            for value in values(parameters, *keys)
        ] or ["*"]

    return resources


OPERATIONS: Mapping[str, Mapping[str, Resources]] = {
    "ssm": {
        **_table(
            _parameter,
            "GetParameter GetParameters PutParameter DeleteParameter "
            "DeleteParameters GetParameterHistory GetParametersByPath LabelParameterVersion",
        ),
        **_table(_any_resource, "DescribeParameters"),
    },
    "sagemaker": {
        **_table(
            _sagemaker("TrainingJobName"), "CreateTrainingJob DescribeTrainingJob StopTrainingJob"
        ),
        **_table(
            _sagemaker("ProcessingJobName"),
            "CreateProcessingJob DescribeProcessingJob StopProcessingJob",
        ),
        **_table(
            _sagemaker("TransformJobName"),
            "CreateTransformJob DescribeTransformJob StopTransformJob",
        ),
        **_table(_sagemaker("ModelName"), "CreateModel DescribeModel DeleteModel"),
        **_table(
            _sagemaker("EndpointConfigName"),
            "DescribeEndpointConfig DeleteEndpointConfig CreateEndpointConfig",
        ),
        **_table(_sagemaker("EndpointName", "EndpointConfigName"), "CreateEndpoint UpdateEndpoint"),
        **_table(
            _sagemaker("EndpointName"),
            "DescribeEndpoint DeleteEndpoint InvokeEndpoint UpdateEndpointWeightsAndCapacities",
        ),
        **_table(
            _sagemaker("ModelPackageGroupName"),
            "CreateModelPackageGroup DescribeModelPackageGroup DeleteModelPackageGroup",
        ),
        **_table(_sagemaker("ModelPackageName"), "DescribeModelPackage DeleteModelPackage"),
        **_table(_sagemaker("ModelPackageArn"), "UpdateModelPackage"),
        **_table(_new_model_package, "CreateModelPackage"),
        **_table(_sagemaker("ResourceArn"), "AddTags ListTags DeleteTags"),
        **_table(
            _any_resource,
            "ListTrainingJobs ListProcessingJobs ListTransformJobs ListModels ListEndpoints "
            "ListEndpointConfigs ListModelPackages ListModelPackageGroups Search",
        ),
    },
    "codebuild": {
        **_table(
            _build_projects,
            "StartBuild StopBuild BatchGetBuilds BatchGetProjects "
            "ListBuildsForProject CreateProject UpdateProject DeleteProject",
        ),
        **_table(_any_resource, "ListBuilds ListProjects"),
    },
    "codecommit": {
        **_table(
            _named("codecommit", "", "repositoryName"),
            "GetBranch GetCommit GetFolder GetFile GetBlob GetDifferences GetRepository "
            "ListBranches GitPull GitPush CreateCommit PutFile GetRepositoryTriggers "
            "BatchGetCommits GetReferences",
        ),
        **_table(_any_resource, "ListRepositories"),
    },
    "ecr": {
        **_table(
            _named("ecr", "repository/", "repositoryName", "repositoryNames"),
            "DescribeImages BatchGetImage ListImages PutImage DescribeRepositories "
            "BatchCheckLayerAvailability GetDownloadUrlForLayer InitiateLayerUpload "
            "UploadLayerPart CompleteLayerUpload BatchDeleteImage DescribeImageScanFindings "
            "GetRepositoryPolicy",
        ),
        **_table(_any_resource, "GetAuthorizationToken DescribeRegistry"),
    },
    "states": {
        **_table(
            _state_machine,
            "StartExecution DescribeStateMachine ListExecutions "
            "StartSyncExecution UpdateStateMachine",
        ),
        **_table(
            _execution,
            "DescribeExecution GetExecutionHistory StopExecution "
            "DescribeStateMachineForExecution RedriveExecution",
        ),
        # Which machine a token is of, only the service knows: see judgement.require.
        **_table(
            _any_resource, "ListStateMachines SendTaskSuccess SendTaskFailure SendTaskHeartbeat"
        ),
    },
    "sns": {
        **_table(
            _named("sns", "", "TopicArn", "TargetArn"),
            "Publish PublishBatch Subscribe "
            "GetTopicAttributes ListSubscriptionsByTopic SetTopicAttributes",
        ),
        **_table(_any_resource, "GetSubscriptionAttributes ListTopics ListSubscriptions"),
    },
    "sqs": {
        **_table(
            _queue,
            "SendMessage SendMessageBatch ReceiveMessage DeleteMessage "
            "GetQueueAttributes ChangeMessageVisibility PurgeQueue",
        ),
        **_table(
            lambda parameters, place: [place.arn("sqs", str(parameters["QueueName"]))],
            "GetQueueUrl",
        ),
        **_table(_any_resource, "ListQueues"),
    },
    "lambda": {
        **_table(
            function_arns,
            "GetFunction GetFunctionConfiguration GetPolicy UpdateFunctionCode "
            "UpdateFunctionConfiguration ListVersionsByFunction",
        ),
        **_table(_any_resource, "ListFunctions"),
    },
    "events": {
        **_table(
            _named("events", "rule/", "Name", "Rule"),
            "PutRule DescribeRule PutTargets "
            "RemoveTargets ListTargetsByRule EnableRule DisableRule DeleteRule",
        ),
        **_table(_any_resource, "ListRules"),
    },
    "logs": {
        **_table(
            _log_group,
            "CreateLogGroup CreateLogStream DescribeLogStreams FilterLogEvents "
            "PutRetentionPolicy StartQuery DeleteLogGroup",
        ),
        **_table(_log_stream, "PutLogEvents GetLogEvents"),
        **_table(
            lambda parameters, place: [place.arn("logs", "log-group::log-stream:*")],
            "DescribeLogGroups",
        ),
        **_table(_any_resource, "GetQueryResults StopQuery"),
    },
    "cloudwatch": {
        **_table(
            _named("cloudwatch", "alarm:", "AlarmNames", "AlarmName"),
            "DescribeAlarms SetAlarmState PutMetricAlarm DeleteAlarms",
        ),
        **_table(
            _any_resource,
            "PutMetricData GetMetricData GetMetricStatistics ListMetrics "
            "GetDashboard ListDashboards DescribeAlarmsForMetric",
        ),
    },
    "dynamodb": {
        **_table(
            table_arns,
            "GetItem PutItem UpdateItem DeleteItem Query Scan DescribeTable "
            "DescribeTimeToLive ConditionCheckItem",
        ),
        **_table(_any_resource, "ListTables"),
    },
    "kms": {
        **_table(
            _named("kms", "key/", "KeyId"),
            "Encrypt Decrypt GenerateDataKey DescribeKey "
            "GenerateDataKeyWithoutPlaintext CreateGrant Sign Verify",
        ),
        **_table(_any_resource, "ListKeys ListAliases"),
    },
    "cloudformation": _table(
        lambda parameters, place: (
            [
                name if name.startswith("arn:") else place.arn("cloudformation", f"stack/{name}/*")
                for name in values(parameters, "StackName")
            ]
            or ["*"]
        ),
        "DeleteStack DescribeStacks DescribeStackResources DescribeStackEvents GetTemplate "
        "ListStacks UpdateStack UpdateTerminationProtection "
        "ListStackResources DescribeStackResource",
    ),
    "iam": {
        **_table(
            _iam("role", "RoleName"),
            "GetRole GetRolePolicy ListRolePolicies ListAttachedRolePolicies",
        ),
        **_table(_iam("policy", "PolicyArn"), "GetPolicy GetPolicyVersion"),
        **_table(_any_resource, "ListRoles ListPolicies"),
    },
    "sts": {
        **_table(_iam("role", "RoleArn"), "AssumeRole"),
        **_table(_any_resource, "GetCallerIdentity"),
    },
    "servicequotas": _table(
        _any_resource,
        "GetAWSDefaultServiceQuota GetServiceQuota ListAWSDefaultServiceQuotas "
        "ListRequestedServiceQuotaChangeHistory ListServiceQuotas RequestServiceQuotaIncrease",
    ),
    "xray": _table(
        _any_resource,
        "PutTraceSegments PutTelemetryRecords GetSamplingRules "
        "GetSamplingTargets GetSamplingStatisticSummaries",
    ),
}
