"""Lets moto's tests ask a cloud of ours. A plugin of pytest in their own run (tests/moto_suite).

Each worker of pytest-xdist has a cloud of its own, as every test begins with a reset. Sign with
the cloud's key: moto's tests otherwise bring one that nobody issued. WHARF_MOTO_CLOUD names the
program that serves, WHARF_MOTO_RESULTS the file that gets a line of JSON for each test.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.auth
import freezegun.api
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core.config import default_user_config

LONGEST = 300  # seconds for one test; some wait for what never comes here
RESULTS = Path(os.environ["WHARF_MOTO_RESULTS"])


class Cloud:
    """A server process; it writes its address and key when it is ready, and ends with its stdin."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory(prefix="moto-suite-")
        self.process = subprocess.Popen(
            [sys.executable, os.environ["WHARF_MOTO_CLOUD"], self.directory.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.url, access, secret = json.loads(self.process.stdout.readline())
        self.key = Credentials(access, secret)

    def stop(self) -> None:
        self.process.communicate()
        self.directory.cleanup()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and config.getoption("numprocesses", None):
        return  # the workers ask, this process only hands out
    cloud = Cloud()
    config.add_cleanup(cloud.stop)
    os.environ.update(
        AWS_ACCESS_KEY_ID=cloud.key.access_key,
        AWS_SECRET_ACCESS_KEY=cloud.key.secret_key,
        TEST_SERVER_MODE_ENDPOINT=cloud.url.replace("127.0.0.1", "localhost"),
    )
    default_user_config["core"]["mock_credentials"] = False
    # A test that stops the clock stops the client's alone: a signature of the past is refused.
    vars(botocore.auth)["get_current_datetime"] = _now  # not in botocore's stubs
    _redirect(cloud)


def _now(remove_tzinfo: bool = True) -> datetime:
    # freezegun puts its own class wherever a module holds datetime, but not into itself.
    now: datetime = freezegun.api.real_datetime.now(UTC)
    return now.replace(tzinfo=None) if remove_tzinfo else now


def _redirect(cloud: Cloud) -> None:
    """moto's tests post to /moto-api/ without a signature; here it is root's. Some name the port
    of moto's own server; here it is another."""
    send = requests.Session.send

    def signed(self: requests.Session, request: Any, **options: Any) -> requests.Response:
        request.url = request.url.replace("http://localhost:5000", cloud.url)
        if "/moto-api/" in request.url:
            asked = AWSRequest(request.method, request.url, data=request.body or b"")
            SigV4Auth(cloud.key, "wharf", "us-east-1").add_auth(asked)
            request.headers.update(asked.headers)
        return send(self, request, **options)

    requests.Session.send = signed  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    def too_long(*_: Any) -> None:
        raise TimeoutError(f"{item.nodeid} took {LONGEST} s")

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST)
    try:
        return (yield)
    finally:
        signal.alarm(0)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One line for each test that ran; the controller of xdist hears of each once more."""
    if report.when == "call" or report.failed:
        worker = os.environ.get("PYTEST_XDIST_WORKER")
        if worker is None and os.environ.get("WHARF_MOTO_WORKERS"):
            return
        line = [report.nodeid, report.outcome, _message(report)]
        with RESULTS.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _message(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr or "")[:600]
