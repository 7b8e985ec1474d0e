"""A web page of another origin, in a real Chromium, against a running cloud.

Run by `make test-browser`. Each attack is made on the cloud and, as positive control, on the same
server without its protection: there it must work, or this test could not fail.
"""

import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from modelwharf.laptop.overrides import as_shipped
from tests.unit.laptop.core.world import World, serving
from tests.waiting import HUNG

BROWSER = os.environ.get("WHARF_CHROMIUM") or shutil.which("chromium")
HERE = Path(__file__).parent
NAMES = ("list projects", "start build", "read page", "reset", "faults", "invoke")


class Recorder:
    """WSGI middleware: which requests of a browser's reached what is behind it."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self.seen: list[tuple[str, str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        return self._application(environ, start_response)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@contextmanager
def unprotected() -> Iterator[tuple[str, Recorder]]:
    """Stock moto's server, as the laptop's cloud once served it; its address."""
    with as_shipped():
        recorder = Recorder(DomainDispatcherApplication(create_backend_app))
        server = make_server(
            "127.0.0.1", 0, recorder, threaded=True, request_handler=MotoRequestHandler
        )
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", recorder
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@contextmanager
def site() -> Iterator[str]:
    """The attacker's web server; the address of its page."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(HERE))

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://evil.localhost:{server.server_port}/page.html"
    finally:
        server.shutdown()
        server.server_close()


def browse(url: str, profile: Path, *flags: str) -> str:
    """The document after its scripts have run."""
    assert BROWSER, "no chromium: apt-get install chromium, or name one in WHARF_CHROMIUM"
    done = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={profile}", "--virtual-time-budget=20000",
            *flags, "--dump-dom", url,
        ],
        capture_output=True, text=True, check=True, timeout=HUNG,
    )  # fmt: skip
    return done.stdout


def attacked(cloud: str, profile: Path) -> dict[str, str]:
    """What the page reported of each attempt."""
    with site() as page:
        document = browse(f"{page}?cloud={cloud}", profile)
    assert "done" in document, document
    lines = (line.partition(": ") for line in document.splitlines())
    found = {name.rpartition(">")[2]: came for name, _, came in lines}
    return {name: found[name] for name in NAMES}


def test_a_page_reads_and_writes_on_a_server_without_protection(tmp_path: Path) -> None:
    with unprotected() as (url, recorder):
        told = attacked(url, tmp_path)
    assert told["list projects"].startswith("read 200")
    assert told["start build"].startswith("read ")  # the answer of the service: no such project
    assert told["read page"].startswith("read 200")
    assert ("POST", "/moto-api/reset") in recorder.seen


def test_a_page_gets_nothing_from_the_laptop_s_cloud(world: World, tmp_path: Path) -> None:
    world.client("ssm").put_parameter(Name="/kept", Value="1", Type="String")
    told = attacked(world.cloud.url, tmp_path)
    assert {told[name] for name in ("list projects", "start build", "read page")} == {"blocked"}
    # A simple request is sent, whatever it is answered: it must have changed nothing.
    world.client("ssm").get_parameter(Name="/kept")
    assert world.page("/_wharf/faults") == {"armed": []}


def test_a_rebound_name_gets_nothing(world: World, tmp_path: Path) -> None:
    """The attacker's host name resolves to 127.0.0.1 by now: one origin, for a browser."""
    port = world.cloud.url.rpartition(":")[2]
    url = f"http://evil.example:{port}/moto-api/data.json"
    document = browse(url, tmp_path, "--host-resolver-rules=MAP evil.example 127.0.0.1")
    assert "by its own address" in document and "Parameter" not in document
    with unprotected() as (stock, _):
        rebound = stock.replace("127.0.0.1", "evil.example") + "/moto-api/data.json"
        document = browse(rebound, tmp_path, "--host-resolver-rules=MAP evil.example 127.0.0.1")
    assert isinstance(json.loads(document[document.index("{") : document.rindex("}") + 1]), dict)
