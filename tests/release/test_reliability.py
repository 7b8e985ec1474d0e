"""Lost, doubled and interrupted: the release still ends right."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.release import laptop as laptops
from tests.release.laptop import PROJECT, Laptop, eventually
from tests.release.team import Team


@pytest.fixture(scope="module")
def assembly(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with a sweep that looks at once, so that no test waits a minute."""

    def sweep_at_once(template: dict[str, Any]) -> None:
        for resource in template["Resources"].values():
            variables = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
            if isinstance(variables, dict) and "WHARF_SWEEP_AFTER_SECONDS" in variables:
                variables["WHARF_SWEEP_AFTER_SECONDS"] = "1"

    return laptops.changed(assembly, tmp_path_factory.mktemp("changed") / "cdk.out", sweep_at_once)


def sweep(laptop: Laptop) -> None:
    laptop.client("lambda").invoke(
        FunctionName=f"modelwharf-{PROJECT}-resume-release",
        Payload=json.dumps({"detail-type": "Scheduled Event", "source": "aws.events"}),
    )


def start(team: Team, reason: str) -> str:
    before = set(team.executions())
    team.request(reason)
    return eventually(lambda: next(iter(set(team.executions()) - before), None), "a release")


def test_a_dropped_event_is_made_good_by_the_sweep(team: Team, laptop: Laptop) -> None:
    detail_type = "SageMaker Training Job State Change"
    laptop.fault({"drop": {"detail-type": detail_type, "count": 100}})
    name = start(team, "dropped")
    client = laptop.client("stepfunctions")

    def swept() -> bool:
        sweep(laptop)
        status = client.describe_execution(executionArn=team.arn(name))["status"]
        return bool(status != "RUNNING")

    eventually(swept, "the end of the release")
    laptop.fault({"drop": {"detail-type": detail_type, "count": 0}})
    assert team.end(name).status == "SUCCEEDED"


def test_a_doubled_event_changes_nothing(team: Team, laptop: Laptop) -> None:
    laptop.fault({"double": {"source": "aws.sagemaker", "count": 4}})
    ended = team.end(start(team, "doubled"))
    assert ended.status == "SUCCEEDED"
    assert ended.states.count("Deploy") == 1


def test_a_function_killed_in_the_middle_is_tried_again(team: Team, laptop: Laptop) -> None:
    name = start(team, "killed")

    def killed() -> bool:
        listing = laptop.running_functions()
        for function, pid in listing:
            if function == f"modelwharf-{PROJECT}-register-model":
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    eventually(killed, "a call of register-model")
    ended = team.end(name)
    assert ended.status == "SUCCEEDED"
    assert "TaskFailed" in {event["type"] for event in ended.events}
