"""Run one build through its phases, in the order of CodeBuild's phase transitions."""

import logging
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from modelwharf.engines.process import ProcessProgram
from modelwharf.engines.process.image_environment import machine_environment
from modelwharf.laptop import logs
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.codebuild.buildspec import Buildspec, Phase, PhaseName
from modelwharf.laptop.codebuild.record import Build, announce
from modelwharf.laptop.codebuild.shell import BuildShell, machine_path, write_programs
from modelwharf.laptop.codebuild.source import SourceError, download, read_buildspec, variables
from modelwharf.laptop.formats import epoch_milliseconds

log = logging.getLogger(__name__)

STOP_GRACE = 5.0  # seconds between SIGTERM and SIGKILL for a build that is stopped
POLL = 0.2  # seconds between two checks for a stop request


class Ended(Exception):
    """The build was stopped or has timed out: ``status`` is STOPPED or TIMED_OUT."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class CommandFailed(Exception):
    """A command's exit status was not 0."""


class BuildRun:
    """One run. ``minute`` is the length of a minute of the build's timeout, in seconds."""

    def __init__(self, cloud: Cloud, build: Build, minute: float = 60.0) -> None:
        self._cloud = cloud
        self._build = build
        self._folder = cloud.directory / "builds" / build.stream
        self._source = self._folder / "src"
        self._deadline = time.monotonic() + build.record["timeoutInMinutes"] * minute

    def run(self) -> None:
        """Run to the end. In every case, the build ends with a status and an event."""
        announce(self._cloud, self._build)
        status = "FAULT"
        try:
            status = self._run()
        except Ended as ended:
            status = ended.status
            self._build.leave(status, [{"statusCode": status, "message": f"BUILD {status}"}])
        except Exception as error:
            log.exception("build %s", self._build.id)
            self._build.leave("FAULT", [{"statusCode": "FAULT", "message": repr(error)}])
        finally:
            self._build.finish(status)
            shutil.rmtree(self._folder, ignore_errors=True)
            announce(self._cloud, self._build)

    def _run(self) -> str:
        for phase in ("SUBMITTED", "QUEUED", "PROVISIONING"):
            self._build.enter(phase)
            self._build.leave("SUCCEEDED")
        self._build.enter("DOWNLOAD_SOURCE")
        try:
            download(self._cloud, self._build, self._source)
            spec = read_buildspec(self._build, self._source)
            given = variables(self._cloud, self._build, spec)
        except SourceError as error:
            self._fail(error.code, str(error))
            return "FAILED"
        self._build.leave("SUCCEEDED")
        shell = BuildShell(
            self._cloud.processes, self._folder, self._source, self._environment(given)
        )
        succeeded = self._phases(spec, shell)
        self._export(spec, shell)
        for phase in ("UPLOAD_ARTIFACTS", "FINALIZING"):
            self._build.enter(phase)
            self._build.leave("SUCCEEDED")
        return "SUCCEEDED" if succeeded else "FAILED"

    def _phases(self, spec: Buildspec, shell: BuildShell) -> bool:
        """Run the phases. POST_BUILD runs after a failed BUILD, and after no other failure."""
        succeeding = True
        for name in PhaseName:
            self._build.enter(name.upper())
            self._log(f"Entering phase {name.upper()}")
            phase = spec.phases.get(name, Phase())
            ok = self._phase(phase, shell, succeeding)
            succeeding = succeeding and (ok or phase.continues)
            if not ok and not phase.continues and name in (PhaseName.INSTALL, PhaseName.PRE_BUILD):
                return False
        return succeeding

    def _phase(self, phase: Phase, shell: BuildShell, succeeding: bool) -> bool:
        extra = {"CODEBUILD_BUILD_SUCCEEDING": "1" if succeeding else "0"}
        failure = None
        try:
            self._commands(phase.commands, shell, extra)
        except CommandFailed as error:
            failure = error
            extra = {"CODEBUILD_BUILD_SUCCEEDING": "0"}
        try:
            self._commands(phase.finally_, shell, extra)
        except CommandFailed as error:
            failure = failure or error
        if failure is None:
            self._log("Phase complete: State: SUCCEEDED")
            self._build.leave("SUCCEEDED")
            return True
        self._fail("COMMAND_EXECUTION_ERROR", str(failure))
        return False

    def _commands(
        self, commands: tuple[str, ...], shell: BuildShell, extra: Mapping[str, str]
    ) -> None:
        for command in commands:
            self._log(f"Running command {command}")
            code = self._wait(shell.start(command, extra, self._write))
            if code:
                self._log(f"Command did not exit successfully {command} exit status {code}")
                raise CommandFailed(
                    f"Error while executing command: {command}. Reason: exit status {code}"
                )

    def _wait(self, program: ProcessProgram) -> int:
        """Wait for the exit code. Raises Ended at a stop request and at the build's timeout."""
        while True:
            code = program.wait(POLL)
            if code is not None:
                return code
            if self._build.stopping.is_set():
                program.stop(STOP_GRACE)
                raise Ended("STOPPED")
            if time.monotonic() > self._deadline:
                program.stop(STOP_GRACE)
                self._log(f"Build has timed out after {self._minutes} minutes")
                raise Ended("TIMED_OUT")

    @property
    def _minutes(self) -> int:
        return int(self._build.record["timeoutInMinutes"])

    def _export(self, spec: Buildspec, shell: BuildShell) -> None:
        values = [{"name": name, "value": shell.variable(name)} for name in spec.exported]
        with self._build.lock:
            self._build.record["exportedEnvironmentVariables"] = values

    def _fail(self, code: str, message: str) -> None:
        self._log("Phase complete: State: FAILED")
        self._log(f"Phase context status code: {code} Message: {message}")
        self._build.leave("FAILED", [{"statusCode": code, "message": message}])

    def _log(self, text: str) -> None:
        self._write(f"[Container] {datetime.now(UTC):%Y/%m/%d %H:%M:%S} {text}")

    def _write(self, line: str) -> None:
        logs.put_lines(self._cloud, self._build.group, self._build.stream, [line])

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The build's environment. This machine adds only what pip needs to reach its index."""
        record = self._build.record
        home = self._folder / "home"
        home.mkdir()
        docker = self._cloud.engine.docker(self._folder / "docker")
        programs = write_programs(self._cloud.directory, docker.words)
        return {
            **machine_environment(),
            **self._cloud.environment(self._build.role, f"AWSCodeBuild-{self._build.stream}"),
            "PATH": f"{programs}:{machine_path()}",
            "HOME": str(home),
            **docker.environment,
            "CODEBUILD_BUILD_ID": record["id"],
            "CODEBUILD_BUILD_ARN": record["arn"],
            "CODEBUILD_BUILD_NUMBER": str(record["buildNumber"]),
            "CODEBUILD_INITIATOR": record["initiator"],
            "CODEBUILD_LOG_PATH": self._build.stream,
            "CODEBUILD_RESOLVED_SOURCE_VERSION": record.get("resolvedSourceVersion", ""),
            "CODEBUILD_SOURCE_VERSION": record.get("sourceVersion", ""),
            "CODEBUILD_SOURCE_REPO_URL": record["source"].get("location", ""),
            "CODEBUILD_SRC_DIR": str(self._source),
            "CODEBUILD_START_TIME": str(epoch_milliseconds(record["startTime"])),
            "CODEBUILD_CI": "true",
            **given,
        }
