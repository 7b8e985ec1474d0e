"""The laptop's cloud as a process; a small program stands in for it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelwharf.cli import laptop
from modelwharf.cli.assembly import synthesis_environment
from modelwharf.cli.errors import CommandError
from modelwharf.cli.laptop import (
    clean_environment,
    cloud_command,
    is_cloud,
    running_cloud,
    start_cloud,
    starting,
    stop_cloud,
)
from modelwharf.cli.main import wharf
from modelwharf.cli.other_clouds import remember
from modelwharf.contracts.laptop import LaptopCloud
from tests.waiting import HUNG, until

# Says that it is ready, then waits for the end; "modelwharf.laptop" in its arguments makes it a
# cloud.
READY = """
import json, os, pathlib, signal, sys
state = pathlib.Path(sys.argv[2]) / "cloud.json"
key = {"access_key_id": "WHARFR0000000000000A", "secret_access_key": "s3cret"}
(state.parent / "keys").mkdir(exist_ok=True)
(state.parent / "keys" / "root.json").write_text(json.dumps(key))
def end(*_):
    state.unlink()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
document = {"pid": os.getpid(), "url": "http://127.0.0.1:4599", "region": "eu-west-1",
            "account": "123456789012", "engine": "process", "project": "oil-price",
            "repository": "/repositories/oil-price.git",
            "engine_description": "process (no Docker or podman runs here)",
            "differences": ["KMS encryption and VPCs are not real"]}
draft = state.with_suffix(".draft")
draft.write_text(json.dumps(document))
draft.rename(state)
while True:
    signal.pause()
