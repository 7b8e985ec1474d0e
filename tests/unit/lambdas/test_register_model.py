import pytest

from lambdas.archive import split_uri
from lambdas.errors import TrainingFailed
from lambdas.handlers.register_model import lineage, register_model
from modelwharf.contracts.parameters import Approval, Deployment
from modelwharf.contracts.probe import Probe
from modelwharf.contracts.release import QualityVerdict
from modelwharf.contracts.stages import TrainedRelease
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import COMMIT, KEPT, PACKAGE, document, image, plan

JUDGED = document(upto="CheckQuality")


@pytest.fixture
def judged(world: World) -> TrainedRelease:
    """As it comes to the state, its model in the place where training left it."""
    training = JUDGED.training
    bucket, key = split_uri(training.artifact)
    version = world.s3.put_object(Bucket=bucket, Key=key, Body=b"judged")["VersionId"]
    return JUDGED.model_copy(
        update={"training": training.model_copy(update={"artifact_version": version})}
    )


def kept(world: World) -> bytes:
    bucket, key = split_uri(KEPT)
    body: bytes = world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def test_the_package_holds_image_artifact_and_lineage(world: World, judged: TrainedRelease) -> None:
    package = register_model(world.runtime, judged).model_package
    assert package is not None
    assert (package.arn, package.version) == (PACKAGE, 1)
    made = world.sagemaker.packages[PACKAGE]
    [container] = made["InferenceSpecification"]["Containers"]
    assert container["Image"] == image("inference").uri
    assert container["ModelDataUrl"] == package.artifact == KEPT
    assert made["CustomerMetadataProperties"]["commit"] == COMMIT
    assert made["CustomerMetadataProperties"]["metric skill"] == "0.012"


def test_what_is_registered_is_the_version_that_the_release_s_own_job_left(
    world: World, judged: TrainedRelease
) -> None:
    bucket, key = split_uri(judged.training.artifact)
    world.s3.put_object(Bucket=bucket, Key=key, Body=b"of another job")

    register_model(world.runtime, judged)

    assert kept(world) == b"judged"


def test_a_model_that_an_earlier_attempt_kept_is_not_copied_again(
    world: World, judged: TrainedRelease
) -> None:
    for _ in range(2):
        register_model(world.runtime, judged)

    bucket, key = split_uri(KEPT)
    assert len(world.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]) == 1


def test_a_model_that_was_deleted_meanwhile_names_its_version(
    world: World, judged: TrainedRelease
) -> None:
    training = judged.training
    bucket, key = split_uri(training.artifact)
    world.s3.delete_object(Bucket=bucket, Key=key, VersionId=training.artifact_version)

    with pytest.raises(TrainingFailed, match=training.artifact_version):
        register_model(world.runtime, judged)


def test_automatic_approval_registers_an_approved_package(
    world: World, judged: TrainedRelease
) -> None:
    register_model(world.runtime, judged)
    assert world.sagemaker.packages[PACKAGE]["ModelApprovalStatus"] == "Approved"


def test_the_registry_knows_the_type_of_the_probe_too(world: World, judged: TrainedRelease) -> None:
    probed = plan(deployment=Deployment(probe=Probe(content_type="image/jpeg", body="x")))
    register_model(world.runtime, judged.model_copy(update={"plan": probed}))
    specification = world.sagemaker.packages[PACKAGE]["InferenceSpecification"]
    assert specification["SupportedContentTypes"][-1] == "image/jpeg"


def test_manual_approval_registers_a_pending_package(world: World, judged: TrainedRelease) -> None:
    manual = plan(deployment=Deployment(approval=Approval.MANUAL))
    register_model(world.runtime, judged.model_copy(update={"plan": manual}))
    assert world.sagemaker.packages[PACKAGE]["ModelApprovalStatus"] == "PendingManualApproval"


def test_metadata_stays_within_sagemaker_s_limits() -> None:
    facts = lineage(JUDGED)
    assert len(facts) <= 50
    assert all(0 < len(value) <= 256 for value in facts.values())


def test_characters_that_sagemaker_refuses_in_metadata_are_replaced() -> None:
    quality = QualityVerdict(
        passed=True, metrics={"MAPE (%)": 1.5, "holdout:mae": 2.0, "größe": 3.0}, reasons=()
    )
    facts = lineage(JUDGED.model_copy(update={"quality": quality}))
    assert facts["metric MAPE ___"] == "1.5"
    assert facts["metric holdout:mae"] == "2"
    assert facts["metric größe"] == "3"


def test_killed_at_any_call_and_called_again_it_registers_once(
    world: World, judged: TrainedRelease
) -> None:
    for place in killed_everywhere(world, lambda runtime: register_model(runtime, judged)):
        register_model(world.runtime, judged)
        assert len(world.sagemaker.packages) == 1, place
        assert kept(world) == b"judged", place
