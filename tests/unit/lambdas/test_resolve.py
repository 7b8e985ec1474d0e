import json
import re
from collections.abc import Iterator

import pytest

from lambdas.errors import InvalidParameter, MissingData, ServiceFault, UnknownCommit
from lambdas.handlers.resolve import require_data, resolve, timeouts
from modelwharf.contracts.parameters import DEFAULT_VERSION, Parameters
from modelwharf.contracts.release import Plan, ReleaseDocument
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.registries import DIGEST, Behaviour, Registry, running
from tests.unit.lambdas.releases import COMMIT, document, trigger

FILES = {
    "README.md": "r1",
    "modelwharf/__init__.py": "c1",
    "modelwharf/artifact/contract.py": "c2",
    "modelwharf/serving/app.py": "c3",
    "training/train.py": "t1",
    "inference/serve.py": "i1",
    "containers/training/Dockerfile": "d1",
    "containers/inference/Dockerfile": "d2",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Registry]:
    with running() as registry:
        yield registry


@pytest.fixture
def registry(server: Registry) -> Registry:
    server.like = Behaviour(challenge="")
    return server


@pytest.fixture
def project(world: World, registry: Registry) -> World:
    world.codecommit.commits[COMMIT] = dict(FILES)
    world.environment = world.environment.model_copy(update={"base_registry": registry.url})
    return world


def pinned(world: World, **sections: object) -> ReleaseDocument:
    """A release whose parameters and data are pinned as start_release does it."""
    versions = {}
    for section, content in sections.items():
        text = content if isinstance(content, str) else json.dumps(content)
        versions[section] = world.ssm.put_parameter(
            Name=f"/modelwharf/oil-price/{section}", Value=text, Type="String", Overwrite=True
        )["Version"]
    put = world.s3.put_object(Bucket="data", Key="series/wti.csv", Body=b"x")
    return document(
        upto="Start",
        trigger=trigger(parameter_versions=versions, data_versions={"wti": put["VersionId"]}),
    )


def plan_of(world: World, doc: ReleaseDocument) -> Plan:
    plan = resolve(world.runtime, doc).plan
    assert plan is not None
    return plan


def test_without_parameters_the_defaults_make_the_plan(project: World) -> None:
    plan = plan_of(project, pinned(project))
    assert plan.training == Parameters().training
    assert plan.images.training.repository == "modelwharf/oil-price/training"
    assert plan.images.training.dockerfile == "containers/training/Dockerfile"
    assert plan.images.training.tag != plan.images.inference.tag


def test_the_pinned_version_is_read_and_not_the_newest(project: World) -> None:
    doc = pinned(project, training={"volume_gb": 20})
    pinned(project, training={"volume_gb": 30})
    assert plan_of(project, doc).training.volume_gb == 20


def test_every_finding_in_every_section_is_reported_at_once(project: World) -> None:
    doc = pinned(
        project,
        source={"branch": 1},
        quality="nonsense",
        deployment={"approval": "maybe", "colour": "red"},
    )
    with pytest.raises(InvalidParameter) as caught:
        resolve(project.runtime, doc)
    message = str(caught.value)
    assert "/modelwharf/oil-price/source: branch is 1" in message
    assert "/modelwharf/oil-price/quality is not JSON" in message
    assert '/modelwharf/oil-price/deployment: approval is "maybe"' in message
    assert "unknown key 'colour'" in message


def test_version_0_is_the_defaults_even_when_the_section_has_been_made_since(
    project: World,
) -> None:
    doc = document(
        upto="Start",
        trigger=pinned(project, training={"volume_gb": 20}).trigger.model_copy(
            update={"parameter_versions": {"training": 0}}
        ),
    )
    assert plan_of(project, doc).training == Parameters().training


def test_a_configuration_that_is_no_longer_the_pinned_one_is_refused(project: World) -> None:
    doc = pinned(project, training={"volume_gb": 20})
    changed = doc.trigger.model_copy(update={"configuration": "0123456789abcdef"})
    with pytest.raises(InvalidParameter, match=r"defaults changed.*wharf config show"):
        resolve(project.runtime, document(upto="Start", trigger=changed))


