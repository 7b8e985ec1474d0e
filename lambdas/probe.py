"""The body of the configured probe: from the parameter itself, or from a file of the commit."""

from botocore.exceptions import ClientError

from contracts.names import parameter_path
from contracts.probe import Probe
from contracts.release import ReleaseDocument
from lambdas.errors import VerificationFailed, code_of
from lambdas.site import Site

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
MISSING_FILE_CODES = {
    "FileDoesNotExistException",
    "CommitDoesNotExistException",
    "FolderDoesNotExistException",
}


def probe_body(site: Site, document: ReleaseDocument, probe: Probe) -> bytes:
    """What is sent. Raises VerificationFailed, which names the file that cannot be."""
    if probe.body_file is None:
        return probe.given
    commit = document.trigger.commit
    where = f"{parameter_path(document.project, 'deployment')}: probe.body_file"
    try:
        body: bytes = site.clients.codecommit.get_file(
            repositoryName=site.environment.code_repository,
            commitSpecifier=commit,
            filePath=probe.body_file,
        )["fileContent"]
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
    if body.startswith(LFS_POINTER):
        raise VerificationFailed(
            f"{where} is {probe.body_file!r}; git holds a Git LFS pointer alone there; commit "
            "the file itself (git lfs untrack, git add), or use probe.body_base64"
        )
    return body


def probe_faults(site: Site, document: ReleaseDocument, probe: Probe | None) -> list[str]:
    """Why the probe could not be sent, before anything is built; nothing when it can."""
    try:
        if probe is not None:
            probe_body(site, document, probe)
    except VerificationFailed as error:
        return [str(error)]
    return []
