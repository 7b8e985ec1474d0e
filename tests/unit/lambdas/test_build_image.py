import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from lambdas.build import CACHES, START_SECONDS
from lambdas.errors import ServiceFault
from lambdas.handlers.build_image import build_image
from lambdas.job_status import settle
from lambdas.ledger import Ledger
from lambdas.verdict import Failed, Running, Succeeded
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.ledger import build_key
from modelwharf.contracts.release import ImageKind
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import Killed, killed_everywhere
from tests.unit.lambdas.releases import COMMIT, OTHER, RELEASE, build_task, document

ASL = Path(__file__).parents[3] / "statemachine" / "release.asl.json"
JOB = "build/modelwharf/oil-price/training/src-training"
IMAGE = ("modelwharf/oil-price/training", "src-training")
URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/modelwharf/oil-price/training"


def waiter(world: World, release: str = RELEASE) -> Waiter:
    return next(row for row in world.runtime.ledger.waiters(JOB) if row.release_id == release)


def test_an_image_that_the_registry_has_is_not_built_again(world: World) -> None:
    world.ecr.tags[IMAGE] = "sha256:1"
    build_image(world.runtime, build_task(document()))
    assert world.codebuild.builds == {}
    assert world.answers["token"]["output"] == {
        "uri": f"{URI}@sha256:1",
        "digest": "sha256:1",
        "tag": "src-training",
        "built": False,
    }


def test_the_build_learns_all_it_needs_from_its_variables(world: World) -> None:
    build_image(world.runtime, build_task(document()))
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
        "IMAGE_INPUTS": "modelwharf/__init__.py modelwharf/artifact training containers/training",
        "IMAGE_CONTEXT": ".",
        "CACHE_IMAGES": "",
        "MAX_FILE_MB": "500",
        "PIP_CONF_PARAMETER": "/modelwharf/oil-price/pip-conf",
        "BASE_IMAGE": "python:3.12-slim",
        "PLATFORM": "linux/amd64",
        "RELEASE_ID": RELEASE,
    }


def test_each_image_has_a_build_of_its_own(world: World) -> None:
    build_image(world.runtime, build_task(document(), ImageKind.TRAINING, "t"))
    build_image(world.runtime, build_task(document(), ImageKind.INFERENCE, "i"))
    assert len(world.codebuild.builds) == 2


def test_a_build_under_way_for_another_release_is_joined(world: World) -> None:
    build_image(world.runtime, build_task(document(OTHER), token="first"))
    build_image(world.runtime, build_task(document(), token="second"))
    assert len(world.codebuild.builds) == 1
    assert waiter(world).subject == waiter(world, OTHER).subject


def test_of_two_that_start_at_the_same_moment_the_second_waits_and_joins_the_first(
    world: World,
) -> None:
    second_while_first_starts: list[BaseException] = []
    start_build = world.codebuild.start_build

    def both(**call: Any) -> dict[str, Any]:
        with pytest.raises(ServiceFault) as caught:
            build_image(world.runtime, build_task(document(), token="second"))
        second_while_first_starts.append(caught.value)
        return start_build(**call)

    world.codebuild.start_build = both  # type: ignore[method-assign]
    build_image(world.runtime, build_task(document(OTHER), token="first"))
    assert str(second_while_first_starts[0]) == (
        f"release {OTHER} starts the build of {':'.join(IMAGE)} at this moment; this one joins it"
    )

    build_image(world.runtime, build_task(document(), token="second"))  # the state machine's retry
    assert len(world.codebuild.builds) == 1
    assert waiter(world).subject == waiter(world, OTHER).subject == "images:1"


def test_of_two_that_look_at_the_same_moment_one_starts(world: World) -> None:
    """The other release reads that no build runs, and is overtaken before it writes its own."""
    image = document(OTHER).plan.images.training

    class Overtaken(Ledger):
        def take_build_start(self, *start: Any, **over: Any) -> None:
            build_image(world.runtime, build_task(document(OTHER), token="first"))
            super().take_build_start(*start, **over)

    runtime = dataclasses.replace(world.runtime, ledger=Overtaken(world.table))
    with pytest.raises(ServiceFault, match=f"starts the build of {image.repository}:{image.tag}"):
        build_image(runtime, build_task(document(), token="second"))
    assert list(world.codebuild.builds) == ["images:1"]


def test_a_release_that_died_while_it_started_a_build_holds_up_no_other(world: World) -> None:
    def die(**_: Any) -> dict[str, Any]:
        raise Killed

    alive = world.codebuild.start_build
    world.codebuild.start_build = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        build_image(world.runtime, build_task(document(OTHER), token="first"))
    world.codebuild.start_build = alive  # type: ignore[method-assign]
    with pytest.raises(ServiceFault):
        build_image(world.runtime, build_task(document(), token="second"))

    world.clock.time += START_SECONDS
    build_image(world.runtime, build_task(document(), token="second"))
    assert waiter(world).subject == "images:1"


