"""The body of the configured probe: from the parameter itself, or from a file of the commit."""

import re

from botocore.exceptions import ClientError

from lambdas.errors import VerificationFailed, code_of
from lambdas.runtime import Runtime
from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.probe import Probe
from modelwharf.contracts.release import ReleaseDocument

LINK = "SYMLINK"  # GetFile's fileMode
LFS_POINTER = re.compile(rb"version \S+\n(?:\S+ .*\n)*?oid sha256:")
ANNEX_POINTER = b"/annex/objects/"
MISSING_FILE_CODES = {
    "FileDoesNotExistException",
    "CommitDoesNotExistException",
    "FolderDoesNotExistException",
}


def probe_body(runtime: Runtime, document: ReleaseDocument, probe: Probe) -> bytes:
    """Return the body to send. Raises VerificationFailed, which names an unusable file."""
    if probe.body_file is None:
        return probe.given
    commit = document.trigger.commit
    where = f"{parameter_path(document.project, 'deployment')}: probe.body_file"
    try:
        found = runtime.clients.codecommit.get_file(
            repositoryName=runtime.environment.code_repository,
            commitSpecifier=commit,
            filePath=probe.body_file,
        )
    except ClientError as error:
        if code_of(error) in MISSING_FILE_CODES:
            raise VerificationFailed(
                f"{where} is {probe.body_file!r}, which commit {commit[:7]} does not have; commit "
                "it and push, or name a file that it has (git ls-tree -r --name-only HEAD)"
            ) from None
        if code_of(error) == "FileTooLargeException":
            raise VerificationFailed(
                f"{where} is {probe.body_file!r}, a file larger than CodeCommit gives out (6 MB); "
                "name a smaller one"
            ) from None
        raise
    body: bytes = found["fileContent"]
    pointed = pointed_to(body, found.get("fileMode", ""))
    if pointed:
        raise VerificationFailed(f"{where} is {probe.body_file!r}; {pointed}")
    return body


def pointed_to(body: bytes, mode: str) -> str:
    """Say what the file only points to in git, and what to do; "" for a regular file.

    CodeCommit returns the text of a link and of an LFS pointer, which the build would find as well
    (containers/buildspec.yml).
    """
    if mode == LINK:
        end = body.decode(errors="replace")
        return f"that is a link to {end!r}: name what it links to"
    if LFS_POINTER.match(body):
        return (
            "git holds a Git LFS pointer alone there; commit the file itself (git lfs untrack, "
            "git add), or use probe.body_base64"
        )
    if body.startswith(ANNEX_POINTER):
        return (
            "git holds a git-annex pointer alone there; commit the file itself (git annex unannex)"
        )
    return ""


def probe_faults(runtime: Runtime, document: ReleaseDocument, probe: Probe | None) -> list[str]:
    """Return why the probe could not be sent, before anything is built; empty when it can."""
    try:
        if probe is not None:
            probe_body(runtime, document, probe)
    except VerificationFailed as error:
        return [str(error)]
    return []
