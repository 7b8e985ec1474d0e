import math
from pathlib import Path

import pytest

from tests.bench.serving import report
from tests.bench.serving.report import Bound
from tests.bench.serving.results import Absent, Pings, Results
from tests.unit.bench.records import MACHINE, alone, results, sample, start


def a_run() -> Results:
    return results(
        sample("ours", 40_000.0),
        sample("ours", 250.0, rows=1_000, connections=2),
        sample("ours", 9_000.0, connections=64),
        sample("constant", 60_000.0),
        sample("fastapi", 800.0, format="json"),
        start("ours", 0.25, rss=90.0, pss=80.0),
        start("ours", 0.3, workers=2, pss=100.0, private=(40.0, 12.5, 12.0)),
        alone(1, library=900.0, graph=10.0),
        alone(1_000, library=9_000.0, graph=3_000.0),
        pings=(
            Pings(
                stack="ours",
                model="hgb",
                beside="1,000-row requests",
                count=100,
                p50=1.0,
                p99=15.5,
                worst=17.0,
                failed=0,
            ),
        ),
        absent=(Absent(stack="bentoml", model="", reason="cannot be installed: no network"),),
    )


def line(page: str, begins: str) -> list[str]:
    (found,) = (one for one in page.splitlines() if one.startswith(f"| {begins}"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_each_mark_stands_beside_what_was_found() -> None:
    page = report.document(a_run())

    assert line(page, "HGB: one row, times the best peer (FastAPI")[1:] == ["≥ 40", "50.0"]
    assert line(page, "HGB: 1,000 rows as csv, of the library")[1:] == ["≥ 0.8", "2.25"]
    assert line(page, "HGB: 1,000 rows as npy, of the library")[1:] == ["≥ 0.8", "–"]
    assert line(page, "a worker's own memory")[1:] == ["≤ 25", "12.5"]
    assert line(page, "`/ping` p99 beside 1,000-row")[1:] == ["< 20", "15.5"]


@pytest.mark.parametrize(
    ("bound", "limit", "value", "cells"),
    [
        (Bound.AT_LEAST, 0.8, 0.8, ("≥ 0.8", "0.80")),
        (Bound.AT_LEAST, 0.8, 0.49, ("≥ 0.8", "**0.49**")),
        (Bound.AT_MOST, 0.3, 0.3, ("≤ 0.3", "0.30")),
        (Bound.AT_MOST, 0.3, 0.34, ("≤ 0.3", "**0.34**")),
        (Bound.BELOW, 100, 99.0, ("< 100", "99.0")),
        (Bound.BELOW, 100, 100.0, ("< 100", "**100**")),
    ],
)
def test_a_missed_mark_is_bold_and_a_met_one_is_not(
    bound: Bound, limit: float, value: float, cells: tuple[str, str]
) -> None:
    assert report.against(bound, limit, value) == cells


@pytest.mark.parametrize("bound", Bound)
def test_what_was_not_measured_is_a_dash_and_not_bold(bound: Bound) -> None:
    assert report.against(bound, 1, math.nan)[1] == "–"


def test_a_missed_mark_is_seen_on_the_page() -> None:
    late = results(
        sample("ours", 40_000.0, p99=1.25),
        start("ours", 0.34),
        start("ours", 0.4, cores=1),
    )
    page = report.document(late)

    assert line(page, "HGB: p99, ms")[1:] == ["< 1", "**1.25**"]
    assert line(page, "HGB: cold start, s")[1:] == ["≤ 0.3", "**0.34**"]
    assert line(page, "HGB: cold start on one core, s")[1:] == ["–", "0.40"]


def test_it_is_said_at_how_many_connections_large_requests_are_asked() -> None:
    run = a_run()

    assert "1,000 rows are requests a second at 2 connections." in report.comparison(run)
    assert line(report.sizes(run), "rows")[:2] == ["rows", "connections"]
    assert line(report.sizes(run), "1 ")[:3] == ["1", "16", "40,000"]
    assert line(report.sizes(run), "1,000")[:3] == ["1,000", "2", "250"]
    assert "1,000 rows, 2 connections" in line(report.formats(run), "requests a second")
    assert "1,000 rows at 2 with one worker and at 4 with two." in report.workers(run)


def test_the_head_says_whose_start_and_memory_are_compared() -> None:
    head = line(report.comparison(a_run()), "requests a second")

    assert head[-2:] == ["HGB: cold start on two cores / on one, s", "HGB: PSS, MiB"]


@pytest.mark.parametrize(
    ("rounds", "said"), [(1, "One round, each load"), (3, "Medians of 3 rounds, each load")]
)
def test_only_several_rounds_have_medians(rounds: int, said: str) -> None:
    machine = MACHINE.model_copy(update={"rounds": rounds})

    assert said in report.introduction(a_run().model_copy(update={"machine": machine}))


def test_a_request_is_split_into_its_parts() -> None:
    # 25 µs of CPU, of which parsing takes 2, the model 10.5 and writing 0.5.
    assert line(report.split(a_run()), "HGB")[1:7] == [
        "25.0",
        "12.0",
        "2.00",
        "10.5",
        "10.0",
        "0.50",
    ]


def test_who_is_missing_is_named() -> None:
    page = report.document(a_run())

    assert "- BentoML: cannot be installed: no network" in page


def test_the_busy_machine_is_told_of() -> None:
    assert "Our server had its core for 100% of the time" in report.document(a_run())


def test_the_picture_names_every_stack_and_is_the_same_twice(tmp_path: Path) -> None:
    from tests.bench.serving import plot  # here: every worker imports this file, not matplotlib

    plot.draw(a_run(), tmp_path / "one.svg")
    plot.draw(a_run(), tmp_path / "two.svg")

    drawn = (tmp_path / "one.svg").read_text()
    assert drawn == (tmp_path / "two.svg").read_text()
    assert ">ours<" in drawn
    assert ">FastAPI + uvicorn + joblib<" in drawn
