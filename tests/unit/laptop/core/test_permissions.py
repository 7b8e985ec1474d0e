"""Which permissions a call needs."""

from typing import Any

import pytest

from modelwharf.laptop.iam.calls import Call
from modelwharf.laptop.iam.object_permissions import object_permissions
from modelwharf.laptop.iam.permissions import Need, UnknownOperation, needs_of
from modelwharf.laptop.services.call_resources import Place

PLACE = Place("eu-west-1", "123456789012")


def needed(service: str, operation: str, **parameters: Any) -> set[tuple[str, str]]:
    return {
        (need.action, need.resource)
        for need in needs_of(Call(service, operation, parameters), PLACE)
    }


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:eu-west-1:123456789012:{resource}"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "resource"),
    [
        ("ssm", "GetParameter", {"Name": "/a/b"}, "parameter/a/b"),
        ("ssm", "GetParameter", {"Name": "/a/b:3"}, "parameter/a/b"),
        ("ssm", "GetParametersByPath", {"Path": "/a"}, "parameter/a"),
        ("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "My-Job"}, "training-job/my-job"),
        ("sagemaker", "InvokeEndpoint", {"EndpointName": "Oil"}, "endpoint/oil"),
        ("sagemaker", "DescribeModelPackage", {"ModelPackageName": "g"}, "model-package/g"),
        ("codebuild", "StartBuild", {"projectName": "p"}, "project/p"),
        ("codebuild", "BatchGetBuilds", {"ids": ["p:1", "p:2"]}, "project/p"),
        ("codecommit", "GetFolder", {"repositoryName": "r"}, "r"),
        ("ecr", "DescribeImages", {"repositoryName": "a/b"}, "repository/a/b"),
        ("sqs", "SendMessage", {"QueueUrl": "http://h:1/123456789012/q"}, "q"),
        ("events", "PutRule", {"Name": "r"}, "rule/r"),
        ("logs", "CreateLogStream", {"logGroupName": "/g"}, "log-group:/g:*"),
        ("cloudwatch", "DescribeAlarms", {"AlarmNames": ["a"]}, "alarm:a"),
        ("dynamodb", "GetItem", {"TableName": "t"}, "table/t"),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"}, "table/t/index/i"),
        ("kms", "Decrypt", {"KeyId": "k"}, "key/k"),
    ],
)
def test_a_call_needs_its_own_action_on_the_resource_that_it_names(
    service: str, operation: str, parameters: dict[str, Any], resource: str
) -> None:
    assert needed(service, operation, **parameters) == {
        (f"{service}:{operation}", arn(service, resource))
    }


def test_a_model_package_needs_its_group_its_images_and_its_artifacts() -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b@sha256:0"
    container = {"Image": image, "ModelDataUrl": "s3://bucket/m.tar.gz"}
    specification = {"Containers": [container]}

    assert needed(
        "sagemaker",
        "CreateModelPackage",
        ModelPackageGroupName="G",
        InferenceSpecification=specification,
    ) == {
        ("sagemaker:CreateModelPackage", arn("sagemaker", "model-package/g/*")),
        ("sagemaker:CreateModelPackage", arn("sagemaker", "model-package-group/g")),
        ("ecr:BatchGetImage", arn("ecr", "repository/a/b")),
        ("ecr:DescribeImages", arn("ecr", "repository/a/b")),
        ("s3:GetObject", "arn:aws:s3:::bucket/m.tar.gz"),
    }


def test_aws_s_own_parameters_belong_to_no_account() -> None:
    name = "/aws/service/powertools/python"
    expected = {("ssm:GetParameter", f"arn:aws:ssm:eu-west-1::parameter{name}")}
    assert needed("ssm", "GetParameter", Name=name) == expected


def test_figures_are_written_into_a_namespace() -> None:
    (need,) = needs_of(Call("cloudwatch", "PutMetricData", {"Namespace": "N"}), PLACE)
    assert need.context == {"cloudwatch:namespace": "N"}


def test_a_resource_that_is_named_by_its_arn_stays_that() -> None:
    group = arn("logs", "log-group:/g")
    assert needed("logs", "FilterLogEvents", logGroupIdentifier=group) == {
        ("logs:FilterLogEvents", f"{group}:*")
    }
    machine = arn("states", "stateMachine:m")
    assert needed("states", "StartExecution", stateMachineArn=machine) == {
        ("states:StartExecution", machine)
    }


def test_every_parameter_of_a_batch_is_asked_for() -> None:
    assert needed("ssm", "GetParameters", Names=["/a", "/b"]) == {
        ("ssm:GetParameters", arn("ssm", "parameter/a")),
        ("ssm:GetParameters", arn("ssm", "parameter/b")),
    }


@pytest.mark.parametrize("name", ["f", "123456789012:function:f", arn("lambda", "function:f")])
def test_invoking_needs_invoke_function_however_the_function_is_named(name: str) -> None:
    assert needed("lambda", "Invoke", FunctionName=name) == {
        ("lambda:InvokeFunction", arn("lambda", "function:f"))
    }


def test_invoking_an_alias_needs_the_permission_on_the_alias() -> None:
    assert needed("lambda", "Invoke", FunctionName="f", Qualifier="live") == {
        ("lambda:InvokeFunction", arn("lambda", "function:f:live"))
    }


