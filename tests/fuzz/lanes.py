"""What is done to a server: kinds of requests, each counted by the status of its answer."""

import hashlib
import io
import random
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from modelwharf.serving.limits import BODY_LIMIT
from tests.fuzz import reference
from tests.fuzz.artifacts import COLUMNS
from tests.fuzz.bodies import TYPES, Body, bodies, mutants, same
from tests.fuzz.forecasts import forecast_bodies
from tests.fuzz.found import Found, until_answered
from tests.fuzz.framing import conversations
from tests.fuzz.heavy import bodies as heavy_bodies
from tests.fuzz.reference import Rows
from tests.fuzz.wire import Answer, Connection, RuleBroken, request

CONNECTIONS = 8
EXACT = "application/x-npy"
PATIENCE = 0.05  # seconds in which an odd request is answered, or is none

Lane = Callable[[int, int, int], Found]
"""Asks a port until so many requests are answered, with a seed."""


class Pool:
    """Connections that are kept; what goes out at once comes back together."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: dict[int, Connection] = {}
        self.found = Found()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *error: object) -> None:
        self._renew()

    def ask(self, texts: Sequence[bytes]) -> list[Answer]:
        try:
            return [
                answer
                for start in range(0, len(texts), CONNECTIONS)
                for answer in self._at_once(texts[start : start + CONNECTIONS])
            ]
        except (RuleBroken, OSError):
            self._renew()  # whose answer comes next is not known
            raise

    def _at_once(self, texts: Sequence[bytes]) -> list[Answer]:
        for place, text in enumerate(texts):
            if place not in self._open:
                self._open[place] = Connection(self._port)
            self._open[place].send(text)
        answers = []
        for place in range(len(texts)):
            answer = self._open[place].answer()
            self.found.answers[answer.status] += 1
            answers.append(answer)
            if self._open[place].closed:
                self._open.pop(place).close()
        return answers

    def _renew(self) -> None:
        while self._open:
            self._open.popitem()[1].close()


def tables(port: int, count: int, number: int, *, spoils: int = 12) -> Found:
    """Right bodies, which must be answered with their own rows, and ``spoils`` spoilt ones of
    each: what of these is answered must say the same to a plain reader.
    """
    accept = ("accept", EXACT)

    def turn(examples: int, chosen_seed: int) -> None:
        @quietly(examples)
        @seed(chosen_seed)
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
            with pool.found.noting():
                first, *others = pool.ask(texts)
                with pool.found.noting():
                    if first.status != 200:
                        raise RuleBroken(f"{kept(body.content)} ({body}) is right, but: {first}")
                    _check_rows(body, first, body.rows)
                for one, answer in zip(spoilt, others, strict=True):
                    with pool.found.noting():
                        if answer.status == 200:
                            _check_rows(one, answer, _read(one))

        run()

    with Pool(port) as pool:
        until_answered(pool.found, count, number, spoils + 1, turn)
    return pool.found


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


def answers(port: int, count: int, number: int) -> Found:
    """Right bodies, answered in whichever format was asked for: all say the same."""

    def turn(examples: int, chosen: int) -> None:
        @quietly(examples)
        @seed(chosen)
        @given(bodies(COLUMNS))
        def run(body: Body) -> None:
            texts = [
                request(body.content, content_type=body.content_type, accept=accept)
                for accept in TYPES
            ]
            with pool.found.noting():
                for accept, answer in zip(TYPES, pool.ask(texts), strict=True):
                    with pool.found.noting():
                        _check_written(body, accept, answer)

        run()

    with Pool(port) as pool:
        until_answered(pool.found, count, number, len(TYPES), turn)
    return pool.found


def _check_written(body: Body, accept: str, answer: Answer) -> None:
    if (answer.status, answer.headers["content-type"]) != (200, accept):
        raise RuleBroken(f"{kept(body.content)} ({body}), Accept {accept}: {answer}")
    rows = written(accept, answer.body)
    expected = np.array(body.rows, np.float64)
    if "json" in accept:  # which has no infinity
        expected[~np.isfinite(expected)] = np.nan
    if not same(rows, expected.tolist()):
        raise RuleBroken(f"{kept(body.content)} ({body}), Accept {accept}: {answer}")


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


def heavies(port: int, largest: int = BODY_LIMIT) -> Found:
    """One body after the other that is meant to take all memory or all time, each of up to
    ``largest`` bytes.
    """
    found = Found()
    for heavy in heavy_bodies(COLUMNS, largest):
        asked = request(heavy.content, content_type=heavy.content_type)
        with found.noting(), Connection(port) as connection:
            try:
                found.answers[connection.ask(asked).status] += 1
            except (RuleBroken, TimeoutError) as error:
                raise RuleBroken(f"{heavy.name}: {error!r}") from None
    return found


def oddities(port: int, count: int, number: int) -> Found:
    """Conversations that are wrong below the level of bodies, each on a connection of its own."""
    found = Found()
    several = st.lists(conversations(), min_size=1, max_size=2 * CONNECTIONS)

    def turn(examples: int, chosen: int) -> None:
        @quietly(examples)
        @seed(chosen)
        @given(several)
        def run(some: list[list[bytes]]) -> None:
            with found.noting(), ExitStack() as stack:
                opened = [stack.enter_context(Connection(port)) for _ in some]
                for connection, parts in zip(opened, some, strict=True):
                    for part in parts:
                        connection.send(part)
                patience = PATIENCE  # for all of them: they were sent at once
                for connection, parts in zip(opened, some, strict=True):
                    with found.noting():
                        _rest(found, connection, parts, patience)
                    patience = 0.001

        run()

    until_answered(found, count, number, CONNECTIONS, turn)
    return found


def _rest(found: Found, connection: Connection, parts: list[bytes], patience: float) -> None:
    try:
        for answer in connection.rest(patience=patience):
            found.answers[answer.status] += 1
    except RuleBroken as error:
        sent = b"".join(parts)
        raise RuleBroken(f"{kept(sent)} ({sent[:300]!r}): {error}") from None


def forecasts(port: int, count: int, number: int, *, spoils: int = 12) -> Found:
    """Questions to the forecaster, right and spoilt."""

    def turn(examples: int, chosen_seed: int) -> None:
        @quietly(examples)
        @seed(chosen_seed)
        @given(forecast_bodies(), st.integers(0, 2**32), st.sampled_from([0, 0, 1, 3]))
        def run(body: tuple[str, bytes], chosen: int, chunks: int) -> None:
            content_type, content = body
            texts = [
                request(one, content_type=content_type, chunks=chunks)
                for one in (content, *mutants(content, chosen, spoils))
            ]
            with pool.found.noting():
                if pool.ask(texts)[0].status != 200:
                    raise RuleBroken(f"{body} was refused")

        run()

    with Pool(port) as pool:
        until_answered(pool.found, count, number, spoils + 1, turn)
    return pool.found


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
