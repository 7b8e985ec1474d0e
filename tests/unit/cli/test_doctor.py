"""`wharf doctor`: what it asks the doctor for, and how it tells what was found."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from modelwharf.cli.doctor_run import NothingChecked, swept
from modelwharf.cli.examination import FindingReporter, summary
from modelwharf.cli.output import console
from modelwharf.contracts.examination import Examination, Finding, ImageRole, Verdict
from modelwharf.engines.engine import EngineLost
from modelwharf.engines.processes import Processes
from tests.unit.cli.conftest import Terminal
from tests.unit.doctor.fakes import FakeEngine

GOOD = Finding(
    id="train-starts",
    image=ImageRole.TRAINING,
    verdict=Verdict.PASS,
    seen="started",
    why="SageMaker runs it",
)
BAD = Finding(
    id="serve-sigterm",
    image=ImageRole.INFERENCE,
    verdict=Verdict.FAIL,
    seen="it still ran 30 s after SIGTERM and was killed",
    why="requests are lost",
    change="end with exec",
    log=("serving", "still serving"),
)
UNKNOWN = GOOD.model_copy(
    update={
        "id": "train-metrics",
        "verdict": Verdict.SKIPPED,
        "seen": "none",
        "change": "--metrics",
    }
)


def told(*findings: Finding, capsys: pytest.CaptureFixture[str]) -> str:
    names = {ImageRole.TRAINING: "train:1", ImageRole.INFERENCE: "serve:1"}
    telling = FindingReporter(console(), names)
    for finding in findings:
        telling(finding)
    return capsys.readouterr().out


def test_what_is_well_takes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(GOOD, capsys=capsys).splitlines() == [
        "",
        "training image train:1",
        "✓ train-starts                started",
    ]


def test_a_finding_says_why_it_matters_what_to_change_and_what_the_program_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told(BAD, capsys=capsys).splitlines()[2:] == [
        "✗ serve-sigterm               it still ran 30 s after SIGTERM and was killed",
        "    why    requests are lost",
        "    change end with exec",
        "    log    serving",
        "           still serving",
    ]


def test_what_was_not_checked_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(UNKNOWN, capsys=capsys).splitlines()[-1] == (
        "- train-metrics               not checked: none (--metrics)"
    )


def test_the_last_line_counts() -> None:
    found = Examination(engine="docker", images=(), findings=(GOOD, GOOD, BAD, UNKNOWN))

    assert summary(found, 61.0) == "2 passed, 1 failed, 1 not checked in 1 min 01 s"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A Dockerfile of a program that trains on nothing and never serves."""
    (tmp_path / "program.py").write_text(
        "import pathlib, os, sys\n"
        "root = pathlib.Path(os.environ['SAGEMAKER_BASE_DIR'])\n"
        "if list((root / 'input/data/training').glob('*.csv')) == []:\n"
        "    (root / 'output/failure').write_text('no data')\n"
        "    sys.exit(1)\n"
        "print('started')\n"
        "(root / 'output/failure').write_text('bad data')\n"
        "sys.exit(1)\n"
    )
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY program.py /program.py\n"
        'ENTRYPOINT ["python", "/program.py"]\n'
    )
    return dockerfile


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWHARF_CACHE", str(tmp_path_factory.mktemp("cache")))


def doctor(terminal: Terminal, *words: str, exit_code: int) -> Any:
    return terminal.json("doctor", "--engine", "process", *words, exit_code=exit_code)


def test_an_image_is_examined_with_the_process_engine(terminal: Terminal, image: Path) -> None:
    words = (str(image.parent), "--role", "train")

    found = doctor(terminal, *words, exit_code=0)

    assert found["engine"].startswith("process")
    assert [one["name"] for one in found["images"]] == [str(image)]
    verdicts = {one["id"]: one["verdict"] for one in found["findings"]}
    assert verdicts["train-starts"] == verdicts["train-bad-data"] == "pass"
    assert verdicts["train-platform"] == verdicts["train-succeeds"] == "skipped"


