"""The template's policies are the laptop's: take one permission out and the release fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.release import laptop as laptops
from tests.release.team import Team

ACTION = "sagemaker:CreateTrainingJob"


def without_permission(template: dict[str, Any]) -> None:
    taken = 0
    for resource in template["Resources"].values():
        for policy in resource["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                if ACTION in statement["Action"]:
                    taken += 1
                    statement["Action"] = [a for a in statement["Action"] if a != ACTION]
    assert taken == 1


@pytest.fixture
def team(assembly: Path, tmp_path: Path) -> Iterator[Team]:
    poorer = laptops.changed(assembly, tmp_path / "cdk.out", without_permission)
    laptop = laptops.start(tmp_path / "cloud", poorer)
    team = Team(laptop, tmp_path / "repository")
    team.set_up()
    yield team
    laptops.stop(laptop)


def test_a_missing_permission_fails_here_as_it_would_in_aws(team: Team) -> None:
    team.commit("The mean model")
    ended = team.end(team.started_by(team.push))
    assert (ended.status, ended.error) == ("FAILED", "AccessDenied")
    assert f"is not authorized to perform: {ACTION} on resource: arn:aws:sagemaker:" in ended.reason
