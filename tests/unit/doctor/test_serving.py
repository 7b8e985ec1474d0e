"""What the doctor sees in an inference image."""

import json
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from modelwharf.contracts.examination import Verdict
from modelwharf.doctor import Sample
from modelwharf.doctor.servers import enlarged
from modelwharf.engines.engine import Launch
from modelwharf.engines.listening import NOWHERE
from tests.unit.doctor.conftest import INFERENCE, QUESTION, Practice, bad
from tests.unit.doctor.fakes import TERMINATED, Job, Serving, Stop, train
from tests.waiting import HUNG


def test_a_good_server_passes_every_check(practice: Practice) -> None:
    found = practice.serving()

    assert {one.verdict for one in found.values()} == {Verdict.PASS}, found


def test_every_server_is_ended(practice: Practice) -> None:
    practice.serving()

    assert len(practice.engine.servers) == 3, "the usual one, one without a model, a harder one"


def test_the_artifact_that_train_wrote_is_served(practice: Practice) -> None:
    found = practice.examine()

    assert [one.id for one in found.findings if one.verdict is Verdict.FAIL] == []
    assert any(
        one.id == "serve-loads-model" and one.verdict is Verdict.PASS for one in found.findings
    )


def test_without_an_artifact_only_the_start_is_checked(practice: Practice) -> None:
    found = {one.id: one for one in practice.examine(INFERENCE).findings}

    checked = {one.id for one in found.values() if one.verdict is not Verdict.SKIPPED}
    assert checked == {"serve-platform", "serve-user", "serve-starts"}
    assert "--model" in found["serve-loads-model"].change


def test_an_artifact_that_does_not_load_is_reported_once(practice: Practice) -> None:
    class Picky(Serving):
        def load(self) -> bool:
            raise SystemExit(1)

    practice.engine.serving = Picky

    found = practice.serving()

    assert bad(found) == {"serve-loads-model": "fail"}
    assert "it ended with exit code 1" in found["serve-loads-model"].seen


def test_a_server_that_is_never_healthy_is_reported_with_the_results_of_its_pings(
    practice: Practice,
) -> None:
    class Slow(Serving):
        def ping(self) -> int:
            over.wait(HUNG)
            return 200

    over = threading.Event()
    practice.engine.serving = Slow
    deadlines = replace(practice.settings.deadlines, ping=0.1, startup=0.3)

    found = practice.serving(deadlines=deadlines)
    over.set()

    assert bad(found) == {"serve-loads-model": "fail"}
    assert found["serve-loads-model"].seen.endswith("the last one got no answer within 0.1 s")


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("it listens on 127.0.0.1:8080 alone", "listen on 0.0.0.0, on port 8080"),
        (NOWHERE, "give it more time by --timeout"),
    ],
)
def test_a_server_that_listens_elsewhere_is_told_where(
    practice: Practice, where: str, change: str
) -> None:
    class Elsewhere(Serving):
        def ping(self) -> int:
            return 404

    practice.engine.serving = Elsewhere
    practice.engine.unreachable = where
    deadlines = replace(practice.settings.deadlines, startup=0.3)

    found = practice.serving(deadlines=deadlines)

    assert bad(found) == {"serve-loads-model": "fail"}
    assert found["serve-loads-model"].seen.endswith(f"; {where}")
    assert found["serve-loads-model"].change.startswith(change)


def test_a_server_that_goes_into_the_background_is_told_to_stay(practice: Practice) -> None:
    class Daemon(Serving):
        def load(self) -> bool:
            raise SystemExit(0)

    practice.engine.serving = Daemon

    found = practice.serving()

    assert bad(found) == {"serve-loads-model": "fail"}
    assert "serve must stay in the foreground" in found["serve-loads-model"].seen


def test_an_archive_that_is_none_is_named(practice: Practice) -> None:
    practice.folder.mkdir()
    broken = practice.folder / "model.tar.gz"
    broken.write_text("no archive")

    found = practice.serving(model=broken)

    assert bad(found) == {"serve-loads-model": "fail"}
    assert "model.tar.gz cannot be unpacked" in found["serve-loads-model"].seen


def test_a_server_that_is_healthy_before_it_can_answer_is_found(practice: Practice) -> None:
    class Hasty(Serving):
        def ping(self) -> int:
            return 200

        def load(self) -> bool:
            return False

        def answer(self, content_type: str, body: bytes) -> int:
            status = super().answer(content_type, body)
            self.ready = super().load()
            return status

    practice.engine.serving = Hasty

    found = practice.serving()

    assert bad(found) == {"ping-waits-for-model": "fail"}
    assert "the request right after it got 503" in found["ping-waits-for-model"].seen


def test_a_server_that_is_healthy_without_any_model_is_found(practice: Practice) -> None:
    class Careless(Serving):
        def ping(self) -> int:
            return 200

    practice.engine.serving = Careless

    found = practice.serving()

    assert bad(found) == {"ping-waits-for-model": "fail"}
    assert "nothing in /opt/ml/model" in found["ping-waits-for-model"].seen


