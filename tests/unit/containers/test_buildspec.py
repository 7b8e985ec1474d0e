"""The buildspec's commands, run by bash as CodeBuild runs them, with programs that write down."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelwharf.contracts.parameters import Source
from modelwharf.doctor import build_inputs
from modelwharf.laptop.codebuild.buildspec import PhaseName, parse
from tests.waiting import HUNG

ROOT = Path(__file__).parents[3]
SPEC: dict[str, Any] = yaml.safe_load((ROOT / "containers" / "buildspec.yml").read_text())
URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/modelwharf/oil-price/training:src-1"
IMAGE = Source().training_image
FILES = ("modelwharf/__init__.py", "modelwharf/artifact/a.py", "training/deep/b.py")

REGISTRY = URI.partition("/")[0]

AWS = """#!/bin/sh
echo "aws $*" >> "$CALLS"
[ "$FAILS" = aws ] && exit 1
[ "$FAILS" = "$1" ] && echo "An error occurred" >&2 && exit 1
[ "$1" = ecr ] && echo password && exit 0
[ "$1" = ecr-public ] && echo public && exit 0
[ -n "$SSM_ERROR" ] && echo "An error occurred ($SSM_ERROR) when calling" >&2 && exit 254
echo "[global]"
"""
DOCKER = """#!/bin/sh
if [ "$*" = "build --help" ]; then echo "$OPTIONS"; exit 0; fi
[ "$1" = login ] && password=$(cat)
[ "$1" = image ] && echo "$MADE" && exit 0
echo "docker $* $password" >> "$CALLS"
if [ "$1" = build ]; then
  [ -d .image-secrets ] && cp -R .image-secrets "$SEEN/secrets"
  cp -R .image-context "$SEEN/context"
  echo "$SAYS"
  [ "$(grep -c '^docker build' "$CALLS")" -le "${BUILDS_THAT_FAIL:-0}" ] && exit 1
fi
[ "$FAILS" = "$1" ] && exit 1
exit 0
"""
BUILDX = "--cache-from --output --platform --provenance --secret"
BUILDKIT = "--cache-from --output --platform --secret"  # of Docker 20.10
PODMAN = "--cache-from --format --output --platform --secret --timestamp"


class Build:
    """A checkout with unrelated files in it, and the programs that the buildspec calls."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "src"
        self.calls_file = folder / "calls"
        self.programs = folder / "bin"
        self.seen = folder / "seen"
        self.seen.mkdir()
        self.programs.mkdir()
        self.output = ""
        for name, text in (("aws", AWS), ("docker", DOCKER)):
            (self.programs / name).write_text(text)
            (self.programs / name).chmod(0o755)
        for path in (*FILES, "README.md", IMAGE.dockerfile):
            (self.source / path).parent.mkdir(parents=True, exist_ok=True)
            (self.source / path).write_text(path)

    def run(self, **variables: str) -> dict[str, bool]:
        """Phase → succeeded. As CodeBuild: post_build follows a build that was begun."""
        results: dict[str, bool] = {}
        for phase in ("pre_build", "build", "post_build"):
            if phase != "pre_build" and not results["pre_build"]:
                break
            succeeding = all(results.values())
            spec = SPEC["phases"][phase]
            results[phase] = self._commands(spec["commands"], succeeding, variables)
            self._commands(spec.get("finally", []), succeeding, variables)
        return results

    def _commands(
        self, commands: list[str], succeeding: bool, variables: Mapping[str, str]
    ) -> bool:
        environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "CALLS": str(self.calls_file),
            "SEEN": str(self.seen),
            "FAILS": "",
            "OPTIONS": BUILDX,
            "MADE": "linux/amd64",
            "SAYS": "",
            "SSM_ERROR": "",
            "REGISTRY_PAUSES": "0 0 0",
            "AWS_REGION": "eu-west-1",
            "CODEBUILD_BUILD_SUCCEEDING": "1" if succeeding else "0",
            "IMAGE_URI": URI,
            "IMAGE_DOCKERFILE": IMAGE.dockerfile,
            "IMAGE_INPUTS": " ".join(IMAGE.inputs),
            "BASE_IMAGE": "python:3.12-slim",
            "PLATFORM": "linux/amd64",
            **variables,
        }
        # What CodeBuild keeps from one command to the next, functions are not among it.
        return all(self._command(command, environment) for command in commands)

    def _command(self, command: str, environment: Mapping[str, str]) -> bool:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.source,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=HUNG,
            check=False,
        )
        self.output += done.stdout
        return done.returncode == 0

    @property
    def calls(self) -> list[str]:
        return [line.strip() for line in self.calls_file.read_text().splitlines()]

    @property
    def built(self) -> str:
        """The one ``docker build``, or nothing."""
        return "".join(call for call in self.calls if call.startswith("docker build"))

    @property
    def secrets(self) -> dict[str, str]:
        folder = self.seen / "secrets"
        return {path.name: path.read_text() for path in folder.glob("*") if path.is_file()}


