"""`make release VERSION=0.2.0`: the checks, the wheel, and the tag. It pushes nothing.

Every fault is named at once, and nothing is made while there is one.
"""

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

BRANCH = "main"
PROJECT, CHANGELOG = Path("pyproject.toml"), Path("CHANGELOG.md")
NUMBERS = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}", re.ASCII)
SECTION = re.compile(r"^## (?P<version>\S+) — (?P<date>.+)\n(?P<lines>(?:(?!## ).*\n?)*)", re.M)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
USAGE = "name the version: make release VERSION=0.2.0"


def main(version: str) -> int:
    if not NUMBERS.fullmatch(version):
        return refused([f"VERSION is {version!r}; {USAGE}" if version else USAGE])
    tag = f"v{version}"
    faults = [*of_the_tree(tag), *of_the_version(version), *of_the_changelog(version)]
    if faults:
        return refused(faults)
    wheel = Path("dist", f"modelwharf-{version}-py3-none-any.whl")
    wheel.unlink(missing_ok=True)
    built = subprocess.run(["make", "--no-print-directory", "wheel"])
    if built.returncode or not wheel.is_file():
        return refused([f"`make wheel` made no {wheel}; no tag was made"])
    subprocess.run(
        ["git", "tag", "--annotate", tag, "--cleanup=whitespace", "--file=-"],
        input=f"Modelwharf {version}\n\n{section(version)['lines'].strip()}\n",
        text=True,
        check=True,
    )
    print(f"tag:    {tag}, of commit {git('rev-parse', '--short', 'HEAD')}")
    print(f"wheel:  {wheel}, sha256 {hashlib.sha256(wheel.read_bytes()).hexdigest()}")
    print(f"Next:   git push origin {tag}")
    print(f"Undo:   git tag --delete {tag}")
    return 0


def refused(faults: list[str]) -> int:
    for fault in faults:
        print(f"release: {fault}", file=sys.stderr)
    return 1


def git(*words: str) -> str:
    """What git prints; "" where it fails."""
    return subprocess.run(["git", *words], capture_output=True, text=True).stdout.strip()


def of_the_tree(tag: str) -> Iterator[str]:
    changed = git("status", "--porcelain").splitlines()
    if changed:
        names = ", ".join(line[2:].strip() for line in changed[:5]) + ", …" * (len(changed) > 5)
        yield f"the working tree has changes: {names}; commit them"
    branch = git("branch", "--show-current")
    if branch != BRANCH:
        yield f"the branch is {branch or 'none'}; git switch {BRANCH}"
    upstream = git("rev-parse", "--verify", "--quiet", f"{BRANCH}@{{upstream}}")
    if branch == BRANCH and upstream and upstream != git("rev-parse", "HEAD"):
        yield f"{BRANCH} and its upstream differ; git pull --ff-only, or git push"
    if git("tag", "--list", tag):
        yield f"the tag {tag} exists; take the next version, or git tag --delete {tag}"


def of_the_version(version: str) -> Iterator[str]:
    found = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    if found != version:
        yield f'{PROJECT} has version = "{found}"; write version = "{version}", and commit'


def section(version: str) -> re.Match[str] | dict[str, str]:
    sections = SECTION.finditer(CHANGELOG.read_text(encoding="utf-8"))
    return next((one for one in sections if one["version"] == version), {})


def of_the_changelog(version: str) -> Iterator[str]:
    found = section(version)
    if not found:
        yield f"{CHANGELOG} has no section; write `## {version} — YYYY-MM-DD`, and what changed"
        return
    if not DATE.fullmatch(found["date"].strip()):
        yield f"{CHANGELOG}: section {version} says {found['date']!r}; write its day, YYYY-MM-DD"
    if not found["lines"].strip():
        yield f"{CHANGELOG}: section {version} is empty; write what changed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
