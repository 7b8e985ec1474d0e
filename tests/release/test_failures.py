"""Failures made on purpose: each says why, and the model that served goes on serving."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.errors import QuotaTooSmall
from modelwharf.contracts.quotas import BUILDS, ENDPOINT, instances_of
from modelwharf.contracts.section_text import InvalidParameter
from modelwharf.laptop.quotas import DEFAULT
from tests.release.laptop import PROJECT, Laptop
from tests.release.team import Execution, Team
from tests.waiting import SLOWEST_POLL, until

BEFORE = {"sum": 3.0}
TRAINING = "sagemaker:CreateTrainingJob"


@pytest.fixture(autouse=True)
def _the_model_that_served_goes_on_serving(team: Team, laptop: Laptop) -> Iterator[None]:
    servers = programs(laptop)
    yield
    assert team.ask({"add": 1}) == BEFORE
    until(lambda: programs(laptop) == servers, "nothing but the server that served before")


def programs(laptop: Laptop) -> list[str]:
    """The model's own programs that run, training and serving."""
    return [line for line in laptop.children().values() if "program.py" in line]


def fails(team: Team, section: str, changes: Mapping[str, Any]) -> Execution:
    """Release with the section changed, put it back, and read how the release ended."""
    team.configure(section, **changes)
    ended = team.release()
    team.configure(section, **dict.fromkeys(changes))
    assert ended.status == "FAILED"
    return ended


def told(team: Team, ended: Execution, reason: str) -> None:
    """The reason stands in the execution, in `wharf show` and in the notification, and the two
    name the same state."""
    shown, notification = team.wharf("show", ended.name).stdout, team.notification(ended.name)
    assert reason in ended.reason
    assert reason in shown.replace("\n", " ")
    assert reason in notification
    state = re.search(r"^state +(\w+)$", notification, re.MULTILINE)
    assert state and re.search(rf"✗ +{state[1]}\b", shown)


def test_nonsense_in_a_parameter_fails_at_resolve_naming_path_value_and_what_is_allowed(
    team: Team,
) -> None:
    ended = fails(team, "quality", {"rules": "whatever"})
    team.configure("quality", rules=[{"metric": "accuracy", "minimum": 0.5}])
    assert ended.error == InvalidParameter.__name__
    assert ended.states[:1] == ["Resolve"] and "BuildImages" not in ended.states
    told(team, ended, '/modelwharf/oil-price/quality: rules is "whatever"')


def test_training_that_fails_gives_its_own_reason(team: Team) -> None:
    ended = fails(team, "training", {"hyperparameters": {"fail": "the data are all zeros"}})
    assert ended.error == "TrainingFailed"
    told(team, ended, "the data are all zeros")


def test_training_that_is_killed_names_the_signal_and_gives_its_last_words(team: Team) -> None:
    ended = fails(team, "training", {"hyperparameters": {"signal": "SIGSEGV"}})
    assert ended.error == "TrainingFailed"
    assert "reads the second half" in ended.reason
    told(team, ended, "SIGSEGV (segmentation fault)")


def test_training_past_its_time_is_stopped_and_says_which_limit(team: Team) -> None:
    changes = {"hyperparameters": {"seconds": 120}, "max_runtime_seconds": 1}
    ended = fails(team, "training", changes)
    assert ended.error == "TrainingFailed"
    told(team, ended, "max_runtime_seconds")


def test_quality_below_the_threshold_names_metric_value_and_bound(team: Team) -> None:
    ended = fails(team, "training", {"hyperparameters": {"accuracy": 0.1}})
    assert ended.error == "QualityBelowThreshold"
    told(team, ended, "accuracy")
    assert "0.1" in ended.reason and "0.5" in ended.reason


def test_a_server_that_is_never_healthy_is_taken_back(team: Team) -> None:
    ended = fails(team, "deployment", {"environment": {"MEAN_MODEL_SERVES": "unhealthy"}})
    assert ended.error == "DeploymentFailed"
    told(team, ended, "the last ping got 503")


def test_a_server_that_ends_at_its_third_ping_is_taken_back_and_no_caller_notices(
    team: Team,
) -> None:
    with asked_all_the_time(team) as answers:
        ended = fails(team, "deployment", {"environment": {"MEAN_MODEL_SERVES": "briefly"}})
    assert answers and all(answer == BEFORE for answer in answers)
    assert ended.error == "DeploymentFailed"
    told(team, ended, "the server ended with exit code 4 after it had been healthy")


@contextmanager
def asked_all_the_time(team: Team) -> Iterator[list[Any]]:
    """What a caller gets meanwhile, answers and errors."""
    over = threading.Event()
    answers: list[Any] = []

    def ask() -> None:
        while not over.wait(SLOWEST_POLL):
            try:
                answers.append(team.ask({"add": 1}))
            except ClientError as error:
                answers.append(error)

    caller = threading.Thread(target=ask)
    caller.start()
    try:
        yield answers
    finally:
        over.set()
        caller.join()


