"""Read the CodeCommit repository without a download: git's tree ids are digests already."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.errors import UnknownCommit, code_of

if TYPE_CHECKING:
    from mypy_boto3_codecommit import CodeCommitClient
    from mypy_boto3_codecommit.type_defs import (
        FileTypeDef,
        FolderTypeDef,
        GetDifferencesInputTypeDef,
        SubModuleTypeDef,
        SymbolicLinkTypeDef,
    )

UNKNOWN_COMMIT_CODES = {
    "CommitDoesNotExistException",
    "CommitIdDoesNotExistException",
    "InvalidCommitException",
    "InvalidCommitIdException",
}

PLAIN = "NORMAL"  # GetFolder's fileMode; the others are EXECUTABLE and SYMLINK


class MissingPath(Exception):
    """A commit has no such file or folder; ``args`` is the path."""


@dataclass(frozen=True)
class Repository:
    """One repository; each folder of a commit is listed once."""

    codecommit: "CodeCommitClient"
    name: str
    _listings: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict, repr=False)

    def head(self, branch: str) -> str:
        """Return the commit id of the branch's head. Raises UnknownCommit."""
        try:
            found = self.codecommit.get_branch(repositoryName=self.name, branchName=branch)
        except ClientError as error:
            if code_of(error) not in ("BranchDoesNotExistException", *UNKNOWN_COMMIT_CODES):
                raise
            raise UnknownCommit(
                f"repository {self.name!r} has no branch {branch!r} yet, so there is nothing to "
                "release: push a commit with `wharf push`"
            ) from None
        return str(found["branch"]["commitId"])

    def object_id(self, commit: str, path: str) -> str:
        """Return git's id of a file or folder. Raises UnknownCommit, MissingPath."""
        folder, _, name = path.strip("/").rpartition("/")
        listing = self._listing(commit, folder)
        if name not in listing:
            raise MissingPath(path)
        return listing[name]

    def found_id(self, commit: str, path: str) -> str | None:
        """Return git's id of a file or folder; None when there is none. Raises UnknownCommit."""
        try:
            return self.object_id(commit, path)
        except MissingPath:
            return None

    def _listing(self, commit: str, folder: str) -> dict[str, str]:
        """Return name → id of everything directly in the folder."""
        key = (commit, folder)
        if key not in self._listings:
            self._listings[key] = self._read_folder(commit, folder)
        return self._listings[key]

    def _read_folder(self, commit: str, folder: str) -> dict[str, str]:
        try:
            found = self.codecommit.get_folder(
                repositoryName=self.name, commitSpecifier=commit, folderPath=folder or "/"
            )
        except ClientError as error:
            if code_of(error) == "FolderDoesNotExistException":
                raise MissingPath(folder) from None
            if code_of(error) not in UNKNOWN_COMMIT_CODES:
                raise
            raise UnknownCommit(
                f"repository {self.name!r} has no commit {commit}; push it, or ask for one of its "
                "own: git log"
            ) from None
        ids = {_last(item): item["treeId"] for item in found.get("subFolders", [])}
        ids |= {_last(item): _file_id(item) for item in found.get("files", [])}
        # A submodule's id is its commit, a link's is its target.
        ids |= {_last(item): item["commitId"] for item in found.get("subModules", [])}
        ids |= {_last(item): item["blobId"] for item in found.get("symbolicLinks", [])}
        return ids

    def changed_paths(self, before: str, after: str, limit: int) -> list[str]:
        """Return paths that differ between two commits, at most ``limit``. Raises UnknownCommit."""
        paths: list[str] = []
        for path in self._differences(before, after):
            paths.append(path)
            if len(paths) == limit:
                break
        return paths

    def _differences(self, before: str, after: str) -> Iterator[str]:
        request: GetDifferencesInputTypeDef = {
            "repositoryName": self.name,
            "beforeCommitSpecifier": before,
            "afterCommitSpecifier": after,
        }
        while True:
            try:
                found = self.codecommit.get_differences(**request)
            except ClientError as error:
                if code_of(error) not in UNKNOWN_COMMIT_CODES:
                    raise
                raise UnknownCommit(f"{before} or {after} is not in {self.name!r}") from None
            for difference in found["differences"]:
                yield (difference.get("afterBlob") or difference["beforeBlob"])["path"]
            if not found.get("NextToken"):
                return
            request["NextToken"] = found["NextToken"]


def _file_id(item: "FileTypeDef") -> str:
    """Return git's id of a file, marked when it is executable.

    Git's id covers only the content, and the executable bit changes the image. (A folder's id
    covers the modes of its files.)
    """
    mode = item.get("fileMode", PLAIN)
    return item["blobId"] if mode == PLAIN else f"{item['blobId']} {mode}"


def _last(item: "FolderTypeDef | FileTypeDef | SubModuleTypeDef | SymbolicLinkTypeDef") -> str:
    return item["absolutePath"].rstrip("/").rpartition("/")[2]
