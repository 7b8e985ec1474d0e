"""The process engine builds images of files and a venv, and runs them apart from this machine."""

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from modelwharf.engines.engine import BuildError, BuildRequest, Image, ImageMissing, Launch
from modelwharf.engines.process import ProcessEngine, ProcessProgram
from modelwharf.engines.process.image_environment import Environment, is_complete
from modelwharf.engines.process.image_plan import plan_image
from modelwharf.engines.process.image_store import ImageStore
from modelwharf.engines.processes import Processes
from tests.waiting import HUNG, has_ended, until

PRINTER = "import os, sys\nprint(sys.argv[1:], os.getcwd(), sys.prefix)\n"


class Workshop:
    """An engine with folders of its own, and the lines that it logged."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.context = folder / "context"
        self.context.mkdir()
        self.runs = folder / "runs"
        self.processes = Processes()
        self.cache = cache
        self.engine = ProcessEngine(ImageStore(folder / "images"), cache, self.processes)
        self.lines: list[str] = []

    def request(self, dockerfile: str, **files: str) -> BuildRequest:
        for name, text in files.items():
            (self.context / name).write_text(text)
        (self.context / "Dockerfile").write_text(dockerfile)
        return BuildRequest(self.context, self.context / "Dockerfile")

    def build(self, dockerfile: str, **files: str) -> Image:
        return self.engine.build(self.request(dockerfile, **files), self.lines.append)

    def environment(self, dockerfile: str, **files: str) -> Environment:
        """Where the image's environment is, or would be: nothing is built."""
        plan = plan_image(self.request(dockerfile, **files))
        return Environment(self.cache, plan.steps, plan.config["base"])

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
        assert program.wait(HUNG) == 0, self.lines
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


def test_a_file_that_is_copied_to_a_folder_goes_into_it_with_a_slash_or_without(
    workshop: Workshop,
) -> None:
    image = workshop.build(
        'FROM x\nWORKDIR /app\nCOPY main.py /app\nENTRYPOINT ["python", "/app/main.py"]\n',
        **{"main.py": PRINTER},
    )
    assert workshop.output(image, "train")[0].startswith("['train']")
    with pytest.raises(BuildError, match=r"line 3: COPY of main\.py to /app/main\.py/a: File"):
        workshop.build("FROM x\nCOPY main.py /app/\nCOPY main.py /app/main.py/a\n")


def test_a_program_is_found_by_its_name_where_the_image_has_it(workshop: Workshop) -> None:
    image = workshop.build(
        "FROM x\nCOPY --chmod=755 greet /usr/local/bin/greet\n",
        greet="#!/bin/sh\necho hello from $1\n",
    )

    assert workshop.output(image, "greet", "the image") == ["hello from the image"]