@pytest.fixture
def build(tmp_path: Path) -> Build:
    return Build(tmp_path)


def test_the_image_is_built_and_pushed_under_its_name(build: Build) -> None:
    assert build.run() == {"pre_build": True, "build": True, "post_build": True}
    assert build.calls == [
        "aws ecr get-login-password --region eu-west-1",
        f"docker login --username AWS --password-stdin {REGISTRY} password",
        f"docker build --platform linux/amd64 --file .image-context/{IMAGE.dockerfile} "
        f"--tag {URI} --build-arg BASE_IMAGE=python:3.12-slim "
        "--provenance=false --output type=image,oci-mediatypes=false "
        "--build-arg BUILDKIT_INLINE_CACHE=1 .image-context/.",
        f"docker push {URI}",
    ]


def test_variables_that_are_left_out_have_defaults(build: Build) -> None:
    assert all(build.run(BASE_IMAGE="", PLATFORM="").values())
    assert "--platform linux/amd64" in build.built
    assert "BASE_IMAGE" not in build.built


def test_an_older_docker_is_not_asked_for_what_it_does_not_know(build: Build) -> None:
    build.run(OPTIONS=BUILDKIT, CACHE_IMAGES=f"{REGISTRY}/training:src-1 {REGISTRY}/training:src-0")
    assert "--provenance" not in build.built
    assert "--output" not in build.built
    cached = f"--cache-from {REGISTRY}/training:src-1 --cache-from {REGISTRY}/training:src-0"
    assert f"BUILDKIT_INLINE_CACHE=1 {cached} " in build.built


def test_podman_makes_the_same_image_of_the_same_context_whenever_it_does(build: Build) -> None:
    build.run(OPTIONS=PODMAN, CACHE_IMAGES=f"{REGISTRY}/training:src-1 {REGISTRY}/training:src-0")
    assert "--format oci --timestamp 0 .image-context/." in build.built
    assert "--output" not in build.built
    assert "cache" not in build.built.lower()


def test_the_context_is_the_folder_that_the_release_names(build: Build) -> None:
    build.run(IMAGE_CONTEXT="training", IMAGE_INPUTS="training")
    assert build.built.endswith(" .image-context/training")
    assert f"--file .image-context/{IMAGE.dockerfile}" in build.built


def test_the_context_holds_the_inputs_and_nothing_else(build: Build) -> None:
    build.run()
    context = build.seen / "context"
    files = {str(path.relative_to(context)) for path in context.rglob("*") if path.is_file()}
    assert files == {*FILES, IMAGE.dockerfile}


def test_spaces_and_links_in_an_input_survive(build: Build) -> None:
    (build.source / "training" / "two words.txt").write_text("text")
    (build.source / "training" / "link").symlink_to("two words.txt")
    build.run()
    folder = build.seen / "context" / "training"
    assert (folder / "two words.txt").read_text() == "text"
    assert (folder / "link").readlink() == Path("two words.txt")


def test_the_context_tells_neither_the_hour_nor_the_umask_of_its_checkout(build: Build) -> None:
    (build.source / "training" / "run").write_text("#!/bin/sh")
    (build.source / "training" / "run").chmod(0o700)
    (build.source / "modelwharf/artifact/a.py").chmod(0o660)
    (build.programs / "docker").write_text(
        DOCKER.replace("cp -R .image-context", "cp -Rp .image-context")
    )
    build.run()
    context = build.seen / "context"
    hours = {path.name: path.lstat().st_mtime for path in context.rglob("*")}
    assert hours["training"] == hours["deep"] == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in build.seen.rglob("*")}
    assert (modes["run"], modes["a.py"], modes["deep"]) == (0o755, 0o644, 0o755)


