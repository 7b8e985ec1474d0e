"""The permissions of each command, in AWS and on the laptop: one entry per command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelwharf.cli.policies.place import BOOTSTRAP, Place
from modelwharf.contracts.jobs import BUILD, ENDPOINT, PROCESSING, TRAINING
from modelwharf.contracts.parameters import SECTIONS

EVERYTHING = ("*",)
"""For actions without resource types (Service Authorization Reference)."""


@dataclass(frozen=True)
class Need:
    """Allowed actions on resources (ARNs)."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Any] = field(default_factory=dict)


def need(actions: str, *resources: str, **condition: Any) -> Need:
    return Need(tuple(actions.split()), resources, condition)


def _stack(p: Place) -> list[Need]:
    """Return the need of every command for a deployed project, which finds the project by its
    stack.
    """
    return [need("cloudformation:DescribeStacks", p.stacks)]


def _releases(p: Place) -> list[Need]:
    return [
        *_stack(p),
        need("states:ListExecutions", p.machine),
        need("states:DescribeExecution", p.executions),
        need("dynamodb:Query", p.ledger, f"{p.ledger}/index/*"),
        need("sagemaker:DescribeEndpoint", p.endpoint),
    ]


def _show(p: Place) -> list[Need]:
    return [
        *_releases(p),
        need("states:GetExecutionHistory", p.executions),
        need("logs:FilterLogEvents", p.logs(ENDPOINT.log_group(p.project))),
    ]


def _logs(p: Place) -> list[Need]:
    groups = (
        f"/aws/lambda/{p.stack}-*",
        BUILD.log_group(f"{p.stack}-images"),
        PROCESSING.log_group(),
        TRAINING.log_group(),
        ENDPOINT.log_group(p.project),
    )
    return [
        *_show(p),
        need("cloudformation:ListStackResources", p.stacks),
        need("logs:DescribeLogStreams logs:FilterLogEvents", *map(p.logs, groups)),
        need("logs:DescribeLogGroups", *EVERYTHING),
        need("codebuild:ListBuildsForProject codebuild:BatchGetBuilds", p.builds),
    ]


def _config_show(p: Place) -> list[Need]:
    return [*_stack(p), need("ssm:GetParameters", *p.parameter(*SECTIONS))]


def _preflight(p: Place) -> list[Need]:
    return [
        *_stack(p),
        need("ssm:GetParameter", *p.parameter(*SECTIONS)),
        need("ssm:GetParameter", *p.parameter("pip-conf")),
        need("ssm:GetParameter", p.arn("ssm", f"parameter/cdk-bootstrap/{BOOTSTRAP}/version")),
        need("ssm:GetParameter", p.public_parameter("/aws/service/powertools/*")),
        need("sagemaker:DescribeEndpoint", p.endpoint),
        need("sagemaker:DescribeEndpointConfig", p.arn("sagemaker", "endpoint-config/*")),
        need(
            "codecommit:ListRepositories ecr-public:GetAuthorizationToken "
            "servicequotas:ListAWSDefaultServiceQuotas servicequotas:ListServiceQuotas",
            *EVERYTHING,
        ),
        need(
            "sts:GetServiceBearerToken",
            *EVERYTHING,
            StringEquals={"sts:AWSServiceName": "ecr-public.amazonaws.com"},
        ),
    ]


def _follow(p: Place) -> list[Need]:
    """Return the needs of following a push or another request to its end."""
    return _show(p)


def _push(p: Place) -> list[Need]:
    repository = p.arn("codecommit", p.project)
    return [
        *_follow(p),
        need("ssm:GetParameter", *p.parameter("source")),
        need("codecommit:GitPull codecommit:GitPush", repository),
    ]


def _start(p: Place) -> list[Need]:
    return [
        *_follow(p),
        need("codecommit:GetCommit", p.arn("codecommit", p.project)),
        need("sns:Publish", p.topic),
        need("kms:Decrypt kms:GenerateDataKey", p.key, **_via(p, "sns")),
    ]


def _data_put(p: Place) -> list[Need]:
    return [
        *_follow(p),
        need("ssm:GetParameter", *p.parameter("data")),
        need("s3:PutObject", f"{p.bucket(p.data_bucket)}/*"),
        # A large file is uploaded in parts, which S3 reads again.
        need("kms:Decrypt kms:GenerateDataKey", p.key, **_via(p, "s3")),
    ]


def _decide(p: Place) -> list[Need]:
    packages = p.arn("sagemaker", f"model-package/{p.project}/*")
    return [*_follow(p), need("sagemaker:UpdateModelPackage", packages)]


