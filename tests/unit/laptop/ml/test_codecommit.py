"""CodeCommit answers from git, and a push publishes the triggers' message."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.contracts.laptop import STATE_FILE, LaptopCloud
from modelwharf.laptop.codecommit import git_hook
from modelwharf.laptop.codecommit.git_hook import NO_COMMIT, Update
from modelwharf.laptop.codecommit.git_repository import git_environment
from tests.unit.laptop.ml.laptops import Laptop, git
from tests.waiting import until


@pytest.fixture(scope="module")
def work(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working copy whose origin is the cloud's repository; the topic feeds a queue."""
    folder = tmp_path_factory.mktemp("work")
    codecommit = laptop.client("codecommit")
    made = codecommit.create_repository(repositoryName="model")["repositoryMetadata"]
    topic = laptop.client("sns").create_topic(Name="changes")["TopicArn"]
    queue = laptop.client("sqs").create_queue(QueueName="changes")["QueueUrl"]
    laptop.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{laptop.cloud.region}:123456789012:changes",
        Attributes={"RawMessageDelivery": "true"},
    )
    codecommit.put_repository_triggers(
        repositoryName="model",
        triggers=[
            {
                "name": "release",
                "destinationArn": topic,
                "branches": ["main"],
                "events": ["createReference", "updateReference"],
                "customData": "hello",
            }
        ],
    )
    git(folder, "init", "-b", "main")
    git(folder, "remote", "add", "origin", made["cloneUrlHttp"])
    (folder / "training").mkdir()
    (folder / "training" / "train.py").write_text("print(1)\n")
    (folder / "run.sh").write_text("true\n")
    (folder / "run.sh").chmod(0o755)
    commit(folder, "first")
    laptop.queue = queue  # type: ignore[attr-defined]
    return folder


