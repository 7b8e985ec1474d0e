"""What a client sends too long, too often or misspelt is refused as AWS refuses it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.laptop.offer.constraints import broken
from tests.unit.laptop.core.world import World

JOB: dict[str, Any] = {
    "TrainingJobName": "job",
    "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::123456789012:role/train",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"HyperParameters": None}, ""),
        (
            {"HyperParameters": {"a": "one\ntwo"}},
            "Value '{a=one\ntwo}' at 'hyperParameters' failed to satisfy constraint: Map value "
            "must satisfy constraint: [Member must have length less than or equal to 2500, Member "
            "must have length greater than or equal to 0, Member must satisfy regular expression "
            "pattern: .*]",
        ),
        (
            {"Environment": {"1A": "x"}},
            "'environment' failed to satisfy constraint: Map keys must satisfy constraint: "
            "[Member must have length less than or equal to 512, Member must have length greater "
            "than or equal to 0, Member must satisfy regular expression pattern: [a-zA-Z_]",
        ),
        (
            {"ResourceConfig": {**JOB["ResourceConfig"], "InstanceType": "ml.c5.large"}},
            "'ml.c5.large' at 'resourceConfig.instanceType' failed to satisfy constraint: Member "
            "must satisfy enum value set: [ml.",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 0}},
            "'0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: Member "
            "must have value greater than or equal to 1",
        ),
        (
            {"Tags": [{"Key": "owner", "Value": "a & b"}]},
            "'a & b' at 'tags.1.member.value' failed to satisfy constraint: Member must satisfy "
            "regular",
        ),
        ({"Tags": [{"Key": "propriétaire", "Value": ""}]}, ""),
        (
            {"Tags": [{"Key": "k", "Value": "v"}] * 51},
            "at 'tags' failed to satisfy constraint: Member must have length less than or equal to "
            "50",
        ),
    ],
)
def test_a_training_job_is_refused_in_awss_words(change: dict[str, Any], told: str) -> None:
    found = broken("sagemaker", "CreateTrainingJob", {**JOB, **change})
    assert found.startswith("1 validation error detected: Value") is bool(told)
    assert told in found


def test_every_fault_is_reported_at_once() -> None:
    job = {**JOB, "TrainingJobName": "a_job", "RoleArn": "train"}
    assert broken("sagemaker", "CreateTrainingJob", job).startswith("3 validation errors detected")


def test_members_that_are_texts_are_reported_with_their_list() -> None:
    call = {"Name": "p", "Labels": ["a", "b" * 101]}
    found = broken("ssm", "LabelParameterVersion", call)
    assert "Value '[a, bbb" in found
    assert found.endswith(
        "at 'labels' failed to satisfy constraint: Member must satisfy constraint: [Member must "
        "have length less than or equal to 100, Member must have length greater than or equal to 1]"
    )


def test_ecr_has_words_of_its_own() -> None:
    assert broken("ecr", "GetAuthorizationToken", {"registryIds": ["123"]}) == (
        "Invalid parameter at 'registryIds' failed to satisfy constraint: 'Member must satisfy "
        "constraint: [Member must satisfy regular expression pattern: [0-9]{12}]'"
    )


def test_a_service_that_is_not_looked_at_is_left_to_moto() -> None:
    assert broken("dynamodb", "PutItem", {"TableName": ""}) == ""


@pytest.mark.parametrize(
    ("service", "operation", "call", "code"),
    [
        (
            "sagemaker",
            "create_endpoint_config",
            {
                "EndpointConfigName": "c",
                "ProductionVariants": [
                    {
                        "VariantName": "v",
                        "ModelName": "m",
                        "InstanceType": "ml.m5.lrge",
                        "InitialInstanceCount": 1,
                    }
                ],
            },
            "ValidationException",
        ),
        (
            "stepfunctions",
            "send_task_failure",
            {"taskToken": "t", "cause": "x" * 32769},
            "ValidationException",
        ),
        (
            "codebuild",
            "start_build",
            {"projectName": "images", "timeoutInMinutesOverride": 2161},
            "InvalidInputException",
        ),
    ],
)
def test_a_client_reads_the_services_own_error(
    world: World, service: str, operation: str, call: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError, match="1 validation error detected") as caught:
        getattr(world.client(service), operation)(**call)
    assert caught.value.response["Error"]["Code"] == code
