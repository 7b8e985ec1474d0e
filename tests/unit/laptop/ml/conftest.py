"""A cloud with the services that build, train and serve."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.moto_api._internal import moto_api_backend
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from modelwharf.contracts.laptop import STATE_FILE, LaptopCloud
from modelwharf.laptop import codebuild, registry
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.codecommit import service as codecommit
from modelwharf.laptop.iam import Gate
from modelwharf.laptop.own_engine import without_containers
from modelwharf.laptop.sagemaker import endpoints, model_packages, processing, training, transform
from tests.unit.engines import conftest as engines
from tests.unit.laptop.ml.laptops import (
    EVERYTHING,
    REGION,
    REPOSITORY,
    Emitted,
    Laptop,
    new_role,
)

cache = engines.cache


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Laptop]:
    emitted = Emitted()
    cloud = Cloud(directory=tmp_path_factory.mktemp("cloud"), url="", region=REGION)
    application = Gate(cloud, DomainDispatcherApplication(create_backend_app))
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    cloud.emit = emitted
    cloud.engine = without_containers(cloud)
    moto_api_backend.reset()  # moto's state is the whole process's
    for service in (
        codecommit,
        registry,
        training,
        processing,
        transform,
        endpoints,
        model_packages,
    ):
        service.install(cloud)
    codebuild.install(cloud, minute=0.2)
    (cloud.directory / STATE_FILE).write_text(
        LaptopCloud(
            pid=os.getpid(),
            url=cloud.url,
            region=REGION,
            account=cloud.account,
            engine="process",
            project="toy",
            repository="",
        ).model_dump_json()
    )
    laptop = Laptop(cloud, emitted, new_role(cloud))
    laptop.allow(EVERYTHING)
    cloud.client("ecr").create_repository(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")
    yield laptop
    cloud.processes.stop_all()
    cloud.workers.shutdown(wait=True, cancel_futures=True)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _permissions(request: pytest.FixtureRequest) -> None:
    """Every test begins with a role that may do everything."""
    if "laptop" in request.fixturenames:
        request.getfixturevalue("laptop").allow(EVERYTHING)
