"""What each role may do, to the letter."""

import re

import pytest

from modelwharf.contracts.jobs import TYPES, JobType
from modelwharf.contracts.states import every_state
from tests.infra import cdk
from tests.infra.template import Template, as_list, grants_of

HERE = "eu-west-1:123456789012"
LEDGER = "<StorageLedger.Arn>"
KEY = "<StorageKey.Arn>"
DATA = "<StorageData.Arn>"
ARTIFACTS = "<StorageArtifacts.Arn>"
RELEASES = f"{ARTIFACTS}/releases/*"
NOTIFICATIONS = "<TopicsNotifications>"
DEAD_LETTERS = "<DeadLettersQueue.Arn>"
CODE = "<SourceRepository.Arn>"
BUILDS = "<ImagesProject.Arn>"
BUILD_LOG = "<ImagesBuildLog.Arn>"
TRAINING_IMAGES = "<ImagesTrainingRepository.Arn>"
INFERENCE_IMAGES = "<ImagesInferenceRepository.Arn>"
MODELS_KEPT = f"{ARTIFACTS}/models/*"
PREPARE_ROLE = "<ExecutionRolesPrepare.Arn>"
TRAIN_ROLE = "<ExecutionRolesTrain.Arn>"
SERVE_ROLE = "<ExecutionRolesServe.Arn>"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:modelwharf-oil-price-release"
EXECUTIONS = f"arn:aws:states:{HERE}:execution:modelwharf-oil-price-release:*"
PARAMETERS = tuple(
    f"arn:aws:ssm:{HERE}:parameter/modelwharf/oil-price/{section}"
    for section in ("source", "data", "training", "quality", "deployment", "notifications")
)
PIP_CONF = f"arn:aws:ssm:{HERE}:parameter/modelwharf/oil-price/pip-conf"
EIA_KEY = f"arn:aws:ssm:{HERE}:parameter/modelwharf/oil-price/eia-api-key"
ENDPOINT = f"arn:aws:sagemaker:{HERE}:endpoint/oil-price"
TRAINING_JOBS = f"arn:aws:sagemaker:{HERE}:training-job/oil-price-r-*"
PROCESSING_JOBS = f"arn:aws:sagemaker:{HERE}:processing-job/oil-price-r-*"
MODELS = f"arn:aws:sagemaker:{HERE}:model/oil-price-r-*"
CONFIGS = f"arn:aws:sagemaker:{HERE}:endpoint-config/oil-price-r-*"
ANY_CONFIG = f"arn:aws:sagemaker:{HERE}:endpoint-config/*"
PACKAGES = f"arn:aws:sagemaker:{HERE}:model-package/oil-price/*"
PACKAGE_GROUP = f"arn:aws:sagemaker:{HERE}:model-package-group/oil-price"

Table = dict[str, tuple[str, ...]]  # resource → actions

