"""Resolve a Dockerfile for the process engine, without running anything.

A plan is a list of steps with every variable filled in and every copied file digested, so equal
plans make equal images.
"""

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from modelwharf.engines.engine import BuildError, BuildRequest
from modelwharf.engines.process.build_steps import (
    CopiedFile,
    CopyFiles,
    MakeFolder,
    RunCommand,
    Step,
)
from modelwharf.engines.process.context_files import ContextFiles, NotInContext
from modelwharf.engines.process.dockerfile import Instruction, parse

BASE_PATH = "/usr/local/bin:/usr/bin:/bin"
PREDEFINED = ("BUILDKIT_INLINE_CACHE", "SOURCE_DATE_EPOCH")  # BuildKit's own: no ARG declares them


@dataclass(frozen=True)
class ImagePlan:
    """A resolved Dockerfile. ``config`` is for running the image; ``notes`` are for the log."""

    steps: tuple[Step, ...]
    config: Mapping[str, Any]
    notes: tuple[str, ...]


def plan_image(request: BuildRequest) -> ImagePlan:
    """Resolve the Dockerfile. Raises BuildError naming an unsupported line."""
    planner = _Planner(request, ContextFiles.of(request.dockerfile, request.context))
    for instruction in parse(_text(request.dockerfile)):
        planner.take(instruction)
    return planner.finish()


