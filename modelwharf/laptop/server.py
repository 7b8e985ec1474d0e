"""The cloud as one server on loopback: moto's application behind the gate, and its services.

A request passes ``OwnClients`` (no web page, no other host), the base registry (which has its own
key), the offer (the operations that this cloud has), the gate (signature and policies) and the
fault injection. Then it reaches moto.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from modelwharf.engines.engine import Engine
from modelwharf.laptop import (
    alarms,
    callers,
    cloudformation,
    codebuild,
    events,
    functions,
    iam,
    keys,
    log_search,
    notifications,
    object_events,
    one_at_a_time,
    registry,
    schedules,
    service_models,
    snapshots,
    stepfunctions,
)
from modelwharf.laptop.base_registry import with_base_registry
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.codecommit import service as codecommit
from modelwharf.laptop.faults import FaultPlan
from modelwharf.laptop.iam import Gate
from modelwharf.laptop.iam.used_grants import UsedGrants
from modelwharf.laptop.offer import middleware as offer
from modelwharf.laptop.own_clients import OwnClients, switch_off_cors
from modelwharf.laptop.own_engine import without_containers
from modelwharf.laptop.quotas import QuotaChange
from modelwharf.laptop.sagemaker import endpoints, model_packages, processing, training, transform
from modelwharf.laptop.services import SERVICES

HOST = "127.0.0.1"
FAULTS_PATH = "/_wharf/faults"
QUOTAS_PATH = "/_wharf/quotas"
MODULES = (
    service_models,
    snapshots,
    one_at_a_time,
    offer,
    iam,
    callers,
    functions,
    events,
    object_events,
    schedules,
    notifications,
    log_search,
    alarms,
    stepfunctions,
    registry,
    codecommit,
    codebuild,
    processing,
    training,
    transform,
    model_packages,
    endpoints,
    cloudformation,
)
"""What is installed before the services' own code (modelwharf.laptop.services), in this order."""

Application = Callable[..., Iterable[bytes]]


class QuietRequestHandler(MotoRequestHandler):
    """Logs no line per request: services log what matters."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Server:
    """A running cloud. ``cloud`` is ready for use once the constructor returns."""

    def __init__(
        self,
        directory: Path,
        *,
        region: str,
        port: int = 0,
        engine: Callable[[Cloud], Engine] = without_containers,
    ) -> None:
        """Start the server. Raises OSError when the port is taken."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        # An execution's events are in its history.
        logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
        self._server: BaseWSGIServer = make_server(
            HOST, port, _not_yet, threaded=True, request_handler=QuietRequestHandler
        )
        url = f"http://{HOST}:{self._server.server_port}"
        self.cloud = Cloud(directory=directory.resolve(), url=url, region=region)
        self.cloud.used_grants = UsedGrants.wanted(os.environ)
        self.cloud.engine = engine(self.cloud)
        if "hosts" in self.cloud.engine.unsupported:
            self.cloud.quotas.allow_one_host()
        self.cloud.engine.sweep()
        for module in MODULES:
            module.install(self.cloud)
        for service in SERVICES.values():
            if service.install:
                service.install(self.cloud)
        switch_off_cors()
        keys.install()
        moto = offer.Answers(DomainDispatcherApplication(create_backend_app))
        gate = Gate(self.cloud, _with_own_pages(self.cloud, moto))
        self._server.app = OwnClients(
            url,
            with_base_registry(self.cloud, offer.Offer(gate)),
            names=self.cloud.engine.names_of_this_machine,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering requests, and end every process that the cloud started."""
        self._server.shutdown()
        self.cloud.stop()
        self._server.server_close()


def _not_yet(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise RuntimeError("the server was asked before its services were installed")


def _with_own_pages(cloud: Cloud, application: Application) -> Application:
    """Add the laptop's own pages: fault injection and quotas.

    ``POST /_wharf/faults`` with ``{"drop": {"source": "aws.sagemaker", "count": 1}}`` loses the
    next delivery of such an event, ``{"double": …}`` delivers it twice, and ``{"late": …}``
    delivers it ``seconds`` later. ``GET`` lists the faults that are still armed.
    ``POST /_wharf/quotas`` with ``{"name": "ml.m5.large for endpoint usage", "value": 0}`` sets a
    quota. ``GET`` lists the quotas that were set. As everywhere behind the gate, a request needs
    root's signature.
    """

    def arm(body: bytes) -> None:
        cloud.faults.arm(FaultPlan.model_validate_json(body))

    def set_quota(body: bytes) -> None:
        cloud.quotas.change(QuotaChange.model_validate_json(body))

    pages: Mapping[str, tuple[str, Callable[[bytes], None], Callable[[], Any]]] = {
        FAULTS_PATH: ("armed", arm, cloud.faults.left),
        QUOTAS_PATH: ("changed", set_quota, cloud.quotas.changed),
    }

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in pages:
            return application(environ, start_response)
        key, change, tell = pages[environ["PATH_INFO"]]
        if environ["REQUEST_METHOD"] == "POST":
            try:
                change(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
            except ValueError as error:  # a ValidationError is also a ValueError
                return _json(start_response, "400 Bad Request", {"error": str(error)})
        return _json(start_response, "200 OK", {key: tell()})

    return answer


def _json(start_response: Callable[..., Any], status: str, document: Any) -> list[bytes]:
    data = json.dumps(document).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
    start_response(status, headers)
    return [data]