def test_a_parameter_version_that_is_gone_is_named(project: World) -> None:
    doc = document(upto="Start", trigger=trigger(parameter_versions={"training": 7}))
    with pytest.raises(InvalidParameter, match="training no longer has version 7"):
        resolve(project.runtime, doc)


def test_a_commit_that_is_not_there_is_named(project: World) -> None:
    project.codecommit.commits.clear()
    with pytest.raises(UnknownCommit, match=f"has no commit {COMMIT}"):
        resolve(project.runtime, pinned(project))


def test_a_path_that_the_commit_lacks_is_named_for_each_image(project: World) -> None:
    del project.codecommit.commits[COMMIT]["training/train.py"]
    del project.codecommit.commits[COMMIT]["containers/inference/Dockerfile"]
    with pytest.raises(InvalidParameter) as caught:
        resolve(project.runtime, pinned(project))
    assert "training_image is made of" in str(caught.value)
    assert "has no 'training'" in str(caught.value)
    assert "inference_image is made of" in str(caught.value)
    assert "has no 'containers/inference'" in str(caught.value)


PROBE_FILE = {"probe": {"content_type": "image/jpeg", "body_file": "probes/cat.jpg"}}


def test_a_probe_s_file_that_the_commit_lacks_is_named_with_every_other_finding(
    project: World,
) -> None:
    del project.codecommit.commits[COMMIT]["training/train.py"]
    with pytest.raises(InvalidParameter) as caught:
        resolve(project.runtime, pinned(project, deployment=PROBE_FILE))
    assert "deployment: probe.body_file is 'probes/cat.jpg', which commit" in str(caught.value)
    assert "has no 'training'" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "link", "told"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
            False,
            "a Git LFS pointer alone",
        ),
        (b"/annex/objects/MD5E-s9--1.jpg\n", False, "a git-annex pointer alone"),
        (b"../data/cat.jpg", True, "that is a link to '../data/cat.jpg': name what it links to"),
    ],
)
def test_a_probe_s_file_that_git_only_points_to_is_refused(
    project: World, content: bytes, link: bool, told: str
) -> None:
    project.codecommit.commits[COMMIT]["probes/cat.jpg"] = "1"
    project.codecommit.contents["probes/cat.jpg"] = content
    project.codecommit.links |= {"probes/cat.jpg"} if link else set()
    with pytest.raises(InvalidParameter, match=re.escape(told)):
        resolve(project.runtime, pinned(project, deployment=PROBE_FILE))


def test_a_context_that_the_commit_lacks_is_named(project: World) -> None:
    image = {
        "dockerfile": "containers/training/Dockerfile",
        "inputs": ["training"],
        "context": "training/nowhere",
    }
    doc = pinned(project, source={"training_image": image})
    with pytest.raises(InvalidParameter, match="has no 'training/nowhere'; name what the repos"):
        resolve(project.runtime, doc)


