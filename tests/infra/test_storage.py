"""Buckets, key, ledger; and nothing that is not CloudFormation's own."""

import pytest

from tests.infra.template import Resource, Template


@pytest.fixture(params=["StorageData", "StorageArtifacts"])
def bucket(request: pytest.FixtureRequest, template: Template) -> Resource:
    return template.one("AWS::S3::Bucket", request.param)


def test_there_are_no_custom_resources(template: Template) -> None:
    types = {resource.type for resource in template.resources}

    assert not {name for name in types if name.startswith(("Custom::", "AWS::CloudFormation::"))}
    assert all(
        function.properties["Handler"].startswith("lambdas.handlers.")
        for function in template.of_type("AWS::Lambda::Function")
    )


def test_a_bucket_keeps_versions_and_is_closed_to_the_public(bucket: Resource) -> None:
    assert bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket.properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket.properties["PublicAccessBlockConfiguration"]) == 4


def test_a_bucket_is_encrypted_with_the_stacks_key(bucket: Resource) -> None:
    (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"] == {
        "KMSMasterKeyID": "<StorageKey.Arn>",
        "SSEAlgorithm": "aws:kms",
    }


def test_a_bucket_refuses_requests_without_tls(bucket: Resource, template: Template) -> None:
    (policy,) = [
        item.properties["PolicyDocument"]
        for item in template.of_type("AWS::S3::BucketPolicy")
        if item.properties["Bucket"] == f"<{bucket.name}>"
    ]
    (statement,) = policy["Statement"]

    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == {"AWS": "*"}
    assert statement["Action"] == "s3:*"
    assert statement["Resource"] == [f"<{bucket.name}.Arn>", f"<{bucket.name}.Arn>/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_raw_data_announces_itself(template: Template) -> None:
    announcing = {
        item.name
        for item in template.of_type("AWS::S3::Bucket")
        if "NotificationConfiguration" in item.properties
    }
    data = template.one("AWS::S3::Bucket", "StorageData").properties

    assert announcing == {"StorageData"}
    assert data["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }


def test_what_outlives_a_release_outlives_the_stack(template: Template) -> None:
    for kind in (
        "AWS::S3::Bucket",
        "AWS::DynamoDB::Table",
        "AWS::ECR::Repository",
        "AWS::KMS::Key",
        "AWS::CodeCommit::Repository",
        "AWS::SageMaker::ModelPackageGroup",
    ):
        for resource in template.of_type(kind):
            assert resource.body["UpdateReplacePolicy"] == "Retain", resource.name
            assert resource.body["DeletionPolicy"].startswith("Retain"), resource.name


def test_a_first_deployment_that_fails_leaves_no_name_taken(template: Template) -> None:
    """CloudFormation keeps what is to be retained also when it takes a creation back."""
    retained = {
        resource.type
        for resource in template.resources
        if resource.body.get("DeletionPolicy") == "Retain"
    }

    assert retained == {"AWS::DynamoDB::Table"}  # protected against deletion, and without a name
    assert "TableName" not in template.one("AWS::DynamoDB::Table").properties


def test_the_key_rotates(template: Template) -> None:
    assert template.one("AWS::KMS::Key").properties["EnableKeyRotation"] is True


def test_the_ledger_has_the_keys_and_indexes_that_the_functions_query(template: Template) -> None:
    table = template.one("AWS::DynamoDB::Table").properties

    assert keys(table) == ["pk", "sk"]
    assert {
        index["IndexName"]: (keys(index), index["Projection"]["ProjectionType"])
        for index in table["GlobalSecondaryIndexes"]
    } == {
        "waiting": (["waiting", "next_check"], "ALL"),
        "release": (["release_id", "sk"], "ALL"),
    }
    assert {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}[
        "next_check"
    ] == "N"


def test_the_ledger_forgets_expired_rows_and_can_be_restored(template: Template) -> None:
    table = template.one("AWS::DynamoDB::Table").properties

    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] is True


def keys(definition: dict[str, list[dict[str, str]]]) -> list[str]:
    return [
        key["AttributeName"]
        for kind in ("HASH", "RANGE")
        for key in definition["KeySchema"]
        if key["KeyType"] == kind
    ]