"""


def program(code: str, directory: Path) -> list[str]:
    return [sys.executable, "-c", code, "modelwharf.laptop", str(directory)]


def ready_cloud(directory: Path) -> LaptopCloud:
    return start_cloud(
        program(READY, directory), directory=directory, root=directory, waiting=lambda waited: None
    )


def wait_for(pid: int) -> None:
    """Wait for the cloud to end: it is a child of this process, and not yet reaped."""
    (child,) = [one for one in laptop._detached if one.pid == pid]
    child.wait(HUNG)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LaptopCloud]:
    """A cloud that runs until the test ends, unless the test stops it."""
    started = ready_cloud(tmp_path)
    yield started
    if is_cloud(started.pid, tmp_path):
        os.kill(started.pid, signal.SIGKILL)
    wait_for(started.pid)


def test_a_started_cloud_is_found_in_its_directory(cloud: LaptopCloud, tmp_path: Path) -> None:
    assert running_cloud(tmp_path) == cloud


def test_a_cloud_outlives_the_terminal_that_started_it(cloud: LaptopCloud) -> None:
    assert os.getsid(cloud.pid) == cloud.pid


def test_a_killed_cloud_is_not_running(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = {"pid": gone.pid, "url": "u", "region": "r", "account": "a", "engine": "process"}
    (tmp_path / "cloud.json").write_text(
        json.dumps({**left, "project": "oil-price", "repository": "x"})
    )

    assert running_cloud(tmp_path) is None


def test_another_program_with_the_same_pid_is_not_a_cloud(tmp_path: Path) -> None:
    assert not is_cloud(os.getpid(), tmp_path)


def test_a_cloud_of_another_directory_is_not_this_one(cloud: LaptopCloud, tmp_path: Path) -> None:
    assert is_cloud(cloud.pid, tmp_path)
    assert not is_cloud(cloud.pid, tmp_path / "other")


def test_down_ends_a_cloud_that_is_still_starting(tmp_path: Path) -> None:
    sleeper = subprocess.Popen(program("import signal; signal.pause()", tmp_path))
    (tmp_path / "cloud.lock").write_text(str(sleeper.pid))
    # The kernel tells a new program's command line a moment after the program began.
    until(lambda: is_cloud(sleeper.pid, tmp_path), "its command line")

    result = CliRunner().invoke(wharf, ["down", "--directory", str(tmp_path)])

    assert result.stdout == f"stopped the cloud that was starting (pid {sleeper.pid})\n"
    assert sleeper.wait() == -signal.SIGTERM


def refused_start(code: str, directory: Path) -> str:
    """What is said of a cloud that runs this code."""
    with pytest.raises(CommandError) as refusal:
        start_cloud(
            program(code, directory),
            directory=directory,
            root=directory,
            waiting=lambda waited: None,
        )
    return refusal.value.message


def test_a_cloud_that_ends_early_shows_its_last_output(tmp_path: Path) -> None:
    refuse = "import sys; print('refused: AWS::Foo::Bar', file=sys.stderr); sys.exit(1)"

    message = refused_start(refuse, tmp_path)

    assert "exit code 1" in message
    assert "  refused: AWS::Foo::Bar" in message
    assert str(tmp_path / "cloud.log") in message


def test_a_cloud_that_says_why_it_cannot_start_is_quoted_alone(tmp_path: Path) -> None:
    refuse = (
        "import sys; print('12:00:00 laptop: begins'); sys.stdout.flush(); "
        "print('laptop: no Docker runs here', file=sys.stderr); sys.exit(1)"
    )

    message = refused_start(refuse, tmp_path)

    log = tmp_path / "cloud.log"
    assert message == f"no Docker runs here\nIts log: {log}"


def test_a_cloud_that_is_not_ready_in_time_is_ended(tmp_path: Path) -> None:
    hang = "import os, sys, signal; print(os.getpid(), flush=True); signal.pause()"
    log = tmp_path / "cloud.log"

    def wait_for_text(waited: float) -> None:
        until(lambda: bool(log.read_text()))

    with pytest.raises(CommandError, match="not ready after 1 s"):
        start_cloud(
            program(hang, tmp_path),
            directory=tmp_path,
            root=tmp_path,
            waiting=wait_for_text,
            deadline=1.0,
        )

    assert not is_cloud(int(log.read_text()), tmp_path)


def test_an_interrupted_start_leaves_nothing_running(tmp_path: Path) -> None:
    hang = "import os, sys, signal; print(os.getpid(), flush=True); signal.pause()"
    log = tmp_path / "cloud.log"

    def interrupt(waited: float) -> None:
        if log.read_text().strip():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_cloud(program(hang, tmp_path), directory=tmp_path, root=tmp_path, waiting=interrupt)

    assert not is_cloud(int(log.read_text()), tmp_path)


def test_down_waits_until_the_cloud_is_gone(tmp_path: Path) -> None:
    # Its starter has ended, so it is not a child of this process.
    starter = subprocess.run(
        [sys.executable, "-c", STARTER, READY, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    pid = int(starter.stdout)

    result = CliRunner().invoke(wharf, ["down", "--directory", str(tmp_path)])

    assert result.exit_code == 0, result.output
    assert result.stdout == (
        f"stopped the cloud at http://127.0.0.1:4599 (pid {pid}) with its endpoints and jobs\n"
    )
    assert not is_cloud(pid, tmp_path)


STARTER = """
import pathlib, sys
from modelwharf.cli.laptop import start_cloud
directory = pathlib.Path(sys.argv[2])
command = [sys.executable, "-c", sys.argv[1], "modelwharf.laptop", str(directory)]
cloud = start_cloud(command, directory=directory, root=directory, waiting=lambda waited: None)
print(cloud.pid)
"""


def test_a_cloud_that_does_not_end_is_named_with_the_way_to_end_it(tmp_path: Path) -> None:
    deaf = READY.replace("signal.signal(signal.SIGTERM, end)", "signal.signal(15, signal.SIG_IGN)")
    stubborn = start_cloud(
        program(deaf, tmp_path), directory=tmp_path, root=tmp_path, waiting=lambda waited: None
    )
    try:
        with pytest.raises(CommandError, match=f"kill -9 {stubborn.pid}"):
            stop_cloud(stubborn.pid, tmp_path, deadline=0.2)
    finally:
        os.kill(stubborn.pid, signal.SIGKILL)
        wait_for(stubborn.pid)


def test_down_without_a_cloud_is_fine(tmp_path: Path) -> None:
    result = CliRunner().invoke(wharf, ["down", "--directory", str(tmp_path), "--json"])

    assert (result.exit_code, json.loads(result.stdout)) == (0, {"stopped": None})


def test_up_says_when_a_cloud_runs_already(cloud: LaptopCloud, tmp_path: Path) -> None:
    result = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path)])

    assert result.exit_code == 0
    assert result.stdout.startswith("already running; to deploy a changed template: wharf down")
    assert cloud.url in result.stdout
    assert cloud.repository in result.stdout
    assert f'eval "$(wharf env --directory {tmp_path})"' in result.stdout
    assert "engine:        process (no Docker or podman runs here)" in result.stdout
    assert "not as in AWS: KMS encryption and VPCs are not real" in result.stdout


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--project", "gas-price"), "has project oil-price, but you asked for project gas-price"),
        (("--port", "5001"), "has port 4599, but you asked for port 5001"),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_up_refuses_when_another_cloud_than_asked_for_runs(
    tmp_path: Path, asked: tuple[str, ...], words: str
) -> None:
    result = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path), *asked])

    assert result.exit_code == 1
    assert words in result.stderr
    assert f"wharf down --directory {tmp_path}" in result.stderr
    assert (
        f"wharf up {' '.join(asked)} --directory {tmp_path}/second"
        f' && eval "$(wharf env --directory {tmp_path}/second)"'
    ) in result.stderr


@pytest.mark.usefixtures("cloud")
def test_up_takes_the_cloud_that_runs_when_it_is_the_one_asked_for(tmp_path: Path) -> None:
    asked = ["--project", "oil-price", "--port", "4599", "--engine", "process"]

    result = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path), *asked])

    assert result.exit_code == 0, result.output


def test_up_tells_of_another_cloud_and_how_to_use_that_one(
    cloud: LaptopCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELWHARF_CACHE", str(tmp_path / "cache"))
    elsewhere = tmp_path / "elsewhere"
    other = ready_cloud(elsewhere)
    for place in (tmp_path, elsewhere, tmp_path / "gone"):
        remember(place)
    try:
        told = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path)]).stdout
    finally:
        os.kill(other.pid, signal.SIGKILL)
        wait_for(other.pid)
    again = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path)]).stdout

    assert told.count("another cloud of yours runs") == 1
    assert f"another cloud of yours runs: project oil-price at {other.url}, in {elsewhere}" in told
    assert f'eval "$(wharf env --directory {elsewhere})"' in told
    assert f"wharf down --directory {elsewhere}" in told
    assert "another cloud" not in again


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--quota", "ml.m5.huge for endpoint usage=1"], "there is no quota 'ml.m5.huge for"),
        (["--engine", "docker"], "Start one (`systemctl start docker`"),
    ],
)
def test_a_wish_that_no_cloud_can_meet_is_refused_before_the_template_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str], words: str
) -> None:
    monkeypatch.setenv("MODELWHARF_CACHE", str(tmp_path / "cache"))  # no template is kept there
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    result = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path / "cloud"), *asked])

    assert result.exit_code == 1
    assert words in result.stderr
    assert not (tmp_path / "cloud" / "cdk.out").exists()


def test_a_second_up_at_the_same_time_says_at_once_that_one_is_starting(tmp_path: Path) -> None:
    with starting(tmp_path):
        result = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path)])

    assert result.exit_code == 1
    assert f"a cloud is already starting in {tmp_path}" in result.stderr
    assert not (tmp_path / "cdk.out").exists()


def test_a_taken_port_is_found_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path), "--port", port])

    assert result.exit_code == 1
    assert f"port {port} of 127.0.0.1 cannot be served" in result.stderr
    assert "--port 0" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_up_says_that_nothing_was_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("modelwharf.cli.commands.up.current_assembly", interrupt)
    result = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path)])

    assert result.exit_code == 130
    assert "nothing was left running" in result.stderr


def test_env_prints_what_a_shell_can_evaluate(cloud: LaptopCloud, tmp_path: Path) -> None:
    lines = CliRunner().invoke(wharf, ["env", "--directory", str(tmp_path)]).stdout

    shell = subprocess.run(
        ["sh", "-c", f"{lines} env"], capture_output=True, text=True, check=True, env={}
    )
    seen = dict(line.split("=", 1) for line in shell.stdout.splitlines())
    assert seen["AWS_ENDPOINT_URL"] == cloud.url
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert seen["AWS_ACCESS_KEY_ID"] == "WHARFR0000000000000A"
    assert seen["AWS_SECRET_ACCESS_KEY"] == "s3cret"
    assert seen["WHARF_PROJECT"] == "oil-price"


@pytest.mark.usefixtures("cloud")
def test_env_takes_away_what_would_lead_to_an_account(tmp_path: Path) -> None:
    lines = CliRunner().invoke(wharf, ["env", "--directory", str(tmp_path)]).stdout

    shell = subprocess.run(
        ["sh", "-c", f"{lines} env"],
        capture_output=True,
        text=True,
        check=True,
        env={"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "secret"},
    )
    assert "AWS_PROFILE" not in shell.stdout
    assert "AWS_SESSION_TOKEN" not in shell.stdout


def evaluated(tmp_path: Path, *more: str, **given: str) -> dict[str, str]:
    """A shell's variables after `wharf env`, and then `wharf env` with these words."""
    there = ["env", "--directory", str(tmp_path)]
    lines = [CliRunner().invoke(wharf, there, env=dict(given)).stdout]
    lines += [CliRunner().invoke(wharf, [*there, *more]).stdout] if more else []
    shell = subprocess.run(
        ["sh", "-c", f"{''.join(lines)}\nenv"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], **given},
    )
    return dict(line.split("=", 1) for line in shell.stdout.splitlines())


