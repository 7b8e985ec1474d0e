"""No resource of an earlier stack has a name that this stack will use."""

from collections.abc import Callable, Iterator, Mapping

from botocore.exceptions import ClientError

from modelwharf.cli.preflight.account import Account
from modelwharf.cli.preflight.check import Check
from modelwharf.contracts.preflight import Finding

CHECK = Check(
    "leftovers",
    "CloudFormation cannot create a resource whose name is taken: the deploy "
    'ends in `already exists` (guide, "Resource already exists"); an endpoint '
    "without a stack costs money and is not managed",
)
_GONE = {
    "ResourceNotFound",
    "ResourceNotFoundException",
    "RepositoryNotFoundException",
    "RepositoryDoesNotExistException",
    "StateMachineDoesNotExist",
    "NotFound",
    "NotFoundException",
    "ParameterNotFound",
    "NoSuchEntity",
    "404",
    "NoSuchBucket",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
}

Describe = Callable[[Account, str], object]


def _log_group(account: Account, name: str) -> bool:
    answer = account.client("logs").describe_log_groups(logGroupNamePrefix=name)
    return any(group["logGroupName"] == name for group in answer["logGroups"])


def _topic(account: Account, name: str) -> object:
    return account.client("sns").get_topic_attributes(TopicArn=_topic_arn(account, name))


def _topic_arn(account: Account, name: str) -> str:
    return _arn(account, "sns", name)


def _state_machine(account: Account, name: str) -> object:
    arn = _state_machine_arn(account, name)
    return account.client("stepfunctions").describe_state_machine(stateMachineArn=arn)


def _state_machine_arn(account: Account, name: str) -> str:
    return _arn(account, "states", f"stateMachine:{name}")


def _queue_url(account: Account, name: str) -> str:
    return str(account.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def _arn(account: Account, service: str, resource: str) -> str:
    identity = account.identity
    partition = identity["Arn"].split(":")[1]
    return f"arn:{partition}:{service}:{account.region}:{identity['Account']}:{resource}"


# CloudFormation type → the property with its name, how to find it, how to delete it.
NAMED: Mapping[str, tuple[str, Describe, str]] = {
    "AWS::CodeBuild::Project": (
        "Name",
        lambda a, name: a.client("codebuild").batch_get_projects(names=[name])["projects"],
        "aws codebuild delete-project --name {name}",
    ),
    "AWS::CodeCommit::Repository": (
        "RepositoryName",
        lambda a, name: a.client("codecommit").get_repository(repositoryName=name),
        "aws codecommit delete-repository --repository-name {name}",
    ),
    "AWS::DynamoDB::Table": (
        "TableName",
        lambda a, name: a.client("dynamodb").describe_table(TableName=name),
        "aws dynamodb delete-table --table-name {name}",
    ),
    "AWS::ECR::Repository": (
        "RepositoryName",
        lambda a, name: a.client("ecr").describe_repositories(repositoryNames=[name]),
        "aws ecr delete-repository --force --repository-name {name}",
    ),
    "AWS::IAM::Role": (
        "RoleName",
        lambda a, name: a.client("iam").get_role(RoleName=name),
        "aws iam delete-role --role-name {name}",
    ),
    "AWS::Lambda::Function": (
        "FunctionName",
        lambda a, name: a.client("lambda").get_function(FunctionName=name),
        "aws lambda delete-function --function-name {name}",
    ),
    "AWS::Logs::LogGroup": (
        "LogGroupName",
        _log_group,
        "aws logs delete-log-group --log-group-name {name}",
    ),
    "AWS::S3::Bucket": (
        "BucketName",
        lambda a, name: a.client("s3").head_bucket(Bucket=name),
        "aws s3 rb --force s3://{name}",
    ),
    "AWS::SageMaker::ModelPackageGroup": (
        "ModelPackageGroupName",
        lambda a, name: a.client("sagemaker").describe_model_package_group(
            ModelPackageGroupName=name
        ),
        "aws sagemaker delete-model-package-group --model-package-group-name {name}",
    ),
    "AWS::SNS::Topic": ("TopicName", _topic, "aws sns delete-topic --topic-arn {id}"),
    "AWS::SQS::Queue": (
        "QueueName",
        lambda a, name: a.client("sqs").get_queue_url(QueueName=name),
        "aws sqs delete-queue --queue-url {id}",
    ),
    "AWS::SSM::Parameter": (
        "Name",
        lambda a, name: a.parameter(name),
        "aws ssm delete-parameter --name {name}",
    ),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        _state_machine,
        "aws stepfunctions delete-state-machine --state-machine-arn {id}",
    ),
}
# Identifiers of the resources that the AWS CLI does not take by name.
IDENTIFIED: Mapping[str, Callable[[Account, str], str]] = {
    "AWS::SNS::Topic": _topic_arn,
    "AWS::SQS::Queue": _queue_url,
    "AWS::StepFunctions::StateMachine": _state_machine_arn,
}
# A new one replaces an existing one: a name in use stops no deploy.
REPLACED = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"}


def examine(account: Account) -> list[Finding]:
    if account.deployed is not None:
        return [CHECK.passed(f"what has its names belongs to {account.stack}")]
    found = [*_named(account), *_endpoint(account)]
    return found or [CHECK.passed(f"none of {len(list(named(account)))} names is taken")]


def named(account: Account) -> Iterator[tuple[str, str]]:
    """Yield the type and name of each resource that the template itself names."""
    for kind, (key, _, _) in NAMED.items():
        for _, properties in account.template.of_type(kind):
            if isinstance(properties.get(key), str):
                yield kind, properties[key]


def _named(account: Account) -> Iterator[Finding]:
    for kind, name in named(account):
        _, there, delete = NAMED[kind]
        try:
            taken = there(account, name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            continue
        if taken:
            yield CHECK.failed(
                f"{kind} {name} is there, but no stack {account.stack}",
                command=delete.format(name=name, id=_identified(account, kind, name)),
            )


def _identified(account: Account, kind: str, name: str) -> str:
    identify = IDENTIFIED.get(kind)
    return name if identify is None else identify(account, name)


def _endpoint(account: Account) -> Iterator[Finding]:
    """Check the endpoint. A release creates it, not the stack; its name is the project's."""
    try:
        found = account.client("sagemaker").describe_endpoint(EndpointName=account.project)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE | {"ValidationException"}:
            raise
        return
    yield CHECK.warned(
        f"endpoint {account.project} is {found['EndpointStatus']} and is paid for, but there is no "
        f"stack {account.stack}",
        command=f"aws sagemaker delete-endpoint --endpoint-name {account.project}",
    )
