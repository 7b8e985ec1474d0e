"""What starts a release, and the result: push, start, data put."""

import json
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.unit.cli import releases
from tests.unit.cli.conftest import Terminal
from tests.unit.cli.fakes import refusal
from tests.unit.contracts.histories import COMMIT, RELEASE, History, document


def git(directory: Path, *words: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    command = ["git", *identity, "-C", str(directory), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one commit."""
    directory = tmp_path / "checkout"
    git(tmp_path, "init", "--quiet", "--initial-branch", "work", str(directory))
    (directory / "train.py").write_text("print(1)\n")
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", "first")
    return directory


@pytest.fixture
def repository(terminal: Terminal, tmp_path: Path) -> Path:
    """The laptop's repository, empty."""
    directory = tmp_path / "repository.git"
    git(tmp_path, "init", "--quiet", "--bare", str(directory))
    terminal.cloud.outputs["RepositoryCloneUrl"] = str(directory)
    return directory


def start_after_looks(terminal: Terminal, commit: str, looks: int, **trigger: str) -> None:
    """A release of the commit starts in the cloud, after so many looks at it."""

    def begin() -> None:
        releases.succeeded(terminal.cloud, trigger={"commit": commit, **trigger})

    terminal.cloud.stepfunctions.later = [*[lambda: None] * looks, begin]


@pytest.mark.usefixtures("repository")
def test_a_push_tells_which_release_it_started(terminal: Terminal, checkout: Path) -> None:
    start_after_looks(terminal, git(checkout, "rev-parse", "HEAD"), looks=3)

    result = terminal.wharf("push", "--directory", str(checkout))

    assert result.exit_code == 0, result.output
    assert result.stdout == (
        f"started release {RELEASE}\nWatch it: wharf show {RELEASE} --follow\n"
    )


def test_a_push_goes_to_the_branch_that_releases(
    terminal: Terminal, checkout: Path, repository: Path
) -> None:
    terminal.cloud.parameters.values["/modelwharf/oil-price/source"] = '{"branch": "release"}'
    head = git(checkout, "rev-parse", "HEAD")
    start_after_looks(terminal, head, looks=1)

    terminal.wharf("push", "--directory", str(checkout))

    assert git(repository, "rev-parse", "refs/heads/release") == head


@pytest.mark.usefixtures("repository")
def test_a_push_that_releases_nothing_says_why(terminal: Terminal, checkout: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    terminal.cloud.stepfunctions.later = [
        lambda: None,
        lambda: terminal.cloud.ledger.skip(head, "changes only README.md"),
    ]

    result = terminal.wharf("push", "--directory", str(checkout))

    assert (result.exit_code, result.stdout) == (0, "no release: changes only README.md\n")


@pytest.mark.usefixtures("repository")
def test_a_skip_from_before_the_push_is_not_its_answer(terminal: Terminal, checkout: Path) -> None:
    terminal.cloud.ledger.skip(git(checkout, "rev-parse", "HEAD"), "an older one")

    answer = terminal.json("push", "--directory", str(checkout), exit_code=1)

    assert answer.pop("error").startswith("no release started, and no reason was recorded")
    assert answer == {
        "release": None,
        "skipped": None,
        "already": False,
        "status": None,
        "commit": None,
        "serving": None,
    }
    assert terminal.cloud.slept == 30.0


@pytest.mark.usefixtures("repository")
def test_the_same_commit_again_tells_its_release(terminal: Terminal, checkout: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    start_after_looks(terminal, head, looks=1)
    terminal.wharf("push", "--directory", str(checkout))

    result = terminal.wharf("push", "--directory", str(checkout))

    assert (result.exit_code, result.stdout) == (
        0,
        f"commit {head[:12]} was released already as {RELEASE}\nSee it: wharf show {RELEASE}\n",
    )
    assert terminal.json("push", "--directory", str(checkout))["already"] is True


def released_before(terminal: Terminal, checkout: Path, *, status: str) -> str:
    """Push HEAD, which has a release of that status; return the commit."""
    head = git(checkout, "rev-parse", "HEAD")
    git(checkout, "push", "--quiet", terminal.cloud.outputs["RepositoryCloneUrl"], "HEAD:main")
    releases.add(terminal.cloud, History(document(trigger={"commit": head})), status=status)
    return head


@pytest.mark.usefixtures("repository")
def test_a_commit_whose_release_still_runs_is_to_be_watched(
    terminal: Terminal, checkout: Path
) -> None:
    head = released_before(terminal, checkout, status="RUNNING")

    result = terminal.wharf("push", "--directory", str(checkout))

    assert (result.exit_code, result.stdout) == (
        0,
        f"commit {head[:12]} was released already as {RELEASE}\n"
        f"Watch it: wharf show {RELEASE} --follow\n",
    )


@pytest.mark.usefixtures("repository")
def test_a_commit_whose_release_failed_says_so_and_how_to_try_again(
    terminal: Terminal, checkout: Path
) -> None:
    head = released_before(terminal, checkout, status="FAILED")

    result = terminal.wharf("push", "--directory", str(checkout))

    assert (result.exit_code, result.stdout) == (
        1,
        f"commit {head[:12]} was released already as {RELEASE}, which failed\n"
        f"See why: wharf show {RELEASE}\n"
        'Try again: commit what mends it and wharf push; or wharf start --reason "…"\n',
    )
    waited = terminal.wharf("push", "--directory", str(checkout), "--wait")
    assert waited.exit_code == 1
    assert 'wharf start --reason "…"' in waited.stdout
    assert f"What it wrote: wharf logs {RELEASE}\n" in waited.stdout


OTHER = "r-fedcba9876543210"


@pytest.mark.usefixtures("repository")
def test_a_commit_in_whose_place_another_serves_is_told_how_to_release_it_again(
    terminal: Terminal, checkout: Path
) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    git(checkout, "push", "--quiet", terminal.cloud.outputs["RepositoryCloneUrl"], "HEAD:main")
    releases.succeeded(terminal.cloud, trigger={"commit": head})
    releases.succeeded(terminal.cloud, OTHER, minutes=1, trigger={"commit": "b" * 40})
    serve(terminal, OTHER)

    result = terminal.wharf("push", "--directory", str(checkout))

    assert (result.exit_code, result.stdout) == (
        1,
        f"commit {head[:12]} was released already as {RELEASE}, but {OTHER} serves now\n"
        f"See that one: wharf show {OTHER}\n"
        f'Release this one again: wharf start --commit {head} --reason "…"\n',
    )
    waited = terminal.wharf("push", "--directory", str(checkout), "--wait")
    assert (waited.exit_code, waited.stdout) == (1, result.stdout)
    answer = terminal.json("push", "--directory", str(checkout), exit_code=1)
    assert (answer["serving"], answer["commit"]) == (OTHER, head)


@pytest.mark.usefixtures("repository")
def test_a_push_back_to_a_commit_in_whose_place_another_serves_is_not_a_success(
    terminal: Terminal, checkout: Path
) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    releases.succeeded(terminal.cloud, trigger={"commit": head})
    releases.succeeded(terminal.cloud, OTHER, minutes=1, trigger={"commit": "b" * 40})
    serve(terminal, OTHER)
    skip = partial(terminal.cloud.ledger.skip, head, "was released already")
    terminal.cloud.stepfunctions.later = [*[lambda: None] * 6, skip]

    result = terminal.wharf("push", "--directory", str(checkout))

    assert result.exit_code == 1
    assert f"but {OTHER} serves now" in result.stdout


@pytest.mark.usefixtures("repository")
def test_a_commit_that_serves_with_newer_data_is_released(
    terminal: Terminal, checkout: Path
) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    git(checkout, "push", "--quiet", terminal.cloud.outputs["RepositoryCloneUrl"], "HEAD:main")
    releases.succeeded(terminal.cloud, OTHER, trigger={"commit": head})
    releases.succeeded(terminal.cloud, minutes=1, trigger={"commit": head, "reason": "again"})
    serve(terminal, OTHER)

    assert terminal.wharf("push", "--directory", str(checkout)).exit_code == 0


def serve(terminal: Terminal, release: str) -> None:
    terminal.cloud.sagemaker.endpoints["oil-price"] = {
        "EndpointStatus": "InService",
        "EndpointConfigName": f"oil-price-{release}-config",
    }


@pytest.mark.usefixtures("repository")
def test_a_skipped_commit_again_tells_the_reason(terminal: Terminal, checkout: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    start_after_looks(terminal, "f" * 40, looks=1)
    git(checkout, "push", "--quiet", terminal.cloud.outputs["RepositoryCloneUrl"], "HEAD:main")
    terminal.cloud.ledger.skip(head, "changes only README.md")

    result = terminal.wharf("push", "--directory", str(checkout))

    assert f"commit {head[:12]} was pushed before: changes only README.md" in result.stdout


@pytest.mark.usefixtures("repository")
def test_what_is_not_committed_is_named(terminal: Terminal, checkout: Path) -> None:
    (checkout / "new.py").write_text("")
    start_after_looks(terminal, git(checkout, "rev-parse", "HEAD"), looks=1)

    result = terminal.wharf("push", "--directory", str(checkout))

    assert result.exit_code == 0
    assert result.stderr == "only commits go; not committed: new.py\n"


@pytest.mark.usefixtures("repository")
def test_waiting_follows_to_the_end_and_fails_with_the_release(
    terminal: Terminal, checkout: Path
) -> None:
    failure = {"Error": "BuildFailed", "Cause": "pip failed"}
    head = git(checkout, "rev-parse", "HEAD")

    def begin() -> None:
        history = History(document(trigger={"commit": head}, failure=failure))
        releases.add(terminal.cloud, history, status="FAILED")

    terminal.cloud.stepfunctions.later = [lambda: None, begin]

    result = terminal.wharf("push", "--directory", str(checkout), "--wait")

    assert result.exit_code == 1
    assert "BuildFailed: pip failed" in result.stdout


def test_a_refused_push_shows_gits_own_words(terminal: Terminal, checkout: Path) -> None:
    terminal.cloud.outputs["RepositoryCloneUrl"] = str(checkout / "nowhere.git")

    result = terminal.wharf("push", "--directory", str(checkout))

    assert result.exit_code == 1
    assert "does not appear to be a git repository" in result.stderr


def test_a_refusal_in_no_known_encoding_is_shown_and_git_itself_speaks_english(
    terminal: Terminal, checkout: Path, repository: Path
) -> None:
    hook = repository / "hooks" / "pre-receive"
    hook.write_text('#!/bin/sh\nprintf "caf\\351 in $LC_ALL\\n"\nexit 1\n')
    hook.chmod(0o755)
    result = terminal.wharf("push", "--directory", str(checkout))
    assert result.exit_code == 1
    assert "caf\ufffd in C" in result.stderr


def test_outside_a_checkout_it_says_so(terminal: Terminal, tmp_path: Path) -> None:
    result = terminal.wharf("push", "--directory", str(tmp_path))

    assert result.exit_code == 1
    assert f"{tmp_path} is not a git checkout: name one with `--directory`" in result.stderr


def test_a_checkout_without_a_commit_says_how_to_make_one(
    terminal: Terminal, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet")

    result = terminal.wharf("push", "--directory", str(tmp_path))

    assert "git add --all && git commit" in result.stderr


def test_in_aws_without_a_remote_it_tells_how_to_add_one(
    terminal: Terminal, checkout: Path
) -> None:
    terminal.cloud.endpoint_url = None

    result = terminal.wharf("push", "--directory", str(checkout))

    assert result.exit_code == 1
    assert "git remote add wharf codecommit::eu-west-1://oil-price" in result.stderr
    assert "git push wharf HEAD:refs/heads/main" in result.stderr


def test_in_aws_the_checkouts_own_remote_is_used(
    terminal: Terminal, checkout: Path, repository: Path
) -> None:
    terminal.cloud.endpoint_url = None
    git(checkout, "remote", "add", "aws", str(repository))
    start_after_looks(terminal, git(checkout, "rev-parse", "HEAD"), looks=1)

    assert terminal.wharf("push", "--directory", str(checkout)).exit_code == 0


def test_in_aws_a_remote_of_the_stacks_repository_is_used_in_whatever_spelling(
    terminal: Terminal, checkout: Path, repository: Path
) -> None:
    terminal.cloud.endpoint_url = None
    git(checkout, "remote", "add", "origin", "git@github.com:ada/oil-price.git")
    git(checkout, "remote", "add", "old", "codecommit::us-east-1://ada@oil-price")
    ssh = "ssh://APKAEXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1/repos/oil-price"
    git(checkout, "remote", "add", "aws", ssh)
    git(checkout, "config", "core.sshCommand", f"git-receive-pack {repository} #")
    head = git(checkout, "rev-parse", "HEAD")
    start_after_looks(terminal, head, looks=1)

    result = terminal.wharf("push", "--directory", str(checkout))

    assert result.exit_code == 0, result.output
    assert git(repository, "rev-parse", "refs/heads/main") == head


def test_in_aws_remotes_that_lead_elsewhere_are_named_with_where_they_lead(
    terminal: Terminal, checkout: Path
) -> None:
    terminal.cloud.endpoint_url = None
    terminal.cloud.environment["AWS_PROFILE"] = "team"
    elsewhere = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/oil-price"
    git(checkout, "remote", "add", "wharf", elsewhere)
    git(checkout, "remote", "add", "other", "codecommit::eu-west-1://gas-price")

    result = terminal.wharf("push", "--directory", str(checkout))

    assert result.exit_code == 1
    assert f"wharf pushes to oil-price in us-east-1: {elsewhere}" in result.stderr
    assert "other pushes to gas-price in eu-west-1: " in result.stderr
    assert "git remote add wharf-eu-west-1 codecommit::eu-west-1://team@oil-price" in result.stderr


def test_start_publishes_a_request_and_tells_the_release(terminal: Terminal) -> None:
    start_after_looks(terminal, COMMIT, looks=2, reason="try again", source="request")

    answer = terminal.json("start", "--commit", COMMIT, "--reason", "try again")

    assert (answer["release"], answer["already"], answer["status"]) == (RELEASE, False, None)
    ((topic, message),) = terminal.cloud.topic.messages
    assert topic.endswith(":modelwharf-oil-price-changes")
    request = json.loads(message)
    assert (request["source"], request["commit"], request["reason"]) == (
        "request",
        COMMIT,
        "try again",
    )


def test_start_without_a_reason_is_a_release_of_its_own(terminal: Terminal) -> None:
    terminal.wharf("start")

    ((_, message),) = terminal.cloud.topic.messages
    assert json.loads(message)["reason"] == "wharf start at 2026-11-21T09:01:00Z"
    assert "commit" not in json.loads(message)


@pytest.mark.parametrize("commit", ["main", COMMIT[:3], f"{COMMIT}0"])
def test_what_is_not_a_commit_s_id_is_wrong_usage(terminal: Terminal, commit: str) -> None:
    result = terminal.wharf("start", "--commit", commit)

    assert result.exit_code == 2
    assert (
        "is not a commit id (40 hexadecimal digits) or its first four digits or more"
        in result.stderr
    )
    assert terminal.cloud.topic.messages == []


def test_a_commit_that_was_never_pushed_is_refused_before_it_is_asked_for(
    terminal: Terminal,
) -> None:
    terminal.cloud.repository.refusal = refusal("CommitIdDoesNotExistException", "", "GetCommit")

    result = terminal.wharf("start", "--commit", COMMIT)

    assert result.exit_code == 1
    assert f"has no commit {COMMIT}: push it with `wharf push`" in result.stderr
    assert terminal.cloud.topic.messages == []


def test_who_may_not_read_the_repository_may_still_ask(terminal: Terminal) -> None:
    terminal.cloud.repository.refusal = refusal("AccessDeniedException", "", "GetCommit")
    start_after_looks(terminal, COMMIT, looks=2, reason="again", source="request")

    assert terminal.wharf("start", "--commit", COMMIT, "--reason", "again").exit_code == 0


def test_the_same_request_again_tells_the_release_it_made_before(terminal: Terminal) -> None:
    releases.succeeded(terminal.cloud, trigger={"reason": "try again"})

    answer = terminal.json("start", "--reason", "try again")

    assert (answer["release"], answer["already"]) == (RELEASE, True)
    assert answer["status"] == "SUCCEEDED"
    assert terminal.cloud.slept == 8.0


@pytest.mark.usefixtures("repository")
def test_a_checkout_that_lacks_commits_is_told_to_bring_them_in(
    terminal: Terminal, checkout: Path, tmp_path: Path
) -> None:
    remote = terminal.cloud.outputs["RepositoryCloneUrl"]
    git(checkout, "push", "--quiet", remote, "HEAD:main")
    git(checkout, "commit", "--quiet", "--amend", "--message", "another")

    result = terminal.wharf("push", "--directory", str(checkout))

    assert result.exit_code == 1
    assert f"git pull {remote} main" in result.stderr
    assert "hint:" not in result.stderr


@pytest.mark.parametrize(
    ("reason", "told"), [("caf\udce9", "is not UTF-8"), ("a\x1b[1m", "is the control character")]
)
def test_a_reason_that_no_release_could_keep_is_refused(
    terminal: Terminal, reason: str, told: str
) -> None:
    result = terminal.wharf("start", "--reason", reason)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_request_that_nothing_answers_says_where_to_look(terminal: Terminal) -> None:
    result = terminal.wharf("start")

    assert result.exit_code == 1
    assert "no release started, and no reason was recorded" in result.stdout
    assert "wharf redrive --list" in result.stdout


def test_data_goes_to_the_key_of_its_input(terminal: Terminal, tmp_path: Path) -> None:
    terminal.cloud.parameters.values["/modelwharf/oil-price/data"] = json.dumps(
        {"inputs": {"brent": {"key": "series/brent.csv"}}}
    )
    (tmp_path / "brent.csv").write_text("Date,Price\n2019-01-02,54.9\n")
    start_after_looks(terminal, COMMIT, looks=0)
    terminal.cloud.bucket.on_put = lambda key: start_with_data(terminal)

    result = terminal.wharf("data", "put", "brent", str(tmp_path / "brent.csv"))

    assert result.exit_code == 0, result.output
    assert terminal.cloud.bucket.objects["data-bucket", "series/brent.csv"].startswith(b"Date")
    assert "s3://data-bucket/series/brent.csv version version-7" in result.stdout
    assert "started release r-dddddddddddddddd" in result.stdout


def start_with_data(terminal: Terminal) -> None:
    given = document(trigger={"data_versions": {"brent": "version-7"}})
    releases.add(terminal.cloud, History(given), "r-dddddddddddddddd")


def test_several_inputs_are_marked_as_one_upload(terminal: Terminal, tmp_path: Path) -> None:
    terminal.cloud.parameters.values["/modelwharf/oil-price/data"] = json.dumps(
        {"inputs": {"wti": {"key": "wti.csv"}, "brent": {"key": "brent.csv"}}}
    )
    for name in ("wti", "brent"):
        (tmp_path / name).write_text("Date,Price\n")
    given = document(trigger={"data_versions": {"wti": "version-7", "brent": "version-7"}})

    def heard(key: str) -> None:
        if key == "brent.csv":
            releases.add(terminal.cloud, History(given), "r-dddddddddddddddd")

    terminal.cloud.bucket.on_put = heard

    result = terminal.wharf(
        "data", "put", "wti", str(tmp_path / "wti"), "brent", str(tmp_path / "brent")
    )

    assert result.exit_code == 0, result.output
    assert "started release r-dddddddddddddddd" in result.stdout
    marks = [terminal.cloud.bucket.metadata[key] for key in ("wti.csv", "brent.csv")]
    assert marks[0] == marks[1]
    assert marks[0]["modelwharf-upload"].endswith(" wti,brent")


def test_one_input_alone_has_no_mark(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "wti").write_text("Date,Price\n")
    terminal.wharf("data", "put", "wti", str(tmp_path / "wti"))
    assert terminal.cloud.bucket.metadata == {"series/wti.csv": {}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("wti",), "'wti' has no FILE"),
        (("wti", "FILE", "brent"), "'brent' has no FILE"),
        (("wti", "FILE", "wti", "FILE"), "the input 'wti' is given 2 times"),
        (("wti", "/nowhere.csv"), "'/nowhere.csv' does not exist"),
        ((), "Missing argument"),
    ],
)
def test_what_is_not_a_pair_of_input_and_file_is_refused_before_any_upload(
    terminal: Terminal, tmp_path: Path, given: tuple[str, ...], words: str
) -> None:
    (tmp_path / "wti").write_text("Date,Price\n")
    result = terminal.wharf(
        "data", "put", *(str(tmp_path / "wti") if one == "FILE" else one for one in given)
    )
    assert result.exit_code == 2
    assert words in result.stderr
    assert terminal.cloud.bucket.objects == {}


def test_an_input_that_is_not_configured_names_those_that_are(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "gold.csv").write_text("")

    result = terminal.wharf("data", "put", "gold", str(tmp_path / "gold.csv"))

    assert result.exit_code == 1
    assert "/modelwharf/oil-price/data has no input 'gold', but wti" in result.stderr
    assert '{"inputs": {"gold": {"key": "series/gold.csv"}}}' in result.stderr
    assert "wharf config put data FILE" in result.stderr
    assert terminal.cloud.bucket.objects == {}


def test_an_input_of_a_project_is_named_in_its_file(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "modelwharf.toml").write_text('project = "oil-price"\n')
    (tmp_path / "gold.csv").write_text("")
    monkeypatch.chdir(tmp_path)

    result = terminal.wharf("data", "put", "gold", "gold.csv")

    told = " ".join(result.stderr.split())
    assert '`[data.inputs.gold]` and `key = "series/gold.csv"`, then `wharf config apply`' in told


def test_a_broken_parameter_is_named_with_its_value(terminal: Terminal, tmp_path: Path) -> None:
    terminal.cloud.parameters.values["/modelwharf/oil-price/data"] = '{"inputz": {}}'
    (tmp_path / "wti.csv").write_text("")

    result = terminal.wharf("data", "put", "wti", str(tmp_path / "wti.csv"))

    assert result.exit_code == 1
    assert "/modelwharf/oil-price/data: unknown key 'inputz'" in result.stderr