def test_a_server_that_ends_at_each_question_is_rolled_back(team: Team) -> None:
    ended = fails(team, "deployment", {"environment": {"MEAN_MODEL_SERVES": "fragile"}})
    assert ended.error == "VerificationFailed"
    told(team, ended, "is starting again: it ended with exit code 139 (SIGSEGV)")


def test_a_server_that_answers_the_probe_with_500_is_rolled_back(team: Team) -> None:
    probe = {"content_type": "application/json", "body": '{"add": 1}'}
    team.configure("training", hyperparameters={"holdout": 0})
    ended = fails(
        team, "deployment", {"environment": {"MEAN_MODEL_SERVES": "faulty"}, "probe": probe}
    )
    team.configure("training", hyperparameters=None)
    assert ended.error == "VerificationFailed"
    told(team, ended, 'answered 500: {"error": "the model does not fit its rows"}')


def test_a_server_that_answers_otherwise_than_the_trained_model_is_rolled_back(
    team: Team,
) -> None:
    ended = fails(team, "deployment", {"environment": {"MEAN_MODEL_SERVES": "differently"}})
    assert ended.error == "VerificationFailed"
    told(team, ended, "sum")


def test_a_build_that_fails_shows_the_failing_steps_own_words(team: Team) -> None:
    path = team.repository / "containers/training/Dockerfile"
    good = path.read_text()
    team.commit("Break it", {"containers/training/Dockerfile": good + "RUN no-such-program\n"})
    ended = team.end(team.started_by(team.push))
    team.commit("Mend it", {"containers/training/Dockerfile": good})
    assert team.end(team.started_by(team.push)).status == "SUCCEEDED"
    assert (ended.status, ended.error) == ("FAILED", "BuildFailed")
    told(team, ended, "no-such-program")


def test_a_permission_that_the_template_lacks_fails_here_as_it_would_in_aws(
    team: Team, laptop: Laptop
) -> None:
    with without(laptop, TRAINING, function=f"modelwharf-{PROJECT}-train-model"):
        ended = fails(team, "training", {"hyperparameters": {"accuracy": 0.7}})  # a job of its own
    assert ended.error == "AccessDenied"
    told(team, ended, f"is not authorized to perform: {TRAINING} on resource: arn:aws:sagemaker:")


def test_a_quota_of_0_fails_at_resolve_and_names_code_and_command(
    team: Team, laptop: Laptop
) -> None:
    with quota(laptop, instances_of("ml.c5.large", ENDPOINT), 0):
        ended = fails(team, "deployment", {"instance_type": "ml.c5.large"})
    team.configure("deployment", instance_type="ml.t2.medium")
    assert ended.error == QuotaTooSmall.__name__
    assert ended.states[:1] == ["Resolve"] and "BuildImages" not in ended.states
    assert re.search(r"'ml.c5.large for endpoint usage' \(L-[0-9A-F]{8}\) is 0", ended.reason)
    told(team, ended, "aws service-quotas request-service-quota-increase --service-code sagemaker")


def test_an_account_of_one_build_at_a_time_builds_one_image_after_the_other(
    team: Team, laptop: Laptop
) -> None:
    known = len(builds(team, laptop))
    with quota(laptop, BUILDS, 1):
        team.commit("Both images anew", {"training/note": "new", "inference/note": "new"})
        name = team.started_by(team.push)
        until(lambda: "tries again" in team.wharf("show", name).stdout, "a build that waits")
        ended = team.end(name)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    first, second = builds(team, laptop)[known:]
    assert first["endTime"] <= second["startTime"]
    assert ended.document is not None and ended.document.plan is not None
    (notice,) = ended.document.plan.notices
    assert "built one after the other" in notice


def builds(team: Team, laptop: Laptop) -> list[dict[str, Any]]:
    """Every build there has been, the oldest first."""
    client = laptop.client("codebuild")
    ids = client.list_builds_for_project(projectName=team.outputs["BuildProject"])["ids"]
    found: list[dict[str, Any]] = client.batch_get_builds(ids=ids)["builds"]
    return sorted(found, key=lambda build: str(build["startTime"]))


@contextmanager
def quota(laptop: Laptop, name: str, value: float) -> Iterator[None]:
    laptop.set_quota(name, value)
    try:
        yield
    finally:
        laptop.set_quota(name, DEFAULT)


@contextmanager
def without(laptop: Laptop, action: str, function: str) -> Iterator[None]:
    """Take an action out of the policies that the template gave to a function's role."""
    iam = laptop.client("iam")
    role = laptop.client("lambda").get_function_configuration(FunctionName=function)["Role"]
    name = role.rsplit("/", 1)[-1]

    def put(policy: str, statements: list[dict[str, Any]]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)

    before = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    (policy,) = [
        policy
        for policy, statements in before.items()
        if any(action in actions(statement) for statement in statements)
    ]
    fewer = [{**one, "Action": [a for a in actions(one) if a != action]} for one in before[policy]]
    put(policy, [one for one in fewer if one["Action"]])
    laptop.refusals.append(f"perform: {action} on")
    try:
        yield
    finally:
        put(policy, before[policy])


def actions(statement: Mapping[str, Any]) -> list[str]:
    found: str | list[str] = statement["Action"]
    return [found] if isinstance(found, str) else found
