"""What the doctor sees in a training image."""

import json
from dataclasses import replace

import pytest

from modelwharf.contracts.examination import Verdict
from modelwharf.engines.engine import Launch
from tests.unit.doctor.conftest import Practice, bad
from tests.unit.doctor.fakes import Job, train


def test_a_good_image_passes_every_check(practice: Practice) -> None:
    found = practice.training(hyperparameters={"seconds": 10}, checkpoints=True)

    assert {one.verdict for one in found.values()} == {Verdict.PASS}, found


def test_the_program_finds_what_sagemaker_puts_into_opt_ml(practice: Practice) -> None:
    seen: dict[str, object] = {}

    def look(job: Job) -> int:
        config = job.tree / "input" / "config"
        for name in ("hyperparameters", "inputdataconfig", "resourceconfig"):
            seen.setdefault(name, json.loads((config / f"{name}.json").read_text()))
        seen.setdefault("folders", sorted(path.name for path in job.tree.iterdir()))
        return train(job)

    practice.engine.train = look
    practice.training(hyperparameters={"seconds": 0, "deep": True, "name": "x"})

    assert seen["hyperparameters"] == {"seconds": "0", "deep": "true", "name": "x"}
    assert seen["inputdataconfig"] == {
        "training": {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
    }
    resources = seen["resourceconfig"]
    assert isinstance(resources, dict) and resources["current_host"] == "algo-1"
    assert seen["folders"] == ["input", "model", "output"]


def test_an_image_for_another_platform_is_not_even_started(practice: Practice) -> None:
    practice.engine.platform = "linux/arm64"

    found = practice.training()

    assert bad(found) == {"train-platform": "fail"}
    assert "docker build --platform linux/amd64" in found["train-platform"].change
    assert practice.engine.launches == []


def test_a_list_of_images_is_not_an_image(practice: Practice) -> None:
    practice.engine.listed = "application/vnd.oci.image.index.v1+json"

    found = practice.training()

    assert bad(found) == {"train-platform": "fail"}
    assert found["train-platform"].seen == (
        "mean:1 is a list of images (application/vnd.oci.image.index.v1+json)"
    )
    assert "--provenance=false" in found["train-platform"].change


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('exec: "train": executable file not found in $PATH: unknown', "not found"),
        ("fork/exec /usr/local/bin/train: permission denied", "permission denied"),
        ("exec /usr/local/bin/train: exec format error", "exec format error"),
        ("the engine has hiccups", "could not start train"),
    ],
)
def test_a_program_that_does_not_start_is_distinguished(
    practice: Practice, words: str, told: str
) -> None:
    def refuse(launch: Launch) -> None:
        raise OSError(words)

    practice.engine.starts = refuse

    found = practice.training()

    assert bad(found) == {"train-starts": "fail"}
    assert told in found["train-starts"].seen
    assert found["train-starts"].log == (words,)


def test_a_path_of_this_machine_is_the_images_own_in_a_refusal(practice: Practice) -> None:
    def refuse(launch: Launch) -> None:
        where = launch.tree.parent / "root/entry.sh"
        raise FileNotFoundError(2, "No such file or directory", str(where))

    practice.engine.starts = refuse

    found = practice.training()

    (line,) = found["train-starts"].log
    assert line == "[Errno 2] No such file or directory: '/entry.sh'"


@pytest.mark.parametrize(("code", "told"), [(126, "permission denied"), (127, "not found")])
def test_a_shells_exit_code_tells_that_too(practice: Practice, code: int, told: str) -> None:
    practice.engine.train = lambda job: code

    found = practice.training()

    assert bad(found) == {"train-starts": "fail"}
    assert told in found["train-starts"].seen


def test_numbers_that_must_be_numbers_are_found_by_sending_them_so(practice: Practice) -> None:
    def strict(job: Job) -> int:
        if isinstance(job.hyperparameters["depth"], str):
            return job.fail("depth must be a number")
        return train(job)

    practice.engine.train = strict

    found = practice.training(hyperparameters={"depth": 3})

    assert bad(found) == {"train-hyperparameters": "fail"}
    assert "succeeds when depth come as JSON numbers" in found["train-hyperparameters"].seen
    assert found["train-succeeds"].seen == "makes no sense before train-hyperparameters is well"


