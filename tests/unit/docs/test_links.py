"""Links of the pages in this repository, as GitHub shows them; Sphinx checks those of the site."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[3]
MARKDOWN = MarkdownIt("commonmark").enable("table")
NOT_OURS = ("modelwharf/templates/",)  # placeholders stand in these pages
A_PAGE = re.compile(r"\bdocs/[\w./-]+\.(?:md|svg|diff)\b")
CODE = (".py", ".toml", ".yml", ".yaml")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = [name for name in listed.split("\0") if name and not name.startswith(NOT_OURS)]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def links(text: str) -> Iterator[str]:
    for block in MARKDOWN.parse(text):
        for token in block.children or ():
            target = token.attrGet("href") or token.attrGet("src")
            if isinstance(target, str) and "://" not in target and not target.startswith("mailto:"):
                yield unquote(target)


@cache
def anchors(page: Path) -> frozenset[str]:
    """Of the headings, as GitHub makes them: small letters, no punctuation, hyphens for blanks."""
    blocks = MARKDOWN.parse(page.read_text())
    headings = [
        "".join(token.content for token in blocks[place + 1].children or ())
        for place, block in enumerate(blocks)
        if block.type == "heading_open"
    ]
    return frozenset(re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings)


def faults(page: Path, text: str) -> Iterator[str]:
    for link in links(text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{page.relative_to(ROOT)}: {link}: there is no {path}"
        elif anchor and anchor not in anchors(target):
            yield f"{page.relative_to(ROOT)}: {link}: {target.name} has no heading of that name"


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    pages = tracked("*.md")
    assert ROOT / "README.md" in pages
    assert [fault for page in pages for fault in faults(page, page.read_text())] == []


def test_a_dead_link_is_found() -> None:
    page = ROOT / "README.md"
    text = "[a](docs/none.md) [b](docs/alarms.md#none) [c](docs/alarms.md#alarms) [d](https://x.y)"
    assert list(faults(page, text)) == [
        "README.md: docs/none.md: there is no docs/none.md",
        "README.md: docs/alarms.md#none: alarms.md has no heading of that name",
    ]


def test_every_page_that_code_names_is_there() -> None:
    files = [page for page in tracked() if page.suffix in CODE and "tests" not in page.parts]
    named = {(page, name) for page in files for name in A_PAGE.findall(page.read_text())}
    assert len(named) > 10
    assert [str(pair) for pair in named if not (ROOT / pair[1]).is_file()] == []
