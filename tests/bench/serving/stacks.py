"""The stacks: how each is started, asked and pinged."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.serving import bodies
from tests.bench.serving.bodies import Format
from tests.bench.serving.models import Model
from tests.bench.serving.peers import ROOT
from tests.bench.serving.servers import NotReady, free_port

APPS = Path(__file__).parent / "apps"
HOST = "127.0.0.1"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Command:
    """A program with what it needs of an environment; ``folder`` is where it runs."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = APPS


@dataclass(frozen=True)
class Stack:
    """A server for a model. ``command`` gets its environment's bin, the model, a port, a folder."""

    name: str
    label: str
    environment: str
    format: Format
    command: Callable[[Path, Model, int, Path], Command]
    path: str = "/invocations"
    ping: str = "/ping"

    @property
    def peer(self) -> bool:
        """Whether it is another project's server."""
        return self.environment != "ours"


def _ours(module: Sequence[str]) -> Callable[[Path, Model, int, Path], Command]:
    def command(programs: Path, model: Model, port: int, run: Path) -> Command:
        environment = {
            "SAGEMAKER_BIND_TO_HOST": HOST,
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SAGEMAKER_BASE_DIR": str(model.base),
        }
        return Command([str(programs / "python"), "-m", *module], environment, ROOT)

    return command


def _fastapi(programs: Path, model: Model, port: int, run: Path) -> Command:
    serve = [str(programs / "uvicorn"), "fastapi_app:app", "--host", HOST, "--port", str(port)]
    return Command([*serve, "--no-access-log", "--log-level", "error"])


def _flask(programs: Path, model: Model, port: int, run: Path) -> Command:
    serve = [str(programs / "gunicorn"), "--bind", f"{HOST}:{port}", "--workers", "1"]
    return Command([*serve, "--worker-class", "gevent", "--timeout", "60", "flask_app:app"])


def _bentoml(programs: Path, model: Model, port: int, run: Path) -> Command:
    serve = [str(programs / "bentoml"), "serve", "bento_app:Forecast"]
    home = {"BENTOML_HOME": str(run / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"}
    return Command([*serve, "--host", HOST, "--port", str(port)], home)


def _litserve(programs: Path, model: Model, port: int, run: Path) -> Command:
    return Command([str(programs / "python"), str(APPS / "litserve_app.py")])


def _mlserver(programs: Path, model: Model, port: int, run: Path) -> Command:
    folder = run / f"mlserver-{model.name}"
    folder.mkdir(exist_ok=True)
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    settings = {**ports, "host": HOST, "parallel_workers": 0, "debug": False}
    (folder / "settings.json").write_text(json.dumps(settings))
    served = {
        "name": "model",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(model.library)},
    }
    (folder / "model-settings.json").write_text(json.dumps(served))
    return Command([str(programs / "mlserver"), "start", str(folder)], folder=run)


def _mlflow(programs: Path, model: Model, port: int, run: Path) -> Command:
    saved = run / f"mlflow-{model.name}"
    if not saved.exists():
        save = [str(programs / "python"), str(APPS / "mlflow_save.py")]
        ran = subprocess.run(
            [*save, str(model.library), str(saved)], check=False, capture_output=True, text=True
        )
        if ran.returncode != 0:
            raise NotReady(f"cannot save the model: {ran.stderr.strip()[-200:]}")
    serve = [str(programs / "mlflow"), "models", "serve", "--model-uri", str(saved)]
    serve += ["--env-manager", "local", "--workers", "1", "--host", HOST, "--port", str(port)]
    # It starts uvicorn by name, whose command line reads this.
    return Command(serve, {"UVICORN_ACCESS_LOG": "false"}, run)


OURS = Stack("ours", "ours", "ours", bodies.CSV, _ours(["modelwharf.serving", "serve"]))
CONSTANT = Stack(
    "constant",
    "ours, the model a constant",
    "ours",
    bodies.CSV,
    _ours(["tests.bench.serving.constant"]),
)
PEERS = (
    Stack("fastapi", "FastAPI + uvicorn + joblib", "fastapi", bodies.JSON, _fastapi),
    Stack(
        "fastapi-csv",
        "FastAPI + uvicorn, CSV by hand in the event loop",
        "fastapi",
        bodies.CSV,
        _fastapi,
        path="/csv",
    ),
    Stack(
        "mlserver",
        "MLServer",
        "mlserver",
        bodies.V2,
        _mlserver,
        path="/v2/models/model/infer",
        ping="/v2/models/model/ready",
    ),
    Stack("mlflow", "MLflow scoring server", "mlflow", bodies.MLFLOW, _mlflow),
    Stack("bentoml", "BentoML", "bentoml", bodies.JSON, _bentoml, ping="/readyz"),
    Stack("litserve", "LitServe", "litserve", bodies.JSON, _litserve),
    Stack("flask", "Flask + gunicorn (AWS's sample)", "flask", bodies.CSV, _flask),
)
QUICK = ("fastapi", "fastapi-csv", "mlserver")


def environ(stack: Stack, programs: Path, model: Model, port: int, run: Path) -> dict[str, str]:
    """What every stack finds in its environment: one thread each, and nothing of this shell's."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
    return {
        **kept,
        **ONE_THREAD,
        "PATH": os.pathsep.join((str(programs), os.defpath)),
        "HOME": str(run),
        "TMPDIR": str(run),
        "PYTHONWARNINGS": "ignore",
        "MODEL": str(model.library),
        "PORT": str(port),
    }