def test_a_model_in_the_image_itself_is_not_a_fault(practice: Practice) -> None:
    class Complete(Serving):
        def load(self) -> bool:
            return True

    practice.engine.serving = Complete

    found = practice.serving()

    assert bad(found) == {}
    assert "its model is in the image" in found["ping-waits-for-model"].seen


@pytest.mark.parametrize("status", [500, 404])
def test_a_sample_that_is_not_answered_with_200_is_shown(practice: Practice, status: int) -> None:
    class Stubborn(Serving):
        def answer(self, content_type: str, body: bytes) -> int:
            return status

    practice.engine.serving = Stubborn
    deadlines = replace(practice.settings.deadlines, startup=0.3)

    found = practice.serving(deadlines=deadlines)

    assert bad(found) == {"serve-answers": "fail"}
    assert found["serve-answers"].seen == f"application/json got {status}"


def test_each_declared_content_type_must_be_answered(practice: Practice) -> None:
    csv = Sample("text/csv", b"1\n")

    found = practice.serving(samples=(*practice.settings.samples, csv))

    assert bad(found) == {"serve-answers": "fail"}
    assert found["serve-answers"].seen == "text/csv got 415"


class OneThread(Serving):
    """Pings and requests wait for one another; ``waiting`` counts the pings that do.

    Pings come one by one: when another waits, the one before it was late.
    """

    def __init__(self, launch: Launch) -> None:
        super().__init__(launch)
        self.thread = threading.Lock()
        self.waiting = threading.Semaphore(0)

    def ping(self) -> int:
        if not self.thread.acquire(blocking=False):
            self.waiting.release()
            self.thread.acquire()
        self.thread.release()
        return super().ping()

    def hold_until_late(self, pings: int) -> None:
        for _ in range(pings + 1):
            self.waiting.acquire(timeout=HUNG)


def someone_pings() -> bool:
    """Whether the doctor pings beside requests, rather than only asks."""
    return any(thread.name == "pings" for thread in threading.enumerate())


def test_a_ping_that_waits_behind_requests_is_found(practice: Practice) -> None:
    class OneByOne(OneThread):
        def answer(self, content_type: str, body: bytes) -> int:
            with self.thread:
                if body == QUESTION.body and someone_pings():
                    self.hold_until_late(1)
                return super().answer(content_type, body)

    practice.engine.serving = OneByOne
    deadlines = replace(practice.settings.deadlines, ping=1)

    found = practice.serving(deadlines=deadlines)

    assert bad(found) == {"ping-quick": "fail"}
    assert "pings took over 1 s while a request was answered" in found["ping-quick"].seen


@pytest.mark.parametrize(
    ("late", "limit", "findings"),
    [(1, 2, {}), (2, 0.4, {"ping-quick": "fail"})],  # no other may be late, or any other
    ids=["once", "again"],
)
def test_a_ping_may_be_late_once_beside_a_large_body(
    practice: Practice, late: int, limit: float, findings: dict[str, str]
) -> None:
    class TakingApart(OneThread):
        def answer(self, content_type: str, body: bytes) -> int:
            if len(body) > 1024**2:
                with self.thread:
                    self.hold_until_late(late)
            return super().answer(content_type, body)

    practice.engine.serving = TakingApart
    deadlines = replace(practice.settings.deadlines, ping=limit)

    assert bad(practice.serving(deadlines=deadlines)) == findings


def _answering(status: Callable[[str, bytes], int | None]) -> type[Serving]:
    class Changed(Serving):
        def answer(self, content_type: str, body: bytes) -> int:
            return status(content_type, body) or super().answer(content_type, body)

    return Changed


@pytest.mark.parametrize("status", [200, 500])
def test_garbage_that_is_not_refused_is_found(practice: Practice, status: int) -> None:
    practice.engine.serving = _answering(lambda kind, body: status if b"\xff" in body else None)

    assert bad(practice.serving()) == {"serve-refuses-garbage": "fail"}


@pytest.mark.parametrize(("status", "verdict"), [(200, "warn"), (500, "fail")])
def test_an_unknown_content_type_should_be_refused(
    practice: Practice, status: int, verdict: str
) -> None:
    practice.engine.serving = _answering(lambda kind, body: status if "unheard" in kind else None)

    assert bad(practice.serving()) == {"serve-refuses-unknown-type": verdict}


def test_a_large_body_that_ends_the_server_is_found_and_the_rest_is_checked_on_another(
    practice: Practice,
) -> None:
    def greedy(kind: str, body: bytes) -> int | None:
        if len(body) > 1024**2:
            raise SystemExit(137)
        return None

    practice.engine.serving = _answering(greedy)

    found = practice.serving()

    assert bad(found) == {"serve-large-body": "fail"}
    assert found["serve-sigterm"].verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("limit", "told"), [(5, "5 MB are taken"), (12, "10 MB are taken"), (0, "1 MB is refused, too")]
)
def test_a_large_body_may_be_refused_but_the_limit_is_reported(
    practice: Practice, limit: int, told: str
) -> None:
    most = max(limit * 1024**2, 100)
    practice.engine.serving = _answering(lambda kind, body: 413 if len(body) > most else None)

    found = practice.serving()

    # Garbage of 1.5 kB is too large for the smallest limit, which is a refusal as well.
    assert bad(found) == {"serve-large-body": "warn"}
    assert found["serve-large-body"].seen == f"a body of 25 MB is refused with 413, {told}"


