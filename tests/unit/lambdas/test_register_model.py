from contracts.parameters import Approval, Deployment, Probe
from contracts.release import QualityVerdict
from lambdas.register_model import lineage, register_model
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import COMMIT, PACKAGE, document, image, plan

JUDGED = document(upto="CheckQuality")


def test_the_package_holds_image_artifact_and_lineage(world: World) -> None:
    package = register_model(world.site, JUDGED).model_package
    assert package is not None
    assert (package.arn, package.version) == (PACKAGE, 1)
    made = world.sagemaker.packages[PACKAGE]
    [container] = made["InferenceSpecification"]["Containers"]
    assert container["Image"] == image("inference").uri
    assert container["ModelDataUrl"] == JUDGED.training.artifact  # type: ignore[union-attr]
    assert made["CustomerMetadataProperties"]["commit"] == COMMIT
    assert made["CustomerMetadataProperties"]["metric skill"] == "0.012"


def test_automatic_approval_registers_an_approved_package(world: World) -> None:
    register_model(world.site, JUDGED)
    assert world.sagemaker.packages[PACKAGE]["ModelApprovalStatus"] == "Approved"


def test_the_registry_knows_the_type_of_the_probe_too(world: World) -> None:
    probed = plan(deployment=Deployment(probe=Probe(content_type="image/jpeg", body="x")))
    register_model(world.site, document(upto="CheckQuality", plan=probed))
    specification = world.sagemaker.packages[PACKAGE]["InferenceSpecification"]
    assert specification["SupportedContentTypes"][-1] == "image/jpeg"


def test_manual_approval_registers_a_pending_package(world: World) -> None:
    manual = plan(deployment=Deployment(approval=Approval.MANUAL))
    register_model(world.site, document(upto="CheckQuality", plan=manual))
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


def test_killed_at_any_call_and_called_again_it_registers_once(world: World) -> None:
    for place in killed_everywhere(world, lambda site: register_model(site, JUDGED)):
        register_model(world.site, JUDGED)
        assert len(world.sagemaker.packages) == 1, place
