"""``wharf releases``."""

import io

from rich.console import Console

from modelwharf.cli.commands.releases import PIPED, print_table
from modelwharf.cli.release import summarise
from modelwharf.cli.stack import find_stack
from tests.unit.cli import releases
from tests.unit.cli.conftest import Terminal
from tests.unit.contracts.histories import COMMIT, RELEASE


def test_releases_are_listed_newest_first_with_where_and_why_they_failed(
    terminal: Terminal,
) -> None:
    releases.succeeded(terminal.cloud, "r-1111111111111111")
    releases.failed(terminal.cloud, "r-2222222222222222", minutes=5)

    head, failed, succeeded = terminal.wharf("releases").stdout.splitlines()

    assert head.split() == ["release", "started", "took", "status", "trigger", "state", "and",
                            "reason"]  # fmt: skip
    assert failed.startswith("r-2222222222222222")
    assert "Train: bad data: column Price is missing" in failed
    assert "push 0123456789ab" in failed
    assert "succeeded" in succeeded and "1 min 15 s" in succeeded


def test_what_serves_is_marked(terminal: Terminal) -> None:
    old = {"endpoint": "oil-price", "config": "old", "model": "old", "previous_config": None}
    releases.succeeded(terminal.cloud, "r-1111111111111111", deployment=old)
    new = {"endpoint": "oil-price", "config": "new", "model": "new", "previous_config": "old"}
    releases.succeeded(terminal.cloud, "r-2222222222222222", minutes=5, deployment=new)
    serving = {"EndpointStatus": "InService", "EndpointConfigName": "new"}
    terminal.cloud.sagemaker.endpoints["oil-price"] = serving

    _, newer, older = terminal.wharf("releases").stdout.splitlines()

    assert "succeeded, serves  push" in newer
    assert "succeeded" in older and "serves" not in older
    found = terminal.json("releases")["releases"]
    assert [one["serves"] for one in found] == [True, False]


def test_what_waits_for_a_person_is_marked_with_what_to_type(terminal: Terminal) -> None:
    releases.awaiting_approval(terminal.cloud)

    _, row = terminal.wharf("releases").stdout.splitlines()

    assert "waits for you" in row
    assert f"Approve: wharf approve {RELEASE}; or: wharf reject {RELEASE}" in row
    (found,) = terminal.json("releases")["releases"]
    assert (found["status"], found["state"]) == ("RUNNING", "Approve")
    assert found["waits_for"].startswith(f"approval: wharf approve {RELEASE}")


def test_what_waits_for_a_job_waits_for_nobody(terminal: Terminal) -> None:
    releases.training(terminal.cloud)

    _, row = terminal.wharf("releases").stdout.splitlines()

    assert "running" in row and "waits for you" not in row


def test_a_row_has_the_reason_s_first_line_and_json_has_all_of_it(terminal: Terminal) -> None:
    releases.failed(terminal.cloud, cause="x" * 300 + "\n| of many lines")

    _, row = terminal.wharf("releases").stdout.splitlines()

    assert len(row) == PIPED and row.endswith("…")
    (found,) = terminal.json("releases")["releases"]
    assert found["reason"].endswith("x\n| of many lines")


def test_new_data_is_named_by_its_input(terminal: Terminal) -> None:
    releases.succeeded(terminal.cloud, trigger={"source": "data", "inputs": ["wti"]})

    assert "data wti 0123456789ab" in terminal.wharf("releases").stdout
    assert "data wti, commit 0123456789ab" in terminal.wharf("show").stdout


def test_a_running_release_shows_the_state_it_is_in(terminal: Terminal) -> None:
    releases.training(terminal.cloud)

    (found,) = terminal.json("releases")["releases"]

    assert (found["status"], found["state"], found["reason"]) == ("RUNNING", "Train", None)
    assert found["trigger"]["commit"] == COMMIT


def test_pushes_that_released_nothing_are_listed_with_the_reason(terminal: Terminal) -> None:
    terminal.cloud.ledger.skip(COMMIT, "commit 0123456 changes only README.md")

    assert terminal.wharf("releases").stdout == (
        "skipped 2026-11-21 09:00:05 0123456789ab commit 0123456 changes only README.md\n"
    )
    (skip,) = terminal.json("releases")["skipped"]
    assert skip["reason"] == "commit 0123456 changes only README.md"


def test_nothing_at_all_says_how_to_begin(terminal: Terminal) -> None:
    assert terminal.wharf("releases").stdout == "no release yet: start one with `wharf push`\n"


def test_the_limit_is_kept(terminal: Terminal) -> None:
    for minute in range(4):
        releases.succeeded(terminal.cloud, f"r-{minute:016}", minutes=minute)

    found = terminal.json("releases", "--limit", "2")["releases"]

    assert [one["id"][-1] for one in found] == ["3", "2"]


def test_a_skip_without_a_commit_leaves_its_place_empty(terminal: Terminal) -> None:
    terminal.cloud.ledger.skip("-", "no branch main yet")

    assert terminal.wharf("releases").stdout == (
        f"skipped 2026-11-21 09:00:05 {'':12} no branch main yet\n"
    )


def test_in_eighty_columns_a_reason_has_one_line_of_its_own(terminal: Terminal) -> None:
    releases.failed(terminal.cloud, cause="bad data, " * 20 + "\nand more")
    services = terminal.cloud.services()
    screen = Console(file=io.StringIO(), width=80, color_system=None)

    print_table(screen, services, summarise(services, find_stack(services, "oil-price"), 10))

    assert isinstance(screen.file, io.StringIO)
    _, row, reason = screen.file.getvalue().splitlines()
    assert row.endswith("failed  push 0123456789ab") and len(row) <= 78
    assert reason.startswith("  Train: bad data")
    assert reason.endswith("…") and len(reason) == 80
