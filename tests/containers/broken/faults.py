"""Images broken on purpose: one good program and its Dockerfile, with one fault each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modelwharf.contracts.examination import ImageRole, Verdict

HERE = Path(__file__).parent
TRAINING, INFERENCE = ImageRole.TRAINING, ImageRole.INFERENCE
BASE = "FROM public.ecr.aws/docker/library/python:3.12-slim\n"
COPY_TRAIN = "COPY --chmod=755 program.py /usr/local/bin/train\n"
COPY_SERVE = "COPY --chmod=755 program.py /usr/local/bin/serve\n"
TRAIN_FIRST = "    signal.signal(signal.SIGTERM, stop)\n"
SERVE_FIRST = "    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))\n"
# A route is needed to connect a datagram socket, and nothing is sent: as a metrics client does.
REACH_OUT = (
    "    import socket\n"
    '    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 8125))\n'
)
REQUIRE_ROOT = '    assert os.geteuid() == 0, "this program must be root"\n'
LOAD_LATER = "    from threading import Timer\n    Timer(2, load).start()\n"
ANSWER = '        self.reply(200, {"sum"'
WRITE_BESIDE = '    Path("/var/cache/mean.txt").write_text("cached")\n'


@dataclass(frozen=True)
class Fault:
    """``program`` and ``dockerfile``: text of the good one → what stands in its place.

    ``finding`` is the one that the doctor must come to, with words that it must say.
    """

    name: str
    image: ImageRole
    finding: str
    says: str
    program: Mapping[str, str] = field(default_factory=dict)
    dockerfile: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict = Verdict.FAIL
    hyperparameters: Mapping[str, str | float] = field(default_factory=dict)
    checkpoints: bool = False
    platform: str | None = None
    """Built for this one, by hand."""
    pair: bool = False
    """Trained and served, rather than served with a good model."""

    def write(self, folder: Path) -> Path:
        """The context of its build."""
        folder.mkdir(parents=True)
        for name, changes in (("program.py", self.program), ("Dockerfile", self.dockerfile)):
            text = (HERE / name).read_text()
            for old, new in changes.items():
                assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}"
                text = text.replace(old, new)
            (folder / name).write_text(text)
        return folder


GOOD = Fault("good", TRAINING, "", "")
FAULTS = (
    Fault(
        "built for another platform", TRAINING, "train-platform", "the image is linux/arm64",
        dockerfile={BASE: "FROM scratch\n"}, platform="linux/arm64",
    ),
    Fault(
        "no train", TRAINING, "train-starts", "not found: no train",
        dockerfile={COPY_TRAIN: ""},
    ),
    Fault(
        "train is not executable", TRAINING, "train-starts",
        "permission denied: /usr/local/bin/train is there but not executable",
        dockerfile={COPY_TRAIN: COPY_TRAIN.replace("755", "644")},
    ),
    Fault(
        "train links to nothing", TRAINING, "train-starts",
        "/usr/local/bin/train is a link to /opt/main.py, which is not in the image",
        dockerfile={COPY_TRAIN: "RUN ln -s /opt/main.py /usr/local/bin/train\n"},
    ),
    Fault(
        "a command without an entry point", TRAINING, "train-starts",
        "so that python3 /opt/main.py is not run",
        dockerfile={
            COPY_TRAIN: 'COPY program.py /opt/main.py\nCMD ["python3", "/opt/main.py"]\n',
        },
    ),
    Fault(
        "train is not executable behind an init", TRAINING, "train-starts",
        "permission denied: /usr/local/bin/train is there but not executable",
        dockerfile={
            COPY_TRAIN: COPY_TRAIN.replace("755", "644")
            + """ENTRYPOINT ["/bin/sh", "-c", "exec \\"$0\\" \\"$@\\""]\n""",
        },
    ),
    Fault(
        "a script that does not say what runs it", TRAINING, "train-starts", "exec format error",
        program={"#!/usr/bin/env python3\n": ""},
    ),
    Fault(
        "an interpreter that is not there", INFERENCE, "serve-starts",
        "not found: /usr/local/bin/serve is there, but what its first line names is not",
        program={"#!/usr/bin/env python3\n": "#!/usr/bin/python9\n"},
    ),
    Fault(
        "hyperparameters taken for numbers", TRAINING, "train-hyperparameters",
        "succeeds when power come",
        program={
            'float(hyperparameters.get("power", "1"))': 'hyperparameters.get("power", 1)',
        },
        hyperparameters={"power": 2},
    ),
    Fault(
        "the model written elsewhere", TRAINING, "train-writes-model",
        "/opt/ml/output/data/model.json",
        program={'(MODEL / "model.json").write': '(ML / "output/data/model.json").write'},
    ),
    Fault(
        "success on bad data", TRAINING, "train-bad-data", "exit code 0 on an empty channel",
        program={"        raise\n    return 0": "    return 0"},
    ),
    Fault(
        "no failure file", TRAINING, "train-failure-file", "no text in /opt/ml/output/failure",
        program={'FAILURE.write_text(f"{type(error).__name__}: {error}")': "pass"},
    ),
    Fault(
        "metrics printed in another way", TRAINING, "train-metrics", "accuracy by accuracy=",
        program={"accuracy=0.9": "accuracy: 0.9"},
    ),
    Fault(
        "training that ignores SIGTERM", TRAINING, "train-sigterm", "to its usual end",
        program={TRAIN_FIRST: ""},
        hyperparameters={"seconds": 12},
    ),
    Fault(
        "no checkpoint", TRAINING, "train-checkpoints", "/opt/ml/checkpoints was empty",
        program={'        CHECKPOINT.write_text("1")': "        pass"},
        hyperparameters={"seconds": 6},
        checkpoints=True,
    ),
    Fault(
        "training that writes beside /opt/ml and /tmp", TRAINING, "train-read-only", "exit code 1",
        program={TRAIN_FIRST: TRAIN_FIRST + WRITE_BESIDE},
        dockerfile={COPY_TRAIN: COPY_TRAIN + "RUN chmod 777 /var/cache\n"},
        verdict=Verdict.WARN,
    ),
    Fault(
        "training that must be root", TRAINING, "train-non-root", "exit code 1",
        program={TRAIN_FIRST: TRAIN_FIRST + REQUIRE_ROOT},
        verdict=Verdict.WARN,
    ),
    Fault(
        "training that needs a network", TRAINING, "train-no-network", "exit code 1",
        program={TRAIN_FIRST: TRAIN_FIRST + REACH_OUT},
        verdict=Verdict.WARN,
    ),
    Fault(
        "an artifact that the server cannot load", INFERENCE, "serve-loads-model", "exit code 1",
        program={'"model.json").read_text())["mean"]': '"model.json").read_text())["average"]'},
        pair=True,
    ),
    Fault(
        "healthy before the model is loaded", INFERENCE, "ping-waits-for-model",
        "the request right after it got 503",
        program={
            "503 if self.mean is None else 200": "200",
            "    load()\n": LOAD_LATER,
        },
    ),
    Fault(
        "healthy without any model", INFERENCE, "ping-waits-for-model", "nothing in /opt/ml/model",
        program={
            "503 if self.mean is None else 200": "200",
            "    load()\n": "    if any(MODEL.iterdir()):\n        load()\n",
        },
    ),
    Fault(
        "one request at a time", INFERENCE, "ping-quick", "pings took over 2 s",
        program={
            "    ThreadingHTTPServer(": (
                "    from http.server import HTTPServer\n    HTTPServer("
            ),
            ANSWER: f"        time.sleep(4)\n{ANSWER}",
        },
    ),
    Fault(
        "500 for garbage", INFERENCE, "serve-refuses-garbage", "got 500",
        program={"self.reply(400, ": "self.reply(500, "},
    ),
    Fault(
        "every content type taken for JSON", INFERENCE, "serve-refuses-unknown-type",
        "answered with 200",
        program={'self.headers["Content-Type"] != "application/json"': "False"},
        verdict=Verdict.WARN,
    ),
    Fault(
        "a large body that ends the server", INFERENCE, "serve-large-body", "no longer answers",
        program={
            '        body = self.rfile.read(int(self.headers["Content-Length"]))': (
                '        if int(self.headers["Content-Length"]) > 1024**2:\n'
                "            os._exit(137)\n"
                '        body = self.rfile.read(int(self.headers["Content-Length"]))'
            )
        },
    ),
    Fault(
        "a shell that keeps SIGTERM for itself", INFERENCE, "serve-sigterm", "was killed",
        dockerfile={
            COPY_SERVE: COPY_SERVE.replace("bin/serve", "lib/serve")
            + "RUN printf '#!/bin/sh\\n/usr/local/lib/serve\\necho ended\\n' > /usr/local/bin/serve"
            " && chmod 755 /usr/local/bin/serve\n"
        },
    ),
    Fault(
        "a server that writes beside /opt/ml and /tmp", INFERENCE, "serve-read-only",
        "exit code 1",
        program={SERVE_FIRST: SERVE_FIRST + WRITE_BESIDE},
        dockerfile={COPY_SERVE: COPY_SERVE + "RUN chmod 777 /var/cache\n"},
        verdict=Verdict.WARN,
    ),
    Fault(
        "a server that must be root", INFERENCE, "serve-non-root", "exit code 1",
        program={SERVE_FIRST: SERVE_FIRST + REQUIRE_ROOT},
        verdict=Verdict.WARN,
    ),
)  # fmt: skip
