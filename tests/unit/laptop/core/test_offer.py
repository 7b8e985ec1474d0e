"""Every operation of every service that the cloud offers is real, or refused in words."""

from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from modelwharf.laptop.offer.calls import CODES, OWN_CODES, PAGE
from modelwharf.laptop.offer.page import page
from modelwharf.laptop.overrides import as_shipped
from modelwharf.laptop.services import SERVICES
from tests.unit.laptop.core.smallest_calls import smallest_input
from tests.unit.laptop.core.world import REGION, World

MOTO_FAILS = {
    "cloudformation": "CreateStack GetTemplateSummary",
    "dynamodb": (
        "BatchExecuteStatement CreateTable DescribeExport DescribeImport ExecuteStatement "
        "ExecuteTransaction ExportTableToPointInTime ListExports TransactWriteItems"
    ),
    "dynamodbstreams": "GetRecords",
    "iam": "CreateServiceLinkedRole",
    "kms": "CreateGrant GenerateRandom ListGrants RetireGrant RevokeGrant",
    "s3": (
        "PutBucketAcl PutBucketLifecycle PutBucketLifecycleConfiguration "
        "PutBucketOwnershipControls UploadPartCopy"
    ),
    "sagemaker": "CreateModel DescribeExperiment",
    "sns": "Publish",
    "stepfunctions": "DescribeMapRun UpdateMapRun",
}
"""Operations that AWS would refuse with so small an input, and on which moto trips. All others
say what is wrong with the input."""
REFUSALS = {*CODES.values(), *OWN_CODES.values()}
# No prefix before the host: 127.0.0.1 has no names below it.
CONFIG = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)


def client(world: World, name: str) -> Any:
    keys = world.cloud.root_credentials()
    return boto3.client(  # type: ignore[call-overload]
        name,
        region_name=REGION,
        endpoint_url=world.cloud.url,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        config=CONFIG,
    )


def model(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_the_table_names_operations_and_signatures_that_botocore_knows(name: str) -> None:
    service, known = SERVICES[name], model(name)
    assert (service.offered | set(service.refused)) - set(known.operation_names) == set()
    assert service.offered & set(service.refused) == set()
    kinds = [service.ours, service.moto, service.kept, service.empty]
    assert sum(map(len, kinds)) == len(service.offered)
    assert service.signs == known.signing_name
    assert service.target == (known.metadata.get("targetPrefix") or "")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_operation_is_answered_or_refused_so_that_boto3_understands(
    world: World, name: str
) -> None:
    asked, service, known = client(world, name), SERVICES[name], model(name)
    found = {
        operation: outcome(asked, operation, known.operation_model(operation).input_shape)
        for operation in known.operation_names
    }
    failed = {operation for operation, kind in found.items() if kind == "failed"}
    refused = {operation for operation, kind in found.items() if kind == "refused"}
    assert failed == frozenset(MOTO_FAILS.get(name, "").split())
    assert refused == set(known.operation_names) - service.offered


def outcome(asked: Any, operation: str, shape: Any) -> str:
    """Whether the smallest call is refused, fails within moto, or is answered."""
    try:
        asked._make_api_call(operation, smallest_input(shape))
    except ClientError as error:
        found = error.response["Error"]
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 500:
            assert found["Code"] in ("InternalFailure", "InternalError")
            assert operation.removesuffix("Configuration") in found["Message"]
            return "failed"
        return "refused" if found["Code"] in REFUSALS else "answered"
    return "answered"


def test_a_refusal_says_why_and_what_there_is_instead(world: World) -> None:
    with pytest.raises(ClientError) as caught:
        client(world, "sagemaker").create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName="tune",
            HyperParameterTuningJobConfig={
                "Strategy": "Random",
                "ResourceLimits": {"MaxParallelTrainingJobs": 1},
            },
        )
    error = caught.value.response["Error"]
    assert error["Code"] == "UnknownOperationException"
    for words in ("sagemaker:CreateHyperParameterTuningJob", "CreateTrainingJob", PAGE):
        assert words in error["Message"]


@pytest.mark.parametrize(
    ("name", "operation", "code"),
    [
        ("ec2", "DescribeInstances", "UnsupportedOperation"),
        ("athena", "ListWorkGroups", "UnknownOperationException"),
        ("apigateway", "GetRestApis", "UnknownOperationException"),
        ("autoscaling", "DescribeAutoScalingGroups", "InvalidAction"),
        ("route53", "ListHostedZones", "InvalidAction"),
        ("sagemaker-a2i-runtime", "ListHumanLoops", "UnknownOperationException"),
        ("sqs", "StartMessageMoveTask", "AWS.SimpleQueueService.UnsupportedOperation"),
    ],
)
def test_what_is_not_offered_is_refused_in_the_form_of_every_protocol(
    world: World, name: str, operation: str, code: str
) -> None:
    shape = model(name).operation_model(operation).input_shape
    with pytest.raises(ClientError) as caught:
        client(world, name)._make_api_call(operation, smallest_input(shape))
    assert caught.value.response["Error"]["Code"] == code


def test_what_cannot_exist_here_is_an_empty_list(world: World) -> None:
    sagemaker = client(world, "sagemaker")
    assert sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []
    assert client(world, "lambda").list_layers()["Layers"] == []
    assert client(world, "sns").list_platform_applications()["PlatformApplications"] == []


def test_a_text_that_holds_another_action_is_only_a_text(world: World) -> None:
    """Stock moto takes Action= from any body, and here deletes a message that a client reads."""
    parameters = client(world, "ssm")
    parameters.put_parameter(Name="/url", Value="a=1&Action=DeleteParameter&b=2", Type="String")
    assert parameters.get_parameter(Name="/url")["Parameter"]["Value"].startswith("a=1&Action=")


def test_stock_moto_takes_the_action_from_a_text(world: World) -> None:
    parameters = client(world, "ssm")
    with as_shipped(), pytest.raises(ClientError, match="InternalFailure"):
        parameters.put_parameter(Name="/stock", Value="a=1&Action=Unheard&b=2", Type="String")


def test_a_lifecycle_is_read_back_as_it_was_put(world: World) -> None:
    """Its operation shares a path with a deprecated one, whose answer has other fields."""
    bucket = world.name("bucket")
    s3 = world.client("s3")
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": world.cloud.region}
    )
    rule = {
        "ID": "cold",
        "Status": "Enabled",
        "Filter": {"Prefix": "p/"},
        "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
    }
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})

    answer = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert answer["Rules"] == [rule]


def test_the_page_of_services_is_written_from_the_table() -> None:
    text = (Path(__file__).parents[4] / "docs" / "laptop-services.md").read_text()
    assert text == page(), "write it anew: python -m modelwharf.laptop.offer.page"
