"""CodeCommit: each repository is a bare git repository on this machine.

Stock moto keeps only a repository's name: no branch, commit, folder, file or difference can
be read, nothing can be pushed, and there are no triggers.
"""

import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.codecommit.models import CodeCommitBackend
from moto.codecommit.responses import CodeCommitResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.codecommit import git_hook
from modelwharf.laptop.codecommit.git_repository import GitRepository
from modelwharf.laptop.codecommit.reading import Reading
from modelwharf.laptop.overrides import replace, stock

EVENTS = ("all", "updateReference", "createReference", "deleteReference")
MOST_TRIGGERS = 10  # per repository

Answer = dict[str, Any]
Operation = Callable[[Cloud, CodeCommitResponse], Answer]


def repository_folder(cloud: Cloud, name: str) -> Path:
    """The folder of a repository: the remote for pushes."""
    return cloud.directory / "git" / f"{name}.git"


def install(cloud: Cloud) -> None:
    """Back repositories with git, and answer the calls that a release makes."""
    stock_create = stock(CodeCommitBackend, "create_repository")
    stock_delete = stock(CodeCommitBackend, "delete_repository")

    def create_repository(
        self: CodeCommitBackend, repository_name: str, repository_description: str
    ) -> dict[str, str]:
        metadata: dict[str, str] = stock_create(self, repository_name, repository_description)
        folder = repository_folder(cloud, repository_name)
        if not folder.exists():  # a restarted cloud finds earlier pushes
            GitRepository.create(folder)
        git_hook.write_hooks(folder, cloud.directory, repository_name)
        metadata["cloneUrlHttp"] = metadata["cloneUrlSsh"] = str(folder)
        metadata["defaultBranch"] = "main"
        return metadata

    def delete_repository(self: CodeCommitBackend, repository_name: str) -> str | None:
        identity: str | None = stock_delete(self, repository_name)
        shutil.rmtree(repository_folder(cloud, repository_name), ignore_errors=True)
        return identity

    replace(CodeCommitBackend, "create_repository", create_repository)
    replace(CodeCommitBackend, "delete_repository", delete_repository)
    for name, operation in _OPERATIONS.items():
        replace(CodeCommitResponse, name, _bound(cloud, operation))


def _bound(cloud: Cloud, operation: Operation) -> Callable[[CodeCommitResponse], ActionResult]:
    return lambda response: ActionResult(operation(cloud, response))


def reading(cloud: Cloud, response: CodeCommitResponse) -> Reading:
    """The reader of the repository that the request names."""
    name = _repository_name(response)
    return Reading(name, GitRepository(repository_folder(cloud, name)))


def _repository_name(response: CodeCommitResponse) -> str:
    name = response._get_param("repositoryName")
    if not name:
        raise JsonRESTError("RepositoryNameRequiredException", "A repository name is required")
    response.codecommit_backend.get_repository(name)
    return str(name)


def _get_branch(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    name = response._get_param("branchName")
    return {"branch": reading(cloud, response).branch(name)}


def _get_commit(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    return {"commit": reading(cloud, response).commit(response._get_param("commitId"))}


def _get_folder(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    specifier = response._get_param("commitSpecifier")
    return reading(cloud, response).folder(specifier, response._get_param("folderPath"))


def _get_file(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    specifier = response._get_param("commitSpecifier")
    return reading(cloud, response).file(specifier, response._get_param("filePath"))


def _get_blob(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    return {"content": reading(cloud, response).blob(response._get_param("blobId"))}


def _list_branches(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    return {"branches": reading(cloud, response).branches()}


def _get_differences(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    return reading(cloud, response).differences(
        before=response._get_param("beforeCommitSpecifier"),
        after=response._get_param("afterCommitSpecifier"),
        before_path=response._get_param("beforePath"),
        after_path=response._get_param("afterPath"),
        limit=response._get_param("MaxResults"),
        token=response._get_param("NextToken"),
    )


def _list_repositories(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    found = response.codecommit_backend.repositories.values()
    return {
        "repositories": [
            {key: held.repository_metadata[key] for key in ("repositoryName", "repositoryId")}
            for held in found
        ]
    }


def _put_triggers(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    # Kept in moto's own object, so that a reset of moto removes them, too.
    repository: Any = response.codecommit_backend.repositories[_repository_name(response)]
    triggers = response._get_param("triggers") or []
    if len(triggers) > MOST_TRIGGERS:
        raise JsonRESTError(
            "MaximumRepositoryTriggersExceededException",
            f"A repository has at most {MOST_TRIGGERS} triggers",
        )
    for trigger in triggers:
        _validate_trigger(trigger)
    repository.triggers = triggers
    repository.triggers_id = str(uuid.uuid4())
    return {"configurationId": repository.triggers_id}


def _get_triggers(cloud: Cloud, response: CodeCommitResponse) -> Answer:
    repository = response.codecommit_backend.repositories[_repository_name(response)]
    return {
        "configurationId": getattr(repository, "triggers_id", str(uuid.UUID(int=0))),
        "triggers": getattr(repository, "triggers", []),
    }


def _validate_trigger(trigger: dict[str, Any]) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", trigger.get("name") or ""):
        raise JsonRESTError(
            "InvalidRepositoryTriggerNameException",
            f"The trigger name {trigger.get('name')!r} is not valid",
        )
    destination = trigger.get("destinationArn") or ""
    if not destination.startswith("arn:aws:sns:"):
        raise JsonRESTError(
            "InvalidRepositoryTriggerDestinationArnException",
            f"The laptop's CodeCommit publishes to SNS topics only, not to {destination!r}",
        )
    unknown = [event for event in trigger.get("events") or [] if event not in EVENTS]
    if unknown or not trigger.get("events"):
        raise JsonRESTError(
            "InvalidRepositoryTriggerEventsException",
            f"The events {trigger.get('events')} are not valid; use {', '.join(EVENTS)}",
        )


_OPERATIONS: dict[str, Operation] = {
    "get_branch": _get_branch,
    "list_branches": _list_branches,
    "get_commit": _get_commit,
    "get_folder": _get_folder,
    "get_file": _get_file,
    "get_blob": _get_blob,
    "get_differences": _get_differences,
    "list_repositories": _list_repositories,
    "put_repository_triggers": _put_triggers,
    "get_repository_triggers": _get_triggers,
}