@pytest.mark.usefixtures("cloud")
def test_env_unset_takes_away_everything_that_env_sets(tmp_path: Path) -> None:
    before = evaluated(tmp_path, AWS_REGION="us-east-2", KEPT="1")
    after = evaluated(tmp_path, "--unset", AWS_REGION="us-east-2", KEPT="1")
    assert "AWS_CONFIG_FILE" in before and "WHARF_PROJECT" in before
    assert not [name for name in after if name.startswith(("AWS_", "WHARF_", "SAGEMAKER_"))]
    assert after["KEPT"] == "1"


@pytest.mark.usefixtures("cloud")
def test_what_the_command_line_writes_is_its_user_s_alone(tmp_path: Path) -> None:
    with starting(tmp_path / "new"):
        pass
    evaluated(tmp_path)
    written = [tmp_path / "new" / "start.lock", *(tmp_path / "client").iterdir()]
    assert len(written) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in written} == {0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_env_unset_needs_no_cloud(tmp_path: Path) -> None:
    result = CliRunner().invoke(wharf, ["env", "--unset", "--directory", str(tmp_path)])
    assert result.exit_code == 0 and "AWS_ENDPOINT_URL" in result.stdout


def test_env_takes_away_another_address_of_one_service(cloud: LaptopCloud, tmp_path: Path) -> None:
    seen = evaluated(tmp_path, AWS_ENDPOINT_URL_S3="https://elsewhere.example")
    assert "AWS_ENDPOINT_URL_S3" not in seen
    assert seen["AWS_ENDPOINT_URL_STS"] == cloud.url


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("version", "plugin"), [("aws-cli/1.46.2 Python/3.11", False), ("aws-cli/2.9.19", True)]
)
def test_a_version_1_that_cannot_load_the_plugin_is_not_told_of_it(
    tmp_path: Path, version: str, plugin: bool
) -> None:
    program = tmp_path / "bin" / "aws"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    seen = evaluated(tmp_path, PATH=path)
    assert ("[plugins]" in Path(seen["AWS_CONFIG_FILE"]).read_text()) is plugin


