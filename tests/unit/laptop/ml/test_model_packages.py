"""The model registry numbers versions, and tells of each approval."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.ml.laptops import Laptop


@pytest.fixture(scope="module", autouse=True)
def group(laptop: Laptop) -> str:
    laptop.client("sagemaker").create_model_package_group(ModelPackageGroupName="oil")
    return "oil"


def register(laptop: Laptop, **more: Any) -> str:
    arguments: dict[str, Any] = {
        "ModelPackageGroupName": "oil",
        "InferenceSpecification": {
            "Containers": [{"Image": "image", "ModelDataUrl": "s3://models/one.tar.gz"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        **more,
    }
    answer = laptop.client("sagemaker").create_model_package(**arguments)
    return str(answer["ModelPackageArn"])


def described(laptop: Laptop, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = laptop.client("sagemaker").describe_model_package(ModelPackageName=arn)
    return found


def test_versions_count_up_and_wait_for_approval(laptop: Laptop) -> None:
    first, second = described(laptop, register(laptop)), described(laptop, register(laptop))
    assert second["ModelPackageVersion"] == first["ModelPackageVersion"] + 1
    assert first["ModelApprovalStatus"] == "PendingManualApproval"
    assert second["ModelPackageArn"].endswith(f"model-package/oil/{second['ModelPackageVersion']}")


def test_a_token_registers_once(laptop: Laptop) -> None:
    assert register(laptop, ClientToken="r-1") == register(laptop, ClientToken="r-1")
    assert register(laptop, ClientToken="r-2") != register(laptop, ClientToken="r-1")


def test_approval_is_reported_and_keeps_what_was_known(laptop: Laptop) -> None:
    arn = register(laptop, CustomerMetadataProperties={"release": "r-1"})
    laptop.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="looks right"
    )
    found = described(laptop, arn)
    assert found["ModelApprovalStatus"] == "Approved"
    assert found["CustomerMetadataProperties"] == {"release": "r-1"}
    details = [
        detail
        for detail in laptop.emitted.details("SageMaker Model Package State Change")
        if detail["ModelPackageArn"] == arn
    ]
    statuses = [detail["ModelApprovalStatus"] for detail in details]
    assert statuses == ["PendingManualApproval", "Approved"]
    assert details[-1]["ModelPackageGroupName"] == "oil"
    assert details[-1]["ApprovalDescription"] == "looks right"


def test_who_approved_is_the_caller_not_a_studio_user(laptop: Laptop) -> None:
    arn = register(laptop)
    laptop.cloud.client("sagemaker", role=laptop.role, session="sam").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved"
    )
    found = described(laptop, arn)
    who = found["LastModifiedBy"]
    assert who["IamIdentity"]["Arn"].endswith("/sam")
    assert "UserProfileName" not in who
    assert set(found["CreatedBy"]) == {"IamIdentity"}


def test_a_group_lists_its_versions(laptop: Laptop) -> None:
    arn = register(laptop)
    listed = laptop.client("sagemaker").list_model_packages(ModelPackageGroupName="oil")
    assert arn in [item["ModelPackageArn"] for item in listed["ModelPackageSummaryList"]]


def test_an_unknown_group_is_named(laptop: Laptop) -> None:
    with pytest.raises(ClientError, match="Group does not exist: gas"):
        register(laptop, ModelPackageGroupName="gas")


def test_an_unknown_approval_is_refused(laptop: Laptop) -> None:
    with pytest.raises(ClientError, match="PendingManualApproval, Approved, Rejected"):
        laptop.client("sagemaker").update_model_package(
            ModelPackageArn=register(laptop), ModelApprovalStatus="Maybe"
        )


@pytest.mark.parametrize("metadata", [{"MAPE (%)": "1"}, {"metric": "1,5"}, {"k" * 129: "1"}])
def test_metadata_that_sagemaker_refuses_is_refused(
    laptop: Laptop, metadata: dict[str, str]
) -> None:
    with pytest.raises(ClientError, match="customerMetadataProperties"):
        register(laptop, CustomerMetadataProperties=metadata)
