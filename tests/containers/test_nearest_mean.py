"""The example's two images by hand, as SageMaker's documentation shows them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.containers.engines import ContainerEngine, Ended, Served, status_of, training_tree
from tests.release.laptop import ROOT
from tests.waiting import HUNG, until

EXAMPLE = ROOT / "examples/nearest-mean"
IRIS = (EXAMPLE / "data/iris.csv").read_text()
CONFINED: dict[str, Any] = {"read_only": True, "user": "1000", "cap_drop": ["ALL"]}
LONGEST_BODY = 25 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Trained:
    """What a training container left."""

    ended: Ended
    tree: Path

    @property
    def failure(self) -> str:
        return (self.tree / "output/failure").read_text()

    @property
    def model(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.tree / "model/model.json").read_text())
        return read


class Trainer:
    def __init__(self, engine: ContainerEngine, image: str, folder: Path) -> None:
        self._engine, self._image, self._folder = engine, image, folder

    def train(self, text: str = IRIS, **hyperparameters: str) -> Trained:
        tree = training_tree(self._folder, {"training": {"iris.csv": text}}, hyperparameters)
        return Trained(self._engine.run(self._image, "train", tree=tree, **CONFINED), tree)


def build(engine: ContainerEngine, program: str, tag: str) -> str:
    return engine.build(
        EXAMPLE, f"localhost/nearest-mean-{program}:{tag}", dockerfile=f"{program}/Dockerfile"
    )


@pytest.fixture(scope="module")
def training_image(engine: ContainerEngine, tag: str) -> str:
    return build(engine, "train", tag)


@pytest.fixture(scope="module")
def serving_image(engine: ContainerEngine, tag: str) -> str:
    return build(engine, "serve", tag)


@pytest.fixture
def trainer(engine: ContainerEngine, training_image: str, tmp_path: Path) -> Trainer:
    return Trainer(engine, training_image, tmp_path / "ml")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder as /opt/ml with a model in it: in one dimension, so that answers are plain."""
    tree = tmp_path / "ml"
    (tree / "model").mkdir(parents=True)
    document = {"features": ["length"], "means": {"short": [1.0], "long": [9.0]}}
    (tree / "model/model.json").write_text(json.dumps(document))
    return tree


def ask(served: Served, body: bytes, content_type: str = "text/csv") -> tuple[int, str]:
    request = Request(f"{served.url}/invocations", body, {"Content-Type": content_type})
    try:
        with urlopen(request, timeout=HUNG) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def healthy(served: Served) -> bool:
    return status_of(f"{served.url}/ping") == 200


def test_training_writes_the_means_and_logs_an_accuracy_to_gate_on(trainer: Trainer) -> None:
    trained = trainer.train()
    assert trained.ended.exit_code == 0, trained.ended.log
    assert "accuracy=0.9" in trained.ended.log
    assert trained.model["means"]["setosa"] == pytest.approx([5.006, 3.428, 1.462, 0.246])


def test_the_seed_alone_decides_the_accuracy(trainer: Trainer) -> None:
    one, same, other = (trainer.train(seed=seed).ended.log for seed in ("1", "1", "2"))
    assert one == same != other


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("holdout_share", "1.5", "1.5 does not lie between 0 and 1"),
        ("seed", "first", '"first" is not a whole number'),
        ("sed", "1", "known are holdout_share, label, repeats and seed"),
        ("label", "kind", 'has no column "kind"'),
    ],
)
def test_a_wrong_hyperparameter_is_refused_with_what_is_allowed(
    trainer: Trainer, name: str, value: str, words: str
) -> None:
    trained = trainer.train(**{name: value})
    assert trained.ended.exit_code == 1
    assert words in trained.failure


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("length,species\n1.0,a\nlong,b\n", 'iris.csv:3: length: "long" is not a finite number'),
        ("length,species\n1.0\n", "iris.csv:2: 1 fields, but the header has 2"),
        ("length,species\n1.0,a\n2.0,a\n", "are of 1 class"),
        ("", "iris.csv is empty"),
    ],
)
def test_bad_data_leave_a_failure_file_that_names_the_line(
    trainer: Trainer, text: str, words: str
) -> None:
    trained = trainer.train(text)
    assert trained.ended.exit_code == 1
    assert words in trained.failure
    assert not (trained.tree / "model/model.json").exists()