INSTALLING = (
    "FROM x\nWORKDIR /app\nRUN echo expensive\n"
    "RUN python -c \"import sysconfig, pathlib; pathlib.Path(sysconfig.get_path('purelib'), "
    "'wharf_probe.py').write_text('x = 7')\" && mkdir -p /data && echo hi > /data/made.txt\n"
    'ENTRYPOINT ["python", "-c"]\n'
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> list[str]:
    """The log of the build that made the environment of ``INSTALLING``."""
    made = Workshop(tmp_path_factory.mktemp("installed"), cache)
    made.build(INSTALLING)
    return made.lines


def test_what_run_installs_is_there_and_nowhere_else(
    workshop: Workshop, installed: list[str]
) -> None:
    image = workshop.build(INSTALLING)
    assert workshop.output(image, "import wharf_probe; print(wharf_probe.x)") == ["7"]
    assert workshop.output(image, "print(open('../data/made.txt').read().strip())") == ["hi"]
    assert not Path("/data/made.txt").exists()


def test_a_change_after_the_last_run_reuses_the_environment(
    workshop: Workshop, installed: list[str]
) -> None:
    assert "expensive" in installed
    for word in ("first", "second"):
        workshop.build(f"{INSTALLING}COPY a.txt /a.txt\n", **{"a.txt": word})
    assert "expensive" not in workshop.lines


def test_the_same_inputs_give_the_same_digest(workshop: Workshop) -> None:
    text = "FROM x\nCOPY a.txt /a.txt\n"
    first = workshop.build(text, **{"a.txt": "1"})
    assert workshop.build(text, **{"a.txt": "1"}).digest == first.digest
    assert workshop.build(text, **{"a.txt": "2"}).digest != first.digest
    assert workshop.build(text + "ENV A=1\n").digest != first.digest


COMPILING = [
    "RUN python -m compileall -q --invalidation-mode checked-hash .",
    'RUN ["python3", "-m", "compileall", "-q", "."]',
]


@pytest.mark.parametrize("line", COMPILING)
def test_a_run_that_only_compiles_is_done_to_each_image(workshop: Workshop, line: str) -> None:
    text = (
        f"FROM x\nWORKDIR /app\nCOPY main.py said.py ./\n{line}\n"
        'ENTRYPOINT ["python", "-B", "main.py"]\n'
    )
    main = "import os, said\nprint(said.WORD, os.path.exists(said.__cached__))\n"
    for word in ("first", "second"):
        image = workshop.build(text, **{"main.py": main, "said.py": f"WORD = {word!r}\n"})
        assert workshop.output(image) == [f"{word} True"]


@pytest.mark.parametrize(
    ("lines", "same"),
    [
        *(((line,), True) for line in COMPILING),
        (("RUN pip install x", "COPY a.txt /b.txt", COMPILING[0]), False),
        (("RUN python -m compileall -q . && echo more",), False),
        (("RUN cat /a.txt",), False),
        ((), True),
    ],
)
def test_what_comes_before_a_run_makes_another_environment_unless_that_only_compiles(
    workshop: Workshop, lines: tuple[str, ...], same: bool
) -> None:
    text = "\n".join(("FROM x", "COPY a.txt /a.txt", *lines, ""))
    keys = {workshop.environment(text, **{"a.txt": word}).key for word in ("first", "second")}
    assert (len(keys) == 1) is same


@dataclass(frozen=True)
class Failed:
    """A build that failed, and whether its environment counts."""

    error: str
    lines: list[str]
    kept: bool


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Failed:
    made = Workshop(tmp_path_factory.mktemp("failed"), cache)
    text = "FROM x\nRUN useradd --uid 1000 model\nRUN echo tried; apt-get install -y gcc\n"
    with pytest.raises(BuildError) as caught:
        made.build(text)
    return Failed(str(caught.value), made.lines, is_complete(made.environment(text).folder))


def test_a_failing_run_names_its_line_and_is_not_kept(failed: Failed) -> None:
    assert failed.error.startswith("Dockerfile line 3: RUN 'echo tried; apt-get install -y gcc' ex")
    assert "tried" in failed.lines
    assert not failed.kept


def test_programs_that_would_change_the_machine_are_refused_or_skipped(failed: Failed) -> None:
    assert any("skipped: useradd --uid 1000 model" in line for line in failed.lines)
    assert any("apt-get is refused by the process engine" in line for line in failed.lines)


def test_builds_at_the_same_time_share_one_environment(workshop: Workshop) -> None:
    digests: list[str] = []
    request = workshop.request("FROM x\nRUN echo only once\n")

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
    """Its lock went with it, so that the same build begins at once, and from nothing."""
    gate = cache / f"gate-{uuid.uuid4().hex}"  # as a RUN sees it from the environment's files
    text = (
        "FROM x\nRUN test ! -e half.txt && touch half.txt && "
        f"{{ test -e ../../../{gate.name} || sleep 600; }}\n"
    )
    request = workshop.request(text)
    script = (
        "import sys; from pathlib import Path\n"
        "from modelwharf.engines.processes import Processes\n"
        "from modelwharf.engines.engine import BuildRequest\n"
        "from modelwharf.engines.process.image_store import ImageStore\n"
        "from modelwharf.engines.process import ProcessEngine\n"
        "context = Path(sys.argv[1])\n"
        "engine = ProcessEngine(ImageStore(context / 'images'), Path(sys.argv[2]), Processes())\n"
        "engine.build(BuildRequest(context, context / 'Dockerfile'), print)\n"
    )
    folder = workshop.environment(text).folder
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(workshop.context), str(cache)],
        start_new_session=True,
        cwd=Path(__file__).parents[3],
        stdout=subprocess.DEVNULL,
    )
    try:
        until((folder / "root/half.txt").exists, "half a build")
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert not is_complete(folder)
    gate.touch()
    workshop.engine.build(request, workshop.lines.append)
    assert is_complete(folder)


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
    assert program.wait(HUNG) == 0
    until(lambda: has_ended(int(workshop.lines[0])), "the end of what it left")


def test_an_image_that_is_not_here_is_named(workshop: Workshop) -> None:
    with pytest.raises(ImageMissing, match="sha256:00 is not on this machine"):
        workshop.start(Image("sha256:00", ""))