def test_a_files_hour_is_made_of_its_content(build: Build) -> None:
    """BuildKit takes a file of the same name, size and hour for the one that it has."""
    (build.programs / "docker").write_text(
        DOCKER.replace("cp -R .image-context", "cp -Rp .image-context")
    )
    file = build.source / "modelwharf/artifact/a.py"
    hours = []
    for text in ("rate = 1\n", "rate = 2\n", "rate = 1\n"):
        file.write_text(text)
        build.run()
        hours.append((build.seen / "context/modelwharf/artifact/a.py").stat().st_mtime)
        shutil.rmtree(build.seen / "context")
    assert hours[0] == hours[2] != hours[1]


@pytest.mark.parametrize(
    "name", ["two\nlines", "blank at its end ", " blank", "tab\t", "-n", "back\\slash", "ü"]
)
def test_whatever_a_file_is_called_its_hour_is_not_the_checkouts(build: Build, name: str) -> None:
    (build.programs / "docker").write_text(
        DOCKER.replace("cp -R .image-context", "cp -Rp .image-context")
    )
    (build.source / "training" / name).write_text(name)
    assert all(build.run().values()), build.output
    made = (build.seen / "context" / "training" / name).stat().st_mtime
    assert made < 1893456000 and made != (build.source / "training" / name).stat().st_mtime


POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 5242880\n"
)


def test_the_program_in_it_is_the_one_that_the_doctor_runs() -> None:
    (script,) = (one for one in SPEC["phases"]["build"]["commands"] if "<<'END'" in one)
    program = script.partition("python3 - <<'END'\n")[2].partition("\nEND\n")[0]
    source = Path(build_inputs.__file__).read_text()
    assert program == source[source.index("import os") :].rstrip()


def test_what_git_only_points_to_is_refused_by_name_all_at_once(build: Build) -> None:
    folder = build.source / "training"
    (folder / "weights.bin").write_text(POINTER)
    extended = POINTER.replace("oid", f"ext-0-foo sha256:{'0' * 64}\noid")
    (folder / "deep" / "more.bin").write_text(extended)
    (folder / "annexed").write_text("/annex/objects/SHA256E-s1--abc.bin\n")
    (folder / "vendor").mkdir()
    (build.source / "README.md").write_text("beside the inputs")
    (folder / "readme").symlink_to("../README.md")
    (folder / "gone").symlink_to("nowhere")
    (folder / "python").symlink_to("/bin/sh")
    assert build.run()["build"] is False
    assert build.built == ""
    for line in (
        f"training/weights.bin is a Git LFS pointer: {len(POINTER)} bytes of text that stand for "
        "a file of 5242880 bytes",
        "training/deep/more.bin is a Git LFS pointer",
        "training/annexed is a git-annex pointer",
        "training/vendor is empty, and git keeps no empty folder: it is a submodule",
        "training/readme links to '../README.md', which is not in the image's context",
        "training/gone links to 'nowhere', which is not",
        "training/python links to '/bin/sh', which is not",
        "git lfs untrack FILE && git add --renormalize FILE",
        "git rm --cached FOLDER",
    ):
        assert line in build.output


def test_an_input_that_is_a_submodule_or_a_link_is_refused(build: Build) -> None:
    (build.source / "vendor").mkdir()
    (build.source / "linked").symlink_to("README.md")
    assert build.run(IMAGE_INPUTS="training vendor linked")["build"] is False
    assert "vendor is empty" in build.output
    assert "linked links to 'README.md', which is not" in build.output


def test_a_link_out_of_the_folder_that_copy_begins_at_is_refused(build: Build) -> None:
    (build.source / "training" / "names").symlink_to("../modelwharf/artifact/a.py")
    assert all(build.run().values())
    assert build.run(IMAGE_CONTEXT="training")["build"] is False
    assert "training/names links to '../modelwharf/artifact/a.py', which is not" in build.output


def test_links_among_the_inputs_and_texts_about_pointers_are_ignored(build: Build) -> None:
    folder = build.source / "training"
    (folder / "first").symlink_to("second")
    (folder / "second").symlink_to("deep")
    (folder / "about.md").write_text(f"A pointer:\n{POINTER}")
    (folder / "empty.txt").write_text("")
    assert all(build.run().values()), build.output


def test_many_faults_leave_room_for_what_to_do(build: Build) -> None:
    for number in range(40):
        (build.source / "training" / f"{number:02}.bin").write_text(POINTER)
    assert build.run()["build"] is False
    assert "training/14.bin" in build.output and "training/15.bin" not in build.output
    assert "and 25 more\n" in build.output


