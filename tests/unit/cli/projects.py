"""A project's folder, in which commands are typed."""

import subprocess
from pathlib import Path


def write(project: Path, text: str) -> Path:
    file = project / "modelwharf.toml"
    file.write_text(text)
    return file


def git(project: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", *who, *words], cwd=project, check=True, capture_output=True)


def commit(project: Path, text: str) -> None:
    write(project, text)
    git(project, "init", "-q")
    git(project, "add", "modelwharf.toml")
    git(project, "commit", "-q", "-m", "Configure")
