"""What each command needs to be allowed, in AWS as on the laptop: a new command is one entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cli.policies.place import BOOTSTRAP, Place
from contracts.parameters import SECTIONS

EVERYTHING = ("*",)
"""For actions that know no resources (Service Authorization Reference)."""


@dataclass(frozen=True)
class Need:
    """Actions on resources (ARNs), allowed."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Any] = field(default_factory=dict)


def need(actions: str, *resources: str, **condition: Any) -> Need:
    return Need(tuple(actions.split()), resources, condition)


def _stack(p: Place) -> list[Need]:
    """Every command that looks at a deployed project finds it by its stack."""
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
    return [*_releases(p), need("states:GetExecutionHistory", p.executions)]


def _logs(p: Place) -> list[Need]:
    groups = (
        f"/aws/lambda/{p.stack}-*",
        f"/aws/codebuild/{p.stack}-images",
        "/aws/sagemaker/ProcessingJobs",
        "/aws/sagemaker/TrainingJobs",
        f"/aws/sagemaker/Endpoints/{p.project}",
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
    """What came of a push or another wish, watched to the end."""
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
        # A large file goes up in parts, which S3 reads again.
        need("kms:Decrypt kms:GenerateDataKey", p.key, **_via(p, "s3")),
    ]


def _decide(p: Place) -> list[Need]:
    packages = p.arn("sagemaker", f"model-package/{p.project}/*")
    return [*_follow(p), need("sagemaker:UpdateModelPackage", packages)]


def _invoke(p: Place) -> list[Need]:
    return [*_stack(p), need("sagemaker:InvokeEndpoint", p.endpoint)]


def _config_put(p: Place) -> list[Need]:
    return [*_stack(p), need("ssm:PutParameter", *p.parameter(*SECTIONS))]


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
    """The CDK does everything as the roles of its bootstrap stack, which the account's
    administrators made ("Bootstrapping", AWS CDK v2 developer guide).
    """
    roles = ("deploy-role", "file-publishing-role", "lookup-role")
    names = (f"role/cdk-{BOOTSTRAP}-{role}-{p.account}-{p.region}" for role in roles)
    return [need("sts:AssumeRole", *map(p.iam, names))]


def _destroy(p: Place) -> list[Need]:
    """CloudFormation deletes as the role that the CDK deployed with; the rest is the caller's."""
    bucket = p.bucket(f"{p.stack}-*")  # CloudFormation makes the names, which begin so
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
    """The key by way of one service alone."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{p.region}.amazonaws.com"}}


NEEDS: Mapping[str, Callable[[Place], list[Need]]] = {
    "releases": _releases,
    "show": _show,
    "logs": _logs,
    "config show": _config_show,
    "preflight": _preflight,
    "push": _push,
    "start": _start,
    "approve": _decide,
    "reject": _decide,
    "invoke": _invoke,
    "data put": _data_put,
    "config put": _config_put,
    "redrive": _redrive,
    "destroy": _destroy,
}
DEPLOY = _deploy
ADMINISTRATORS = frozenset({"selftest"})
"""Done once, in an unused project, with the right to make queues and rules there."""
LOCAL = frozenset({"up", "env", "down", "demo", "doctor", "data sample", "policy"})
"""Commands that ask nothing of AWS, or of nobody's rights in it."""