def test_env_without_a_cloud_prints_nothing_to_evaluate(tmp_path: Path) -> None:
    result = CliRunner().invoke(wharf, ["env", "--directory", str(tmp_path)])

    assert (result.exit_code, result.stdout) == (1, "")
    assert f"start it with `wharf up --directory {tmp_path}`" in result.stderr


def test_the_clouds_command_names_every_place_in_full(tmp_path: Path) -> None:
    command = cloud_command(
        directory=Path(".wharf"),
        assembly=tmp_path,
        project="oil-price",
        port=0,
        region="eu-west-1",
        engine="process",
    )

    assert command[1:3] == ["-m", "modelwharf.laptop"]
    assert Path(command[command.index("--directory") + 1]).is_absolute()
    assert command[command.index("--assembly") + 1] == str(tmp_path)


def test_quotas_are_handed_to_the_cloud_one_by_one(tmp_path: Path) -> None:
    command = cloud_command(
        directory=tmp_path,
        assembly=tmp_path,
        project="oil-price",
        port=0,
        region="eu-west-1",
        engine=None,
        quotas=("a b=0", "c=1.5"),
    )

    assert command[-4:] == ["--quota", "a b=0", "--quota", "c=1.5"]


@pytest.mark.parametrize("text", ["ml.m5.large for endpoint usage", "=1", "a=-1", "a=many"])
def test_a_quota_that_cannot_be_read_is_wrong_usage_before_anything_starts(
    text: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(wharf, ["up", "--directory", str(tmp_path), "--quota", text])

    assert result.exit_code == 2
    assert text in result.stderr and "NAME=VALUE" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_cloud_gets_nothing_of_anybodys_account() -> None:
    given = {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL": "http://x", "PATH": "/bin"}

    assert clean_environment(given) == {"PATH": "/bin", "PYTHONUNBUFFERED": "1"}


def test_the_template_is_written_where_the_cloud_reads_it(tmp_path: Path) -> None:
    environment = synthesis_environment({"PATH": "/bin"}, tmp_path / "cdk.out", "gas-price")

    assert environment["CDK_OUTDIR"] == str(tmp_path / "cdk.out")
    assert environment["WHARF_PROJECT"] == "gas-price"
