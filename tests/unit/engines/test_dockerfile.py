"""A Dockerfile is parsed, and an unsupported instruction is reported with its line."""

from pathlib import Path

import pytest

from modelwharf.engines.engine import BuildError, BuildRequest
from modelwharf.engines.process.build_steps import CopyFiles, RunCommand
from modelwharf.engines.process.dockerfile import parse
from modelwharf.engines.process.image_plan import ImagePlan, plan_image
from modelwharf.engines.process.shell_words import ShellWords


def plan(folder: Path, dockerfile: str, **arguments: str) -> ImagePlan:
    path = folder / "Dockerfile"
    path.write_text(dockerfile)
    return plan_image(BuildRequest(folder, path, arguments))


def test_continued_lines_are_one_instruction_named_by_its_first_line() -> None:
    found = parse("# note\nFROM a\nRUN one \\\n  # aside\n  && two\nCMD x\n")
    assert [(i.line, i.keyword, i.text) for i in found] == [
        (2, "FROM", "a"),
        (3, "RUN", "one   && two"),
        (6, "CMD", "x"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$A-${A}", "1-1"),
        ("${B:-x}${A:+y}${B:+z}", "xy"),
        ("$B", ""),
        ("\\$A", "$A"),
        ("'$A'", "$A"),
        ('"$A b"', "1 b"),
        ('"\\$A \\n \\""', '$A \\n "'),
        ("a\\ b", "a b"),
        ("${B:-'x y'}", "x y"),
        ("${B:-${A}}", "1"),
        ("${B-x}${A+y}", "xy"),
        ("${A:?must be}", "1"),
        ("$1$", "$"),
        ("$", "$"),
        ("$-A", "A"),
    ],
)
def test_variables_are_filled_in(text: str, words: str) -> None:
    assert ShellWords().expand(text, {"A": "1"}) == words


def test_a_quoted_blank_belongs_to_a_word_of_env_and_ends_one_of_copy(tmp_path: Path) -> None:
    found = plan(tmp_path, 'FROM x\nENV A=\'b c\' D=e\\ f G="$H"\nENV I j  k\nLABEL a="b c"\n')
    environment = found.config["environment"]
    assert [environment[name] for name in "ADGI"] == ["b c", "e f", "", "j  k"]
    assert found.config["labels"] == {"a": "b c"}
    with pytest.raises(BuildError, match="single quote that nothing closes"):
        plan(tmp_path, "FROM x\nCOPY 'a b' c\n")


def test_the_escape_character_is_what_the_directive_says(tmp_path: Path) -> None:
    text = "# escape=`\nFROM x\nENV A=`$B C=c:\\d`\n  E=f\nRUN dir `\n/s\n"
    found = plan(tmp_path, text)
    environment = found.config["environment"]
    assert [environment[name] for name in "ACE"] == ["$B", "c:\\d", "f"]
    assert isinstance(found.steps[-1], RunCommand)
    assert found.steps[-1].text == "dir /s"


def test_a_byte_order_mark_and_tabs_are_ignored(tmp_path: Path) -> None:
    found = plan(tmp_path, "\ufeffFROM\tx\nRUN\techo $((1<<3)) \\\n\t<<< a\nMAINTAINER\tAda\n")
    assert isinstance(found.steps[-1], RunCommand)
    assert found.steps[-1].text == "echo $((1<<3)) \t<<< a"
    assert "line 4: MAINTAINER has no effect here" in found.notes[-1]


def test_a_dockerfile_that_is_not_text_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM x\n# \xe9\n")
    with pytest.raises(BuildError, match="not UTF-8: byte 10 is 0xe9"):
        plan_image(BuildRequest(tmp_path, path, {}))


def test_the_configuration_is_what_docker_would_have(tmp_path: Path) -> None:
    found = plan(
        tmp_path,
        "ARG BASE=none\nFROM $BASE\nARG V=1\nENV A=$V B='x y'\nWORKDIR /app\nWORKDIR sub\n"
        'EXPOSE 8080\nLABEL a=b\nCMD ["old"]\nENTRYPOINT ["python", "-m", "training"]\n',
        BASE="python:3.12",
        V="2",
    )
    config = found.config
    assert config["base"] == "python:3.12"
    assert config["directory"] == "/app/sub"
    assert (config["environment"]["A"], config["environment"]["B"]) == ("2", "x y")
    assert config["entrypoint"] == ["python", "-m", "training"]
    assert "command" not in config


def test_a_folder_is_copied_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "code" / "deep").mkdir(parents=True)
    (tmp_path / "code" / "a.py").write_text("a")
    (tmp_path / "code" / "deep" / "b.py").write_text("b")
    found = plan(tmp_path, "FROM x\nWORKDIR /app\nCOPY code lib/\n")
    copied = found.steps[-1]
    assert isinstance(copied, CopyFiles)
    assert [file.target for file in copied.files] == ["/app/lib/a.py", "/app/lib/deep/b.py"]


def test_a_file_is_copied_into_a_folder_or_to_a_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    found = plan(tmp_path, "FROM x\nCOPY a.txt /in/\nCOPY a.txt /b.txt\nCOPY *.txt /all/\n")
    copies = [step for step in found.steps if isinstance(step, CopyFiles)]
    assert [f.target for c in copies for f in c.files] == ["/in/a.txt", "/b.txt", "/all/a.txt"]