class TestBaseImage:
    def test_is_planned_by_its_digest(self, project: World) -> None:
        images = plan_of(project, pinned(project)).images
        wanted = f"public.ecr.aws/docker/library/python:3.12-slim@{DIGEST}"
        assert images.training.base_image == images.inference.base_image == wanted

    def test_stays_in_the_plan_s_parameters_as_it_was_written(self, project: World) -> None:
        plan = plan_of(project, pinned(project, source={"base_image": "python:3.13"}))
        assert plan.source.base_image == "python:3.13"

    def test_given_by_digest_is_asked_of_nobody(self, project: World, registry: Registry) -> None:
        image = f"python:3.13@{DIGEST}"
        plan = plan_of(project, pinned(project, source={"base_image": image}))
        assert plan.images.training.base_image == image
        assert registry.like.asked == []

    def test_of_dockerfiles_that_name_their_own_is_asked_of_nobody(
        self, project: World, registry: Registry
    ) -> None:
        plan = plan_of(project, pinned(project, source={"base_image": ""}))
        assert plan.images.training.base_image == ""
        assert registry.like.asked == []

    def test_is_asked_for_once_for_both_images(self, project: World, registry: Registry) -> None:
        plan_of(project, pinned(project))
        assert len(registry.like.asked) == 1

    def test_that_is_missing_is_reported_with_every_other_finding(
        self, project: World, registry: Registry
    ) -> None:
        registry.like.missing = True
        del project.codecommit.commits[COMMIT]["training/train.py"]
        with pytest.raises(InvalidParameter) as caught:
            resolve(project.runtime, pinned(project))
        message = str(caught.value)
        assert "/modelwharf/oil-price/source: base_image is 'public.ecr.aws/docker" in message
        assert "has no 'training'" in message

    def test_whose_registry_has_a_fault_is_tried_again(
        self, project: World, registry: Registry
    ) -> None:
        registry.like.refusal = (503, b"")
        with pytest.raises(ServiceFault):
            resolve(project.runtime, pinned(project))


def test_every_missing_input_is_named_with_what_to_type(project: World) -> None:
    inputs = {name: {"key": f"series/{name}.csv"} for name in ("wti", "brent", "dubai")}
    with pytest.raises(MissingData) as caught:
        resolve(project.runtime, pinned(project, data={"inputs": inputs}))
    assert "s3://data/series/brent.csv; put it: wharf data put brent FILE.csv" in str(caught.value)
    assert "s3://data/series/dubai.csv; put it: wharf data put dubai FILE.csv" in str(caught.value)
    assert "wti" not in str(caught.value)
    assert "default" not in str(caught.value), "the inputs are the team's own"


def test_a_default_input_that_is_missing_says_how_to_name_others(project: World) -> None:
    doc = document(
        upto="Start", trigger=trigger(parameter_versions={"data": DEFAULT_VERSION})
    ).model_copy(update={"project": "iris"})

    with pytest.raises(MissingData) as caught:
        require_data(project.runtime, doc, Parameters())
    assert "wharf data put wti FILE.csv" in str(caught.value)
    assert "/modelwharf/iris/data is not set" in str(caught.value)
    assert "wharf config put data FILE" in str(caught.value)


def test_a_pinned_version_of_data_that_is_gone_is_missing(project: World) -> None:
    doc = pinned(project)
    [version] = doc.trigger.data_versions.values()
    project.s3.delete_object(Bucket="data", Key="series/wti.csv", VersionId=version)
    with pytest.raises(MissingData, match="input 'wti' is not there"):
        resolve(project.runtime, doc)


@pytest.mark.parametrize("section", ["data", "training", "deployment"])
@pytest.mark.parametrize("instance", ["ml.m6g.large", "ml.c7gn.xlarge", "ml.g5g.xlarge"])
def test_an_arm_machine_for_an_intel_image_is_refused_before_anything_starts(
    project: World, section: str, instance: str
) -> None:
    doc = pinned(project, **{section: {"instance_type": instance}})
    with pytest.raises(InvalidParameter, match=f"{section}: instance_type is '{instance}'"):
        resolve(project.runtime, doc)


@pytest.mark.parametrize("instance", ["ml.g5.xlarge", "ml.c7i-flex.xlarge", "ml.m5.large"])
def test_machines_of_the_platform_are_accepted(project: World, instance: str) -> None:
    doc = pinned(project, training={"instance_type": instance})
    assert plan_of(project, doc).training.instance_type == instance


