import pytest

from contracts.release import ImageKind
from lambdas.build_image import build_image
from lambdas.ledger import Waiter
from lambdas.settlement import settle
from lambdas.verdict import Failed, Running, Succeeded
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import COMMIT, OTHER, RELEASE, build_task, document

JOB = "build/modelwharf/oil-price/training/src-training"
IMAGE = ("modelwharf/oil-price/training", "src-training")
URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/modelwharf/oil-price/training"


def waiter(world: World, release: str = RELEASE) -> Waiter:
    return next(row for row in world.site.ledger.waiters(JOB) if row.release_id == release)


def test_an_image_that_the_registry_has_is_not_built_again(world: World) -> None:
    world.ecr.tags[IMAGE] = "sha256:1"
    build_image(world.site, build_task(document()))
    assert world.codebuild.builds == {}
    assert world.answers["token"]["output"] == {
        "uri": f"{URI}@sha256:1",
        "digest": "sha256:1",
        "tag": "src-training",
        "built": False,
    }


def test_the_build_learns_all_it_needs_from_its_variables(world: World) -> None:
    build_image(world.site, build_task(document()))
    [build] = world.codebuild.builds.values()
    call = build["call"]
    variables = {v["name"]: v["value"] for v in call["environmentVariablesOverride"]}
    assert call["sourceVersion"] == COMMIT
    assert call["timeoutInMinutesOverride"] == 30
    assert variables == {
        "IMAGE_REPOSITORY": "modelwharf/oil-price/training",
        "IMAGE_TAG": "src-training",
        "IMAGE_URI": f"{URI}:src-training",
        "IMAGE_DOCKERFILE": "containers/training/Dockerfile",
        "IMAGE_INPUTS": "contracts training containers/training",
        "BASE_IMAGE": "python:3.12-slim",
        "PLATFORM": "linux/amd64",
        "RELEASE_ID": RELEASE,
    }


def test_each_image_has_a_build_of_its_own(world: World) -> None:
    build_image(world.site, build_task(document(), ImageKind.TRAINING, "t"))
    build_image(world.site, build_task(document(), ImageKind.INFERENCE, "i"))
    assert len(world.codebuild.builds) == 2


def test_a_build_under_way_for_another_release_is_joined(world: World) -> None:
    build_image(world.site, build_task(document(OTHER), token="first"))
    build_image(world.site, build_task(document(), token="second"))
    assert len(world.codebuild.builds) == 1
    assert waiter(world).subject == waiter(world, OTHER).subject


def test_a_build_that_failed_for_another_release_is_not_joined(world: World) -> None:
    build_image(world.site, build_task(document(OTHER), token="first"))
    world.codebuild.builds["images:1"]["buildStatus"] = "FAILED"
    build_image(world.site, build_task(document(), token="second"))
    assert waiter(world).subject == "images:2"


def test_the_registry_says_whether_the_image_exists_not_the_build(world: World) -> None:
    build_image(world.site, build_task(document()))
    world.codebuild.builds["images:1"]["buildStatus"] = "FAILED"
    world.ecr.tags[IMAGE] = "sha256:1"
    verdict = settle(world.site, waiter(world))
    assert isinstance(verdict, Succeeded)
    assert verdict.output.model_dump()["built"] is True


def test_a_running_build_is_waited_for(world: World) -> None:
    build_image(world.site, build_task(document()))
    assert settle(world.site, waiter(world)) == Running()


def test_a_failed_build_tells_the_phase_and_the_last_log_lines(world: World) -> None:
    build_image(world.site, build_task(document()))
    world.codebuild.builds["images:1"] |= {
        "buildStatus": "FAILED",
        "phases": [
            {"phaseType": "INSTALL", "phaseStatus": "SUCCEEDED"},
            {
                "phaseType": "BUILD",
                "phaseStatus": "FAILED",
                "contexts": [
                    {"statusCode": "COMMAND_EXECUTION_ERROR", "message": "docker build: exit 1"}
                ],
            },
        ],
    }
    verdict = settle(world.site, waiter(world))
    assert verdict == Failed(
        error="BuildFailed",
        cause="image modelwharf/oil-price/training:src-training: build images:1 FAILED\n"
        "BUILD: COMMAND_EXECUTION_ERROR: docker build: exit 1\n"
        "| Step 4/9 : RUN pip install\n"
        "| ERROR: no such package\n"
        "The whole log: aws logs get-log-events --log-group-name /aws/codebuild/images "
        "--log-stream-name stream",
    )


def test_a_build_that_pushed_nothing_has_failed(world: World) -> None:
    build_image(world.site, build_task(document()))
    world.codebuild.builds["images:1"]["buildStatus"] = "SUCCEEDED"
    verdict = settle(world.site, waiter(world))
    assert isinstance(verdict, Failed)
    assert "pushed no image modelwharf/oil-price/training:src-training" in verdict.cause


@pytest.mark.parametrize("kind", list(ImageKind))
def test_killed_at_any_call_and_called_again_it_builds_once(world: World, kind: ImageKind) -> None:
    task = build_task(document(), kind, "again")
    for place in killed_everywhere(world, lambda site: build_image(site, task)):
        build_image(world.site, task)
        assert len(world.codebuild.builds) == 1, place
        [row] = world.site.ledger.waiters_of(RELEASE)
        assert (row.token, row.subject) == ("again", "images:1"), place
        world.codebuild.builds.clear()
        world.codebuild.tokens.clear()
