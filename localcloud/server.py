"""The cloud as one server on loopback: moto's application behind the gate, and its services.

A request passes ``OwnClients`` (no web page, no other host), the base registry (which has a key
of its own), the offer (what this cloud has at all), the gate (signature and policies) and the
fault injection, then reaches moto.
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

from localcloud import (
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
    parameter_sizes,
    process_engine,
    quotas,
    registry,
    schedules,
    service_models,
    snapshots,
    stepfunctions,
)
from localcloud.base_registry import with_base_registry
from localcloud.cloud import Cloud
from localcloud.codecommit import service as codecommit
from localcloud.engine import Engine
from localcloud.faults import FaultPlan
from localcloud.iam import Gate
from localcloud.iam.used_grants import UsedGrants
from localcloud.offer import middleware as offer
from localcloud.own_clients import OwnClients, switch_off_cors
from localcloud.quotas import QuotaChange
from localcloud.sagemaker import endpoints, model_packages, processing, training, transform

HOST = "127.0.0.1"
FAULTS_PATH = "/_wharf/faults"
QUOTAS_PATH = "/_wharf/quotas"
SERVICES = (
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
    quotas,
    parameter_sizes,
    codecommit,
    codebuild,
    processing,
    training,
    transform,
    model_packages,
    endpoints,
    cloudformation,
)
"""In the order of their installation."""

Application = Callable[..., Iterable[bytes]]


class QuietRequestHandler(MotoRequestHandler):
    """No line for each request: services log what matters."""

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
        engine: Callable[[Cloud], Engine] = process_engine.for_cloud,
    ) -> None:
        """Raises OSError when the port is taken."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        # What happens in an execution is in its history.
        logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
        self._server: BaseWSGIServer = make_server(
            HOST, port, _not_yet, threaded=True, request_handler=QuietRequestHandler
        )
        url = f"http://{HOST}:{self._server.server_port}"
        self.cloud = Cloud(directory=directory.resolve(), url=url, region=region)
        self.cloud.used_grants = UsedGrants.wanted(os.environ)
        self.cloud.engine = engine(self.cloud)
        self.cloud.engine.sweep()
        for service in SERVICES:
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
        """Answer nobody any more, and end every process that the cloud started."""
        self._server.shutdown()
        self.cloud.stop()
        self._server.server_close()


def _not_yet(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise RuntimeError("the server was asked before its services were installed")


def _with_own_pages(cloud: Cloud, application: Application) -> Application:
    """The laptop's fault injection and its quotas, pages of its own beside AWS's APIs.

    ``POST /_wharf/faults`` with ``{"drop": {"source": "aws.sagemaker", "count": 1}}`` loses the
    next delivery of such an event, ``{"double": …}`` delivers it twice, ``{"late": …}`` so many
    ``seconds`` later; ``GET`` lists what is armed still. ``POST /_wharf/quotas`` with
    ``{"name": "ml.m5.large for endpoint usage", "value": 0}`` sets a quota; ``GET`` lists those
    that were set. Root's signature is needed, as everywhere behind the gate.
    """

    def arm(body: bytes) -> None:
        cloud.faults.arm(FaultPlan.model_validate_json(body))

    def set_quota(body: bytes) -> None:
        cloud.quotas.change(QuotaChange.model_validate_json(body))

    pages: Mapping[str, tuple[str, Callable[[bytes], None], Callable[[], Any]]] = {
        FAULTS_PATH: ("armed", arm, cloud.faults.left),
        QUOTAS_PATH: ("changed", set_quota, cloud.quotas.told),
    }

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in pages:
            return application(environ, start_response)
        key, change, tell = pages[environ["PATH_INFO"]]
        if environ["REQUEST_METHOD"] == "POST":
            try:
                change(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
            except ValueError as error:  # a ValidationError is one, too
                return _json(start_response, "400 Bad Request", {"error": str(error)})
        return _json(start_response, "200 OK", {key: tell()})

    return answer


def _json(start_response: Callable[..., Any], status: str, document: Any) -> list[bytes]:
    data = json.dumps(document).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
    start_response(status, headers)
    return [data]