class TestTags:
    def tags(self, world: World, **source: object) -> tuple[str, str]:
        images = plan_of(world, pinned(world, source=source)).images
        return images.training.tag, images.inference.tag

    def test_code_of_one_image_changes_its_tag_alone(self, project: World) -> None:
        before = self.tags(project)
        project.codecommit.commits[COMMIT]["training/train.py"] = "t2"
        after = self.tags(project)
        assert before[0] != after[0]
        assert before[1] == after[1]

    def test_docs_change_no_tag(self, project: World) -> None:
        before = self.tags(project)
        project.codecommit.commits[COMMIT]["README.md"] = "r2"
        assert self.tags(project) == before

    def test_the_base_image_changes_both(self, project: World) -> None:
        before, after = self.tags(project), self.tags(project, base_image="python:3.13")
        assert before[0] != after[0]
        assert before[1] != after[1]

    def test_the_base_image_s_digest_changes_both(self, project: World, registry: Registry) -> None:
        before = self.tags(project)
        registry.like.digest = f"sha256:{1:064}"
        after = self.tags(project)
        assert before[0] != after[0]
        assert before[1] != after[1]

    def test_the_context_changes_it(self, project: World) -> None:
        image = {"dockerfile": "containers/training/Dockerfile", "inputs": ["training"]}
        before = self.tags(project, training_image=image)
        after = self.tags(project, training_image={**image, "context": "training"})
        assert before[0] != after[0]
        assert before[1] == after[1]

    @pytest.mark.parametrize(
        ("context", "path"),
        [
            (".", ".dockerignore"),
            ("training", "training/deep/.dockerignore"),
            ("training/deep", "training/deep/.dockerignore"),
            (".", "containers/training/Dockerfile.dockerignore"),
        ],
    )
    def test_what_the_build_leaves_out_changes_it(
        self, project: World, context: str, path: str
    ) -> None:
        files = project.codecommit.commits[COMMIT]
        files["training/deep/a.py"] = "a1"
        inputs = ["training/deep"] if "deep" in context + path else ["training"]
        image = {"dockerfile": "containers/training/Dockerfile", "inputs": inputs}
        tags = {self.tags(project, training_image={**image, "context": context})}
        for content in ("x1", "x2"):
            files[path] = content
            tags.add(self.tags(project, training_image={**image, "context": context}))
        assert len({training for training, _ in tags}) == 3
        assert len({inference for _, inference in tags}) == (1 if "training" in path else 3)

    def test_a_dockerignore_that_the_build_does_not_follow_changes_no_tag(
        self, project: World
    ) -> None:
        files = project.codecommit.commits[COMMIT]
        files["containers/training/Dockerfile.dockerignore"] = "x1"
        image = {"dockerfile": "containers/training/Dockerfile", "inputs": ["training"]}
        before = self.tags(project, training_image=image)[0]
        files[".dockerignore"] = "y1"
        assert self.tags(project, training_image=image)[0] == before

    def test_an_input_may_be_a_single_file(self, project: World) -> None:
        image = {"dockerfile": "containers/training/Dockerfile", "inputs": ["training/train.py"]}
        before = self.tags(project, training_image=image)
        project.codecommit.commits[COMMIT]["training/train.py"] = "t2"
        assert self.tags(project, training_image=image)[0] != before[0]

    def test_a_single_file_that_becomes_executable_is_another_image(self, project: World) -> None:
        image = {"dockerfile": "containers/training/Dockerfile", "inputs": ["training/train.py"]}
        before = self.tags(project, training_image=image)
        project.codecommit.executable.add("training/train.py")
        assert self.tags(project, training_image=image)[0] != before[0]


def test_the_state_machine_waits_longer_than_the_service() -> None:
    parameters = Parameters()
    waits = timeouts(parameters)
    # CodeBuild's queue and build limits, as build_image sets them.
    assert waits.build > parameters.source.build_timeout_seconds + 30 * 60
    assert waits.prepare > parameters.data.max_runtime_seconds
    assert waits.train > parameters.training.max_runtime_seconds
    assert waits.deploy > parameters.deployment.update_timeout_seconds
    assert waits.approve == parameters.deployment.approval_timeout_seconds


def test_each_folder_of_a_commit_is_listed_once(project: World) -> None:
    plan_of(project, pinned(project))
    # The root, modelwharf, containers, containers/training and containers/inference.
    assert project.codecommit.calls == 5