def ignored(build: Build, folder: str = ".") -> str | None:
    file = build.seen / "context" / folder / ".dockerignore"
    return file.read_text() if file.exists() else None


def test_the_dockerignore_of_the_root_counts_though_it_is_not_an_input(build: Build) -> None:
    (build.source / ".dockerignore").write_text("*.pyc")
    build.run()
    assert ignored(build) == "*.pyc\n.dockerignore\n"


def test_the_one_beside_the_dockerfile_stands_in_its_place(build: Build) -> None:
    (build.source / ".dockerignore").write_text("*.pyc\n")
    beside = f"{IMAGE.dockerfile}.dockerignore"
    (build.source / beside).write_text("*.md\n")
    build.run(IMAGE_INPUTS="training containers")
    assert ignored(build) == "*.md\n\n.dockerignore\n"
    assert not (build.seen / "context" / beside).exists()


def test_it_is_the_contexts_own_and_no_builder_finds_another(build: Build) -> None:
    (build.source / ".dockerignore").write_text("of the root")
    (build.source / "training" / ".dockerignore").write_text("*.csv\n")
    (build.source / "training" / ".containerignore").write_text("of podman alone")
    build.run(IMAGE_CONTEXT="training", IMAGE_INPUTS="training")
    assert ignored(build, "training") == "*.csv\n\n.dockerignore\n"
    assert ignored(build) is None
    assert not (build.seen / "context" / "training" / ".containerignore").exists()


def test_a_file_that_is_too_large_is_named_with_what_to_do(build: Build) -> None:
    with (build.source / "training" / "all prices.bin").open("wb") as file:
        file.truncate(3 * 1024 * 1024 + 1)
    assert build.run(MAX_FILE_MB="2")["build"] is False
    assert "training/all prices.bin is 3 MB; a file that goes into an image may have 2 MB" in (
        build.output
    )
    assert "git rm --cached" in build.output
    assert "data bucket" in build.output
    assert "Raise source.max_file_mb" in build.output
    assert build.built == ""


def test_a_large_file_that_is_not_an_input_is_ignored(build: Build) -> None:
    with (build.source / "data.bin").open("wb") as file:
        file.truncate(3 * 1024 * 1024)
    assert all(build.run(MAX_FILE_MB="2").values())


def test_an_image_for_another_platform_is_refused_with_the_line_that_mends_it(
    build: Build,
) -> None:
    assert build.run(MADE="linux/arm64")["build"] is False
    assert "The image is for linux/arm64" in build.output
    assert "exec format error" in build.output
    assert f"Let {IMAGE.dockerfile} begin with: FROM --platform=linux/amd64 IMAGE" in build.output
    assert not [call for call in build.calls if call.startswith("docker push")]


def test_a_full_disk_is_said_so_and_what_the_build_wrote_is_taken_away(build: Build) -> None:
    says = "write /layer.tar: no space left on device"
    assert build.run(FAILS="build", SAYS=says)["build"] is False
    assert says in build.output
    assert "The disk is full." in build.output
    assert not list(build.source.glob(".image-*"))


def test_pips_configuration_in_parameter_store_is_a_secret_of_the_build(build: Build) -> None:
    assert all(build.run(PIP_CONF_PARAMETER="/modelwharf/oil/pip-conf").values())
    assert "--secret id=pip_conf,src=.image-secrets/pip_conf" in build.built
    assert build.secrets["pip_conf"] == "[global]\n"
    assert "--name /modelwharf/oil/pip-conf" in "".join(build.calls)
    assert not list(build.source.glob(".image-*"))


def test_without_that_parameter_the_build_goes_on(build: Build) -> None:
    name = "/modelwharf/oil/pip-conf"
    assert all(build.run(PIP_CONF_PARAMETER=name, SSM_ERROR="ParameterNotFound").values())
    assert "--secret" not in build.built


def test_a_parameter_that_may_not_be_read_fails_with_what_to_allow(build: Build) -> None:
    name = "/modelwharf/oil/pip-conf"
    results = build.run(PIP_CONF_PARAMETER=name, SSM_ERROR="AccessDeniedException")
    assert results["build"] is False
    assert "(AccessDeniedException)" in build.output
    assert f"{name} cannot be read; let the build's role do ssm:GetParameter" in build.output