def test_training_that_fails_either_way_is_reported_once_with_its_own_reason(
    practice: Practice,
) -> None:
    practice.engine.train = lambda job: job.fail("too few rows")

    found = practice.training(hyperparameters={"depth": 3})

    assert bad(found) == {"train-succeeds": "fail"}
    assert "/opt/ml/output/failure says: too few rows" in found["train-succeeds"].seen


def test_a_model_beside_its_folder_is_named(practice: Practice) -> None:
    def elsewhere(job: Job) -> int:
        code = train(job)
        if code == 0:
            (job.tree / "model" / "mean").rename(job.tree / "output" / "data" / "mean")
        return code

    practice.engine.train = elsewhere

    found = practice.training()

    assert bad(found) == {"train-writes-model": "fail"}
    assert "there is /opt/ml/output/data/mean" in found["train-writes-model"].seen


def test_a_metric_that_is_not_in_the_log_is_named(practice: Practice) -> None:
    found = practice.training(
        metric_definitions=(
            *practice.settings.metric_definitions,
            practice.settings.metric_definitions[0].model_copy(
                update={"name": "b", "regex": "b(.)"}
            ),
        )
    )

    assert bad(found) == {"train-metrics": "fail"}
    assert found["train-metrics"].seen == "not in the log: b by b(.)"


def test_a_number_that_an_expression_cuts_is_named(practice: Practice) -> None:
    def printing(job: Job) -> int:
        code = train(job)
        job.log("accuracy=7.5e-05")
        return code

    practice.engine.train = printing

    found = practice.training()

    assert bad(found) == {"train-metrics": "fail"}
    assert found["train-metrics"].seen == "accuracy is read as 7.5, but 7.5e-05 was printed"
    assert "([-+0-9.eE]+)" in found["train-metrics"].change


def test_metrics_that_only_the_defaults_name_are_a_warning(practice: Practice) -> None:
    definition = practice.settings.metric_definitions[0].model_copy(update={"regex": "x(.)"})

    found = practice.training(metric_definitions=(definition,), definitions_given=False)

    assert bad(found) == {"train-metrics": "warn"}
    assert "--metrics" in found["train-metrics"].change


def test_success_on_bad_data_is_found(practice: Practice) -> None:
    def trusting(job: Job) -> int:
        train(job)
        (job.tree / "model" / "mean").write_text("0")
        job.log("accuracy=1")
        return 0

    practice.engine.train = trusting

    found = practice.training()

    assert bad(found) == {"train-bad-data": "fail"}
    assert "an empty channel and on garbage in every file" in found["train-bad-data"].seen


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"no rows", "no rows"),
        (b"x" * 2000, "(of 2,000 characters SageMaker keeps the first 1,024)"),
        ("zu wenig für ein Modell".encode("latin-1"), "(not UTF-8: write it as text)"),
    ],
)
def test_what_becomes_of_a_failure_file_is_reported(
    practice: Practice, written: bytes, said: str
) -> None:
    def failing(job: Job) -> int:
        code = train(job)
        if code:
            (job.tree / "output" / "failure").write_bytes(written)
        return code

    practice.engine.train = failing

    found = practice.training()

    assert bad(found) == {}
    assert found["train-failure-file"].seen.endswith(said)


def test_a_user_who_may_not_write_is_named_as_why_training_failed(practice: Practice) -> None:
    def denied(job: Job) -> int:
        job.log("PermissionError: [Errno 13] Permission denied: '/opt/ml/output/failure'")
        return 1

    practice.engine.train, practice.engine.user = denied, "bob"

    found = practice.training()

    assert bad(found) == {"train-user": "warn", "train-succeeds": "fail"}
    assert found["train-succeeds"].change.startswith("user bob may not write there")