def test_sigterm_ends_training_without_a_model(
    engine: ContainerEngine, training_image: str, tmp_path: Path
) -> None:
    tree = training_tree(
        tmp_path / "ml", {"training": {"iris.csv": IRIS}}, {"repeats": "1000000000"}
    )
    container = engine.create(training_image, "train", tree=tree, **CONFINED)
    try:
        container.start()
        until(lambda: b"rows=150" in container.logs(), "the start of the training")
        container.stop(timeout=int(HUNG))
        ended = engine.wait(container)
    finally:
        container.remove(v=True, force=True)
    assert ended.exit_code == 143
    assert "no model was written" in ended.log


def test_the_server_answers_both_content_types(
    engine: ContainerEngine, serving_image: str, model: Path
) -> None:
    with engine.serving(serving_image, tree=model, **CONFINED) as served:
        until(lambda: healthy(served), "a healthy server")
        assert ask(served, b"2\n8\n") == (200, "short\nlong\n")
        asked = ask(served, b'{"instances": [[2], [8.5]]}', "application/json")
        assert asked == (200, '{"predictions":["short","long"]}')


def test_what_cannot_be_answered_gets_4xx_and_the_reason(
    engine: ContainerEngine, serving_image: str, model: Path
) -> None:
    wrong = {
        (b"1,2", "text/csv"): (400, "row 1 has 2 values, not 1 (length)"),
        (b"1\nx", "text/csv"): (400, 'row 2: "x" is not a finite number'),
        (b"\n", "text/csv"): (400, "the body has no row"),
        (b"{", "application/json"): (400, "the body is not JSON"),
        (b'{"instances": [["1"]]}', "application/json"): (400, "something else than numbers"),
        (b"[" * 1_000_000, "application/json"): (400, 'send {"instances"'),
        (b'{"instances": [[[1]]]}', "application/json"): (400, "nested otherwise"),
        (b'{"rows": [[1]]}', "application/json"): (400, 'unknown key "rows"'),
        (b"1", "image/png"): (415, "send text/csv or application/json"),
        (b"1" * (LONGEST_BODY + 1), "text/csv"): (413, "Too Large"),
    }
    with engine.serving(serving_image, tree=model, **CONFINED) as served:
        until(lambda: healthy(served), "a healthy server")
        for (body, content_type), (status, words) in wrong.items():
            answered = ask(served, body, content_type)
            assert answered[0] == status and words in answered[1], (body[:40], answered)
        assert healthy(served)


def test_a_body_just_short_of_25_mb_is_answered(
    engine: ContainerEngine, serving_image: str, model: Path
) -> None:
    with engine.serving(serving_image, tree=model, **CONFINED) as served:
        until(lambda: healthy(served), "a healthy server")
        status, answered = ask(served, b"2\n" * (LONGEST_BODY // 2))
        assert (status, answered.count("short\n")) == (200, LONGEST_BODY // 2)


def test_a_server_without_its_model_ends_and_says_so(
    engine: ContainerEngine, serving_image: str, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    ended = engine.run(serving_image, "serve", tree=tmp_path)
    assert ended.exit_code == 1
    assert "there is no model at /opt/ml/model/model.json" in ended.log


def test_sigterm_ends_the_server_cleanly(
    engine: ContainerEngine, serving_image: str, model: Path
) -> None:
    with engine.serving(serving_image, tree=model, **CONFINED) as served:
        until(lambda: healthy(served), "a healthy server")
        served.container.stop(timeout=int(HUNG))
        assert engine.wait(served.container).exit_code == 0


def test_the_server_listens_where_sagemaker_tells_it(
    engine: ContainerEngine, serving_image: str, model: Path
) -> None:
    options = {**CONFINED, "environment": {"SAGEMAKER_BIND_TO_PORT": "9000"}}
    with engine.serving(serving_image, tree=model, **options) as served:
        until(lambda: "on port 9000" in served.log(), "a server on port 9000")


def test_the_images_hold_one_program_each_and_no_compiler(
    engine: ContainerEngine, training_image: str, serving_image: str
) -> None:
    for image in (training_image, serving_image):
        assert engine.client.images.get(image).attrs["Size"] < 5_000_000  # bytes
