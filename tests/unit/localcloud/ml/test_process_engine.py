"""The process engine builds images of files and a venv, and runs them apart from this machine."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from localcloud.engine import BuildError, BuildRequest, Image, ImageMissing, Launch
from localcloud.process_engine import ProcessEngine, ProcessProgram
from localcloud.process_engine.image_store import ImageStore
from localcloud.processes import Processes
from tests.waiting import has_ended, until

PRINTER = "import os, sys\nprint(sys.argv[1:], os.getcwd(), sys.prefix)\n"


class Workshop:
    """An engine with folders of its own, and the lines that it logged."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.context = folder / "context"
        self.context.mkdir()
        self.runs = folder / "runs"
        self.processes = Processes()
        self.engine = ProcessEngine(ImageStore(folder / "images"), cache, self.processes)
        self.lines: list[str] = []

    def build(self, dockerfile: str, **files: str) -> Image:
        for name, text in files.items():
            (self.context / name).write_text(text)
        (self.context / "Dockerfile").write_text(dockerfile)
        request = BuildRequest(self.context, self.context / "Dockerfile")
        return self.engine.build(request, self.lines.append)

    def start(
        self, image: Image, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> ProcessProgram:
        tree = self.runs / str(len(list(self.runs.glob("*")))) / "ml"
        tree.mkdir(parents=True)
        self.lines.clear()
        launch = Launch(image.digest, arguments, environment or {}, tree)
        return self.engine.run(launch, self.lines.append)

    def output(self, image: Image, *arguments: str, **environment: str) -> list[str]:
        program = self.start(image, *arguments, environment=environment)
        assert program.wait(60) == 0, self.lines
        return list(self.lines)


@pytest.fixture
def workshop(tmp_path: Path, cache: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path, cache)
    yield made
    made.processes.stop_all()


def test_a_program_runs_in_its_folder_with_its_own_python(workshop: Workshop) -> None:
    image = workshop.build(
        'FROM x\nWORKDIR /app\nCOPY main.py .\nENTRYPOINT ["python", "/app/main.py"]\n',
        **{"main.py": PRINTER},
    )
    (line,) = workshop.output(image, "train")
    arguments, folder, prefix = line.rsplit(" ", 2)
    assert arguments == "['train']"
    assert folder.endswith("/app")
    assert prefix not in (sys.prefix, sys.base_prefix)


def test_a_program_is_found_by_its_name_where_the_image_has_it(workshop: Workshop) -> None:
    image = workshop.build(
        "FROM x\nRUN true\nCOPY --chmod=755 greet /usr/local/bin/greet\n",
        greet="#!/bin/sh\necho hello from $1\n",
    )

    assert workshop.output(image, "greet", "the image") == ["hello from the image"]


def test_what_run_installs_is_there_and_nowhere_else(workshop: Workshop) -> None:
    image = workshop.build(
        "FROM x\nWORKDIR /app\n"
        "RUN python -c \"import sysconfig, pathlib; pathlib.Path(sysconfig.get_path('purelib'), "
        "'wharf_probe.py').write_text('x = 7')\" && mkdir -p /data && echo hi > /data/made.txt\n"
        'ENTRYPOINT ["python", "-c"]\n'
    )
    assert workshop.output(image, "import wharf_probe; print(wharf_probe.x)") == ["7"]
    assert workshop.output(image, "print(open('../data/made.txt').read().strip())") == ["hi"]
    assert not Path("/data/made.txt").exists()


def test_the_same_inputs_give_the_same_digest(workshop: Workshop) -> None:
    text = "FROM x\nCOPY a.txt /a.txt\n"
    first = workshop.build(text, **{"a.txt": "1"})
    assert workshop.build(text, **{"a.txt": "1"}).digest == first.digest
    assert workshop.build(text, **{"a.txt": "2"}).digest != first.digest
    assert workshop.build(text + "ENV A=1\n").digest != first.digest


def test_a_change_after_the_last_run_reuses_the_environment(workshop: Workshop) -> None:
    text = "FROM x\nRUN echo expensive\nCOPY a.txt /a.txt\n"
    workshop.build(text, **{"a.txt": "1"})
    assert "expensive" in workshop.lines
    workshop.lines.clear()
    workshop.build(text, **{"a.txt": "2"})
    assert "expensive" not in workshop.lines


@pytest.mark.parametrize(
    "line",
    [
        "RUN python -m compileall -q --invalidation-mode checked-hash .",
        'RUN ["python3", "-m", "compileall", "-q", "."]',
    ],
)
def test_a_run_that_only_compiles_is_done_to_each_image_and_keeps_the_environment(
    workshop: Workshop, line: str
) -> None:
    text = (
        f"FROM x\nRUN echo expensive # {len(line)}\nWORKDIR /app\nCOPY main.py said.py ./\n"
        f'{line}\nENTRYPOINT ["python", "-B", "main.py"]\n'
    )
    main = "import os, said\nprint(said.WORD, os.path.exists(said.__cached__))\n"
    for word in ("first", "second"):
        workshop.lines.clear()
        image = workshop.build(text, **{"main.py": main, "said.py": f"WORD = {word!r}\n"})
        assert ("expensive" in workshop.lines) == (word == "first")
        assert workshop.output(image) == [f"{word} True"]


def test_a_run_that_does_more_than_compile_counts_as_any_other(workshop: Workshop) -> None:
    text = "FROM x\nCOPY a.txt /a.txt\nRUN python -m compileall -q . && echo expensive\n"
    for word in ("first", "second"):
        workshop.lines.clear()
        workshop.build(text, **{"a.txt": word})
        assert "expensive" in workshop.lines


def test_a_change_before_run_builds_anew(workshop: Workshop) -> None:
    text = "FROM x\nCOPY a.txt /a.txt\nRUN cat /a.txt\n"
    workshop.build(text, **{"a.txt": "first words"})
    workshop.build(text, **{"a.txt": "second words"})
    assert {"first words", "second words"} <= set(workshop.lines)


def test_a_failing_run_names_its_line_and_is_not_kept(workshop: Workshop) -> None:
    for _ in range(2):
        with pytest.raises(BuildError, match=r"line 2: RUN 'echo tried; exit 4' exited with st"):
            workshop.build("FROM x\nRUN echo tried; exit 4\n")
    assert workshop.lines.count("tried") == 2


def test_builds_at_the_same_time_share_one_environment(workshop: Workshop) -> None:
    digests: list[str] = []
    text = "FROM x\nRUN echo only once && sleep 0.3\n"
    (workshop.context / "Dockerfile").write_text(text)
    request = BuildRequest(workshop.context, workshop.context / "Dockerfile")

    def build() -> None:
        digests.append(workshop.engine.build(request, workshop.lines.append).digest)

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 3
    assert len(set(digests)) == 1
    assert workshop.lines.count("only once") == 1


def test_a_killed_build_leaves_nothing_that_counts(workshop: Workshop, cache: Path) -> None:
    (workshop.context / "Dockerfile").write_text("FROM x\nRUN echo half > half.txt && sleep 60\n")
    script = (
        "import sys; from pathlib import Path\n"
        "from localcloud.processes import Processes\n"
        "from localcloud.engine import BuildRequest\n"
        "from localcloud.process_engine.image_store import ImageStore\n"
        "from localcloud.process_engine import ProcessEngine\n"
        "context = Path(sys.argv[1])\n"
        "engine = ProcessEngine(ImageStore(context / 'images'), Path(sys.argv[2]), Processes())\n"
        "engine.build(BuildRequest(context, context / 'Dockerfile'), print)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(workshop.context), str(cache)],
        start_new_session=True,
        cwd=Path(__file__).parents[4],
        stdout=subprocess.DEVNULL,
    )
    halves = until(lambda: list((cache / "environments").rglob("half.txt")), "half a build")
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    folder = halves[0].parents[1]
    assert not (folder / "complete").exists()
    # The lock went with the build, so the next one begins at once, and from nothing.
    request = BuildRequest(workshop.context, workshop.context / "Dockerfile")
    (workshop.context / "Dockerfile").write_text("FROM x\nRUN echo half > half.txt && true\n")
    assert workshop.engine.build(request, workshop.lines.append).digest


def test_programs_that_would_change_the_machine_are_refused_or_skipped(workshop: Workshop) -> None:
    workshop.build("FROM x\nRUN useradd --uid 1000 model\n")
    assert any("skipped: useradd --uid 1000 model" in line for line in workshop.lines)
    with pytest.raises(BuildError, match="line 2: RUN 'apt-get install -y gcc'"):
        workshop.build("FROM x\nRUN apt-get install -y gcc\n")
    assert any("apt-get is refused by the process engine" in line for line in workshop.lines)


def test_only_named_variables_reach_a_program(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    image = workshop.build('FROM x\nENV A=1\nENTRYPOINT ["env"]\n')
    found = dict(line.partition("=")[::2] for line in workshop.output(image, B="2"))
    assert (found["A"], found["B"]) == ("1", "2")
    assert "AWS_SECRET_ACCESS_KEY" not in found
    assert found["SAGEMAKER_BASE_DIR"].endswith("/ml")


def test_paths_of_the_image_become_this_runs_own(workshop: Workshop) -> None:
    image = workshop.build(
        "FROM x\nWORKDIR /app\nCOPY a.txt lib/a.txt\n"
        "ENV PYTHONPATH=/app/lib:/opt/ml/code CACHE=/tmp/cache\n"
        'ENTRYPOINT ["sh", "-c", "echo $PYTHONPATH $CACHE"]\n',
        **{"a.txt": "1"},
    )
    paths, temporary = workshop.output(image)[0].split()
    first, second = paths.split(":")
    assert (Path(first) / "a.txt").exists()
    assert second.endswith("/ml/code")
    assert temporary.startswith(str(workshop.runs))


def test_stopping_ends_what_the_program_started_too(workshop: Workshop) -> None:
    image = workshop.build('FROM x\nENTRYPOINT ["sh", "-c", "sleep 300 & echo $!; wait"]\n')
    program = workshop.start(image)
    until(lambda: workshop.lines, "the first line")
    assert program.stop(grace=5) == 143
    until(lambda: has_ended(int(workshop.lines[0])), "the end of what it started")


def test_a_program_that_ends_takes_along_what_it_left_running(workshop: Workshop) -> None:
    image = workshop.build('FROM x\nENTRYPOINT ["sh", "-c", "sleep 300 & echo $!"]\n')
    program = workshop.start(image)
    assert program.wait(30) == 0
    until(lambda: has_ended(int(workshop.lines[0])), "the end of what it left")


def test_an_image_that_is_not_here_is_named(workshop: Workshop) -> None:
    with pytest.raises(ImageMissing, match="sha256:00 is not on this machine"):
        workshop.start(Image("sha256:00", ""))
