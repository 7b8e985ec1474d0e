"""Child processes: none outlives the cloud, however the cloud ends."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwharf.engines.processes import CloudStopping, Processes
from modelwharf.engines.reaper import reap
from tests.waiting import has_ended, until

ROOT = Path(__file__).parents[3]
SLEEP = ["sleep", "300"]
STARTING_TWO = """
import pathlib
from modelwharf.engines.processes import Processes
processes = Processes()
start = lambda command: processes.start(command, environment={}, directory=pathlib.Path("/"))
stubborn = start(["/bin/sh", "-c", "trap '' TERM; sleep 300 & echo $!; wait"])
print(start(["/bin/sleep", "300"]).pid, stubborn.pid, stubborn.stdout.readline(), flush=True)
input()
"""


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.stop_all()


def start(processes: Processes) -> subprocess.Popen[str]:
    return processes.start(
        SLEEP, environment=dict(os.environ), directory=ROOT, stdout=subprocess.DEVNULL
    )


def test_nothing_outlives_a_cloud_that_was_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTING_TWO],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as cloud:
        assert cloud.stdout is not None
        pids = [int(word) for word in cloud.stdout.readline().split()]
        assert len(pids) == 3
        assert not any(has_ended(pid) for pid in pids)
        cloud.kill()
    until(lambda: all(has_ended(pid) for pid in pids), "the end of what it started")


def test_stopping_all_ends_what_runs_and_starts_nothing_after(processes: Processes) -> None:
    child = start(processes)
    processes.stop_all()
    assert child.returncode == -signal.SIGTERM
    with pytest.raises(CloudStopping):
        start(processes)


def test_a_child_that_was_stopped_is_not_killed_later_for_its_number() -> None:
    """The system may have given its number to a stranger since."""
    children = [subprocess.Popen(SLEEP, start_new_session=True) for _ in range(2)]
    stranger, left = children
    reap([f"+{stranger.pid}\n", f"+{left.pid}\n", f"-{stranger.pid}\n"])
    assert left.wait() == -signal.SIGKILL
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_mark_that_is_watched_still_ends_what_has_it_and_no_other() -> None:
    marks = [uuid.uuid4().hex for _ in range(2)]
    other, left = (
        subprocess.Popen(SLEEP, env={**os.environ, "ANY": f"{mark}.invalid"}) for mark in marks
    )
    reap([f"+{marks[0]}\n", f"+{marks[1]}\n", f"-{marks[0]}\n"])
    assert left.wait() == -signal.SIGKILL
    assert other.poll() is None
    other.kill()
    other.wait()


def test_what_left_the_childs_group_ends_with_it(processes: Processes) -> None:
    program = "import subprocess as s; print(s.Popen(['sleep', '300'], start_new_session=True).pid)"
    child = processes.start(
        [sys.executable, "-u", "-c", program], environment=dict(os.environ), directory=ROOT
    )
    assert child.stdout is not None
    with child.stdout:
        left = int(child.stdout.readline())
    assert not has_ended(left)
    processes.stop(child, grace=0)
    until(lambda: has_ended(left), "the end of what it left")
