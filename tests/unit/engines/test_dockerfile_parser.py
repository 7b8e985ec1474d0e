"""The reader of Dockerfiles against BuildKit's own parser, which the package dockerfile wraps."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelwharf.engines.engine import BuildError
from modelwharf.engines.process.dockerfile import KEYWORDS, parse

# It has no wheel for every machine, so it is asked in tests alone (docs/decisions/0086).
official = pytest.importorskip("dockerfile")

DOCKERFILES = (
    "\ufeffFROM x\n",
    "\ufeff# escape=`\nFROM x\n",
    "FROM x\nRUN\techo a\n",
    "FROM x\nRUN\t\t echo a\t\n",
    "\tFROM\tx\n",
    "FROM\vx\n",
    "# escape=`\nFROM x\nRUN dir c:\\ `\n  && echo\n",
    "# syntax=docker/dockerfile:1\n# escape = `\nFROM x\nRUN a`\nb\n",
    "# a comment\n# escape=`\nFROM x\nRUN a \\\n b\n",
    "\n# escape=`\nFROM x\nRUN a \\\n b\n",
    "#ESCAPE=`\nFROM x\nRUN a `\n b\n",
    "# escape=`\n# escape=`\nFROM x\n",
    "# escape=^\nFROM x\n",
    "FROM x\nRUN echo $((1<<3))\n",
    "FROM x\nRUN cat <<< hi\n",
    "FROM x\nRUN cat <<<hi\n",
    "FROM x\nRUN echo '<<EOF'\n",
    'FROM x\nRUN echo "a <<EOF b"\n',
    "FROM x\nRUN cat << EOF\n",
    "FROM x\nRUN a<<b\n",
    "FROM x\nRUN python -c 'print(1 <<2)'\n",
    "FROM x\nMAINTAINER Ada <ada@example.org>\n",
    "FROM x\nRUN echo a\\\nb\n",
    "FROM x\nRUN echo a\\\n    b\\\n\tc\n",
    "FROM x\nRUN echo a \\  \n b\n",
    "FROM x\nRUN echo a \\\\\nCMD b\n",
    "FROM x\nRUN a \\\n# note\n\n   # note\n b\n",
    "FROM x\nRUN a \\\n",
    "FROM x\r\nRUN a \\\r\n  b\r\n",
    "FROM x\nRUN echo '#no comment'\n",
    "FROM x\n  # a comment\n RUN b\n",
    "FROM x\nRUN a\u2028b\x85c\n",
    "FROM x\nRUN --mount=type=cache,target=/a --mount=type=secret,id=b pip install\n",
    "FROM x\nRUN --x'b c' d\n",
    "FROM x\nRUN --x\\\\ d\n",
    "FROM x\nRUN --x\\ y d\n",
    'FROM x\nRUN --x="it\'s" d\n',
    "FROM x\nRUN --xü d\n",
    "# escape=`\nFROM x\nCOPY --from=c:\\a d e\n",
    'FROM x\nRUN --mount="type=cache,target=/a" "d"\n',
    "FROM x\nCOPY --chown=1:1 --chmod=755 a b /c/\n",
    'FROM x\nCMD ["a", "b c"]\n',
    'FROM x\nCMD ["a", 1]\n',
    "FROM x\nCMD [a]\n",
)
SEPARATORS = st.sampled_from([" ", "  ", "\t", " \\\n", "\\\n  ", "\\\n# note\n", " \\ \n\n"])
WORDS = st.sampled_from(
    [
        "a",
        "'b c'",
        '"d e"',
        "$X",
        "${X:-y}",
        "a=b",
        "#",
        "<<<",
        "1<<3",
        "\\\\",
        "&&",
        "--x",
        "[",
        "ü",
    ]
)


def read(text: str) -> list[tuple[int, str, tuple[str, ...], str]] | None:
    try:
        found = parse(text)
        for one in found:
            one.exec_form()
    except BuildError:
        return None
    return [(one.line, one.keyword, one.flags, one.text) for one in found]


def read_by_buildkit(text: str) -> list[tuple[int, str, tuple[str, ...], str]] | None:
    try:
        commands = official.parse_string(text)
    except official.GoParseError:
        return None
    # The planner's matters, and nothing of the parser's.
    if any(one.heredocs or one.cmd.upper() not in KEYWORDS for one in commands):
        return None
    return [
        (one.start_line, one.cmd.upper(), flags, _text(one.original, flags))
        for one in commands
        for flags in [tuple(map(_characters, one.flags))]
    ]


def _text(original: str, flags: tuple[str, ...]) -> str:
    """What follows the keyword and its flags."""
    _, *rest = original.replace("\v", " ").split(None, 1)
    text = "".join(rest)
    for flag in flags:  # without the quotes and escapes that it has in the file
        quoted = "".join(rf"[\"'\\`]*{re.escape(one)}" for one in flag)
        text = re.sub(rf"^{quoted}[\"']*", "", text.strip())
    return text.strip()


def _characters(flag: str) -> str:
    """BuildKit takes each byte of a flag for a character."""
    return flag.encode("latin-1").decode()


@pytest.mark.parametrize("text", DOCKERFILES)
def test_a_dockerfile_is_read_as_buildkit_reads_it(text: str) -> None:
    assert read(text) == read_by_buildkit(text)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("RUN", "run", "Copy", "CMD")), SEPARATORS, WORDS, SEPARATORS, WORDS
        ),
        max_size=4,
    )
)
@example([("RUN", " ", "--x", "\\\n# note\n", "'b c'")])
@settings(max_examples=300, deadline=None)
def test_whatever_its_lines_are_it_is_read_as_buildkit_reads_it(
    lines: list[tuple[str, str, str, str, str]],
) -> None:
    text = "FROM x\n" + "".join("".join(line) + "\n" for line in lines)
    mine, theirs = read(text), read_by_buildkit(text)
    if mine is not None and theirs is not None:
        assert mine == theirs
    assert (mine is None) == (theirs is None)
