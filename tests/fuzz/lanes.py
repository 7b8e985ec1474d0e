"""What is done to a server: kinds of requests, each counted by the status of its answer."""

import hashlib
import io
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from inference.limits import BODY_LIMIT
from tests.fuzz import reference
from tests.fuzz.artifacts import COLUMNS
from tests.fuzz.bodies import TYPES, Body, bodies, mutants, same
from tests.fuzz.forecasts import forecast_bodies
from tests.fuzz.framing import conversations
from tests.fuzz.heavy import bodies as heavy_bodies
from tests.fuzz.reference import Rows
from tests.fuzz.wire import Answer, Connection, RuleBroken, request

CONNECTIONS = 8
EXACT = "application/x-npy"
PATIENCE = 0.05  # seconds in which an odd request is answered, or is none

Tally = Counter[int]
Lane = Callable[[int, int, int], Tally]


class Pool:
    """Connections that are kept; what goes out at once comes back together."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle = [Connection(port) for _ in range(CONNECTIONS)]
        self.tally: Tally = Counter()

    def close(self) -> None:
        for connection in self._idle:
            connection.close()

    def ask(self, texts: Sequence[bytes]) -> list[Answer]:
        answers: list[Answer] = []
        for start in range(0, len(texts), CONNECTIONS):
            some = texts[start : start + CONNECTIONS]
            for place, text in enumerate(some):
                self._idle[place].send(text)
            for place in range(len(some)):
                answer = self._idle[place].answer()
                self.tally[answer.status] += 1
                answers.append(answer)
                if self._idle[place].closed:
                    self._idle[place].close()
                    self._idle[place] = Connection(self._port)
        return answers


def tables(port: int, count: int, number: int, *, spoils: int = 12) -> Tally:
    """Right bodies, which must be answered with their own rows, and ``spoils`` spoilt ones of
    each: what of these is answered must say the same to a plain reader.
    """
    pool = Pool(port)
    accept = ("accept", EXACT)

    @quietly(max(1, count // (spoils + 1)))
    @seed(number)
    @given(
        bodies(COLUMNS),
        st.integers(0, 2**32),
        st.sampled_from([0, 0, 1, 3]),
        st.sampled_from(TYPES),
    )
    def run(body: Body, chosen: int, chunks: int, other: str) -> None:
        chance = random.Random(chosen)  # noqa: S311
        spoilt = [
            Body(other if chance.random() < 0.05 else body.content_type, content, [])
            for content in mutants(body.content, chosen, spoils)
        ]
        texts = [
            request(one.content, content_type=one.content_type, chunks=chunks, headers=[accept])
            for one in (body, *spoilt)
        ]
        first, *others = pool.ask(texts)
        if first.status != 200:
            raise RuleBroken(f"{kept(body.content)} ({body}) is right, but: {first}")
        _check_rows(body, first, body.rows)
        for one, answer in zip(spoilt, others, strict=True):
            if answer.status == 200:
                _check_rows(one, answer, _read(one))

    try:
        run()
    finally:
        pool.close()
    return pool.tally


def _read(body: Body) -> Rows:
    try:
        with np.errstate(all="ignore"):
            return reference.read(body.content_type, body.content, COLUMNS)
    except Exception as error:
        where = kept(body.content)
        raise RuleBroken(f"{where} ({body}) was answered, but holds no rows: {error!r}") from None


def _check_rows(body: Body, answer: Answer, rows: Rows) -> None:
    found = np.load(io.BytesIO(answer.body), allow_pickle=False).tolist()
    if not same(found, rows):
        first = next(
            (n for n, pair in enumerate(zip(found, rows, strict=False)) if not same(*pair)),
            min(len(found), len(rows)),
        )
        raise RuleBroken(
            f"{kept(body.content)} ({body}) holds {len(rows)} rows, and {len(found)} were "
            f"answered; the first that differs is {first}: {rows[first : first + 1]}, not "
            f"{found[first : first + 1]}"
        )


def answers(port: int, count: int, number: int) -> Tally:
    """Right bodies, answered in whichever format was asked for: all say the same."""
    pool = Pool(port)

    @quietly(max(1, count // (len(TYPES) + 1)))
    @seed(number)
    @given(bodies(COLUMNS))
    def run(body: Body) -> None:
        texts = [
            request(body.content, content_type=body.content_type, accept=accept) for accept in TYPES
        ]
        for accept, answer in zip(TYPES, pool.ask(texts), strict=True):
            if (answer.status, answer.headers["content-type"]) != (200, accept):
                raise RuleBroken(f"{kept(body.content)} ({body}), Accept {accept}: {answer}")
            rows = written(accept, answer.body)
            expected = body.rows
            if "json" in accept:  # which has no infinity
                expected = [[x if abs(x) <= 1.8e308 else float("nan") for x in row] for row in rows]
                rows = expected if same(rows, expected) else rows
                finite = np.array(body.rows, np.float64)
                finite[~np.isfinite(finite)] = np.nan
                expected = finite.tolist()
            if not same(rows, expected):
                raise RuleBroken(f"{kept(body.content)} ({body}), Accept {accept}: {answer}")

    try:
        run()
    finally:
        pool.close()
    return pool.tally


def written(content_type: str, content: bytes) -> Rows:
    """The rows of an answer."""
    if content_type == "application/json":
        content = content.replace(b'{"predictions":', b'{"instances":')
        # An answer in V2 has a tensor an output.
        content = re.sub(
            rb'^\{"model_name":"model",("id":"[^"]*",)?"outputs":', b'{"inputs":', content
        )
    if content_type == "application/jsonlines":
        content = content.replace(b'{"prediction":', b'{"features":')
    return reference.read(content_type, content, COLUMNS)


def heavies(port: int, largest: int = BODY_LIMIT) -> Tally:
    """One body after the other that is meant to take all memory or all time, each of up to
    ``largest`` bytes.
    """
    tally: Tally = Counter()
    for heavy in heavy_bodies(COLUMNS, largest):
        with Connection(port) as connection:
            asked = request(heavy.content, content_type=heavy.content_type)
            try:
                tally[connection.ask(asked).status] += 1
            except (RuleBroken, TimeoutError) as error:
                raise RuleBroken(f"{heavy.name}: {error!r}") from None
    return tally


def oddities(port: int, count: int, number: int) -> Tally:
    """Conversations that are wrong below the level of bodies, each on a connection of its own."""
    tally: Tally = Counter()
    several = st.lists(conversations(), min_size=1, max_size=2 * CONNECTIONS)

    @quietly(max(1, count // CONNECTIONS))
    @seed(number)
    @given(several)
    def run(some: list[list[bytes]]) -> None:
        with ExitStack() as stack:
            opened = [stack.enter_context(Connection(port)) for _ in some]
            for connection, parts in zip(opened, some, strict=True):
                for part in parts:
                    connection.send(part)
            patience = PATIENCE  # for all of them: they were sent at once
            for connection in opened:
                for answer in connection.rest(patience=patience):
                    tally[answer.status] += 1
                patience = 0.001

    run()
    return tally


def forecasts(port: int, count: int, number: int, *, spoils: int = 12) -> Tally:
    """Questions to the forecaster, right and spoilt."""
    pool = Pool(port)

    @quietly(max(1, count // (spoils + 1)))
    @seed(number)
    @given(forecast_bodies(), st.integers(0, 2**32), st.sampled_from([0, 0, 1, 3]))
    def run(body: tuple[str, bytes], chosen: int, chunks: int) -> None:
        content_type, content = body
        texts = [
            request(one, content_type=content_type, chunks=chunks)
            for one in (content, *mutants(content, chosen, spoils))
        ]
        if pool.ask(texts)[0].status != 200:
            raise RuleBroken(f"{body} was refused")

    try:
        run()
    finally:
        pool.close()
    return pool.tally


def kept(content: bytes) -> Path:
    """The file that a body is in from now on."""
    folder = Path(tempfile.gettempdir()) / "wharf-fuzz"
    folder.mkdir(exist_ok=True)
    path = folder / hashlib.sha256(content).hexdigest()[:12]
    path.write_bytes(content)
    return path


def quietly(examples: int) -> settings:
    """So many examples, and the first that fails ends it."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        # What fails is kept as it was sent: to make it smaller takes minutes.
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        print_blob=False,
    )
