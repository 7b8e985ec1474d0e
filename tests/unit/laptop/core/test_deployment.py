"""A template becomes this cloud, or is refused whole."""

import json
from pathlib import Path
from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends
from moto.s3.models import s3_backends

from modelwharf.laptop.cloudformation import DeploymentRefused, refusals
from modelwharf.laptop.overrides import as_shipped
from tests.unit.laptop.core.world import ACCOUNT, LOGS, REGION, World, allow, archive

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {
                "Service": [
                    "lambda.amazonaws.com",
                    "states.amazonaws.com",
                    "codebuild.amazonaws.com",
                ]
            },
        }
    ],
}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def get(name: str, attribute: str = "Arn") -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


ROLE = resource("AWS::IAM::Role", AssumeRolePolicyDocument=TRUST)


def test_everything_that_is_not_known_is_named_at_once() -> None:
    template = {
        "Parameters": {
            "P": {"Type": "String"},
            "Ami": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/aws/service/ami"},
        },
        "Resources": {
            "Cluster": resource("AWS::ECS::Cluster"),
            "Custom": resource("Custom::Thing"),
            "Topic": resource("AWS::SNS::Topic", TopicName="t", DeliveryStatusLogging=[]),
            "Log": resource("AWS::Logs::LogGroup", LogGroupName={"Fn::Cidr": []}),
            "Meta": resource("AWS::CDK::Metadata", Analytics="x"),
        },
    }
    found = "\n".join(refusals(template))
    for words in (
        "Cluster: resource type AWS::ECS::Cluster",
        "Custom: resource type Custom::Thing",
        "Topic (AWS::SNS::Topic): property DeliveryStatusLogging",
        "Log: intrinsic function Fn::Cidr",
        "parameter P has no default",
        "public SSM parameter /aws/service/ami",
    ):
        assert words in found
    assert "Meta" not in found


def test_a_refused_template_creates_nothing(world: World, tmp_path: Path) -> None:
    resources = {
        "Log": resource("AWS::Logs::LogGroup", LogGroupName="/never"),
        "Cluster": resource("AWS::ECS::Cluster"),
    }
    with pytest.raises(DeploymentRefused, match="AWS::ECS::Cluster"):
        world.deploy(resources, tmp_path)
    assert not world.client("logs").describe_log_groups(logGroupNamePrefix="/never")["logGroups"]


def test_a_property_that_the_service_refuses_fails_the_deployment_by_name(
    world: World, tmp_path: Path
) -> None:
    resources = {"Fn": resource("AWS::Events::Rule", ScheduleExpression="rate(5 weeks)")}
    with pytest.raises(DeploymentRefused, match=r"Fn \(AWS::Events::Rule\).*5 weeks"):
        world.deploy(resources, tmp_path)