def test_a_failure_without_a_reason_is_found(practice: Practice) -> None:
    def silent(job: Job) -> int:
        code = train(job)
        (job.tree / "output" / "failure").unlink(missing_ok=True)
        return code

    practice.engine.train = silent

    assert bad(practice.training()) == {"train-failure-file": "fail"}


def deaf(job: Job) -> int:
    """Learns for a while, and after a signal for as long again."""
    data = b"".join(path.read_bytes() for path in (job.tree / "input").rglob("*.csv"))
    if b"1" in data and job.work(10):
        job.work(10)
    return train(job)


def test_training_that_goes_on_after_sigterm_is_found(practice: Practice) -> None:
    practice.engine.train = deaf

    found = practice.training()

    assert bad(found) == {"train-sigterm": "fail"}
    assert "handle it" in found["train-sigterm"].change


def test_training_that_goes_on_is_found_though_its_first_run_was_slow(practice: Practice) -> None:
    """As when the first run reads the image's files from a busy disk."""
    runs: list[Job] = []

    def deaf_after_a_slow_start(job: Job) -> int:
        if b"1" in b"".join(path.read_bytes() for path in (job.tree / "input").rglob("*.csv")):
            runs.append(job)
            end = job.program.clock.now() + (17 if len(runs) == 1 else 12)
            while (left := end - job.program.clock.now()) > 0:
                job.work(left)
        return train(job)

    practice.engine.train = deaf_after_a_slow_start

    assert bad(practice.training()) == {"train-sigterm": "fail"}


def test_a_shell_as_first_process_is_named_when_sigterm_does_not_arrive(
    practice: Practice,
) -> None:
    practice.engine.train = deaf
    practice.engine.entrypoint = ("/bin/sh", "-c", "python train.py")

    assert "exec form" in practice.training()["train-sigterm"].change


def test_an_init_as_first_process_is_not_blamed_when_sigterm_has_no_effect(
    practice: Practice,
) -> None:
    practice.engine.train = deaf
    practice.engine.entrypoint = ("/usr/bin/tini", "--")

    change = practice.training()["train-sigterm"].change

    assert change.startswith("/usr/bin/tini passes SIGTERM on to the program that it started")


def test_training_that_is_over_at_once_cannot_tell_of_sigterm(practice: Practice) -> None:
    found = practice.training()

    assert found["train-sigterm"].verdict is Verdict.SKIPPED
    assert "too short to tell" in found["train-sigterm"].seen


def test_training_that_is_quicker_the_second_time_cannot_tell_of_sigterm(
    practice: Practice,
) -> None:
    runs = iter([10.0])

    def warming(job: Job) -> int:
        job.work(next(runs, 0.0))
        return train(job)

    practice.engine.train = warming

    found = practice.training()

    assert found["train-sigterm"].verdict is Verdict.SKIPPED
    assert "less the next time" in found["train-sigterm"].seen


def test_training_that_was_slow_the_first_time_alone_is_stopped_once_more(
    practice: Practice,
) -> None:
    runs = iter([60.0, 0.0, 0.0])  # the sample, an empty channel, garbage: files from the disk

    def warming(job: Job) -> int:
        job.work(next(runs, 0.0))
        return train(job)

    practice.engine.train = warming

    deadlines = replace(practice.settings.deadlines, training=600)
    found = practice.training(hyperparameters={"seconds": 30}, deadlines=deadlines)

    assert found["train-sigterm"].verdict is Verdict.PASS
    assert found["train-sigterm"].seen == "ended 0.0 s after SIGTERM"


def test_a_program_that_began_after_the_signal_is_not_blamed(practice: Practice) -> None:
    starts = iter([0.0, 0.0, 0.0, 20.0])  # the sample, an empty channel, garbage, the stopped run

    def late(job: Job) -> int:
        job.work(next(starts, 0.0))  # a signal that comes by then has no effect
        return train(job)

    practice.engine.train = late

    found = practice.training(hyperparameters={"seconds": 8}, checkpoints=True)

    assert found["train-sigterm"].seen == "ended 0.0 s after SIGTERM"
    assert found["train-checkpoints"].verdict is Verdict.PASS


