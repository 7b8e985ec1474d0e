"""The demo's parts: its data, its question, its clock and its plot."""

import io
import subprocess
import tarfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelwharf.artifact.forecast import ForecastRequest
from modelwharf.cli.checkout import Checkout
from modelwharf.cli.commands.demo import closing
from modelwharf.cli.demo_data import Series, demo_series
from modelwharf.cli.demonstration import Demonstration, business_day_after, put_series
from modelwharf.cli.errors import CommandError
from modelwharf.cli.main import wharf
from modelwharf.cli.plot import download_plot
from modelwharf.cli.release import read_release
from modelwharf.cli.snapshot import checkout_of
from modelwharf.cli.stack import find_stack
from modelwharf.cli.time_split import TimeSplit, covered, time_split
from modelwharf.contracts.parameters import Data, parse_section
from tests.unit.cli import releases
from tests.unit.cli.fakes import FakeCloud
from tests.unit.contracts.histories import RELEASE, START


def moment(seconds: float) -> datetime:
    return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=seconds)


def test_the_prices_are_real_days_in_order_without_gaps_of_text() -> None:
    wti = demo_series()["wti"]

    head, *rows = wti.csv.splitlines()
    days = [row.split(",")[0] for row in rows]
    assert head == "Date,Price"
    assert rows[0] == "1986-01-02,25.56"
    assert rows[-1] == "2019-01-03,46.92"
    assert days == sorted(set(days))
    assert wti.last_day == date(2019, 1, 3)


def test_holidays_are_left_out_not_written_as_nothing() -> None:
    assert "2018-12-31" not in demo_series()["wti"].csv


def test_an_index_is_there_to_help_the_price() -> None:
    assert demo_series()["sp500"].csv.splitlines()[1] == "1999-01-04,1228.099976"


def test_the_parameter_names_the_uploads_only_after_they_are_there() -> None:
    cloud = FakeCloud()
    path = "/modelwharf/oil-price/data"
    named_at_upload: list[bool] = []
    cloud.bucket.on_put = lambda key: named_at_upload.append(path in cloud.parameters.values)
    services = cloud.services()
    series = {name: Series(csv="Date,Price\n", last_day=date(2019, 1, 3)) for name in ("wti", "x")}

    put_series(services, find_stack(services, "oil-price"), series)

    assert named_at_upload == [False, False]
    section: Data = parse_section(path, "data", cloud.parameters.values[path])
    assert {name: one.key for name, one in section.inputs.items()} == {
        "wti": "demo/wti.csv",
        "x": "demo/x.csv",
    }
    assert section.options == {"features": ["x"]}


def test_the_parameter_waits_until_the_uploads_were_heard_of() -> None:
    cloud = FakeCloud()
    path = "/modelwharf/oil-price/data"
    named: list[bool] = []

    def hear() -> None:
        named.append(path in cloud.parameters.values)
        reason = '{"reason": "no input names s3://data-bucket/demo/wti.csv"}'
        cloud.logs.write("/aws/lambda/modelwharf-oil-price-start-release", "instance", reason)

    cloud.logs.later = [lambda: None, hear]
    services = cloud.services()
    series = {"wti": Series(csv="Date,Price\n", last_day=date(2019, 1, 3))}

    put_series(services, find_stack(services, "oil-price"), series)

    assert named == [False]
    assert cloud.slept == 1.0
    assert cloud.logs.asked == {"/aws/lambda/modelwharf-oil-price-start-release"}


def test_an_upload_that_nobody_hears_of_holds_the_demo_up_only_so_long() -> None:
    cloud = FakeCloud()
    services = cloud.services()
    series = {"wti": Series(csv="Date,Price\n", last_day=date(2019, 1, 3))}

    put_series(services, find_stack(services, "oil-price"), series)

    assert cloud.slept == 20.0
    assert "/modelwharf/oil-price/data" in cloud.parameters.values


@pytest.mark.parametrize(
    ("count", "expected"), [(1, date(2019, 1, 4)), (2, date(2019, 1, 7)), (5, date(2019, 1, 10))]
)
def test_the_question_is_for_a_business_day(count: int, expected: date) -> None:
    assert business_day_after(date(2019, 1, 3), count) == expected


def test_work_done_at_once_is_counted_once() -> None:
    builds = [(moment(0), moment(10)), (moment(2), moment(8)), (moment(9), moment(12))]

    assert covered([*builds, (moment(20), moment(21))]) == 13.0
    assert covered([]) == 0.0