def test_a_bucket_has_all_its_properties(world: World, tmp_path: Path) -> None:
    resources = {
        "Bucket": resource(
            "AWS::S3::Bucket",
            VersioningConfiguration={"Status": "Enabled"},
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
                ]
            },
            PublicAccessBlockConfiguration={"BlockPublicAcls": True},
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            LifecycleConfiguration={
                "Rules": [
                    {
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                        "Status": "Enabled",
                    }
                ]
            },
            NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        ),
        "Policy": resource(
            "AWS::S3::BucketPolicy",
            Bucket={"Ref": "Bucket"},
            PolicyDocument={"Version": "2012-10-17", "Statement": []},
        ),
    }
    outputs = {"Name": {"Value": {"Ref": "Bucket"}}, "Arn": {"Value": get("Bucket")}}
    told = world.deploy(resources, tmp_path, Outputs=outputs)
    s3, name = world.client("s3"), told["Name"]
    assert told["Arn"] == f"arn:aws:s3:::{name}"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    bucket = s3_backends[ACCOUNT]["aws"].get_bucket(name)  # moto's answers leave this one out
    assert bucket.notification_configuration is not None
    assert bucket.notification_configuration.event_bridge is not None
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    (encryption,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert s3.get_bucket_policy(Bucket=name)["Policy"]


def _upload_code(world: World, key: str) -> dict[str, str]:
    s3, bucket = world.client("s3"), world.name("code")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    code = archive({"app.py": "import os\ndef handler(event, context): return os.environ['X']"})
    s3.put_object(Bucket=bucket, Key=key, Body=code)
    return {"S3Bucket": bucket, "S3Key": key}


def test_a_function_with_its_permission_its_log_group_and_its_topic(
    world: World, tmp_path: Path
) -> None:
    logs = {"Version": "2012-10-17", "Statement": [allow(LOGS, "*")]}
    policies = [{"PolicyName": "Log", "PolicyDocument": logs}]
    resources = {
        "Role": {**ROLE, "Properties": {**ROLE["Properties"], "Policies": policies}},
        "Log": resource("AWS::Logs::LogGroup", LogGroupName="/mine", RetentionInDays=7),
        "Function": resource(
            "AWS::Lambda::Function",
            Code=_upload_code(world, "code.zip"),
            Handler="app.handler",
            Runtime="python3.12",
            Role=get("Role"),
            Timeout=11,
            LoggingConfig={"LogGroup": {"Ref": "Log"}},
            Environment={"Variables": {"X": {"Fn::Sub": "${AWS::Region}-${Log}"}}},
        ),
        "Topic": resource("AWS::SNS::Topic"),
        "Subscription": resource(
            "AWS::SNS::Subscription",
            TopicArn={"Ref": "Topic"},
            Protocol="lambda",
            Endpoint=get("Function"),
        ),
        "Permission": resource(
            "AWS::Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName=get("Function"),
            Principal="sns.amazonaws.com",
            SourceArn={"Ref": "Topic"},
        ),
        "Calls": resource(
            "AWS::Lambda::EventInvokeConfig",
            FunctionName={"Ref": "Function"},
            Qualifier="$LATEST",
            MaximumRetryAttempts=1,
        ),
    }
    name = world.deploy(resources, tmp_path, Outputs={"F": {"Value": {"Ref": "Function"}}})["F"]
    assert world.invoke(name) == (None, f"{REGION}-/mine")
    assert world.client("logs").filter_log_events(logGroupName="/mine")["events"]
    (group,) = world.client("logs").describe_log_groups(logGroupNamePrefix="/mine")["logGroups"]
    assert group["retentionInDays"] == 7
    policy = json.loads(world.client("lambda").get_policy(FunctionName=name)["Policy"])
    assert policy["Statement"][0]["Principal"] == {"Service": "sns.amazonaws.com"}


def test_a_function_whose_role_does_not_trust_lambda_is_refused(
    world: World, tmp_path: Path
) -> None:
    trust = json.loads(json.dumps(TRUST).replace("lambda.amazonaws.com", "ec2.amazonaws.com"))
    resources = {
        "Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust),
        "Function": resource(
            "AWS::Lambda::Function",
            Code={"S3Bucket": "b", "S3Key": "k"},
            Handler="app.handler",
            Runtime="python3.12",
            Role=get("Role"),
        ),
    }
    with pytest.raises(DeploymentRefused, match=r"cannot be assumed by lambda\.amazonaws\.com"):
        world.deploy(resources, tmp_path)


def test_a_layer_without_content_is_refused(world: World, tmp_path: Path) -> None:
    layer = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:numpy:1"
    resources = {
        "Role": ROLE,
        "Function": resource("AWS::Lambda::Function", Role=get("Role"), Code={}, Layers=[layer]),
    }
    with pytest.raises(DeploymentRefused, match="no content for the layer"):
        world.deploy(resources, tmp_path)


def _machine(definition: str, **substitutions: Any) -> dict[str, Any]:
    return {
        "Role": ROLE,
        "Machine": resource(
            "AWS::StepFunctions::StateMachine",
            RoleArn=get("Role"),
            DefinitionString=definition,
            DefinitionSubstitutions=substitutions,
        ),
    }


def test_a_state_machine_is_the_template_s_text_with_its_substitutions_filled(
    world: World, tmp_path: Path
) -> None:
    text = '{"StartAt": "S",\n "States": {"S": {"Type": "Pass", "Result": "${Role}", "End": true}}}'
    resources = _machine(text, Role={"Fn::GetAtt": ["Role", "Arn"]})
    outputs = {"M": {"Value": {"Ref": "Machine"}}, "R": {"Value": get("Role")}}
    told = world.deploy(resources, tmp_path, Outputs=outputs)
    machine = world.client("stepfunctions").describe_state_machine(stateMachineArn=told["M"])
    assert machine["definition"] == text.replace("${Role}", told["R"])


def test_a_substitution_without_a_value_is_refused(world: World, tmp_path: Path) -> None:
    text = '{"StartAt": "S", "States": {"S": {"Type": "Pass", "Result": "${A}", "End": true}}}'
    with pytest.raises(DeploymentRefused, match=r"names \$\{A\}"):
        world.deploy(_machine(text), tmp_path)


def test_the_other_types_become_what_their_services_describe(world: World, tmp_path: Path) -> None:
    key = {"AttributeName": "pk", "KeyType": "HASH"}
    resources = {
        "Role": ROLE,
        "Key": resource("AWS::KMS::Key", EnableKeyRotation=True),
        "Table": resource(
            "AWS::DynamoDB::Table",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[key],
            BillingMode="PAY_PER_REQUEST",
            TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        ),
        "Images": resource(
            "AWS::ECR::Repository",
            RepositoryName="a/b",
            ImageTagMutability="IMMUTABLE",
            ImageScanningConfiguration={"ScanOnPush": True},
        ),
        "Code": resource("AWS::CodeCommit::Repository", RepositoryName="code"),
        "Build": resource(
            "AWS::CodeBuild::Project",
            Name="build",
            ServiceRole=get("Role"),
            Source={
                "Type": "CODECOMMIT",
                "Location": get("Code", "CloneUrlHttp"),
                "BuildSpec": "buildspec.yml",
            },
            Artifacts={"Type": "NO_ARTIFACTS"},
            Environment={
                "Type": "LINUX_CONTAINER",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "Image": "aws/codebuild/standard:7.0",
            },
        ),
        "Group": resource("AWS::SageMaker::ModelPackageGroup", ModelPackageGroupName="group"),
        "Parameter": resource("AWS::SSM::Parameter", Name="/a/b", Type="String", Value="1"),
        "Alarm": resource(
            "AWS::CloudWatch::Alarm",
            AlarmName="alarm",
            MetricName="m",
            Namespace="n",
            Period=60,
            Statistic="Sum",
            Threshold=1,
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanThreshold",
        ),
        "Dashboard": resource(
            "AWS::CloudWatch::Dashboard", DashboardName="board", DashboardBody='{"widgets": []}'
        ),
        "Queue": resource("AWS::SQS::Queue", QueueName="queue"),
    }
    outputs = {"Table": {"Value": {"Ref": "Table"}}, "Key": {"Value": {"Ref": "Key"}}}
    told = world.deploy(resources, tmp_path, Outputs=outputs)
    ttl = world.client("dynamodb").describe_time_to_live(TableName=told["Table"])
    assert ttl["TimeToLiveDescription"]["AttributeName"] == "expires"
    assert world.client("kms").get_key_rotation_status(KeyId=told["Key"])["KeyRotationEnabled"]
    (images,) = world.client("ecr").describe_repositories(repositoryNames=["a/b"])["repositories"]
    assert images["imageTagMutability"] == "IMMUTABLE"
    (project,) = world.client("codebuild").batch_get_projects(names=["build"])["projects"]
    assert project["source"]["buildspec"] == "buildspec.yml"
    assert world.client("ssm").get_parameter(Name="/a/b")["Parameter"]["Value"] == "1"
    (alarm,) = world.client("cloudwatch").describe_alarms(AlarmNames=["alarm"])["MetricAlarms"]
    assert alarm["Threshold"] == 1
    assert world.client("cloudwatch").get_dashboard(DashboardName="board")["DashboardBody"]
    groups = world.client("sagemaker").list_model_package_groups()
    assert groups["ModelPackageGroupSummaryList"][0]["ModelPackageGroupName"] == "group"


def test_a_role_s_generated_name_keeps_within_iam_s_limit(world: World, tmp_path: Path) -> None:
    name = "FunctionsStartReleaseRoleWithAnExtremelyLongLogicalName12345678"
    outputs = {"Arn": {"Value": get(name)}}
    arn = world.deploy({name: ROLE}, tmp_path, Outputs=outputs)["Arn"]
    assert len(arn.rsplit("/", 1)[-1]) <= 64


def test_stock_moto_says_complete_of_a_stack_whose_resources_it_did_not_make(
    world: World,
) -> None:
    template = {
        "Resources": {
            "Group": resource("AWS::SageMaker::ModelPackageGroup", ModelPackageGroupName="skipped")
        }
    }
    client = world.client("cloudformation")
    with as_shipped(), pytest.warns(UserWarning, match="not supported by moto"):
        stack = cloudformation_backends[ACCOUNT][REGION].create_stack(
            name="stock", template=json.dumps(template), parameters={}, tags={}, role_arn=None
        )
    assert stack.status == "CREATE_COMPLETE"
    groups = world.client("sagemaker").list_model_package_groups()
    names = [one["ModelPackageGroupName"] for one in groups["ModelPackageGroupSummaryList"]]
    assert "skipped" not in names
    assert client.describe_stacks(StackName="stock")["Stacks"]
