import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdas.endpoint_rows import Champion
from lambdas.handlers.start_release import Change, grant_once, start_release
from lambdas.lost_push import find_lost_push
from lambdas.sources import UnreadableMessage, read_message
from modelwharf.contracts.parameters import DEFAULT_VERSION, SECTIONS
from modelwharf.contracts.release import ReleaseDocument
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere

TIME = "2026-11-21T09:00:00.000Z"
LATER = "2026-11-21T10:00:00.000Z"
FILES = {
    "README.md": "r1",
    "modelwharf/__init__.py": "c1",
    "modelwharf/artifact/contract.py": "c2",
    "modelwharf/serving/app.py": "c3",
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


def push_to(world: World, commit: str, **files: str) -> str:
    """Move the branch to a commit with these files changed; the message that tells of it."""
    world.codecommit.commits[commit] = {**FILES, **files}
    world.codecommit.branches["main"] = commit
    return push(commit)


def start(world: World, text: str, time: str = TIME) -> None:
    """Deliver a message; the same text at the same time is the same message."""
    start_release(world.runtime, text, time, hashlib.sha256(f"{time} {text}".encode()).hexdigest())


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
    start(project, push(), LATER)
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
    project.codecommit.branches["live"] = FIRST
    start(project, push(ref="refs/heads/live"))
    [document] = started(project)
    assert document.trigger.branch == "live"


def test_a_push_of_files_that_no_image_holds_releases_nothing_and_says_why(project: World) -> None:
    start(project, push())
    [release] = started(project)
    start(project, push_to(project, SECOND, **{"README.md": "r2"}))
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
    start(project, push_to(project, SECOND, **{f"docs/{n}.md": "x" for n in range(9)}))
    [row] = skipped(project)
    assert "docs/0.md, docs/1.md, docs/2.md, docs/3.md, docs/4.md and more;" in row["reason"]


def test_a_push_of_code_starts_another_release(project: World) -> None:
    start(project, push())
    start(project, push_to(project, SECOND, **{"training/train.py": "t2"}))
    assert len(started(project)) == 2


def test_a_docs_push_after_a_failed_release_starts_one(project: World) -> None:
    start(project, push())
    for execution in project.stepfunctions.executions.values():
        execution["status"] = "FAILED"
    start(project, push_to(project, SECOND, **{"README.md": "r2"}))
    assert len(started(project)) == 2


def test_a_docs_push_with_a_changed_parameter_starts_a_release(project: World) -> None:
    start(project, push())
    project.ssm.put_parameter(Name="/modelwharf/oil-price/quality", Value="{}", Type="String")
    start(project, push_to(project, SECOND, **{"README.md": "r2"}))
    assert len(started(project)) == 2


def test_new_data_starts_a_release_of_the_branch_s_head(project: World) -> None:
    start(project, push())
    put_data(project)
    start(project, object_created("series/wti.csv"))
    first, second = started(project)
    assert (second.trigger.source, second.trigger.inputs) == ("data", ("wti",))
    assert first.trigger.inputs == (), "a push is not of an input"
    assert second.trigger.commit == FIRST
    assert second.trigger.data_versions != first.trigger.data_versions


@pytest.mark.parametrize(
    "text", [object_created("series/other.csv"), object_created("series/wti.csv", "elsewhere")]
)
def test_an_object_that_no_input_names_is_passed_over_in_silence(project: World, text: str) -> None:
    start(project, text)
    assert started(project) == []
    assert skipped(project) == project.sns.published == []


def test_a_request_is_released_even_when_nothing_changed(project: World) -> None:
    start(project, push())
    start(project, REQUEST)
    assert [document.trigger.reason for document in started(project)] == ["", "try again"]


def test_a_request_may_name_a_commit(project: World) -> None:
    start(project, json.dumps({"source": "request", "commit": SECOND}))
    assert started(project)[0].trigger.commit == SECOND


@pytest.mark.parametrize("ref", ["refs/heads/try", "refs/tags/v1", "refs/notes/commits"])
@pytest.mark.parametrize("reference", [{}, {"created": True}, {"deleted": True}])
def test_a_push_to_another_branch_or_to_a_tag_sends_no_notification(
    project: World, ref: str, reference: dict[str, Any]
) -> None:
    start(project, push(ref=ref, **reference))
    assert started(project) == []
    assert skipped(project) == project.sns.published == []


def test_a_team_may_ask_to_hear_of_every_push(project: World) -> None:
    hear_of_every_push(project)
    start(project, push(ref="refs/heads/try"))
    assert started(project) == []
    assert "refs/heads/try; releases are made from branch 'main'" in skipped(project)[0]["reason"]
    assert project.sns.last["MessageAttributes"]["outcome"]["StringValue"] == "elsewhere"


def hear_of_every_push(world: World) -> None:
    world.ssm.put_parameter(
        Name="/modelwharf/oil-price/notifications",
        Value='{"outcomes": ["failed", "elsewhere"]}',
        Type="String",
    )


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
    project.codecommit.branches["live"] = FIRST
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
    start(project, push(), LATER)
    first, second = started(project)
    assert first.trigger.parameter_versions == second.trigger.parameter_versions
    assert first.release_id != second.release_id


def test_an_upgrade_that_changes_a_default_is_something_new(project: World) -> None:
    start(project, push())
    ledger = project.runtime.ledger
    latest = ledger.latest("oil-price")
    assert latest is not None
    ledger.put_latest("oil-price", latest.model_copy(update={"configuration": "of 0.1.0"}))
    start(project, push_to(project, SECOND, **{"README.md": "r2"}))
    assert [document.trigger.commit for document in started(project)] == [FIRST, SECOND]
    assert skipped(project) == []


def test_what_an_earlier_version_kept_of_images_is_passed_over(project: World) -> None:
    start(project, push())
    key = {"pk": "project#oil-price", "sk": "order"}
    row = project.table.get_item(Key=key)["Item"]
    del row["latest"]["contents"]
    row["latest"]["image_tags"] = {"training": "src-1", "inference": "src-2"}
    project.table.put_item(Item=row)
    start(project, push_to(project, SECOND, **{"README.md": "r2"}))
    assert [document.trigger.commit for document in started(project)] == [FIRST, SECOND]


def test_data_that_is_not_there_is_left_to_resolve(project: World) -> None:
    project.s3.delete_object(Bucket="data", Key="series/wti.csv")
    start(project, push())
    assert started(project)[0].trigger.data_versions == {}


def test_a_commit_that_is_not_there_is_left_to_resolve(project: World) -> None:
    start(project, json.dumps({"source": "request", "commit": "f" * 40}))
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
        ('{"source": "request", "commit": "HEAD"}', "40 lower-case hexadecimal digits"),
        ('{"source": "request", "commit": "abc1234"}', "the request's commit is 'abc1234'"),
        (json.dumps({"source": "request", "reason": "x" * 1025}), "at most 1024 characters"),
        ('{"source": "request", "reason": "\\ud800"}', "the request's reason is '\\ud800'"),
        ('{"source": "request", "reason": "a\\u0000b"}', "character 2 is the control character"),
        ('{"source": "request", "branch": ""}', "the request's branch is ''"),
        ('{"source": "request", "\\ud800": 1}', "the request's key"),
        (
            '{"detail-type": "Object Created", "detail": {"bucket": {"name": "b"}, '
            '"object": {"key": 5}}}',
            "the S3 event's key is 5",
        ),
        ("[" * 100_000, "the message is not JSON"),
    ],
)
def test_a_message_that_cannot_be_read_is_reported_with_what_is_accepted(
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
    text = push()
    for place in killed_everywhere(
        project, lambda runtime: start_release(runtime, text, TIME, "1")
    ):
        start_release(project.runtime, text, TIME, "1")
        assert len(started(project)) == 1, place
        assert skipped(project) == [], place
        project.stepfunctions.executions.clear()
        forget(project)


def test_killed_while_skipping_and_called_again_it_is_skipped_once(project: World) -> None:
    start(project, push())
    text = push_to(project, SECOND, **{"README.md": "r2"})
    for place in killed_everywhere(
        project, lambda runtime: start_release(runtime, text, TIME, "2")
    ):
        start_release(project.runtime, text, TIME, "2")
        assert len(skipped(project)) == 1, place
        assert len(started(project)) == 1, place
        project.table.delete_item(Key={"pk": "message#oil-price#2", "sk": "decision"})


def forget(world: World) -> None:
    for item in world.table.scan()["Items"]:
        world.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})


