"""The server as SageMaker starts it: a process, a port, a signal, an exit code."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from modelwharf.artifact.privileges import TREE
from modelwharf.serving.__main__ import leave_root_behind, listen, workers_of
from modelwharf.serving.app import App
from modelwharf.serving.limits import BODY_LIMIT
from modelwharf.serving.server import Server as HttpServer
from modelwharf.serving.settings import BadSetting, Settings
from tests.unit.serving.servers import ROOT, release, serving, started
from tests.waiting import HUNG

REQUEST = b'{"product":"wti","date":"2018-01-29"}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def base(model_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(model_folder, tmp_path / "model")
    return tmp_path


def test_ping_is_503_while_the_model_loads_and_200_once_it_answers(base: Path) -> None:
    contract = base / "model" / "contract.json"
    text = contract.read_bytes()
    contract.unlink()
    os.mkfifo(contract)  # loading waits here until the test writes
    with serving(base) as server:
        started(server)
        assert server.ask("GET", "/ping")[0] == 503
        assert server.ask("POST", "/invocations", REQUEST, JSON)[0] == 503
        with contract.open("wb") as pipe:
            release(contract, pipe, text)
        server.wait_for("serving .*wti, brent")
        assert server.ask("GET", "/ping")[0] == 200
        status, body = server.ask("POST", "/invocations", REQUEST, JSON)
        assert (status, json.loads(body)["product"]) == (200, "wti")


def left(settings: Settings) -> tuple[list[Path], str | None]:
    """What was looked at before root was given up, and why it was kept."""
    looked: list[Path] = []

    def leave(tree: Path, *, reads: Iterable[Path], writes: Iterable[Path]) -> str | None:
        looked.extend(reads)
        return None

    return looked, leave_root_behind(settings, leave)


def test_root_is_left_only_in_a_container() -> None:
    inside = Settings(host="", port=0, base=TREE)
    assert left(inside) == ([TREE / "model"], None)
    assert left(replace(inside, base=Path("/elsewhere"))) == ([], None)


def test_the_server_of_many_models_keeps_the_rights_to_read_what_is_brought_later() -> None:
    looked, why = left(Settings(host="", port=0, base=TREE, multi_model=True))
    assert looked == []
    assert why is None or why.startswith("stays root: ")


def test_several_workers_are_for_linux_and_one_model() -> None:
    asked = replace(Settings.of({}), workers=3)
    assert workers_of(asked, "linux") == 3
    assert workers_of(replace(asked, multi_model=True), "linux") == 1
    assert workers_of(Settings.of({}), "darwin") == 1
    with pytest.raises(BadSetting, match="WHARF_WORKERS is 3; on darwin it must be 1"):
        workers_of(asked, "darwin")


def test_the_server_refuses_and_goes_on(base: Path) -> None:
    with serving(base) as server:
        started(server).wait_for("serving")
        assert server.ask("POST", "/invocations", b"{", JSON)[0] == 400
        assert server.ask("POST", "/invocations", b" " * (BODY_LIMIT + 1), JSON)[0] == 413
        assert server.ask("GET", "/nowhere")[0] == 404
        assert server.ask("POST", "/invocations", REQUEST, JSON)[0] == 200


def test_a_model_that_cannot_be_loaded_ends_the_server_with_the_reason(base: Path) -> None:
    (base / "model" / "model.onnx").write_bytes(b"garbage")
    with serving(base) as server:
        server.wait_for("ERROR inference: cannot serve: .*model.onnx is not a graph")
        assert server.process.wait(HUNG) == 1
        assert not any("Traceback" in line for line in server.log)


def test_an_answer_never_waits_for_its_head_to_be_acknowledged(tmp_path: Path) -> None:
    with (
        listen(Settings("127.0.0.1", 0, tmp_path))[0] as listener,
        socket.create_connection(listener.getsockname()),
    ):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_sigterm_ends_the_server_cleanly(base: Path) -> None:
    with serving(base) as server:
        started(server).wait_for("serving")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(HUNG) == 0


@pytest.mark.parametrize(
    ("told", "cuts_off"),
    [
        ([signal.SIGTERM, signal.SIGTERM], False),
        ([signal.SIGINT, signal.SIGTERM], False),
        ([signal.SIGINT, signal.SIGINT, signal.SIGTERM], True),
    ],
)
def test_only_a_second_control_c_cuts_requests_off(
    told: list[signal.Signals], cuts_off: bool
) -> None:
    server = HttpServer(App())
    for number in told:
        server._told(number, None)
    assert (server.told_to_end, server.cuts_off) == (True, cuts_off)


def test_sigterm_ends_a_server_that_is_still_loading(base: Path) -> None:
    contract = base / "model" / "contract.json"
    contract.unlink()
    os.mkfifo(contract)
    with serving(base) as server:
        started(server)
        assert server.ask("GET", "/ping")[0] == 503
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(HUNG) == 0


def test_another_command_is_refused_with_the_usage() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "inference", "train"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HUNG,
        check=False,
    )
    assert result.returncode == 2
    assert "usage: python -m inference serve (given: train)" in result.stderr
