"""A path in the team's repository, as a parameter names it."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

# The build's shell takes the inputs as words, so a path is one word without wildcards.
NO_PATH = re.compile(r"[\s*?\[\]\\]")


def _within_repository(path: str) -> str:
    if path.startswith("/"):
        raise ValueError("it must be relative to the repository's root, without a leading '/'")
    path = path.rstrip("/")
    parts = path.split("/")
    if ".." in parts:
        raise ValueError("it must not lead upwards: '..' is not allowed")
    if NO_PATH.search(path) or path.startswith("-"):
        raise ValueError(
            "it must hold no space, backslash or wildcard (* ? [ ]), and not begin with '-'"
        )
    if path != "." and ("" in parts or "." in parts):
        raise ValueError("it must be a plain path such as 'containers/training'")
    return path


def _within_commit(path: str) -> str:
    if path == ".":
        raise ValueError(
            "the whole repository is not allowed: name its files and folders one by one"
        )
    return path


RepositoryFolder = Annotated[
    str, Field(min_length=1, max_length=400), AfterValidator(_within_repository)
]
"""Relative to the repository's root, which is "."."""
RepositoryPath = Annotated[RepositoryFolder, AfterValidator(_within_commit)]
"""A file or a folder in it, but not all of it."""
