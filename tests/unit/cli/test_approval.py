"""``wharf approve`` and ``wharf reject``."""

import pytest

from tests.unit.cli import releases
from tests.unit.cli.conftest import Terminal
from tests.unit.contracts.histories import RELEASE


def test_approving_writes_the_decision_on_the_package_that_waits(terminal: Terminal) -> None:
    releases.awaiting_approval(terminal.cloud)

    result = terminal.wharf("approve", RELEASE, "--note", "looks right")

    assert result.exit_code == 0
    assert terminal.cloud.sagemaker.decisions == [
        {
            "ModelPackageArn": releases.PACKAGE["arn"],
            "ModelApprovalStatus": "Approved",
            "ApprovalDescription": "looks right",
        }
    ]
    assert f"wharf show {RELEASE} --follow" in result.stdout


def test_rejecting_needs_a_note(terminal: Terminal) -> None:
    releases.awaiting_approval(terminal.cloud)

    assert terminal.wharf("reject", RELEASE).exit_code == 2
    assert terminal.json("reject", RELEASE, "--note", "too noisy") == {
        "release": RELEASE,
        "model_package": releases.PACKAGE["arn"],
        "decision": "Rejected",
        "note": "too noisy",
    }


def test_a_release_at_another_state_is_not_decided(terminal: Terminal) -> None:
    releases.training(terminal.cloud)

    result = terminal.wharf("approve", RELEASE)

    assert result.exit_code == 1
    assert f"release {RELEASE} does not wait for approval: it is at Train" in result.stderr
    assert terminal.cloud.sagemaker.decisions == []


def test_a_release_that_is_over_is_not_decided(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)

    result = terminal.wharf("approve", RELEASE)

    assert result.exit_code == 1
    assert "is over (failed), so there is nothing to decide" in result.stderr


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("one\ntwo", "it has 2 lines; SageMaker keeps one"),
        ("caf\udce9", "is not UTF-8"),
        ("\x07", "is the control"),
    ],
)
def test_a_note_that_sagemaker_would_not_keep_is_refused(
    terminal: Terminal, note: str, told: str
) -> None:
    result = terminal.wharf("reject", RELEASE, "--note", note)
    assert result.exit_code == 2
    assert "--note" in result.stderr and told in result.stderr


def test_a_note_longer_than_sagemaker_takes_is_refused(terminal: Terminal) -> None:
    result = terminal.wharf("reject", RELEASE, "--note", "x" * 1025)

    assert result.exit_code == 2
    assert "1025 characters; 1024 are allowed" in result.stderr


def test_the_waiting_release_names_the_command(terminal: Terminal) -> None:
    releases.awaiting_approval(terminal.cloud)

    assert f"approval: wharf approve {RELEASE}" in terminal.wharf("show", RELEASE).stdout