READ_KEY: Table = {KEY: ("kms:Decrypt",)}
WRITE_KEY: Table = {KEY: ("kms:Decrypt", "kms:GenerateDataKey")}
ANSWER: Table = {MACHINE: ("states:SendTaskFailure", "states:SendTaskSuccess")}
TELL: Table = {NOTIFICATIONS: ("sns:Publish",)}
KEEP_LOST: Table = {DEAD_LETTERS: ("sqs:SendMessage",)}
WAIT: Table = {LEDGER: ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")}
EVERY_ROW: Table = {
    LEDGER: (
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    )
}
IMAGES_THERE: Table = {
    TRAINING_IMAGES: ("ecr:DescribeImages",),
    INFERENCE_IMAGES: ("ecr:DescribeImages",),
}
READ_TRAINING: Table = {
    f"{RELEASES}/training/*": ("s3:GetObject",),
    ARTIFACTS: ("s3:ListBucket",),
    **READ_KEY,
}

PRESENT_FLEET: Table = {
    ENDPOINT: ("sagemaker:DescribeEndpoint",),
    ANY_CONFIG: ("sagemaker:DescribeEndpointConfig",),
}

RESUME_ROLE = "FunctionsResumeReleaseRole"
CALLED_BY_EVENTS = {"StartRelease", "ResumeRelease", "RefreshData"}
EXPECTED: dict[str, Table] = {
    "StartRelease": {
        **dict.fromkeys(PARAMETERS, ("ssm:GetParameters",)),
        CODE: (
            "codecommit:GetBranch",
            "codecommit:GetDifferences",
            "codecommit:GetFolder",
        ),
        DATA: ("s3:ListBucket",),
        f"{DATA}/*": ("s3:GetObject",),
        **WRITE_KEY,
        LEDGER: ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        MACHINE: ("states:StartExecution",),
        EXECUTIONS: ("states:DescribeExecution",),
        **TELL,
        **KEEP_LOST,
    },
    "Resolve": {
        **dict.fromkeys(PARAMETERS, ("ssm:GetParameter",)),
        CODE: ("codecommit:GetFile", "codecommit:GetFolder"),
        DATA: ("s3:ListBucket",),
        f"{DATA}/*": ("s3:GetObjectVersion",),
        **PRESENT_FLEET,
        "*": ("servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"),
    },
    "BuildImage": {
        **IMAGES_THERE,
        BUILDS: ("codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"),
        BUILD_LOG: ("logs:GetLogEvents",),
        LEDGER: (
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        ),
        **ANSWER,
    },
    "PrepareData": {
        f"{DATA}/*": ("s3:GetObjectVersion",),
        f"{RELEASES}/raw/*": (
            "s3:GetObject",
            "s3:ListMultipartUploadParts",
            "s3:PutObject",
        ),
        f"{RELEASES}/data/report.json": ("s3:GetObject",),
        ARTIFACTS: ("s3:ListBucket", "s3:ListBucketMultipartUploads"),
        **WRITE_KEY,
        PROCESSING_JOBS: (
            "sagemaker:AddTags",
            "sagemaker:CreateProcessingJob",
            "sagemaker:DescribeProcessingJob",
            "sagemaker:StopProcessingJob",
        ),
        PREPARE_ROLE: ("iam:PassRole",),
        **WAIT,
        **ANSWER,
    },
    "TrainModel": {
        TRAINING_JOBS: (
            "sagemaker:AddTags",
            "sagemaker:CreateTrainingJob",
            "sagemaker:DescribeTrainingJob",
            "sagemaker:StopTrainingJob",
        ),
        f"{RELEASES}/training/*": ("s3:GetObject", "s3:GetObjectVersion"),
        ARTIFACTS: ("s3:ListBucket",),
        **READ_KEY,
        TRAIN_ROLE: ("iam:PassRole",),
        **WAIT,
        **ANSWER,
    },
    "CheckQuality": READ_TRAINING,
    "RegisterModel": {
        INFERENCE_IMAGES: ("ecr:BatchGetImage", "ecr:DescribeImages"),
        f"{RELEASES}/training/*": ("s3:GetObjectVersion",),
        MODELS_KEPT: ("s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"),
        ARTIFACTS: ("s3:ListBucket", "s3:ListBucketMultipartUploads"),
        **WRITE_KEY,
        PACKAGE_GROUP: ("sagemaker:CreateModelPackage",),
        PACKAGES: ("sagemaker:CreateModelPackage",),
    },
    "RequestApproval": {
        PACKAGES: ("sagemaker:DescribeModelPackage",),
        **TELL,
        **WRITE_KEY,
        **WAIT,
        **ANSWER,
    },
    "DeployModel": {
        MODELS: (
            "sagemaker:AddTags",
            "sagemaker:CreateModel",
            "sagemaker:DescribeModel",
        ),
        CONFIGS: (
            "sagemaker:AddTags",
            "sagemaker:CreateEndpoint",
            "sagemaker:CreateEndpointConfig",
            "sagemaker:UpdateEndpoint",
        ),
        ANY_CONFIG: ("sagemaker:DescribeEndpointConfig",),
        ENDPOINT: (
            "sagemaker:AddTags",
            "sagemaker:CreateEndpoint",
            "sagemaker:DescribeEndpoint",
            "sagemaker:UpdateEndpoint",
        ),
        SERVE_ROLE: ("iam:PassRole",),
        LEDGER: (
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ),
        EXECUTIONS: ("states:DescribeExecution",),
        **ANSWER,
    },
    "VerifyEndpoint": {
        CODE: ("codecommit:GetFile",),
        ENDPOINT: ("sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"),
        **READ_TRAINING,
    },
    "PromoteModel": {
        LEDGER: (
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        ),
        ENDPOINT: ("sagemaker:DescribeEndpoint",),
        CONFIGS: ("sagemaker:DeleteEndpointConfig",),
        MODELS: ("sagemaker:DeleteModel",),
    },
    "RollBack": {
        **EVERY_ROW,
        f"{LEDGER}/index/release": ("dynamodb:Query",),
        BUILDS: ("codebuild:StopBuild",),
        TRAINING_JOBS: ("sagemaker:StopTrainingJob",),
        PROCESSING_JOBS: ("sagemaker:StopProcessingJob",),
        ENDPOINT: (
            "sagemaker:DeleteEndpoint",
            "sagemaker:DescribeEndpoint",
            "sagemaker:UpdateEndpoint",
        ),
        ANY_CONFIG: ("sagemaker:UpdateEndpoint",),
        CONFIGS: ("sagemaker:DeleteEndpointConfig",),
        MODELS: ("sagemaker:DeleteModel",),
        **ANSWER,
    },
    "Notify": {
        ENDPOINT: ("sagemaker:DescribeEndpoint",),
        LEDGER: ("dynamodb:GetItem",),
        EXECUTIONS: ("states:GetExecutionHistory",),
        **TELL,
        **WRITE_KEY,
    },
    "ResumeRelease": {
        **EVERY_ROW,
        f"{LEDGER}/index/release": ("dynamodb:Query",),
        f"{LEDGER}/index/waiting": ("dynamodb:Query",),
        BUILDS: ("codebuild:BatchGetBuilds", "codebuild:StopBuild"),
        **IMAGES_THERE,
        BUILD_LOG: ("logs:GetLogEvents",),
        TRAINING_JOBS: ("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
        PROCESSING_JOBS: ("sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"),
        PACKAGES: ("sagemaker:DescribeModelPackage",),
        ENDPOINT: (
            "sagemaker:DeleteEndpoint",
            "sagemaker:DescribeEndpoint",
            "sagemaker:UpdateEndpoint",
        ),
        ANY_CONFIG: ("sagemaker:UpdateEndpoint",),
        CONFIGS: ("sagemaker:DeleteEndpointConfig",),
        MODELS: ("sagemaker:DeleteModel",),
        f"{RELEASES}/data/report.json": ("s3:GetObject",),
        **READ_TRAINING,
        **WRITE_KEY,
        **TELL,
        **KEEP_LOST,
        **ANSWER,
    },
    "RefreshData": {
        PARAMETERS[1]: ("ssm:GetParameter",),
        EIA_KEY: ("ssm:GetParameter",),
        DATA: ("s3:ListBucket",),
        f"{DATA}/*": ("s3:GetObject", "s3:PutObject"),
        **WRITE_KEY,
        **KEEP_LOST,
    },
}

FUNCTIONS = sorted({state.function for state in every_state()} | CALLED_BY_EVENTS)


def pairs(table: Table) -> set[tuple[str, str]]:
    return {(action, resource) for resource, actions in table.items() for action in actions}


def telemetry(function: str) -> set[tuple[str, str]]:
    return {
        ("logs:CreateLogStream", f"<Functions{function}Log.Arn>"),
        ("logs:PutLogEvents", f"<Functions{function}Log.Arn>"),
        ("xray:PutTelemetryRecords", "*"),
        ("xray:PutTraceSegments", "*"),
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_exactly_this(function: str, template: Template) -> None:
    """One that is not in the table may call no service."""
    allowed = template.grants(f"Functions{function}Role").allowed

    assert allowed == pairs(EXPECTED.get(function, {})) | telemetry(function)


def test_every_function_of_the_template_is_looked_at(template: Template) -> None:
    deployed = {item.name for item in template.of_type("AWS::Lambda::Function")}

    assert deployed == {f"Functions{function}" for function in FUNCTIONS}
    assert set(EXPECTED) <= set(FUNCTIONS)


def test_a_build_may_pull_the_code_read_pip_s_configuration_push_the_two_images_and_log(
    template: Template,
) -> None:
    push = (
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    )

    assert template.grants("ImagesBuildRole").allowed == pairs(
        {
            CODE: ("codecommit:GitPull",),
            PIP_CONF: ("ssm:GetParameter",),
            TRAINING_IMAGES: push,
            INFERENCE_IMAGES: push,
            "*": (
                "ecr-public:GetAuthorizationToken",
                "ecr:GetAuthorizationToken",
                "sts:GetServiceBearerToken",
            ),
            BUILD_LOG: ("logs:CreateLogStream", "logs:PutLogEvents"),
            **READ_KEY,
        }
    )


PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
WRITE = ("s3:AbortMultipartUpload", "s3:PutObject")
JOB_KEY: Table = {KEY: ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")}
EVERYWHERE: Table = {"*": ("cloudwatch:PutMetricData", "ecr:GetAuthorizationToken")}


def job_log(group: str) -> Table:
    return {
        f"arn:aws:logs:{HERE}:log-group:/aws/sagemaker/{group}:*": (
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        )
    }


EXECUTION_ROLES: dict[str, Table] = {
    "Prepare": {
        f"{RELEASES}/raw/*": ("s3:GetObject",),
        f"{RELEASES}/data/*": ("s3:GetObject", *WRITE),
        ARTIFACTS: ("s3:ListBucket",),
        **JOB_KEY,
        TRAINING_IMAGES: PULL,
        **EVERYWHERE,
        **job_log("ProcessingJobs"),
    },
    "Train": {
        f"{RELEASES}/raw/*": ("s3:GetObject",),
        f"{RELEASES}/data/*": ("s3:GetObject",),
        f"{RELEASES}/training/*": WRITE,
        ARTIFACTS: ("s3:ListBucket",),
        **JOB_KEY,
        TRAINING_IMAGES: PULL,
        **EVERYWHERE,
        **job_log("TrainingJobs"),
    },
    "Serve": {
        MODELS_KEPT: ("s3:GetObject",),
        f"{ARTIFACTS}/capture/oil-price/*": WRITE,
        **WRITE_KEY,
        INFERENCE_IMAGES: PULL,
        **EVERYWHERE,
        **job_log("Endpoints/oil-price"),
    },
}


@pytest.mark.parametrize("work", EXECUTION_ROLES)
def test_sagemaker_may_do_exactly_this_for_each_kind_of_work(work: str, template: Template) -> None:
    grants = template.grants(f"ExecutionRoles{work}")

    assert grants.allowed == pairs(EXECUTION_ROLES[work])


@pytest.mark.parametrize(
    ("work", "namespaces"),
    [
        ("Prepare", ["/aws/sagemaker/ProcessingJobs"]),
        ("Train", ["/aws/sagemaker/TrainingJobs"]),
        ("Serve", ["/aws/sagemaker/Endpoints", "AWS/SageMaker"]),
    ],
)
def test_sagemaker_writes_figures_of_its_own_kind_of_work_only(
    work: str, namespaces: list[str], template: Template
) -> None:
    (condition,) = template.grants(f"ExecutionRoles{work}").conditions.values()

    found = condition["StringEquals"]["cloudwatch:namespace"]
    assert as_list(found) == namespaces


def test_each_role_of_sagemaker_is_passed_by_one_function_to_sagemaker_alone(
    template: Template,
) -> None:
    passed = {}
    for role in template.of_type("AWS::IAM::Role"):
        grants = grants_of(role)
        for action, resource in grants.allowed:
            if action == "iam:PassRole":
                passed[role.name] = resource
                assert grants.conditions[action, resource] == {
                    "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
                }

    assert passed == {
        "FunctionsPrepareDataRole": PREPARE_ROLE,
        "FunctionsTrainModelRole": TRAIN_ROLE,
        "FunctionsDeployModelRole": SERVE_ROLE,
    }


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.name)
def test_what_waits_for_a_job_may_read_its_status_and_stop_it(
    template: Template, kind: JobType
) -> None:
    [role] = [one for one in template.of_type("AWS::IAM::Role") if one.name == RESUME_ROLE]
    actions = {action for action, _ in grants_of(role).allowed}
    assert {*kind.settle, *kind.stop} <= actions


def test_only_the_registering_function_may_write_a_registered_model(template: Template) -> None:
    writers = {
        role.name
        for role in template.of_type("AWS::IAM::Role")
        for action, resource in grants_of(role).allowed
        if action in ("s3:PutObject", "s3:DeleteObject") and matches(resource, MODEL)
    }

    assert writers == {"FunctionsRegisterModelRole"}


MODEL = f"{ARTIFACTS}/models/r-0123456789abcdef/model.tar.gz"


def matches(pattern: str, resource: str) -> bool:
    """IAM's own matching: ``*`` crosses slashes."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), resource) is not None


def test_no_role_has_a_wildcard_action_or_a_managed_policy(template: Template) -> None:
    assert template.of_type("AWS::IAM::Policy") == ()
    assert template.of_type("AWS::IAM::ManagedPolicy") == ()
    for role in template.of_type("AWS::IAM::Role"):
        assert not [action for action, _ in grants_of(role).allowed if "*" in action], role.name


def test_each_role_is_for_one_service_that_acts_for_this_account(
    template: Template,
) -> None:
    services = {}
    for role in template.of_type("AWS::IAM::Role"):
        (statement,) = as_list(role.properties["AssumeRolePolicyDocument"]["Statement"])
        assert statement["Action"] == "sts:AssumeRole"
        services[role.name] = statement["Principal"]["Service"]
        if services[role.name] != "lambda.amazonaws.com":  # Lambda sends no source account
            assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}

    assert services == {
        **{f"Functions{function}Role": "lambda.amazonaws.com" for function in FUNCTIONS},
        "ImagesBuildRole": "codebuild.amazonaws.com",
        **{f"ExecutionRoles{work}": "sagemaker.amazonaws.com" for work in EXECUTION_ROLES},
        "WorkflowRole": "states.amazonaws.com",
    }


def test_a_grant_refuses_a_wildcard_action() -> None:
    with pytest.raises(ValueError, match="'s3:\\*'"):
        cdk.Grant(actions=("s3:*",), resources=("arn:aws:s3:::bucket",))


def test_a_grant_refuses_a_wildcard_resource_without_a_reason() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        cdk.Grant(actions=("s3:GetObject",), resources=("arn:aws:s3:::bucket/*",))
