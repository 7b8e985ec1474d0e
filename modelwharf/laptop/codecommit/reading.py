"""CodeCommit's responses about a repository's content, in its own shapes and errors."""

import posixpath
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError

from modelwharf.laptop.codecommit.git_repository import (
    Change,
    Entry,
    GitRepository,
    NotInRepository,
    Person,
)

FILE_MODES = {"100644": "NORMAL", "100755": "EXECUTABLE", "120000": "SYMLINK"}
FILE_LIMIT = 6 * 1024 * 1024  # bytes; GetFile and GetBlob refuse larger ones
PAGE = 400  # differences in a response of GetDifferences, unless the request asks for fewer


@dataclass(frozen=True)
class Reading:
    """The read operations of one repository."""

    name: str
    git: GitRepository

    def branch(self, name: str | None) -> dict[str, Any]:
        if not name:
            raise JsonRESTError("BranchNameRequiredException", "A branch name is required")
        try:
            return {"branchName": name, "commitId": self.git.branch(name)}
        except NotInRepository:
            raise JsonRESTError(
                "BranchDoesNotExistException", f"Branch {name} does not exist in {self.name}"
            ) from None

    def branches(self) -> list[str]:
        return self.git.branches()

    def commit(self, identity: str | None) -> dict[str, Any]:
        try:
            commit = self.git.commit(self.git.resolve(identity or "", "commit"))
        except NotInRepository:
            raise JsonRESTError(
                "CommitIdDoesNotExistException", f"Commit {identity} does not exist in {self.name}"
            ) from None
        return {
            "commitId": commit.id,
            "treeId": commit.tree,
            "parents": list(commit.parents),
            "message": commit.message,
            "author": _person(commit.author),
            "committer": _person(commit.committer),
            "additionalData": "",
        }

    def folder(self, specifier: str | None, path: str | None) -> dict[str, Any]:
        if not path:
            raise JsonRESTError("PathRequiredException", "A folder path is required")
        commit = self.resolve(specifier or "HEAD")
        folder = self._entry(commit, path, "tree", "FolderDoesNotExistException")
        groups: dict[str, list[dict[str, str]]] = {
            "subFolders": [],
            "files": [],
            "symbolicLinks": [],
            "subModules": [],
        }
        for entry in self.git.folder_entries(folder.id):
            group, described = _described(entry, folder.path)
            groups[group].append(described)
        return {"commitId": commit, "folderPath": folder.path, "treeId": folder.id, **groups}

    def file(self, specifier: str | None, path: str | None) -> dict[str, Any]:
        if not path:
            raise JsonRESTError("PathRequiredException", "A file path is required")
        commit = self.resolve(specifier or "HEAD")
        entry = self._entry(commit, path, "blob", "FileDoesNotExistException")
        content = self.blob(entry.id)
        return {
            "commitId": commit,
            "blobId": entry.id,
            "filePath": entry.path,
            "fileMode": FILE_MODES[entry.mode],
            "fileSize": len(content),
            "fileContent": content,
        }

    def blob(self, identity: str | None) -> bytes:
        try:
            content = self.git.blob(self.git.resolve(identity or "", "blob"))
        except NotInRepository:
            raise JsonRESTError(
                "BlobIdDoesNotExistException", f"Blob {identity} does not exist in {self.name}"
            ) from None
        if len(content) > FILE_LIMIT:
            raise JsonRESTError(
                "FileTooLargeException",
                f"The file has {len(content)} bytes; at most {FILE_LIMIT} can be read",
            )
        return content

    def differences(
        self,
        *,
        before: str | None,
        after: str | None,
        before_path: str | None,
        after_path: str | None,
        limit: int | None,
        token: str | None,
    ) -> dict[str, Any]:
        if not after:
            raise JsonRESTError("CommitRequiredException", "afterCommitSpecifier is required")
        start = int(token) if token and token.isdecimal() else 0
        if token and not token.isdecimal():
            raise JsonRESTError("InvalidContinuationTokenException", f"{token!r} is not a token")
        changes = self.git.changes(self.resolve(before) if before else None, self.resolve(after))
        wanted = [change for change in changes if _within(change, before_path, after_path)]
        end = start + min(limit or PAGE, PAGE)
        answer: dict[str, Any] = {
            "differences": [_difference(change) for change in wanted[start:end]]
        }
        if end < len(wanted):
            answer["NextToken"] = str(end)
        return answer

    def resolve(self, specifier: str | None) -> str:
        """The commit of a branch, a tag, HEAD or an id."""
        if not specifier:
            raise JsonRESTError("CommitRequiredException", "A commit specifier is required")
        try:
            return self.git.resolve(specifier, "commit")
        except NotInRepository:
            raise JsonRESTError(
                "CommitDoesNotExistException", f"Commit {specifier} does not exist in {self.name}"
            ) from None

    def _entry(self, commit: str, path: str, kind: str, error: str) -> Entry:
        try:
            entry = self.git.entry(commit, path)
        except NotInRepository:
            entry = None
        if entry is None or entry.kind != kind:
            raise JsonRESTError(error, f"{path} does not exist in {self.name} at commit {commit}")
        return entry


def _described(entry: Entry, folder: str) -> tuple[str, dict[str, str]]:
    paths = {
        "absolutePath": posixpath.join(folder, entry.path),
        "relativePath": entry.path,
    }
    if entry.kind == "tree":
        return "subFolders", {**paths, "treeId": entry.id}
    if entry.kind == "commit":
        return "subModules", {**paths, "commitId": entry.id}
    described = {**paths, "blobId": entry.id, "fileMode": FILE_MODES[entry.mode]}
    return ("symbolicLinks" if entry.mode == "120000" else "files"), described


def _person(person: Person) -> dict[str, str]:
    return {"name": person.name, "email": person.email, "date": person.date}


def _difference(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = {"changeType": change.status}
    for key, side in (("beforeBlob", change.before), ("afterBlob", change.after)):
        if side is not None:
            found[key] = {"blobId": side.id, "path": side.path, "mode": side.mode}
    return found


def _within(change: Change, before: str | None, after: str | None) -> bool:
    return all(
        side is None or not path or posixpath.join(side.path, "").startswith(_folder(path))
        for side, path in ((change.before, before), (change.after, after))
    )


def _folder(path: str) -> str:
    return posixpath.join(path.strip("/"), "")