def test_a_machines_own_pip_configuration_and_authorities_are_secrets(
    build: Build, tmp_path: Path
) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\nindex-url = https://index\ncert = /mine\nfind-links = /x\n")
    (tmp_path / "ca.pem").write_text("authority")
    build.run(PIP_CONFIG_FILE=str(configuration), PIP_CERT=str(tmp_path / "ca.pem"))
    assert "--secret id=pip_conf" in build.built
    assert build.secrets["pip_conf"] == "[global]\nindex-url = https://index\n"
    assert build.secrets["ca"] == "authority"


def test_an_image_that_does_not_build_is_not_pushed(build: Build) -> None:
    results = build.run(FAILS="build", SAYS="step 7: it broke")
    assert results == {"pre_build": True, "build": False, "post_build": True}
    assert "step 7: it broke" in build.output
    assert not [call for call in build.calls if call.startswith("docker push")]


@pytest.mark.parametrize("program", ["login", "push"])
def test_a_failing_program_fails_its_phase(build: Build, program: str) -> None:
    assert not all(build.run(FAILS=program).values())


PUBLIC = "public.ecr.aws/docker/library/python:3.12-slim"
PUBLIC_LOGIN = "docker login --username AWS --password-stdin public.ecr.aws public"


def test_the_public_registry_is_asked_with_a_login(build: Build) -> None:
    assert all(build.run(BASE_IMAGE=PUBLIC).values())
    assert "aws ecr-public get-login-password --region us-east-1" in build.calls
    assert PUBLIC_LOGIN in build.calls


def test_a_dockerfile_that_names_the_public_registry_itself_counts(build: Build) -> None:
    (build.source / IMAGE.dockerfile).write_text(f"FROM {PUBLIC}\n")
    build.run(BASE_IMAGE="")
    assert PUBLIC_LOGIN in build.calls


def test_other_registries_need_no_login_at_the_public_one(build: Build) -> None:
    build.run()
    assert not [call for call in build.calls if "public" in call]


def test_without_a_login_the_public_registry_is_asked_anonymously(build: Build) -> None:
    assert all(build.run(BASE_IMAGE=PUBLIC, FAILS="ecr-public").values())
    assert "ecr-public:GetAuthorizationToken" in build.output
    assert build.built


REGISTRY_FAULTS = [
    # BuildKit, podman, and both behind a proxy
    f"ERROR: failed to solve: {PUBLIC}: failed to resolve source metadata: unexpected status from "
    "HEAD request to https://public.ecr.aws/v2/: 429 Too Many Requests",
    f"Error: creating build container: initializing source {PUBLIC}: toomanyrequests: Rate",
    "ERROR: failed to solve: failed to copy: httpReadSeeker: unexpected status code 503",
    "ERROR: failed to solve: python: net/http: TLS handshake timeout",
]


@pytest.mark.parametrize("words", REGISTRY_FAULTS)
def test_what_a_registry_failed_at_is_tried_again(build: Build, words: str) -> None:
    assert all(build.run(SAYS=words, BUILDS_THAT_FAIL="2").values())
    assert len([call for call in build.calls if call.startswith("docker build")]) == 3


def test_a_registry_that_never_answers_fails_the_build_after_four_tries(build: Build) -> None:
    assert not build.run(SAYS=REGISTRY_FAULTS[0], FAILS="build")["build"]
    assert len([call for call in build.calls if call.startswith("docker build")]) == 4


@pytest.mark.parametrize(
    "words",
    [
        'ERROR: failed to solve: process "/bin/sh -c curl x # 429 Too Many Requests" did not '
        "complete successfully: exit code: 1",
        "#9 0.5 HTTP error 503 Service Unavailable",
        "ERROR: failed to solve: dockerfile parse error on line 3",
        "ERROR: failed to solve: python:9.9: not found",
    ],
)
def test_what_the_dockerfile_is_to_blame_for_is_not_tried_again(build: Build, words: str) -> None:
    assert not build.run(SAYS=words, FAILS="build")["build"]
    assert len([call for call in build.calls if call.startswith("docker build")]) == 1


def test_a_missing_input_fails_the_build_and_is_named(build: Build) -> None:
    (build.source / "modelwharf/artifact/a.py").unlink()
    (build.source / "modelwharf/artifact").rmdir()
    assert build.run()["build"] is False
    assert "modelwharf/artifact: " in build.output
    assert "is each of source's inputs in the repository" in build.output
    assert build.built == ""


def test_the_laptops_codebuild_reads_it() -> None:
    phases = parse((ROOT / "containers" / "buildspec.yml").read_text()).phases
    assert set(phases) == {PhaseName.PRE_BUILD, PhaseName.BUILD, PhaseName.POST_BUILD}
