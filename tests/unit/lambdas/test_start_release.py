import json
from typing import Any

import pytest

from contracts.parameters import DEFAULT_VERSION, SECTIONS
from contracts.release import ReleaseDocument
from lambdas.start_release import Change, start_release
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere

TIME = "2026-11-21T09:00:00.000Z"
LATER = "2026-11-21T10:00:00.000Z"
FILES = {
    "README.md": "r1",
    "contracts/names.py": "c1",
    "training/train.py": "t1",
    "inference/serve.py": "i1",
    "containers/training/Dockerfile": "d1",
    "containers/inference/Dockerfile": "d2",
}
FIRST, SECOND = "a" * 40, "b" * 40
DEFAULTS = dict.fromkeys(SECTIONS, DEFAULT_VERSION)
REQUEST = json.dumps({"source": "request", "reason": "try again", "requested_by": "me"})


@pytest.fixture
def project(world: World) -> World:
    world.codecommit.commits[FIRST] = dict(FILES)
    world.codecommit.branches["main"] = FIRST
    put_data(world)
    return world


def put_data(world: World, key: str = "series/wti.csv") -> None:
    world.s3.put_object(Bucket="data", Key=key, Body=b"Date,Price")


def push(commit: str = FIRST, ref: str = "refs/heads/main", **reference: Any) -> str:
    """CodeCommit's trigger message."""
    record = {
        "awsRegion": "eu-west-1",
        "codecommit": {"references": [{"commit": commit, "ref": ref, **reference}]},
        "eventId": "1",
        "eventName": "ReferenceChanges",
        "eventSource": "aws:codecommit",
        "eventSourceARN": "arn:aws:codecommit:eu-west-1:123456789012:oil-price",
        "userIdentityARN": "arn:aws:iam::123456789012:user/me",
    }
    return json.dumps({"Records": [record]})


def object_created(key: str, bucket: str = "data") -> str:
    """EventBridge's S3 event, as a rule puts it on the topic."""
    detail = {"bucket": {"name": bucket}, "object": {"key": key, "version-id": "v"}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})


def start(world: World, text: str) -> None:
    start_release(world.site, text, TIME)


def started(world: World) -> list[ReleaseDocument]:
    executions = world.stepfunctions.executions
    for name, execution in executions.items():
        assert execution["input"]["release_id"] == name
    return [ReleaseDocument.model_validate(run["input"]) for run in executions.values()]


def skipped(world: World) -> list[dict[str, Any]]:
    items = world.table.scan()["Items"]
    return [item for item in items if item["sk"].startswith("skipped#")]


def test_a_push_starts_a_release_with_everything_pinned(project: World) -> None:
    project.ssm.put_parameter(Name="/modelwharf/oil-price/quality", Value="{}", Type="String")
    start(project, push())
    [document] = started(project)
    version = project.s3.head_object(Bucket="data", Key="series/wti.csv")["VersionId"]
    assert document.trigger.commit == FIRST
    assert document.trigger.branch == "main"
    assert document.trigger.data_versions == {"wti": version}
    assert document.trigger.parameter_versions == {**DEFAULTS, "quality": 1}
    assert document.trigger.requested_by.endswith("user/me")
    assert document.trigger.requested_at == TIME


def test_the_same_push_twice_is_one_execution(project: World) -> None:
    start(project, push())
    start(project, push())
    assert len(started(project)) == 1
    assert skipped(project) == []


@pytest.mark.parametrize(
    ("status", "words"),
    [("SUCCEEDED", "succeeded"), ("FAILED", "failed"), ("TIMED_OUT", "timed out")],
)
def test_a_push_of_what_was_released_before_is_skipped_with_what_to_type(
    project: World, status: str, words: str
) -> None:
    start(project, push())
    [release] = started(project)
    project.stepfunctions.executions[release.release_id]["status"] = status
    start_release(project.site, push(), LATER)
    assert len(started(project)) == 1
    [row] = skipped(project)
    assert f"was released already as {release.release_id} ({words})" in row["reason"]
    assert f"wharf start --commit {FIRST} --reason" in row["reason"]


def test_a_message_that_comes_again_after_its_release_ended_is_passed_over(project: World) -> None:
    start(project, push())
    for execution in project.stepfunctions.executions.values():
        execution["status"] = "SUCCEEDED"
    start(project, push())
    assert len(started(project)) == 1
    assert skipped(project) == []