class Jobs:
    """SageMaker and CodeBuild, telling when the release's jobs ran."""

    def list_builds_for_project(self, **request: str) -> dict[str, Any]:
        assert request["projectName"] == "modelwharf-oil-price-images"
        return {"ids": ["b:1", "b:2"]}

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        return {"builds": [self._build(RELEASE, 0), self._build("r-other", 3)]}

    def describe_training_job(self, **request: str) -> dict[str, Any]:
        return {"TrainingStartTime": at(20), "TrainingEndTime": at(50)}

    def _build(self, release: str, start: int) -> dict[str, Any]:
        variables = [
            {"name": "RELEASE_ID", "value": release},
            {"name": "IMAGE_REPOSITORY", "value": "modelwharf/oil-price/training"},
        ]
        return {
            "id": "b:1",
            "startTime": at(start),
            "endTime": at(start + 10),
            "environment": {"environmentVariables": variables},
        }


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def test_the_split_counts_this_releases_jobs_and_gives_the_rest_to_us() -> None:
    cloud = FakeCloud()
    releases.succeeded(cloud)
    services = cloud.services()
    stack = find_stack(services, "oil-price")
    view = read_release(services, stack, RELEASE)
    jobs = Jobs()
    clients: dict[str, Any] = {"codebuild": jobs, "sagemaker": jobs}
    asked = type(services)(clients.__getitem__, None, "eu-west-1", {})

    split = time_split(asked, stack, view)

    assert split.spans == {"build training image": 10.0, "train": 30.0}
    assert (split.total, split.programs, split.ours) == (75.0, 40.0, 35.0)


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as members:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("_", "."))
            member.size = len(content)
            members.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_the_plot_comes_out_of_the_training_output(tmp_path: Path) -> None:
    cloud = FakeCloud()
    content = archive(evaluation_json=b"{}", holdout_png=b"\x89PNG")
    cloud.bucket.objects["artifacts", "releases/r/output.tar.gz"] = content
    target = tmp_path / "new" / "holdout.png"

    saved = download_plot(cloud.services(), "s3://artifacts/releases/r/output.tar.gz", target)

    assert saved == target
    assert target.read_bytes() == b"\x89PNG"


def test_training_without_a_plot_gives_none(tmp_path: Path) -> None:
    cloud = FakeCloud()
    cloud.bucket.objects["artifacts", "o.tar.gz"] = archive(evaluation_json=b"{}")

    assert download_plot(cloud.services(), "s3://artifacts/o.tar.gz", tmp_path / "p.png") is None
    assert list(tmp_path.iterdir()) == []


def git(directory: Path, *words: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    command = ["git", *identity, "-C", str(directory), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_folder_that_is_not_a_checkout_is_told_how_to_get_the_same_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel's own app has app.py and training/, and no package beside them."""
    (tmp_path / "training").mkdir()
    (tmp_path / "app.py").touch()
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(wharf, ["demo"])

    assert result.exit_code == 1
    assert f"{tmp_path} is not one: change into one" in result.stderr
    assert "wharf init prices --template oil-price" in result.stderr


def test_an_unpacked_archive_can_be_pushed_and_stays_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "modelwharf"
    (root / "training").mkdir(parents=True)
    (root / "training" / "train.py").write_text("print(1)\n")
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "--quiet", "--bare", str(bare))

    checkout = checkout_of(root, root / ".wharf" / "demo")
    checkout.push(str(bare), "main")

    assert not (root / ".git").exists()
    assert checkout.uncommitted() == ()
    assert git(bare, "ls-tree", "-r", "--name-only", "main") == "training/train.py"


def test_a_checkout_is_pushed_as_it_is(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    assert checkout_of(tmp_path, tmp_path / "demo").directory == tmp_path


def test_a_shallow_clone_is_committed_anew_for_git_pushes_none(tmp_path: Path) -> None:
    origin, clone, bare = (tmp_path / name for name in ("origin", "clone", "bare.git"))
    git(tmp_path, "init", "--quiet", str(origin))
    for number in range(2):
        (origin / "train.py").write_text(f"print({number})\n")
        git(origin, "add", "--all")
        git(origin, "commit", "--quiet", "--message", "more")
    git(tmp_path, "clone", "--quiet", "--depth", "1", origin.as_uri(), str(clone))
    git(tmp_path, "init", "--quiet", "--bare", str(bare))

    checkout_of(clone, tmp_path / "demo").push(str(bare), "main")

    assert git(bare, "show", "main:train.py") == "print(1)"
    with pytest.raises(CommandError, match="git fetch --unshallow"):
        Checkout(clone).push(str(bare), "other")


DEMONSTRATION = Demonstration(
    release=RELEASE,
    status="SUCCEEDED",
    question=ForecastRequest(product="wti", date=date(2019, 1, 10)),
    forecast="{}",
    plot=None,
    time=TimeSplit(total=20, programs=15, spans={"train": 15}),
)


def closing_lines(
    *, keep: bool, wharf: str | None, binaries: Path, engine: str | None = None
) -> list[str]:
    text = closing(DEMONSTRATION, 30.0, keep=keep, engine=engine, wharf=wharf, binaries=binaries)
    return [line.strip() for line in text.split("Try next:\n")[1].splitlines()]


def test_a_demo_that_is_gone_offers_nothing_of_its_release(tmp_path: Path) -> None:
    offered = closing_lines(keep=False, wharf="/bin/wharf", binaries=tmp_path)

    assert [line.split("  ")[0] for line in offered] == ["make demo DEMO=--keep", "wharf up"]


def test_a_demo_offers_the_engine_that_was_chosen_again(tmp_path: Path) -> None:
    offered = closing_lines(keep=False, wharf="/bin/wharf", binaries=tmp_path, engine="process")

    assert [line.split("  ")[0] for line in offered] == [
        'make demo DEMO="--keep --engine process"',
        "wharf up --engine process",
    ]


def test_a_demo_that_is_kept_offers_its_release(tmp_path: Path) -> None:
    offered = closing_lines(keep=True, wharf="/bin/wharf", binaries=tmp_path)

    assert offered[:2] == ['eval "$(wharf env --directory .wharf/demo)"', f"wharf show {RELEASE}"]


@pytest.mark.parametrize("keep", [True, False])
def test_where_no_shell_finds_wharf_its_folder_goes_on_the_path_first(
    keep: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    offered = closing_lines(keep=keep, wharf=None, binaries=tmp_path / ".venv" / "bin")

    assert offered[0] == 'export PATH="$PWD/.venv/bin:$PATH"'