@pytest.mark.parametrize(
    ("code", "told"),
    [(None, "was killed"), (TERMINATED, "does not handle SIGTERM"), (3, "exit code 3")],
)
def test_a_server_that_does_not_end_well_is_found(
    practice: Practice, code: int | None, told: str
) -> None:
    class Unwilling(Serving):
        def stopped(self) -> int:
            if code is None:
                raise Stop
            return code

    practice.engine.serving = Unwilling
    deadlines = practice.settings.deadlines
    if code is None:
        deadlines = replace(deadlines, stop_serving=0.1)

    found = practice.serving(deadlines=deadlines)

    assert bad(found) == {"serve-sigterm": "fail"}
    assert told in found["serve-sigterm"].seen


@pytest.mark.parametrize(
    ("attribute", "finding"),
    [
        ("read_only", "serve-read-only"),
        ("user", "serve-non-root"),
        ("isolated", "serve-no-network"),
    ],
)
def test_each_harder_condition_is_distinguished(
    practice: Practice, attribute: str, finding: str
) -> None:
    class Delicate(Serving):
        def load(self) -> bool:
            if getattr(self.launch, attribute):
                raise SystemExit(1)
            return super().load()

    practice.engine.serving = Delicate

    assert bad(practice.serving()) == {finding: "warn"}


def test_a_server_that_is_allowed_to_write_is_not_tried_without(practice: Practice) -> None:
    found = practice.serving(environment={"MODELWHARF_WRITABLE_ROOT": "1"})

    assert found["serve-read-only"].verdict is Verdict.SKIPPED
    assert not any(one.read_only for one in practice.engine.launches)


@pytest.mark.parametrize(
    ("written", "asked"), [('{"add": 7}', b'{"add": 7}'), ("[5.1, NaN]", b"[5.1, null]")]
)
def test_the_holdouts_first_request_is_a_sample_when_none_is_given(
    practice: Practice, written: str, asked: bytes
) -> None:
    def leaves_holdout(job: Job) -> int:
        line = f'{{"request": {written}, "prediction": {{"sum": 9}}}}\n'
        (job.tree / "output" / "data" / "holdout.jsonl").write_text(line)
        return train(job)

    bodies: list[bytes] = []

    def note(kind: str, body: bytes) -> int:
        bodies.append(body)
        return 200

    practice.engine.train = leaves_holdout
    practice.engine.serving = _answering(note)

    practice.examine(samples=())

    assert bodies[0] == asked


def test_a_large_body_is_made_of_whole_lines_or_stays_the_same_document() -> None:
    table = enlarged(Sample("text/csv", b"5.1,3.5,1.4,0.2")).body
    assert set(table.splitlines()) == {b"5.1,3.5,1.4,0.2"}
    document = enlarged(Sample("application/json", b"[[5.1]]")).body
    assert json.loads(document) == [[5.1]]
    limit = 25 * 1024 * 1024  # bytes (InvokeEndpoint)
    assert limit - 2048 < min(len(table), len(document)) <= max(len(table), len(document)) < limit


def test_without_a_sample_request_only_health_is_checked(practice: Practice) -> None:
    found = practice.serving(samples=())

    assert "--content-type" in found["serve-answers"].change
    assert found["ping-quick"].verdict is Verdict.PASS
    assert found["serve-sigterm"].verdict is Verdict.PASS
    assert bad(found) == {}


def test_a_program_that_does_not_start_is_reported(practice: Practice) -> None:
    def refuse(launch: Launch) -> None:
        raise OSError("exec /usr/local/bin/serve: no such file or directory")

    practice.engine.starts = refuse

    found = practice.serving()

    assert bad(found) == {"serve-starts": "fail"}
    assert "no serve on the image's PATH" in found["serve-starts"].seen


@pytest.mark.parametrize("packed", [False, True])
def test_a_given_model_with_a_link_is_refused_by_its_name(
    practice: Practice, tmp_path: Path, packed: bool
) -> None:
    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "weights").write_text("2.0")
    (folder / "mean").symlink_to("weights")
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as made:
        made.add(folder, arcname=".")

    found = practice.serving(model=archive if packed else folder)

    assert bad(found) == {"serve-loads-model": "fail"}
    assert "mean is a symbolic link to weights" in found["serve-loads-model"].seen


@dataclass
class Brief(Serving):
    """Ends at its third ping."""

    pings: int = 0

    def ping(self) -> int:
        self.pings += 1
        if self.pings == 3:
            raise SystemExit(4)
        return super().ping()


def test_a_server_that_ends_after_its_first_pings_is_found(practice: Practice) -> None:
    practice.engine.serving = Brief

    found = practice.serving(samples=())

    assert bad(found) == {"ping-quick": "fail"}
    assert "good pings it ended with exit code 4" in found["ping-quick"].seen