def test_the_function_takes_a_topic_s_message_and_a_rule_s_event_alike() -> None:
    event = {**json.loads(object_created("series/wti.csv")), "time": TIME, "id": "event"}
    of_topic = Change.model_validate({"Records": [sns(push())]})
    of_rule = Change.model_validate(event)
    [message], [told] = of_topic.Records, of_rule.Records
    assert (message.Sns.Message, message.Sns.Timestamp) == (push(), TIME)
    assert message.Sns.MessageId == "message"
    assert (json.loads(told.Sns.Message), told.Sns.Timestamp) == (event, TIME)
    assert told.Sns.MessageId == "event"


def sns(text: str) -> dict[str, Any]:
    return {"Sns": {"Message": text, "MessageId": "message", "Timestamp": TIME}}


def test_a_push_that_the_branch_has_left_behind_is_skipped_and_names_what_is_released(
    project: World,
) -> None:
    late = push()
    start(project, push_to(project, SECOND, **{"training/train.py": "t2"}))
    start(project, late)
    assert [document.trigger.commit for document in started(project)] == [SECOND]
    [row] = skipped(project)
    assert row["reason"] == (
        "commit aaaaaaa was overtaken: branch 'main' is at bbbbbbb by now, which is released "
        "instead"
    )


def test_a_branch_set_back_to_an_earlier_commit_gets_a_later_release_of_it(project: World) -> None:
    start(project, push())
    start(project, push_to(project, SECOND, **{"training/train.py": "t2"}))
    start(project, push_to(project, FIRST), LATER)
    first, second, back = started(project)
    assert back.trigger.commit == FIRST and back.release_id != first.release_id
    assert first.trigger.order < second.trigger.order < back.trigger.order
    assert back.trigger.reason == f"back to it after {second.release_id}"
    start(project, push(), "2026-11-21T11:00:00.000Z")
    assert len(started(project)) == 3