def test_a_finding_makes_the_exit_code_1(terminal: Terminal, image: Path, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    channel.mkdir()
    (channel / "a.csv").write_text("1")
    words = ("--training", str(image), "--context", str(image.parent), "--channel", str(channel))

    found = doctor(terminal, *words, exit_code=1)

    assert [one["id"] for one in found["findings"] if one["verdict"] == "fail"] == [
        "train-succeeds"
    ]


def test_an_image_by_name_needs_an_engine_with_containers(terminal: Terminal) -> None:
    answer = doctor(terminal, "my-model:1", exit_code=3)

    assert "'my-model:1' is not a Dockerfile" in answer["error"]
    assert "start Docker or podman" in answer["error"]


def test_a_dockerfile_that_does_not_build_is_reported_with_its_line(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\nCOPY nothing.py /\n")

    answer = doctor(terminal, str(tmp_path), exit_code=3)

    assert "does not build: Dockerfile line 2: COPY source 'nothing.py'" in answer["error"]


def test_a_build_from_the_wrong_folder_names_the_context_that_works(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = tmp_path / "examples" / "mean"
    (example / "train").mkdir(parents=True)
    (example / "common").mkdir()
    dockerfile = example / "train" / "Dockerfile"
    dockerfile.write_text('FROM x\nCOPY common /common\nCOPY ["train", "/train"]\n')
    monkeypatch.chdir(tmp_path)

    for word in (str(dockerfile), str(dockerfile.parent)):
        answer = doctor(terminal, word, exit_code=3)
        assert answer["error"].endswith(" lacks what it copies: --context examples/mean")


@pytest.mark.parametrize("lost", [EngineLost("it is gone"), OSError("it cannot remove it")])
def test_what_an_engine_cannot_remove_any_more_hides_no_reason(lost: Exception) -> None:
    class Lost(FakeEngine):
        def sweep(self) -> None:
            raise lost

    with pytest.raises(NothingChecked, match="why"), swept(Lost(), Processes()):
        raise NothingChecked("why")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("a", "--training", "b"), "give an IMAGE, or --training and --inference"),
        (("./Dockerfile.missing",), "there is no file Dockerfile.missing"),
        (("a", "--channel", "x=missing"), "'missing' is not a folder"),
        (("a", "--content-type", "csv"), "'csv' is not TYPE=BODY or TYPE=@FILE"),
        (("a", "--content-type", "text/csv=@missing"), "'missing' cannot be read"),
        (("a", "--hyperparameters", "[1]"), 'write, for example, {"epochs": 10}'),
        (("a", "--metrics", '[{"name": "a", "regex": "b"}]'), "it must have one group"),
        (("a", "--build-arg", "A"), "'A' has no ="),
    ],
)
def test_words_that_make_no_sense_are_wrong_usage(
    terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    result = terminal.wharf("doctor", *words)

    assert result.exit_code == 2
    assert told in result.stderr.replace("\n", " ")


def test_a_folder_of_several_dockerfiles_is_answered_with_their_names(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("serve", "train"):
        (tmp_path / "mean" / name).mkdir(parents=True)
        (tmp_path / "mean" / name / "Dockerfile").touch()

    result = terminal.wharf("doctor", "mean")

    told = " ".join(result.stderr.split())
    assert "there is no file mean/Dockerfile; name one of mean/serve/Dockerfile, " in told


def test_a_file_that_a_sparse_checkout_lacks_is_reported_as_such(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.wharf("init", str(tmp_path / "my-line"), "--template", "container")
    monkeypatch.chdir(tmp_path / "my-line")
    subprocess.run(["git", "sparse-checkout", "set", "data"], check=True, capture_output=True)

    result = terminal.wharf("doctor")

    assert result.exit_code == 2
    assert "git has it, but it is not checked out" in result.stderr.replace("\n", " ")


def test_a_project_s_images_are_examined_as_its_file_has_them(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.wharf("init", str(tmp_path / "my-line"), "--template", "container")
    monkeypatch.chdir(tmp_path / "my-line")

    found = terminal.json("doctor", "--engine", "process")["findings"]

    verdicts = {one["id"]: one["verdict"] for one in found}
    assert (verdicts["train-metrics"], verdicts["serve-answers"]) == ("pass", "pass")
    assert not set(verdicts.values()) & {"fail", "warn"}


def test_an_installed_doctor_without_a_project_or_an_image_says_what_to_name(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").touch()  # in the place of the installed one: it has no images
    monkeypatch.chdir(tmp_path)

    result = terminal.wharf("doctor")

    assert result.exit_code == 2
    assert "there is no modelwharf.toml in this folder or above it" in result.output