def commit(folder: Path, text: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-m", text)
    return git(folder, "rev-parse", "HEAD").stdout.strip()


def messages(laptop: Laptop) -> list[dict[str, Any]]:
    sqs = laptop.client("sqs")
    answer = sqs.receive_message(QueueUrl=laptop.queue, MaxNumberOfMessages=10)  # type: ignore[attr-defined]
    for message in answer.get("Messages", []):
        sqs.delete_message(
            QueueUrl=laptop.queue,  # type: ignore[attr-defined]
            ReceiptHandle=message["ReceiptHandle"],
        )
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def push(folder: Path, *words: str) -> str:
    done = git(folder, "push", "origin", *words)
    assert done.returncode == 0, done.stderr
    return git(folder, "rev-parse", "HEAD").stdout.strip()


@pytest.fixture(scope="module")
def head(laptop: Laptop, work: Path) -> str:
    return push(work, "main")


def test_a_push_publishes_codecommits_own_message(laptop: Laptop, work: Path, head: str) -> None:
    record = until(lambda: messages(laptop), "the trigger's message")[0]["Records"][0]
    assert record["codecommit"]["references"] == [
        {"commit": head, "created": True, "ref": "refs/heads/main"}
    ]
    assert record["eventSource"] == "aws:codecommit"
    assert record["eventName"] == "ReferenceChanges"
    assert record["eventSourceARN"].endswith(":123456789012:model")
    assert record["customData"] == "hello"


def test_another_branch_publishes_nothing(laptop: Laptop, work: Path, head: str) -> None:
    messages(laptop)
    push(work, "main:refs/heads/idea")
    assert messages(laptop) == []


def test_a_deleted_branch_names_its_last_commit() -> None:
    update = Update("a" * 40, NO_COMMIT, "refs/heads/old")
    assert update.event == "deleteReference"
    assert update.reference() == {"commit": "a" * 40, "ref": "refs/heads/old", "deleted": True}


def test_a_push_of_more_than_a_message_holds_is_published_in_parts(laptop: Laptop) -> None:
    state = LaptopCloud.model_validate_json((laptop.cloud.directory / STATE_FILE).read_text())
    updates = [Update(NO_COMMIT, "a" * 40, f"refs/tags/{n:0240}") for n in range(1200)]
    parts = git_hook.messages({"name": "t", "events": ["all"]}, updates, state, "model")
    assert max(map(len, parts)) < 256 * 1024
    records = [json.loads(part)["Records"][0] for part in parts]
    assert [one["eventPartNumber"] for one in records] == [1, 2, 3]
    assert {one["eventTotalParts"] for one in records} == {3}
    told = [ref["ref"] for one in records for ref in one["codecommit"]["references"]]
    assert told == [update.ref for update in updates]


def test_a_push_is_refused_while_the_cloud_is_down(laptop: Laptop, work: Path, head: str) -> None:
    state = laptop.cloud.directory / STATE_FILE
    text = state.read_text()
    state.unlink()
    try:
        refused = git(work, "push", "origin", "main:refs/heads/late")
    finally:
        state.write_text(text)
    assert refused.returncode != 0
    assert "cloud is not running" in refused.stderr
    assert "wharf up" in refused.stderr


def test_a_commits_files_do_not_depend_on_the_users_own_git_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, copy = tmp_path / "work", tmp_path / "copy"
    work.mkdir()
    git(work, "init", "-b", "main")
    (work / "a.txt").write_text("a\nb\n")
    (work / ".gitattributes").write_text("*.bin filter=lfs\n")
    (work / "weights.bin").write_text("pointer\n")
    commit(work, "first")
    (tmp_path / ".gitconfig").write_text(
        '[core]\n\tautocrlf = true\n[filter "lfs"]\n\tsmudge = echo fetched\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    words = ["git", "clone", "--quiet", str(work), str(copy)]
    subprocess.run(words, check=True, env=git_environment())
    assert (copy / "a.txt").read_bytes() == b"a\nb\n"
    assert (copy / "weights.bin").read_text() == "pointer\n"


def test_a_branch_names_its_commit(laptop: Laptop, head: str) -> None:
    branch = laptop.client("codecommit").get_branch(repositoryName="model", branchName="main")
    assert branch["branch"] == {"branchName": "main", "commitId": head}


def test_a_commit_tells_who_and_what(laptop: Laptop, head: str) -> None:
    found = laptop.client("codecommit").get_commit(repositoryName="model", commitId=head)["commit"]
    assert (found["author"]["name"], found["message"], found["parents"]) == ("Ada", "first\n", [])


def test_a_folder_has_gits_own_tree_id(laptop: Laptop, work: Path, head: str) -> None:
    found = laptop.client("codecommit").get_folder(
        repositoryName="model", commitSpecifier=head, folderPath="training"
    )
    assert found["treeId"] == git(work, "rev-parse", "HEAD:training").stdout.strip()
    assert [file["absolutePath"] for file in found["files"]] == ["training/train.py"]


def test_the_root_lists_folders_and_modes(laptop: Laptop, head: str) -> None:
    found = laptop.client("codecommit").get_folder(repositoryName="model", folderPath="/")
    assert [folder["absolutePath"] for folder in found["subFolders"]] == ["training"]
    assert [file["fileMode"] for file in found["files"]] == ["EXECUTABLE"]


def test_a_file_comes_with_its_blob(laptop: Laptop, work: Path, head: str) -> None:
    found = laptop.client("codecommit").get_file(
        repositoryName="model", commitSpecifier="main", filePath="training/train.py"
    )
    assert found["fileContent"] == b"print(1)\n"
    assert found["blobId"] == git(work, "rev-parse", "HEAD:training/train.py").stdout.strip()


def test_differences_come_in_pages(laptop: Laptop, work: Path, head: str) -> None:
    for name in ("a", "b", "c"):
        (work / f"{name}.txt").write_text(name)
    (work / "run.sh").unlink()
    after = commit(work, "second")
    push(work, "main")
    pages = laptop.client("codecommit").get_paginator("get_differences")
    found = [
        (change["changeType"], (change.get("afterBlob") or change["beforeBlob"])["path"])
        for page in pages.paginate(
            repositoryName="model",
            beforeCommitSpecifier=head,
            afterCommitSpecifier=after,
            PaginationConfig={"PageSize": 2},
        )
        for change in page["differences"]
    ]
    assert found == [("A", "a.txt"), ("A", "b.txt"), ("A", "c.txt"), ("D", "run.sh")]


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("get_branch", {"branchName": "none"}, "BranchDoesNotExistException"),
        ("get_commit", {"commitId": "f" * 40}, "CommitIdDoesNotExistException"),
        (
            "get_folder",
            {"commitSpecifier": "main", "folderPath": "none"},
            "FolderDoesNotExistException",
        ),
        (
            "get_folder",
            {"commitSpecifier": "f" * 40, "folderPath": "/"},
            "CommitDoesNotExistException",
        ),
        ("get_file", {"filePath": "none"}, "FileDoesNotExistException"),
        ("get_differences", {"afterCommitSpecifier": "none"}, "CommitDoesNotExistException"),
    ],
)
def test_what_is_not_there_is_named(
    laptop: Laptop, head: str, operation: str, arguments: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(laptop.client("codecommit"), operation)(repositoryName="model", **arguments)
    assert caught.value.response["Error"]["Code"] == code


def test_an_unknown_repository_is_named(laptop: Laptop) -> None:
    with pytest.raises(ClientError, match="RepositoryDoesNotExist"):
        laptop.client("codecommit").get_branch(repositoryName="none", branchName="main")


def test_a_trigger_to_something_else_than_a_topic_is_refused(laptop: Laptop, work: Path) -> None:
    with pytest.raises(ClientError, match="SNS topics only"):
        laptop.client("codecommit").put_repository_triggers(
            repositoryName="model",
            triggers=[{"name": "t", "destinationArn": "arn:aws:lambda:x", "events": ["all"]}],
        )