def test_a_branch_set_back_again_after_that_failed_is_told_what_serves(project: World) -> None:
    start(project, push())
    start(project, push_to(project, SECOND, **{"training/train.py": "t2"}))
    start(project, push_to(project, FIRST), LATER)
    _, second, back = started(project)
    project.stepfunctions.executions[back.release_id]["status"] = "FAILED"
    serving = Champion(release_id=second.release_id, config="c", model_package="p", order=2)
    project.runtime.ledger.put_champion("oil-price", serving)
    start(project, push(), "2026-11-21T11:00:00.000Z")
    assert len(started(project)) == 3
    [row] = skipped(project)
    assert row["reason"] == (
        "commit aaaaaaa, with the same data and parameters, was released already as "
        f"{back.release_id} (failed), and {second.release_id} serves now; to release it again: "
        f"wharf start --commit {FIRST} --reason …"
    )


def test_a_message_that_comes_again_is_decided_as_it_was_the_first_time(project: World) -> None:
    start(project, push())
    start(project, push_to(project, SECOND, **{"training/train.py": "t2"}))
    orders = [document.trigger.order for document in started(project)]
    start(project, push())
    start(project, push(SECOND))
    assert [document.trigger.order for document in started(project)] == orders
    assert skipped(project) == []


def test_a_push_of_a_thousand_references_asks_for_one_release(project: World) -> None:
    others = [{"commit": SECOND, "ref": f"refs/heads/mirror-{n}"} for n in range(1000)]
    message = json.loads(push())
    message["Records"][0]["codecommit"]["references"] += others
    start(project, json.dumps(message))
    assert [document.trigger.commit for document in started(project)] == [FIRST]
    assert skipped(project) == []


def test_a_thousand_references_that_release_nothing_are_told_of_once(project: World) -> None:
    hear_of_every_push(project)
    message = json.loads(push())
    message["Records"][0]["codecommit"]["references"] = [
        {"commit": SECOND, "ref": f"refs/tags/v{n}"} for n in range(1000)
    ]
    start(project, json.dumps(message))
    [row] = skipped(project)
    assert "refs/tags/v0, refs/tags/v1" in row["reason"] and "and 995 more" in row["reason"]
    assert len(project.sns.published) == 1


def sweep(project: World) -> None:
    lost = find_lost_push(project.runtime)
    if lost is not None:
        grant_once(project.runtime, lost.push, TIME, lost.message)


def test_a_push_whose_message_never_came_is_started_by_the_sweep_after_its_time_of_grace(
    project: World,
) -> None:
    project.codecommit.branches.clear()
    sweep(project)
    project.codecommit.branches["main"] = FIRST
    sweep(project)
    project.clock.time += 299
    sweep(project)
    assert started(project) == []
    project.clock.time += 1
    sweep(project)
    assert [document.trigger.commit for document in started(project)] == [FIRST]
    project.clock.time += 600
    sweep(project)
    assert len(started(project)) == 1 and skipped(project) == []