def _invoke(p: Place) -> list[Need]:
    return [*_stack(p), need("sagemaker:InvokeEndpoint", p.endpoint)]


def _config_put(p: Place) -> list[Need]:
    return [*_stack(p), need("ssm:PutParameter", *p.parameter(*SECTIONS))]


def _config_apply(p: Place) -> list[Need]:
    """Return the needs of `config apply`. The history tells who wrote a version that must not be
    replaced.
    """
    return [
        *_config_show(p),
        *_config_put(p),
        need("ssm:GetParameterHistory", *p.parameter(*SECTIONS)),
    ]


def _redrive(p: Place) -> list[Need]:
    return [
        *_stack(p),
        need("cloudformation:ListStackResources", p.stacks),
        need(
            "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes "
            "sqs:ReceiveMessage",
            p.arn("sqs", f"{p.stack}-*"),
        ),
        need("kms:Decrypt", p.key, **_via(p, "sqs")),
        need("lambda:InvokeFunction", p.arn("lambda", f"function:{p.stack}-*")),
        need("sns:ListSubscriptionsByTopic", p.topic),
        need("sns:GetSubscriptionAttributes", *EVERYTHING),
    ]


def _deploy(p: Place) -> list[Need]:
    """Return the needs of a deploy: the CDK assumes the roles of its bootstrap stack.

    The account's administrators created that stack ("Bootstrapping", AWS CDK v2 developer guide).
    """
    roles = ("deploy-role", "file-publishing-role", "lookup-role")
    names = (f"role/cdk-{BOOTSTRAP}-{role}-{p.account}-{p.region}" for role in roles)
    return [need("sts:AssumeRole", *map(p.iam, names))]


def _destroy(p: Place) -> list[Need]:
    """Return the needs of a deletion. CloudFormation uses the CDK's deploy role; the caller needs
    the rest.
    """
    bucket = p.bucket(f"{p.stack}-*")  # CloudFormation generates the names with this prefix
    return [
        need(
            "cloudformation:DeleteStack cloudformation:DescribeStackEvents "
            "cloudformation:DescribeStacks cloudformation:GetTemplate "
            "cloudformation:ListStackResources cloudformation:UpdateStack "
            "cloudformation:UpdateTerminationProtection",
            p.stacks,
        ),
        need("states:ListExecutions", p.machine),
        need("states:StopExecution", p.executions),
        need("codebuild:BatchGetBuilds codebuild:ListBuildsForProject", p.builds),
        need("codebuild:StopBuild", p.builds),
        need("sagemaker:StopProcessingJob", p.of_releases("processing-job")),
        need("sagemaker:StopTrainingJob", p.of_releases("training-job")),
        need("sagemaker:DeleteEndpoint sagemaker:DescribeEndpoint", p.endpoint),
        need("sagemaker:DescribeEndpointConfig", p.arn("sagemaker", "endpoint-config/*")),
        need("sagemaker:DeleteEndpointConfig", p.of_releases("endpoint-config")),
        need("sagemaker:DeleteModel", p.of_releases("model")),
        need("sagemaker:DeleteModelPackage", p.arn("sagemaker", f"model-package/{p.project}/*")),
        need(
            "sagemaker:ListEndpointConfigs sagemaker:ListModelPackages sagemaker:ListModels "
            "sagemaker:ListProcessingJobs sagemaker:ListTrainingJobs",
            *EVERYTHING,
        ),
        need("s3:ListBucketVersions", bucket),
        need("s3:DeleteObject s3:DeleteObjectVersion", f"{bucket}/*"),
    ]


def _via(p: Place, service: str) -> dict[str, Any]:
    """Return the condition that the key is used through one service only."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{p.region}.amazonaws.com"}}


NEEDS: Mapping[str, Callable[[Place], list[Need]]] = {
    "releases": _releases,
    "show": _show,
    "logs": _logs,
    "config show": _config_show,
    "config diff": _config_show,
    "config pull": _config_show,
    "preflight": _preflight,
    "push": _push,
    "start": _start,
    "approve": _decide,
    "reject": _decide,
    "invoke": _invoke,
    "data put": _data_put,
    "config put": _config_put,
    "config apply": _config_apply,
    "redrive": _redrive,
    "destroy": _destroy,
}
DEPLOY = _deploy
ADMINISTRATORS = frozenset({"selftest"})
"""Commands run once, in an unused project, by administrators who may create queues and rules
there.
"""
LOCAL = frozenset(
    {
        *("up", "env", "down", "demo", "doctor", "data sample", "policy", "init", "vendor"),
        *("config check", "config schema"),
    }
)
"""Commands that do not call AWS, or that need no permission there."""
