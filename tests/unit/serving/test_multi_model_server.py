"""A multi-model endpoint's server over real HTTP, its memory and its end."""

import json
import os
import shutil
import signal
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from modelwharf.artifact.forecast import ORIGINS_FILE
from modelwharf.serving.memory import MIB
from tests.unit.serving.servers import Server, release, serving, started
from tests.waiting import HUNG, until

REQUEST = b'{"product":"wti","date":"2018-01-29"}'
JSON = {"Content-Type": "application/json"}
MANY = {"SAGEMAKER_MULTI_MODEL": "true"}
LARGE = 100_000  # origins of a product; such a model takes 25 MiB


def unpacked(base: Path, name: str, artifact: Path) -> str:
    return shutil.copytree(artifact, base / "models" / name / "model").__fspath__()


def load(server: Server, name: str, url: str) -> int:
    body = json.dumps({"model_name": name, "url": url}).encode()
    return server.ask("POST", "/models", body, JSON)[0]


def invoke(server: Server, name: str) -> int:
    return server.ask("POST", f"/models/{name}/invoke", REQUEST, JSON)[0]


@pytest.fixture
def large(model_folder: Path, tmp_path: Path) -> Path:
    """The artifact with far more history than there ever was."""
    folder = Path(shutil.copytree(model_folder, tmp_path / "large"))
    with np.load(folder / ORIGINS_FILE) as found:
        arrays = dict(found)
    for key, array in arrays.items():
        older = LARGE - len(array)
        if key.endswith(".date"):
            before = array[0] - np.arange(older, 0, -1)
        else:
            before = np.repeat(array[:1], older, axis=0)
        arrays[key] = np.concatenate([before, array])
    np.savez(folder / ORIGINS_FILE, **arrays)
    return folder


def test_the_whole_contract_over_http(model_folder: Path, tmp_path: Path) -> None:
    url = unpacked(tmp_path, "0f3a", model_folder)
    with serving(tmp_path, **MANY) as server:
        started(server)
        assert server.ask("GET", "/ping")[0] == 200
        assert load(server, "0f3a", url) == 200
        assert load(server, "0f3a", url) == 409
        _, body = server.ask("GET", "/models")
        assert json.loads(body) == {"models": [{"modelName": "0f3a", "modelUrl": url}]}
        assert server.ask("GET", "/models/0f3a")[0] == 200
        assert invoke(server, "0f3a") == 200
        assert server.ask("DELETE", "/models/0f3a")[0] == 200
        assert invoke(server, "0f3a") == 404
        assert server.ask("POST", "/invocations", REQUEST, JSON)[0] == 404
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(HUNG) == 0


def test_memory_returns_however_often_models_come_and_go(large: Path, tmp_path: Path) -> None:
    url = unpacked(tmp_path, "large", large)

    def rounds(count: int) -> int:
        for _ in range(count):
            assert load(server, "m", url) == 200
            assert invoke(server, "m") == 200
            assert server.ask("DELETE", "/models/m")[0] == 200
        return server.resident()

    with serving(tmp_path, **MANY) as server:
        started(server)
        settled = rounds(3)
        assert load(server, "m", url) == 200
        held = server.resident() - settled
        assert server.ask("DELETE", "/models/m")[0] == 200
        rounds(17)
        # What malloc has in pieces at one moment, it has whole again some rounds later.
        until(lambda: rounds(1) - settled < held / 4, "the memory of before")


def test_a_full_server_says_so_until_a_model_goes(large: Path, tmp_path: Path) -> None:
    url = unpacked(tmp_path, "large", large)
    with serving(tmp_path, **MANY) as probe:
        started(probe)
        assert load(probe, "first", url) == 200
        with_one = probe.resident() // MIB
    with serving(tmp_path, **MANY, WHARF_MEMORY_LIMIT_MIB=str(with_one + 25)) as server:
        started(server)
        assert load(server, "first", url) == 200
        assert load(server, "second", url) == 507
        assert invoke(server, "first") == 200
        assert server.ask("DELETE", "/models/first")[0] == 200
        assert load(server, "second", url) == 200
        assert invoke(server, "second") == 200


def test_others_are_answered_while_a_model_loads(model_folder: Path, tmp_path: Path) -> None:
    ready = unpacked(tmp_path, "ready", model_folder)
    slow = unpacked(tmp_path, "slow", model_folder)
    contract = Path(slow) / "contract.json"
    text = contract.read_bytes()
    contract.unlink()
    os.mkfifo(contract)  # loading waits here until the test writes
    with serving(tmp_path, **MANY) as server:
        started(server)
        assert load(server, "ready", ready) == 200
        statuses: list[int] = []
        loading = threading.Thread(target=lambda: statuses.append(load(server, "slow", slow)))
        loading.start()
        with contract.open("wb") as pipe:  # opens once the load reads
            assert server.ask("GET", "/ping")[0] == 200
            assert invoke(server, "ready") == 200
            assert invoke(server, "slow") == 404
            release(contract, pipe, text)
        loading.join(HUNG)
        assert statuses == [200]
        assert invoke(server, "slow") == 200


def test_a_client_that_asks_first_sends_nothing_too_long(tmp_path: Path) -> None:
    head = "POST /models HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n"
    with serving(tmp_path, **MANY) as server:
        started(server)
        with socket.create_connection(("127.0.0.1", server.port), timeout=HUNG) as client:
            client.sendall(head.format(10**6).encode())
            answer = b"".join(iter(lambda: client.recv(4096), b""))  # the server closes
            assert answer.startswith(b"HTTP/1.1 413")
            assert b"100 Continue" not in answer
        with socket.create_connection(("127.0.0.1", server.port), timeout=HUNG) as client:
            client.sendall(head.format(2).encode())
            assert client.recv(4096).startswith(b"HTTP/1.1 100 Continue")
            client.sendall(b"{}")
            assert client.recv(4096).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("value", ["yes", "1"])
def test_a_setting_that_is_none_ends_the_server(tmp_path: Path, value: str) -> None:
    with serving(tmp_path, SAGEMAKER_MULTI_MODEL=value) as server:
        server.wait_for(f"ERROR inference: cannot serve: SAGEMAKER_MULTI_MODEL is '{value}'")
        assert server.process.wait(HUNG) == 1
