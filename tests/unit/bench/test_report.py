from pathlib import Path

from tests.bench.serving import plot, report
from tests.bench.serving.results import Absent, Pings, Results
from tests.unit.bench.records import alone, results, sample, start


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
    plot.draw(a_run(), tmp_path / "one.svg")
    plot.draw(a_run(), tmp_path / "two.svg")

    drawn = (tmp_path / "one.svg").read_text()
    assert drawn == (tmp_path / "two.svg").read_text()
    assert ">ours<" in drawn
    assert ">FastAPI + uvicorn + joblib<" in drawn