@dataclass
class _Planner:
    request: BuildRequest
    context: ContextFiles
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    base: str | None = None
    platform: str | None = None
    arguments: dict[str, str] = field(default_factory=dict)
    globals: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": BASE_PATH})
    workdir: PurePosixPath = field(default_factory=lambda: PurePosixPath("/"))
    config: dict[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def take(self, instruction: Instruction) -> None:
        keyword = instruction.keyword
        if self.base is None and keyword not in ("ARG", "FROM"):
            raise instruction.refuse("stands before FROM; only ARG may")
        if instruction.flags and keyword not in ("FROM", "COPY", "RUN", "HEALTHCHECK"):
            raise instruction.refuse(f"does not take {instruction.flags[0]} here")
        getattr(self, f"_{keyword.lower()}")(instruction)

    def finish(self) -> ImagePlan:
        if self.base is None:
            raise BuildError("the Dockerfile has no FROM")
        for name in sorted(set(self.request.arguments) - self.used - set(PREDEFINED)):
            self.notes.append(f"build argument {name} is given, but no ARG declares it")
        config = {
            "base": self.base,
            "platform": self.platform or self.request.platform,
            "environment": dict(self.environment),
            "directory": str(self.workdir),
            **self.config,
        }
        return ImagePlan(tuple(self.steps), config, tuple(self.notes))

    @property
    def variables(self) -> dict[str, str]:
        return {**self.arguments, **self.environment}

    def _arg(self, instruction: Instruction) -> None:
        for word in instruction.shell_words(self.variables):
            name, given, default = word.partition("=")
            self.used.add(name)
            before_from = self.globals.get(name) if self.base is not None else None
            value = self.request.arguments.get(name, default if given else before_from)
            if value is not None:
                self.arguments[name] = value

    def _from(self, instruction: Instruction) -> None:
        if self.base is not None:
            raise instruction.refuse(
                "a second time: several stages need Docker or podman; the process engine has one"
            )
        for flag in instruction.flags:
            name, _, value = flag.partition("=")
            if name != "--platform" or not value:
                raise instruction.refuse(f"does not take {flag}; it takes --platform=linux/amd64")
            asked = self.request.platform or ""
            known = {"TARGETPLATFORM": asked, "BUILDPLATFORM": asked, **self.variables}
            self.platform = instruction.expanded(value, known)
        words = instruction.words(self.variables)
        if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
            raise instruction.refuse(f"takes one image, not {instruction.text!r}")
        if not words[0]:
            raise instruction.refuse(f"{instruction.text!r} is empty; give its --build-arg")
        self.base = words[0]
        # FROM sees an ARG before it; so does a later ARG of the same name without a value.
        self.globals, self.arguments = self.arguments, {}

    def _env(self, instruction: Instruction) -> None:
        self.environment.update(instruction.pairs(self.variables))

    def _label(self, instruction: Instruction) -> None:
        self.config.setdefault("labels", {}).update(instruction.pairs(self.variables))

    def _workdir(self, instruction: Instruction) -> None:
        self.workdir = self._absolute(instruction.value(self.variables))
        self.steps.append(MakeFolder(instruction.line, str(self.workdir)))

    def _run(self, instruction: Instruction) -> None:
        for flag in instruction.flags:
            # The machine's own pip configuration and cache replace these two.
            if not re.match(r"--mount=(?=.*\btype=(secret|cache)\b)", flag):
                raise instruction.refuse(f"{flag} is not supported by the process engine")
        listed = instruction.exec_form()
        words = listed if listed is not None else ("/bin/sh", "-c", instruction.text)
        environment = self.variables
        self.steps.append(
            RunCommand(instruction.line, instruction.text, words, environment, str(self.workdir))
        )

    def _copy(self, instruction: Instruction) -> None:
        mode = None
        for flag in instruction.flags:
            if flag.startswith("--chmod="):
                mode = flag.partition("=")[2]
            elif not flag.startswith("--chown="):  # Files here belong to the current user.
                raise instruction.refuse(
                    f"{flag} is not supported by the process engine; it takes --chmod, --chown"
                )
        words = instruction.words(self.variables)
        if len(words) < 2:
            raise instruction.refuse(f"needs a source and a target, not {instruction.text!r}")
        self.steps.append(CopyFiles(instruction.line, self._files(instruction, words, mode)))

    def _files(
        self, instruction: Instruction, words: list[str], mode: str | None
    ) -> tuple[CopiedFile, ...]:
        *patterns, target = words
        into_folder = target.endswith("/") or target in (".", "..") or len(patterns) > 1
        sources = [path for p in patterns for path in self._sources(instruction, p)]
        if len(sources) > 1 and not into_folder:
            raise instruction.refuse(f"copies several files: end {target!r} with a slash")
        base = self._absolute(target)
        executable = None if mode is None else bool(_mode(instruction, mode) & stat.S_IXUSR)
        files = []
        for source in sources:
            found = self._followed(instruction, source)
            if found.is_dir():
                for path in self.context.below(found):
                    where = base / path.relative_to(found).as_posix()
                    files.append(self._copied(instruction, path, str(where), executable))
            elif into_folder:
                where = base / source.name
                files.append(self._copied(instruction, found, str(where), executable))
            else:
                file = self._copied(instruction, found, str(base), executable)
                files.append(replace(file, name=source.name))
        return tuple(files)

    def _sources(self, instruction: Instruction, pattern: str) -> list[Path]:
        try:
            return self.context.find(pattern)
        except NotInContext as error:
            raise instruction.refuse(str(error)) from None

    def _followed(self, instruction: Instruction, source: Path) -> Path:
        try:
            return self.context.followed(source)
        except NotInContext as error:
            raise instruction.refuse(str(error)) from None

    def _copied(
        self, instruction: Instruction, path: Path, target: str, executable: bool | None
    ) -> CopiedFile:
        if path.is_symlink():
            link = str(path.readlink())
            if not path.resolve().is_relative_to(self.context.folder):
                raise instruction.refuse(f"source {path.name!r} links out of the context: {link}")
            return CopiedFile(path, target, _digest(link.encode()), False, link)
        if executable is None:
            executable = bool(path.stat().st_mode & stat.S_IXUSR)
        return CopiedFile(path, target, _digest(path.read_bytes()), executable)

    def _user(self, instruction: Instruction) -> None:
        self.config["user"] = instruction.value(self.variables)
        self.notes.append(
            f"line {instruction.line}: USER {self.config['user']} has no effect here: "
            "the process engine runs programs as you"
        )

    def _expose(self, instruction: Instruction) -> None:
        for word in instruction.words(self.variables):
            self.config.setdefault("ports", []).extend(word.split())

    def _entrypoint(self, instruction: Instruction) -> None:
        self.config["entrypoint"] = self._command(instruction)
        self.config.pop("command", None)  # As Docker does: a new ENTRYPOINT removes CMD.

    def _cmd(self, instruction: Instruction) -> None:
        self.config["command"] = self._command(instruction)

    def _command(self, instruction: Instruction) -> list[str]:
        listed = instruction.exec_form()
        return list(listed) if listed is not None else ["/bin/sh", "-c", instruction.text]

    def _stopsignal(self, instruction: Instruction) -> None:
        signal = instruction.value(self.variables)
        if signal.upper() not in ("SIGTERM", "TERM", "15"):
            raise instruction.refuse(
                f"{signal} is not supported: SageMaker stops containers by SIGTERM"
            )

    def _maintainer(self, instruction: Instruction) -> None:
        self.notes.append(
            f"line {instruction.line}: MAINTAINER has no effect here, and Docker calls it "
            "deprecated: LABEL says the same"
        )

    def _healthcheck(self, instruction: Instruction) -> None:
        self.notes.append(f"line {instruction.line}: HEALTHCHECK has no effect on SageMaker")

    def _absolute(self, path: str) -> PurePosixPath:
        return PurePosixPath(os.path.normpath(self.workdir / path))


def _mode(instruction: Instruction, text: str) -> int:
    if not re.fullmatch("[0-7]{3,4}", text):
        raise instruction.refuse(
            f"--chmod={text} is not supported by the process engine; it takes octal digits: 755"
        )
    return int(text, 8)


def _text(dockerfile: Path) -> str:
    """Return the Dockerfile's text. Raises BuildError when it is not UTF-8."""
    try:
        return dockerfile.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise BuildError(
            f"the Dockerfile is not UTF-8: byte {error.start + 1} is {error.object[error.start]:#x}"
        ) from None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