def test_nobody_waits_longer_for_a_start_than_the_state_machine_asks_again() -> None:
    for branch in json.loads(ASL.read_text())["States"]["BuildImages"]["Branches"]:
        (state,) = branch["States"].values()
        retry = next(one for one in state["Retry"] if "ServiceFault" in one["ErrorEquals"])
        pauses = [
            retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt
            for attempt in range(retry["MaxAttempts"])
        ]
        assert sum(pauses) > START_SECONDS


def test_a_start_asked_for_again_is_the_same_although_the_cache_is_another_by_now(
    world: World,
) -> None:
    def lost(**call: Any) -> dict[str, Any]:
        alive(**call)
        raise Killed

    alive = world.codebuild.start_build
    world.codebuild.start_build = lost  # type: ignore[method-assign]
    with pytest.raises(Killed):
        build_image(world.runtime, build_task(document()))
    world.codebuild.start_build = alive  # type: ignore[method-assign]
    world.ecr.tags[IMAGE[0], "src-newer"] = "sha256:2"
    build_image(world.runtime, build_task(document()))
    assert waiter(world).subject == "images:1"


class TestCache:
    def cache(self, world: World) -> str:
        build_image(world.runtime, build_task(document()))
        [build] = world.codebuild.builds.values()
        variables = build["call"]["environmentVariablesOverride"]
        return next(str(one["value"]) for one in variables if one["name"] == "CACHE_IMAGES")

    def test_is_the_repository_s_newest_images(self, world: World) -> None:
        for tag in ("src-1", "src-2", "src-3"):
            world.ecr.tags[IMAGE[0], tag] = "sha256:1"
        world.ecr.tags["modelwharf/oil-price/inference", "src-4"] = "sha256:1"
        assert self.cache(world) == f"{URI}:src-3 {URI}:src-2 {URI}:src-1"

    def test_fits_into_the_build_s_variables_however_many_images_there_are(
        self, world: World
    ) -> None:
        for number in range(40):
            world.ecr.tags[IMAGE[0], f"src-{number:064d}"] = "sha256:1"
        found = self.cache(world)
        assert len(found.split()) == CACHES
        assert len(found) < 1500

    def test_is_none_when_nobody_can_tell_for_a_build_needs_none(self, world: World) -> None:
        world.ecr.tags[IMAGE[0], "src-1"] = "sha256:1"
        world.ecr.denied = True
        assert self.cache(world) == ""


def test_a_build_that_failed_for_another_release_is_not_joined(world: World) -> None:
    build_image(world.runtime, build_task(document(OTHER), token="first"))
    world.codebuild.builds["images:1"]["buildStatus"] = "FAILED"
    build_image(world.runtime, build_task(document(), token="second"))
    assert waiter(world).subject == "images:2"


def test_the_registry_says_whether_the_image_exists_not_the_build(world: World) -> None:
    build_image(world.runtime, build_task(document()))
    world.codebuild.builds["images:1"]["buildStatus"] = "FAILED"
    world.ecr.tags[IMAGE] = "sha256:1"
    verdict = settle(world.runtime, waiter(world))
    assert isinstance(verdict, Succeeded)
    assert verdict.output.model_dump()["built"] is True


def test_a_running_build_is_waited_for(world: World) -> None:
    build_image(world.runtime, build_task(document()))
    assert settle(world.runtime, waiter(world)) == Running()


def test_a_failed_build_tells_the_phase_and_the_last_log_lines(world: World) -> None:
    build_image(world.runtime, build_task(document()))
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
    verdict = settle(world.runtime, waiter(world))
    assert verdict == Failed(
        error="BuildFailed",
        cause="no such package\n"
        "| Step 4/9 : RUN pip install\n"
        "| ERROR: no such package\n"
        "image modelwharf/oil-price/training:src-training: build images:1 FAILED\n"
        "BUILD: COMMAND_EXECUTION_ERROR: docker build: exit 1\n"
        "The whole log: aws logs get-log-events --log-group-name /aws/codebuild/images "
        "--log-stream-name stream",
    )


def test_a_build_that_pushed_nothing_has_failed(world: World) -> None:
    build_image(world.runtime, build_task(document()))
    world.codebuild.builds["images:1"]["buildStatus"] = "SUCCEEDED"
    verdict = settle(world.runtime, waiter(world))
    assert isinstance(verdict, Failed)
    assert "pushed no image modelwharf/oil-price/training:src-training" in verdict.cause


@pytest.mark.parametrize("kind", list(ImageKind))
def test_killed_at_any_call_and_called_again_it_builds_once(world: World, kind: ImageKind) -> None:
    task = build_task(document(), kind, "again")
    for place in killed_everywhere(world, lambda runtime: build_image(runtime, task)):
        build_image(world.runtime, task)
        assert len(world.codebuild.builds) == 1, place
        [row] = world.runtime.ledger.waiters_of(RELEASE)
        assert (row.token, row.subject) == ("again", "images:1"), place
        world.codebuild.builds.clear()
        world.codebuild.tokens.clear()
        image = task.release.plan.images.training
        if kind is ImageKind.INFERENCE:
            image = task.release.plan.images.inference
        key = {"pk": build_key(image.repository, image.tag), "sk": "start"}
        world.table.delete_item(Key=key)