def test_a_named_link_is_copied_as_what_it_links_to_and_one_below_a_folder_stays(
    tmp_path: Path,
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("a")
    (tmp_path / "code" / "b.py").symlink_to("a.py")
    (tmp_path / "train").symlink_to("code/a.py")
    (tmp_path / "app").symlink_to("code")
    found = plan(tmp_path, "FROM x\nCOPY train /bin/\nCOPY train /run\nCOPY app /app\n")
    copies = [step for step in found.steps if isinstance(step, CopyFiles)]
    assert [(f.target, f.source.name, f.link) for c in copies for f in c.files] == [
        ("/bin/train", "a.py", None),
        ("/run", "a.py", None),
        ("/app/a.py", "a.py", None),
        ("/app/b.py", "b.py", "a.py"),
    ]


def test_a_link_to_an_ignored_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a")
    (tmp_path / "train").symlink_to("a.py")
    (tmp_path / ".dockerignore").write_text("a.py\n")
    with pytest.raises(BuildError, match=r"links to a\.py: \.dockerignore leaves it out"):
        plan(tmp_path, "FROM x\nCOPY train /train\n")


def test_an_arg_without_a_value_takes_that_of_the_arg_before_from(tmp_path: Path) -> None:
    text = "ARG A=1\nARG B=2\nFROM x:$A\nARG A\nARG B=3\nARG C\nENV D=$A$B$C\n"
    found = plan(tmp_path, text)
    assert found.config["environment"]["D"] == "13"
    assert plan(tmp_path, text, A="7", C="8").config["environment"]["D"] == "738"


def test_mounts_of_secrets_and_caches_are_ignored(tmp_path: Path) -> None:
    found = plan(
        tmp_path,
        "FROM x\nRUN --mount=type=cache,target=/var/cache/pip "
        "--mount=type=secret,id=ca,target=/run/secrets/ca pip install x\n",
    )
    assert isinstance(found.steps[-1], RunCommand)
    assert found.steps[-1].text == "pip install x"


@pytest.mark.parametrize(
    ("dockerfile", "platform"),
    [
        ("FROM x\n", "linux/amd64"),
        ("FROM --platform=linux/arm64 x\n", "linux/arm64"),
        ("ARG P=linux/arm64\nFROM --platform=$P x\n", "linux/arm64"),
        ("FROM --platform=$TARGETPLATFORM x\n", "linux/amd64"),
    ],
)
def test_the_platform_is_what_from_says_or_else_what_is_asked_for(
    tmp_path: Path, dockerfile: str, platform: str
) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile)
    asked = BuildRequest(tmp_path, path, {}, "linux/amd64")
    assert plan_image(asked).config["platform"] == platform


@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [
        ("FROM x\nADD a b\n", r"line 2: instruction 'ADD' is not supported"),
        ("RUN true\n", r"line 1: RUN stands before FROM"),
        ("FROM x\nFROM y\n", r"line 2: FROM a second time"),
        ("FROM x\nCOPY --from=y a b\n", r"line 2: COPY --from=y is not supported"),
        ("FROM x\nRUN --network=none true\n", r"line 2: RUN --network=none"),
        (
            "FROM x\nRUN --mount=type=bind,target=/a true\n",
            r"line 2: RUN --mount=type=bind,target=/a",
        ),
        ("FROM --pull=always x\n", r"line 1: FROM does not take --pull=always"),
        ("FROM x\nCOPY nothing there\n", r"line 2: COPY source 'nothing' is not in the context"),
        ("FROM x\nCOPY ../a b\n", r"line 2: COPY source '../a' is outside the context"),
        ("FROM x\nCOPY --chmod=u+x Dockerfile b\n", r"line 2: COPY --chmod=u\+x is not supported"),
        ("FROM x\nENV A\n", r"line 2: ENV needs KEY=value"),
        ("FROM x\nSTOPSIGNAL SIGINT\n", r"line 2: STOPSIGNAL SIGINT is not supported"),
        ("ARG B\nFROM $B\n", r"line 2: FROM '\$B' is empty"),
        ("FROM x\nRUN <<E\n", r"line 2: RUN with a here-document"),
        ("FROM x\nRUN cat 3<<-'E F' a\n", r"line 2: RUN with a here-document"),
        ("FROM x\nCOPY <<E /a\n", r"line 2: COPY with a here-document"),
        ("FROM x\nENV A=${B%c}\n", r"line 2: ENV cannot be read: .* changes \$\{B\} by '%'"),
        ("FROM x\nENV A=${B:?must}\n", r"line 2: ENV cannot be read: B is not set: must"),
        ('FROM x\nENV A="b\n', r"line 2: ENV cannot be read: .* double quote"),
        ("FROM x\nWORKDIR ${\n", r"line 2: WORKDIR cannot be read: .* without a name"),
        ("# escape=^\nFROM x\n", r"line 1: the escape character is '\^'; allowed are"),
        ("# escape=`\n# escape=`\nFROM x\n", r"line 2: the directive escape stands there twice"),
        ("# nothing\n", r"no FROM"),
    ],
)
def test_an_unsupported_instruction_is_reported_with_its_line(
    tmp_path: Path, dockerfile: str, words: str
) -> None:
    with pytest.raises(BuildError, match=words):
        plan(tmp_path, dockerfile)


def test_an_argument_that_no_arg_declares_is_noted(tmp_path: Path) -> None:
    found = plan(tmp_path, "FROM x\n", OTHER="1")
    assert found.notes == ("build argument OTHER is given, but no ARG declares it",)


def test_the_builders_own_arguments_need_no_arg(tmp_path: Path) -> None:
    builders = {"BUILDKIT_INLINE_CACHE": "1", "SOURCE_DATE_EPOCH": "0"}
    assert plan(tmp_path, "FROM x\n", **builders) == plan(tmp_path, "FROM x\n")


def test_a_link_out_of_the_context_is_refused(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (tmp_path / "secret").write_text("x")
    (context / "link").symlink_to("../secret")
    with pytest.raises(BuildError, match="links out of the context"):
        plan(context, "FROM x\nCOPY link /link\n")