def test_a_push_to_whatever_branch_starts_when_the_source_section_is_broken(
    project: World,
) -> None:
    name = "/modelwharf/oil-price/source"
    project.ssm.put_parameter(Name=name, Value='{"branch": ""}', Type="String")
    start(project, push(ref="refs/heads/live"))
    [document] = started(project)
    assert document.trigger.branch == "live"


def test_a_push_of_files_that_no_image_holds_releases_nothing_and_says_why(project: World) -> None:
    start(project, push())
    [release] = started(project)
    project.codecommit.commits[SECOND] = {**FILES, "README.md": "r2"}
    start(project, push(SECOND))
    assert len(started(project)) == 1
    [row] = skipped(project)
    assert row["reason"] == (
        "commit bbbbbbb changes only README.md; the images, data and parameters are those of "
        f"release {release.release_id}"
    )
    assert project.sns.last["MessageAttributes"]["outcome"]["StringValue"] == "skipped"
    assert "README.md" in project.sns.last["Message"]


def test_many_changed_paths_are_summed_up(project: World) -> None:
    start(project, push())
    project.codecommit.commits[SECOND] = {**FILES, **{f"docs/{n}.md": "x" for n in range(9)}}
    start(project, push(SECOND))
    [row] = skipped(project)
    assert "docs/0.md, docs/1.md, docs/2.md, docs/3.md, docs/4.md and more;" in row["reason"]


def test_a_push_of_code_starts_another_release(project: World) -> None:
    start(project, push())
    project.codecommit.commits[SECOND] = {**FILES, "training/train.py": "t2"}
    start(project, push(SECOND))
    assert len(started(project)) == 2


def test_a_docs_push_after_a_failed_release_starts_one(project: World) -> None:
    start(project, push())
    for execution in project.stepfunctions.executions.values():
        execution["status"] = "FAILED"
    project.codecommit.commits[SECOND] = {**FILES, "README.md": "r2"}
    start(project, push(SECOND))
    assert len(started(project)) == 2


def test_a_docs_push_with_a_changed_parameter_starts_a_release(project: World) -> None:
    start(project, push())
    project.ssm.put_parameter(Name="/modelwharf/oil-price/quality", Value="{}", Type="String")
    project.codecommit.commits[SECOND] = {**FILES, "README.md": "r2"}
    start(project, push(SECOND))
    assert len(started(project)) == 2


def test_new_data_starts_a_release_of_the_branch_s_head(project: World) -> None:
    start(project, push())
    put_data(project)
    start(project, object_created("series/wti.csv"))
    first, second = started(project)
    assert second.trigger.source == "data"
    assert second.trigger.commit == FIRST
    assert second.trigger.data_versions != first.trigger.data_versions


@pytest.mark.parametrize(
    "text", [object_created("series/other.csv"), object_created("series/wti.csv", "elsewhere")]
)
def test_an_object_that_no_input_names_is_passed_over_in_silence(project: World, text: str) -> None:
    start(project, text)
    assert started(project) == skipped(project) == project.sns.published == []


def test_a_request_is_released_even_when_nothing_changed(project: World) -> None:
    start(project, push())
    start(project, REQUEST)
    assert [document.trigger.reason for document in started(project)] == ["", "try again"]


def test_a_request_may_name_a_commit(project: World) -> None:
    start(project, json.dumps({"source": "request", "commit": SECOND}))
    assert started(project)[0].trigger.commit == SECOND


def test_a_push_to_another_branch_is_skipped_with_the_reason(project: World) -> None:
    start(project, push(ref="refs/heads/try"))
    assert started(project) == []
    assert "refs/heads/try; releases are made from branch 'main'" in skipped(project)[0]["reason"]


@pytest.mark.parametrize("reference", [{"deleted": True}, {"commit": "0" * 40}, {"commit": None}])
def test_a_deleted_branch_is_skipped_with_the_reason(
    project: World, reference: dict[str, Any]
) -> None:
    start(project, push(**{"commit": FIRST, **reference}))
    assert started(project) == []
    assert skipped(project)[0]["reason"] == "refs/heads/main was deleted"


def test_another_branch_is_a_parameter(project: World) -> None:
    project.ssm.put_parameter(
        Name="/modelwharf/oil-price/source", Value='{"branch": "live"}', Type="String"
    )
    start(project, push(ref="refs/heads/live"))
    assert started(project)[0].trigger.branch == "live"