def test_a_push_whose_message_came_is_not_started_again_by_the_sweep(project: World) -> None:
    start(project, push())
    start(project, push_to(project, SECOND, **{"README.md": "r2"}))
    for _ in range(3):
        project.clock.time += 600
        sweep(project)
    assert len(started(project)) == 1 and len(skipped(project)) == 1


def test_what_a_new_stack_s_repository_holds_already_is_released_by_no_sweep(
    project: World,
) -> None:
    for _ in range(3):
        project.clock.time += 600
        sweep(project)
    assert started(project) == []


def test_naming_another_branch_in_the_parameter_releases_nothing_by_itself(project: World) -> None:
    start(project, push())
    project.codecommit.branches["live"] = FIRST
    project.ssm.put_parameter(
        Name="/modelwharf/oil-price/source", Value='{"branch": "live"}', Type="String"
    )
    for _ in range(3):
        project.clock.time += 600
        sweep(project)
    assert len(started(project)) == 1
    project.codecommit.commits[SECOND] = FILES
    project.codecommit.branches["live"] = SECOND
    sweep(project)
    project.clock.time += 600
    sweep(project)
    assert [document.trigger.commit for document in started(project)] == [FIRST, SECOND]


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "replace")))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_text_comes_is_read_or_refused_with_what_is_accepted(text: str) -> None:
    readable(text)


KNOWN_KEYS = (
    *("Records", "codecommit", "references", "commit", "ref", "deleted", "userIdentityARN"),
    *("detail-type", "detail", "bucket", "name", "object", "key", "time", "id"),
    *("source", "branch", "reason", "requested_by"),
)
TEXT = st.text(st.characters() | st.sampled_from("\ud800\udfff"), max_size=20)
KEYS = st.sampled_from(KNOWN_KEYS) | TEXT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, JSON, max_size=4))
@settings(max_examples=150, deadline=None)
def test_whatever_json_comes_is_read_or_refused_with_what_is_accepted(document: Any) -> None:
    readable(json.dumps(document))


def readable(text: str) -> None:
    try:
        read_message(text)
    except UnreadableMessage as error:
        assert "Accepted are" in str(error)
        str(error).encode()  # it is published, so it is text


TWO = '{"inputs": {"wti": {"key": "series/wti.csv"}, "brent": {"key": "series/brent.csv"}}}'


def put_together(world: World, *names: str, identity: str = "u1") -> None:
    """What `wharf data put wti FILE brent FILE` has uploaded so far."""
    for name in names:
        world.s3.put_object(
            Bucket="data",
            Key=f"series/{name}.csv",
            Body=b"Date,Price",
            Metadata={"modelwharf-upload": f"{identity} wti,brent"},
        )


@pytest.fixture
def two_inputs(project: World) -> World:
    name = "/modelwharf/oil-price/data"
    project.ssm.put_parameter(Name=name, Value=TWO, Type="String")
    put_data(project, "series/brent.csv")
    return project


def test_inputs_that_come_together_are_one_release(two_inputs: World) -> None:
    put_together(two_inputs, "wti")
    start(two_inputs, object_created("series/wti.csv"))
    assert started(two_inputs) == []
    put_together(two_inputs, "brent")
    start(two_inputs, object_created("series/brent.csv"), LATER)
    [document] = started(two_inputs)
    assert document.trigger.inputs == ("wti", "brent")
    newest = two_inputs.s3.head_object(Bucket="data", Key="series/wti.csv")["VersionId"]
    assert document.trigger.data_versions["wti"] == newest
    assert skipped(two_inputs) == []


def test_the_first_event_of_a_whole_upload_releases_it_once(two_inputs: World) -> None:
    put_together(two_inputs, "wti", "brent")
    start(two_inputs, object_created("series/brent.csv"))
    start(two_inputs, object_created("series/wti.csv"), LATER)
    assert len(started(two_inputs)) == 1


def test_an_input_that_comes_alone_after_a_broken_upload_is_released(two_inputs: World) -> None:
    put_together(two_inputs, "wti", identity="broken off")
    put_data(two_inputs, "series/brent.csv")
    start(two_inputs, object_created("series/brent.csv"))
    [document] = started(two_inputs)
    assert document.trigger.inputs == ("brent",)


def test_an_upload_whose_last_input_is_no_longer_configured_is_not_waited_for(
    project: World,
) -> None:
    put_together(project, "wti")
    start(project, object_created("series/wti.csv"))
    assert len(started(project)) == 1
