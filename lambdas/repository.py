"""The CodeCommit repository, read without downloading it: git's tree ids are digests already."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from contracts.names import image_tag
from contracts.parameters import ImageSource, Source
from lambdas.clients import Client
from lambdas.errors import UnknownCommit, code_of

UNKNOWN_COMMIT_CODES = {
    "CommitDoesNotExistException",
    "CommitIdDoesNotExistException",
    "InvalidCommitException",
    "InvalidCommitIdException",
}


class MissingPath(Exception):
    """A commit has no such file or folder; ``args`` is the path."""


@dataclass(frozen=True)
class Repository:
    """One repository; each folder of a commit is listed once."""

    codecommit: Client
    name: str
    _listings: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict, repr=False)

    def head(self, branch: str) -> str:
        """Commit id of the branch's head. Raises UnknownCommit."""
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
        """Git's id of a file or folder. Raises UnknownCommit, MissingPath."""
        folder, _, name = path.strip("/").rpartition("/")
        listing = self._listing(commit, folder)
        if name not in listing:
            raise MissingPath(path)
        return listing[name]

    def found_id(self, commit: str, path: str) -> str | None:
        """Git's id of a file or folder; None when there is none. Raises UnknownCommit."""
        try:
            return self.object_id(commit, path)
        except MissingPath:
            return None

    def _listing(self, commit: str, folder: str) -> dict[str, str]:
        """Name → id of everything directly in the folder."""
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
        ids |= {_last(item): item["blobId"] for item in found.get("files", [])}
        # A submodule's id is its commit, a link's is where it points.
        ids |= {_last(item): item["commitId"] for item in found.get("subModules", [])}
        ids |= {_last(item): item["blobId"] for item in found.get("symbolicLinks", [])}
        return ids

    def changed_paths(self, before: str, after: str, limit: int) -> list[str]:
        """Paths that differ between two commits, at most ``limit``. Raises UnknownCommit."""
        paths: list[str] = []
        for path in self._differences(before, after):
            paths.append(path)
            if len(paths) == limit:
                break
        return paths

    def _differences(self, before: str, after: str) -> Iterator[str]:
        page: dict[str, str] = {}
        while True:
            try:
                found = self.codecommit.get_differences(
                    repositoryName=self.name,
                    beforeCommitSpecifier=before,
                    afterCommitSpecifier=after,
                    **page,
                )
            except ClientError as error:
                if code_of(error) not in UNKNOWN_COMMIT_CODES:
                    raise
                raise UnknownCommit(f"{before} or {after} is not in {self.name!r}") from None
            for difference in found["differences"]:
                yield (difference.get("afterBlob") or difference["beforeBlob"])["path"]
            if not found.get("NextToken"):
                return
            page = {"NextToken": found["NextToken"]}


def _last(item: dict[str, str]) -> str:
    return item["absolutePath"].rstrip("/").rpartition("/")[2]


def tag_of(repository: Repository, commit: str, source: Source, image: ImageSource) -> str:
    """The image's tag: the digest of everything that goes into it.

    Raises UnknownCommit, MissingPath.
    """
    ingredients = {f"path {path}": repository.object_id(commit, path) for path in image.inputs}
    if image.context != ".":
        repository.object_id(commit, image.context)
    return image_tag(
        {
            **ingredients,
            **_ignored(repository, commit, image),
            f"dockerfile {image.dockerfile}": repository.object_id(commit, image.dockerfile),
            "context": image.context,
            "base image": source.base_image,
            "platform": source.platform,
        }
    )


def _ignored(repository: Repository, commit: str, image: ImageSource) -> dict[str, str]:
    """The .dockerignore that the build follows, as containers/buildspec.yml finds it.

    It decides on what goes into the image, be it among the inputs or not.
    """
    own, of_context = f"{image.dockerfile}.dockerignore", f"{image.context}/.dockerignore"
    for path in (own, of_context.removeprefix("./")):
        identity = repository.found_id(commit, path)
        if identity is not None:
            return {f"ignored {path}": identity}
    return {}