def test_broken_parameters_do_not_keep_a_release_from_starting(project: World) -> None:
    for section in ("source", "data", "notifications"):
        name = f"/modelwharf/oil-price/{section}"
        project.ssm.put_parameter(Name=name, Value="nonsense", Type="String")
    start(project, push())
    [document] = started(project)
    assert document.trigger.data_versions == {}
    broken = {"source": 1, "data": 1, "notifications": 1}
    assert document.trigger.parameter_versions == {**DEFAULTS, **broken}


def test_a_parameter_deleted_and_made_again_makes_another_release(project: World) -> None:
    name = "/modelwharf/oil-price/quality"
    project.ssm.put_parameter(Name=name, Value='{"rules": []}', Type="String")
    start(project, push())
    project.ssm.delete_parameter(Name=name)
    project.ssm.put_parameter(Name=name, Value="{}", Type="String")
    start(project, push())
    first, second = started(project)
    assert first.trigger.parameter_versions == second.trigger.parameter_versions
    assert first.release_id != second.release_id


def test_an_upgrade_that_changes_a_default_is_something_new(project: World) -> None:
    start(project, push())
    ledger = project.site.ledger
    latest = ledger.latest("oil-price")
    assert latest is not None
    ledger.put_latest("oil-price", latest.model_copy(update={"configuration": "of 0.1.0"}))
    project.codecommit.commits[SECOND] = {**FILES, "README.md": "r2"}
    start(project, push(SECOND))
    assert [document.trigger.commit for document in started(project)] == [FIRST, SECOND]
    assert skipped(project) == []


def test_data_that_is_not_there_is_left_to_resolve(project: World) -> None:
    project.s3.delete_object(Bucket="data", Key="series/wti.csv")
    start(project, push())
    assert started(project)[0].trigger.data_versions == {}


def test_a_commit_that_is_not_there_is_left_to_resolve(project: World) -> None:
    start(project, push("f" * 40))
    assert started(project)[0].trigger.commit == "f" * 40


def test_a_wish_before_the_first_push_is_skipped_with_what_to_type(project: World) -> None:
    project.codecommit.branches.clear()
    start(project, REQUEST)
    assert started(project) == []
    assert "wharf push" in skipped(project)[0]["reason"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "the message is not JSON"),
        ("[]", "not a JSON object"),
        ('{"Records": [{"s3": {}}]}', "lacks 'codecommit'"),
        (
            '{"Records": [{"codecommit": {"references": [{"commit": 1, "ref": "r"}]}}]}',
            "message's commit",
        ),
        ('{"detail-type": "Object Created", "detail": {}}', "lacks 'bucket'"),
        ('{"source": "nobody"}', "the request's source"),
        ('{"source": "request", "comit": "x"}', "the request's comit"),
    ],
)
def test_a_message_that_cannot_be_read_is_told_with_what_is_accepted(
    project: World, text: str, words: str
) -> None:
    start(project, text)
    assert started(project) == []
    [row] = skipped(project)
    assert words in row["reason"]
    assert '{"source": "request"' in row["reason"]


def test_a_team_that_wants_no_word_of_skips_gets_none(project: World) -> None:
    project.ssm.put_parameter(
        Name="/modelwharf/oil-price/notifications", Value='{"outcomes": []}', Type="String"
    )
    start(project, "hello")
    assert project.sns.published == []
    assert len(skipped(project)) == 1


def test_killed_at_any_call_and_called_again_it_starts_once(project: World) -> None:
    for place in killed_everywhere(project, lambda site: start_release(site, push(), TIME)):
        start(project, push())
        assert len(started(project)) == 1, place
        assert skipped(project) == [], place
        project.stepfunctions.executions.clear()


def test_killed_while_skipping_and_called_again_it_is_skipped_once(project: World) -> None:
    start(project, push())
    project.codecommit.commits[SECOND] = {**FILES, "README.md": "r2"}
    text = push(SECOND)
    for place in killed_everywhere(project, lambda site: start_release(site, text, TIME)):
        start(project, text)
        assert len(skipped(project)) == 1, place
        assert len(started(project)) == 1, place


def test_the_function_takes_a_topic_s_message_and_a_rule_s_event_alike() -> None:
    event = {**json.loads(object_created("series/wti.csv")), "time": TIME}
    of_topic = Change.model_validate({"Records": [{"Sns": {"Message": push(), "Timestamp": TIME}}]})
    of_rule = Change.model_validate(event)
    [message], [told] = of_topic.Records, of_rule.Records
    assert (message.Sns.Message, message.Sns.Timestamp) == (push(), TIME)
    assert (json.loads(told.Sns.Message), told.Sns.Timestamp) == (event, TIME)
