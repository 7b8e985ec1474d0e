"""What the doctor sees where a job has several instances."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from modelwharf.contracts.examination import Verdict
from modelwharf.doctor.examinations import train_hosts
from modelwharf.doctor.host_runs import HostRuns
from modelwharf.doctor.training_run import TrainingRun
from modelwharf.doctor.training_runs import TrainingRuns
from tests.unit.doctor.conftest import Practice, bad
from tests.unit.doctor.fakes import Job, train


def resources(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((job.tree / "input/config/resourceconfig.json").read_text())
    return found


def is_second(job: Job) -> bool:
    name: str = resources(job)["current_host"]
    return name == "algo-2"


def test_one_instance_is_not_tried_as_several(practice: Practice) -> None:
    assert "train-hosts" not in practice.training()


def test_hosts_that_end_well_and_make_one_model_pass(practice: Practice) -> None:
    seen = []

    def look(job: Job) -> int:
        told = resources(job)
        if len(told["hosts"]) > 1:
            seen.append((told["current_host"], told["hosts"]))
        return train(job)

    practice.engine.train = look
    found = practice.training(instances=3)["train-hosts"]
    assert found.verdict is Verdict.PASS
    assert found.seen.startswith("3 hosts: exit code 0 after ")
    assert found.seen.endswith("; mean")
    hosts = ["algo-1", "algo-2", "algo-3"]
    assert sorted(seen) == [(host, hosts) for host in hosts]


def test_the_host_that_fails_is_named_with_its_own_words(practice: Practice) -> None:
    practice.engine.train = lambda job: (
        job.fail("I know one host alone") if is_second(job) else train(job)
    )
    found = practice.training(instances=2)
    assert bad(found)["train-hosts"] == "fail"
    assert found["train-hosts"].seen.startswith("algo-2 of 2 hosts: exit code 1 after ")
    assert found["train-hosts"].seen.endswith("failure says: I know one host alone")
    assert found["train-hosts"].log == ("I know one host alone",)


def test_models_of_one_name_that_differ_are_reported(practice: Practice) -> None:
    def differ(job: Job) -> int:
        code = train(job)
        (job.tree / "model" / "mean").write_text(resources(job)["current_host"])
        return code

    practice.engine.train = differ
    found = practice.training(instances=2)["train-hosts"]
    assert found.verdict is Verdict.FAIL
    assert found.seen == "/opt/ml/model: mean differs between algo-1 and algo-2"
    assert "on one host alone" in found.change


def test_hosts_that_wait_for_one_another_for_ever_are_reported(tmp_path: Path) -> None:
    late = TrainingRun(None, ("waits for the others",), tmp_path, 600.0)
    runs = SimpleNamespace(on_hosts=HostRuns((late, late)))
    found = train_hosts.examine(cast(TrainingRuns, runs))
    assert found.verdict is Verdict.FAIL
    assert found.seen == "2 hosts: it had not ended after 600 s"
    assert found.log == ("waits for the others",)


def test_a_machine_without_several_hosts_says_so(practice: Practice) -> None:
    practice.engine.unsupported = ("hosts",)
    found = practice.training(instances=2)["train-hosts"]
    assert found.verdict is Verdict.SKIPPED
    assert found.seen == "no addresses for several hosts"


def test_a_host_that_cannot_start_says_why(practice: Practice) -> None:
    def refuse(launch: Any) -> None:
        if launch.name.endswith("algo-2"):
            raise OSError("cannot start")

    practice.engine.starts = refuse
    found = practice.training(instances=2)["train-hosts"]
    assert (found.verdict, found.seen) == (Verdict.SKIPPED, "cannot start")
