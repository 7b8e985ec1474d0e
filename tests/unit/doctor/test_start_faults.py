"""The doctor names the program that kept an image from starting."""

import pytest

from modelwharf.contracts.examination import ImageRole
from modelwharf.doctor.images import ReadyImage
from modelwharf.doctor.start_faults import Place, StartFault, start_fault
from modelwharf.engines.engine import ImageConfig

TINI = ("/usr/bin/tini", "--")
HERE = {
    "/usr/bin/tini": Place("/usr/bin/tini", True),
    "/entry.sh": Place("/entry.sh", True),
    "train": Place("/usr/local/bin/train", False),
    "/opt/train": Place("/opt/train", True),
}


def fault(
    entrypoint: tuple[str, ...],
    code: int | None,
    *lines: str,
    here: dict[str, Place] = HERE,
    command: tuple[str, ...] = ("python3",),
    user: str = "",
) -> StartFault | None:
    config = ImageConfig("linux/amd64", entrypoint=entrypoint, command=command, user=user)
    image = ReadyImage(ImageRole.TRAINING, "mean:1", "sha256:1", config)
    return start_fault(image, "train", code, lines, here.get)


@pytest.mark.parametrize(
    ("entrypoint", "code", "words"),
    [
        (TINI, 126, "[FATAL tini (7)] exec train failed: Permission denied"),
        (("dumb-init", "--"), 2, "[dumb-init] train: Permission denied"),
        (("/entry.sh",), 126, "/entry.sh: line 3: exec: train: Permission denied"),
        (("/entry.sh",), 126, "/entry.sh: 3: exec: train: Permission denied"),
        (("/entry.sh",), 126, "/entry.sh: line 3: /usr/local/bin/train: Permission denied"),
        (("env",), 126, "env: ‘train’: Permission denied"),
        (("timeout", "9"), 126, "timeout: failed to run command 'train': Permission denied"),
        (("gosu", "me"), 1, 'error: exec: "train": permission denied'),
        (("su-exec", "me"), 1, "su-exec: train: Permission denied"),
        ((), None, 'OCI runtime: exec: "train": permission denied: unknown'),
        ((), 1, "exec /usr/local/bin/train: permission denied"),
        (TINI, 126, "nothing that names it"),
    ],
)
def test_the_program_is_named_and_not_the_one_that_executed_it(
    entrypoint: tuple[str, ...], code: int | None, words: str
) -> None:
    here = {**HERE, "/usr/local/bin/train": HERE["train"]}

    found = fault(entrypoint, code, words, here=here)

    assert found is not None
    assert found.seen == "permission denied: /usr/local/bin/train is there but not executable"
    assert found.change == "in the Dockerfile: COPY --chmod=755 train /usr/local/bin/train"


@pytest.mark.parametrize(
    ("entrypoint", "code", "words"),
    [
        (TINI, 127, "[FATAL tini (7)] exec train failed: No such file or directory"),
        (("dumb-init",), 2, "[dumb-init] train: No such file or directory"),
        (("/entry.sh",), 127, "/entry.sh: line 3: train: command not found"),
        (("/entry.sh",), 127, "/entry.sh: 3: exec: train: not found"),
        (("gosu", "me"), 1, 'error: exec: "train": executable file not found in $PATH'),
        ((), None, "crun: executable file `train` not found in $PATH: No such file or directory"),
    ],
)
def test_a_missing_program_is_named(
    entrypoint: tuple[str, ...], code: int | None, words: str
) -> None:
    found = fault(entrypoint, code, words, here={})

    assert found is not None and found.seen == "not found: no train on the image's PATH"


@pytest.mark.parametrize(
    ("command", "shown", "form"),
    [
        (("python3", "/app.py"), "python3 /app.py", 'ENTRYPOINT ["python3", "/app.py"]: its'),
        (("/bin/sh", "-c", "python3 /app.py"), "python3 /app.py", "an ENTRYPOINT in the exec form"),
    ],
)
def test_a_command_that_the_word_replaces_is_named(
    command: tuple[str, ...], shown: str, form: str
) -> None:
    words = "crun: executable file `train` not found in $PATH: No such file or directory"
    found = fault((), None, words, here={}, command=command)

    assert found is not None
    assert found.seen.endswith(f"stands in the place of CMD, so that {shown} is not run")
    assert form in found.change


@pytest.mark.parametrize("entrypoint", [(), ("/entry.sh",)])
def test_a_dangling_link_is_distinguished_from_a_missing_program(
    entrypoint: tuple[str, ...],
) -> None:
    here = {"train": Place("/usr/local/bin/train", False, "/opt/main")}
    words = "/entry.sh: 3: exec: train: not found" if entrypoint else 'exec: "train": not found'
    found = fault(entrypoint, 127 if entrypoint else None, words, here=here)

    assert found is not None
    assert found.seen == (
        "not found: /usr/local/bin/train is a link to /opt/main, which is not in the image"
    )


@pytest.mark.parametrize("kind", ["user", "group"])
def test_a_user_whom_the_image_lacks_is_named(kind: str) -> None:
    file = "passwd" if kind == "user" else kind
    words = f"start the container: unable to find {kind} bob: no matching entries in {file} file"
    found = fault((), None, words, user="bob")

    assert found is not None and found.seen.startswith("the image says USER bob, whom its")


def test_a_program_that_a_started_script_lacks_is_named_with_the_script() -> None:
    found = fault((), 127, "starting", "/opt/train: line 9: jq: command not found")

    assert found is not None
    assert found.seen == "not found: no jq on the image's PATH, and train executes it"
    assert "install jq" in found.change


@pytest.mark.parametrize(
    ("code", "words", "interpreter"),
    [
        (
            126,
            "/entry.sh: line 3: /opt/train: /usr/bin/python9: bad interpreter: No such file or "
            "directory",
            " (/usr/bin/python9)",
        ),
        (127, "/entry.sh: 3: /opt/train: not found", ""),
        (127, "bash: line 1: /opt/train: cannot execute: required file not found", ""),
        (127, "[FATAL tini (7)] exec /opt/train failed: No such file or directory", ""),
    ],
)
def test_a_missing_interpreter_is_reported_for_its_script(
    code: int, words: str, interpreter: str
) -> None:
    found = fault(("/entry.sh",), code, words)

    assert found is not None
    told = f"not found: /opt/train is there, but what its first line names{interpreter} is not"
    assert found.seen == told


@pytest.mark.parametrize("name", [r"‘python3\r’", r"'python3'$'\r'", "'python9'"])
def test_an_interpreter_that_env_does_not_find_is_the_scripts_first_line(name: str) -> None:
    here = {"train": Place("/usr/local/bin/train", True)}

    found = fault((), 127, f"/usr/bin/env: {name}: No such file or directory", here=here)

    assert found is not None
    assert found.seen.startswith("not found: /usr/local/bin/train is there, but what its first")
    assert "(python" in found.seen


def test_a_binary_for_another_platform_is_named_and_not_its_script() -> None:
    words = "/entry.sh: line 3: /opt/train: cannot execute binary file: Exec format error"

    found = fault(("/entry.sh",), 126, words)

    assert found is not None and found.seen.startswith("exec format error: /opt/train is neither")


def test_an_error_of_the_program_itself_is_not_a_start_fault() -> None:
    assert fault((), 1, "read data", "open data.csv: No such file or directory") is None
    assert fault((), 1, "cat: data.csv: No such file or directory") is None
    assert fault(TINI, 1, "ValueError: too few rows") is None