def test_each_part_of_a_transaction_needs_what_it_would_need_alone() -> None:
    items = [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "u"}}]
    assert needed("dynamodb", "TransactWriteItems", TransactItems=items) == {
        ("dynamodb:PutItem", arn("dynamodb", "table/t")),
        ("dynamodb:ConditionCheckItem", arn("dynamodb", "table/u")),
    }


def test_tables_of_a_batch_are_the_keys_of_its_request() -> None:
    assert needed("dynamodb", "BatchWriteItem", RequestItems={"t": []}) == {
        ("dynamodb:BatchWriteItem", arn("dynamodb", "table/t"))
    }


def test_putting_an_event_tells_its_source_to_the_conditions() -> None:
    call = Call("events", "PutEvents", {"Entries": [{"Source": "s", "DetailType": "d"}]})
    (need,) = needs_of(call, PLACE)
    assert need == Need(
        "events:PutEvents",
        arn("events", "event-bus/default"),
        {"events:source": "s", "events:detail-type": "d"},
    )


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("CreateTrainingJob", "RoleArn"),
        ("CreateProcessingJob", "RoleArn"),
        ("CreateModel", "ExecutionRoleArn"),
    ],
)
def test_handing_a_role_to_sagemaker_needs_pass_role_to_sagemaker(operation: str, key: str) -> None:
    needs = needs_of(Call("sagemaker", operation, {key: "arn:aws:iam::1:role/r"}), PLACE)
    assert needs[-1] == Need(
        "iam:PassRole",
        "arn:aws:iam::1:role/r",
        {"iam:PassedToService": "sagemaker.amazonaws.com"},
    )


def test_creating_with_tags_needs_the_permission_to_add_tags() -> None:
    tags = [{"Key": "release", "Value": "r"}]
    job = arn("sagemaker", "training-job/j")
    assert needed("sagemaker", "CreateTrainingJob", TrainingJobName="j", Tags=tags) == {
        ("sagemaker:CreateTrainingJob", job),
        ("sagemaker:AddTags", job),
    }


def test_an_operation_that_is_not_in_the_table_is_unknown_and_not_free() -> None:
    with pytest.raises(UnknownOperation, match="sagemaker:CreateNotebookInstance"):
        needed("sagemaker", "CreateNotebookInstance")
    with pytest.raises(UnknownOperation, match="ec2:RunInstances"):
        needed("ec2", "RunInstances")


def on_objects(operation: str, exists: bool = True, **parameters: Any) -> set[tuple[str, str]]:
    found = object_permissions(
        operation, {"Bucket": "b", "Key": "k", **parameters}, lambda bucket, key: exists
    )
    assert found is not None
    return {(action, resource) for action, resource, _ in found}


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("GetObject", {}, {("s3:GetObject", "arn:aws:s3:::b/k")}),
        ("HeadObject", {}, {("s3:GetObject", "arn:aws:s3:::b/k")}),
        ("GetObject", {"VersionId": "v"}, {("s3:GetObjectVersion", "arn:aws:s3:::b/k")}),
        ("HeadObject", {"VersionId": "v"}, {("s3:GetObjectVersion", "arn:aws:s3:::b/k")}),
        ("DeleteObject", {"VersionId": "v"}, {("s3:DeleteObjectVersion", "arn:aws:s3:::b/k")}),
        ("ListObjectsV2", {}, {("s3:ListBucket", "arn:aws:s3:::b")}),
        ("HeadBucket", {}, {("s3:ListBucket", "arn:aws:s3:::b")}),
        ("UploadPart", {}, {("s3:PutObject", "arn:aws:s3:::b/k")}),
        (
            "PutObject",
            {"Tagging": "a=b"},
            {("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:PutObjectTagging", "arn:aws:s3:::b/k")},
        ),
        (
            "CopyObject",
            {"CopySource": "from/a%20b"},
            {("s3:GetObject", "arn:aws:s3:::from/a b"), ("s3:PutObject", "arn:aws:s3:::b/k")},
        ),
        (
            "CopyObject",
            {"CopySource": "from/a?versionId=v"},
            {("s3:GetObjectVersion", "arn:aws:s3:::from/a"), ("s3:PutObject", "arn:aws:s3:::b/k")},
        ),
        (
            "DeleteObjects",
            {"Objects": [{"Key": "x"}, {"Key": "y", "VersionId": "v"}]},
            {
                ("s3:DeleteObject", "arn:aws:s3:::b/x"),
                ("s3:DeleteObjectVersion", "arn:aws:s3:::b/y"),
            },
        ),
        ("ListBuckets", {}, {("s3:ListAllMyBuckets", "*")}),
    ],
)
def test_operations_of_s3_need_the_actions_that_s3_names_for_them(
    operation: str, parameters: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    assert on_objects(operation, **parameters) == expected


def test_reading_a_key_that_is_not_there_needs_to_list_the_bucket_too() -> None:
    assert on_objects("HeadObject", exists=False) == {
        ("s3:GetObject", "arn:aws:s3:::b/k"),
        ("s3:ListBucket", "arn:aws:s3:::b"),
    }


def test_an_operation_of_s3_that_is_not_known_has_no_answer() -> None:
    assert object_permissions("PutBucketWebsite", {"Bucket": "b"}, lambda *_: True) is None