def test_the_middle_of_training_is_where_the_program_is_and_not_the_engine(
    practice: Practice,
) -> None:
    practice.engine.lag = 30.0  # a busy engine tells so late that a program has ended

    found = practice.training(hyperparameters={"seconds": 10}, checkpoints=True)

    assert found["train-sigterm"].seen == "ended 0.0 s after SIGTERM"
    assert found["train-checkpoints"].verdict is Verdict.PASS


def test_what_has_ended_is_not_too_slow_while_its_output_is_copied(practice: Practice) -> None:
    practice.engine.lag = 1000.0  # longer than the doctor waits for a training run

    found = practice.training(hyperparameters={"seconds": 10})

    assert found["train-succeeds"].seen == "exit code 0 after 10.0 s"


def test_a_stopped_training_without_a_checkpoint_is_found(practice: Practice) -> None:
    def forgetful(job: Job) -> int:
        code = train(job)
        (job.tree / "checkpoints" / "step").unlink(missing_ok=True)
        return code

    practice.engine.train = forgetful

    found = practice.training(hyperparameters={"seconds": 10}, checkpoints=True)

    assert bad(found) == {"train-checkpoints": "fail"}


@pytest.mark.parametrize(
    ("attribute", "finding"),
    [
        ("read_only", "train-read-only"),
        ("user", "train-non-root"),
        ("isolated", "train-no-network"),
    ],
)
def test_each_harder_condition_is_distinguished(
    practice: Practice, attribute: str, finding: str
) -> None:
    def delicate(job: Job) -> int:
        return 1 if getattr(job.launch, attribute) else train(job)

    practice.engine.train = delicate

    assert bad(practice.training()) == {finding: "warn"}


def test_conditions_that_are_all_well_at_once_cost_one_run(practice: Practice) -> None:
    practice.training()

    hard = [one for one in practice.engine.launches if one.read_only or one.user or one.isolated]
    assert [(one.read_only, one.user, one.isolated) for one in hard] == [(True, "1000:1000", True)]


def test_what_the_engine_lacks_is_not_checked_and_not_passed(practice: Practice) -> None:
    practice.engine.unsupported = ("platform", "isolated", "read_only", "user", "limits")
    practice.engine.platform = "linux/arm64"

    found = practice.training()

    skipped = {one.id for one in found.values() if "needs Docker or podman" in one.seen}
    assert skipped == {
        "train-platform",
        "train-user",
        "train-read-only",
        "train-non-root",
        "train-no-network",
    }
    assert bad(found) == {}


def test_an_image_with_a_user_of_its_own_is_a_warning(practice: Practice) -> None:
    practice.engine.user = "model"

    found = practice.training()

    assert bad(found) == {"train-user": "warn"}
    assert found["train-user"].seen == "the image says USER model"


def test_without_data_only_what_needs_none_is_checked(practice: Practice) -> None:
    found = practice.training(channels={})

    checked = {one.id for one in found.values() if one.verdict is not Verdict.SKIPPED}
    assert checked == {
        "train-platform",
        "train-user",
        "train-starts",
        "train-bad-data",
        "train-failure-file",
    }
    assert "--channel" in found["train-succeeds"].change


def test_training_that_does_not_end_is_stopped_and_reported(practice: Practice) -> None:
    found = practice.training(hyperparameters={"seconds": 61})

    assert bad(found) == {"train-succeeds": "fail"}
    assert "it had not ended after 60 s" in found["train-succeeds"].seen


def test_a_link_in_the_models_folder_is_named(practice: Practice) -> None:
    def link(job: Job) -> int:
        code = train(job)
        if code == 0:
            (job.tree / "model/latest").symlink_to("mean")
        return code

    practice.engine.train = link

    found = practice.training()

    assert bad(found) == {"train-writes-model": "fail"}
    seen = found["train-writes-model"].seen
    assert seen == "in /opt/ml/model latest is a symbolic link to mean"
    assert "cp -L" in found["train-writes-model"].change
