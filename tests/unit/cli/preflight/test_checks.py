"""What is missing in an account is found, and the command that mends it is said."""

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from modelwharf.cli.preflight.plan import examine
from modelwharf.contracts.preflight import Finding, Outcome
from tests.unit.cli.preflight.accounts import (
    BOOTSTRAP,
    BUILDS,
    ENDPOINTS,
    LAYER,
    World,
    refusal,
)

AWS_ENDPOINT = "http://127.0.0.1:1"


def findings(world: World, check: str) -> list[Finding]:
    return [one for one in examine(world.account()).findings if one.id == check]


def only(world: World, check: str) -> Finding:
    (found,) = findings(world, check)
    return found


def test_an_account_that_is_ready_passes_every_check() -> None:
    told: list[Finding] = []

    found = examine(World().account(), told.append)

    assert {finding.outcome for finding in found.findings} == {Outcome.PASS}
    assert tuple(told) == found.findings
    assert all(finding.why for finding in found.findings)


def test_a_bootstrap_that_is_missing_names_account_and_region() -> None:
    world = World()
    del world.parameters[BOOTSTRAP]

    found = only(world, "bootstrap")

    assert found.outcome is Outcome.FAIL
    assert found.command.endswith("bootstrap aws://123456789012/eu-west-1")


@pytest.mark.parametrize(("version", "outcome"), [("5", "fail"), ("6", "pass"), ("x", "fail")])
def test_a_bootstrap_must_be_as_new_as_the_template_needs(version: str, outcome: str) -> None:
    world = World()
    world.parameters[BOOTSTRAP] = version

    assert only(world, "bootstrap").outcome == outcome


def test_a_layer_that_is_not_published_in_the_region_is_found() -> None:
    world = World()
    del world.parameters[LAYER]

    found = only(world, "layer")

    assert found.outcome is Outcome.FAIL
    assert LAYER in found.seen
    assert "powertools_version" in found.command


def test_without_credentials_nothing_is_asked_of_the_account() -> None:
    world = World(refused={"get_caller_identity": NoCredentialsError()})

    found = examine(world.account()).findings

    assert [one.id for one in found if one.outcome is Outcome.FAIL] == ["credentials"]
    skipped = {one.id for one in found if one.outcome is Outcome.SKIPPED}
    assert skipped == {
        "bootstrap", "layer", "codecommit", "base-images", "quotas", "stack", "leftovers",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "command"),
    [("ExpiredToken", "aws sso login"), ("InvalidClientTokenId", "aws configure sso")],
)
def test_credentials_that_are_refused_say_how_to_sign_in(code: str, command: str) -> None:
    found = only(World(refused={"get_caller_identity": refusal(code)}), "credentials")

    assert (found.outcome, found.command) == (Outcome.FAIL, command)


def test_a_cloud_that_does_not_answer_fails_and_says_how_to_go_on() -> None:
    nobody = EndpointConnectionError(endpoint_url="https://sts.eu-west-1.amazonaws.com")

    found = examine(World(refused={"get_caller_identity": nobody}).account()).findings

    (failed,) = [one for one in found if one.outcome is Outcome.FAIL]
    assert (failed.id, failed.command) == ("credentials", "aws sts get-caller-identity")
    assert "check the network and AWS_REGION" in failed.seen


def test_the_root_user_is_to_consider() -> None:
    found = only(World(arn="arn:aws:iam::123456789012:root"), "credentials")

    assert found.outcome is Outcome.WARN


@pytest.mark.parametrize("region", ["nowhere-1", "mx-central-1"])
def test_a_region_that_lacks_a_service_is_found(region: str) -> None:
    found = only(World(region=region), "region")

    assert found.outcome is Outcome.FAIL
    assert region in found.seen
    assert found.command.startswith("export AWS_REGION=")


def test_a_region_that_is_not_configured_is_not_guessed() -> None:
    found = only(World(region=None), "region")

    assert (found.outcome, found.command) == (Outcome.FAIL, "export AWS_REGION=eu-west-1")


@pytest.mark.parametrize(
    "programs", [{}, {"node": "v16.1.0", "npx": "8"}, {"node": "v22.0.0"}, {"node": "?"}]
)
def test_node_that_cannot_run_the_cdk_is_found(programs: dict[str, str]) -> None:
    found = only(World(programs=programs), "node")

    assert found.outcome is Outcome.FAIL
    assert "nodejs" in found.command


def test_codecommit_that_the_account_may_not_use_is_found() -> None:
    world = World(refused={"list_repositories": refusal("OperationNotAllowedException")})

    assert only(world, "codecommit").outcome is Outcome.FAIL


@pytest.mark.parametrize("error", ["AccessDeniedException", "UnauthorizedOperation"])
def test_a_check_that_may_not_be_made_says_which_permission_it_lacks(error: str) -> None:
    world = World(refused={"list_repositories": refusal(error, "ListRepositories")})

    found = only(world, "codecommit")

    assert found.outcome is Outcome.UNKNOWN
    assert "ListRepositories" in found.command


def test_a_service_that_does_not_answer_leaves_its_check_open() -> None:
    error = EndpointConnectionError(endpoint_url="https://api.ecr-public.us-east-1.amazonaws.com")

    found = only(World(refused={"get_authorization_token": error}), "base-images")

    assert found.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("quota", "value", "outcome"),
    [
        (BUILDS, 0, "fail"),
        (BUILDS, 1, "warn"),
        (BUILDS, 2, "pass"),
        (ENDPOINTS, 0, "fail"),
        (ENDPOINTS, 1, "warn"),
        (ENDPOINTS, 2, "pass"),
        ("ml.m5.large for training job usage", 0, "fail"),
        ("ml.m5.large for processing job usage", 0, "fail"),
    ],
)
def test_quotas_are_held_against_what_a_release_needs(
    quota: str, value: float, outcome: str
) -> None:
    world = World()
    world.quotas[quota] = value

    (found,) = [one for one in findings(world, "quotas") if quota in one.seen]

    assert found.outcome == outcome
    if outcome != "pass":
        assert "request-service-quota-increase" in found.command
        assert f"--quota-code L-{list(world.quotas).index(quota):08}" in found.command


def test_quotas_follow_the_projects_own_sizes() -> None:
    world = World()
    world.parameters["/modelwharf/oil-price/training"] = (
        '{"instance_type": "ml.p3.2xlarge", "instance_count": 3}'
    )
    world.parameters["/modelwharf/oil-price/data"] = '{"prepare": false}'
    world.parameters["/modelwharf/oil-price/deployment"] = '{"instance_count": 3}'
    world.quotas["ml.p3.2xlarge for training job usage"] = 2
    world.quotas["Maximum number of instances per training job"] = 20

    builds, training, job, endpoint = findings(world, "quotas")

    assert (builds.outcome, BUILDS in builds.seen) == (Outcome.PASS, True)
    assert training.outcome is Outcome.FAIL
    assert "'ml.p3.2xlarge for training job usage'" in training.seen
    assert (job.outcome, "per training job: 20" in job.seen) == (Outcome.PASS, True)
    assert (endpoint.outcome, ENDPOINTS in endpoint.seen) == (Outcome.WARN, True)


def test_an_endpoint_that_serves_needs_the_quota_for_its_next_fleet_too() -> None:
    world = World(endpoints={"oil-price"})
    world.quotas[ENDPOINTS] = 1

    (found,) = [one for one in findings(world, "quotas") if ENDPOINTS in one.seen]

    assert found.outcome is Outcome.FAIL
    assert "1 beside the 1 that serve" in found.seen
    assert found.command.endswith("--desired-value 2")


def test_a_quota_that_is_not_listed_is_not_taken_for_enough() -> None:
    world = World()
    del world.quotas[ENDPOINTS]

    assert [one.outcome for one in findings(world, "quotas")].count(Outcome.UNKNOWN) == 1


@pytest.mark.parametrize(
    ("status", "outcome", "command"),
    [
        ("UPDATE_COMPLETE", "pass", ""),
        ("ROLLBACK_COMPLETE", "fail", "delete-stack"),
        ("UPDATE_ROLLBACK_FAILED", "fail", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "warn", "describe-stack-events"),
    ],
)
def test_a_stack_that_takes_no_update_is_found(status: str, outcome: str, command: str) -> None:
    found = only(World(stack=status), "stack")

    assert found.outcome == outcome
    assert command in found.command


def test_a_stack_that_a_deploy_would_take_back_is_found() -> None:
    newer = World(stack="UPDATE_COMPLETE", outputs={"ModelwharfVersion": "99.0.0"})
    older = World(stack="UPDATE_COMPLETE", outputs={"ModelwharfVersion": "0.0.1"})

    found = only(newer, "stack")

    assert found.outcome == "fail"
    assert "modelwharf 99.0.0; from here a deploy takes it back to " in found.seen
    assert found.command == "pip install modelwharf-99.0.0-py3-none-any.whl"
    assert only(older, "stack").outcome == "pass"


def test_what_an_earlier_stack_left_is_named_with_how_to_delete_it() -> None:
    world = World(
        repositories={"oil-price"}, log_groups={"/aws/lambda/one"}, endpoints={"oil-price"}
    )

    found = {one.command: one.outcome for one in findings(world, "leftovers")}

    assert found == {
        "aws codecommit delete-repository --repository-name oil-price": Outcome.FAIL,
        "aws logs delete-log-group --log-group-name /aws/lambda/one": Outcome.FAIL,
        "aws sagemaker delete-endpoint --endpoint-name oil-price": Outcome.WARN,
    }


def test_what_the_stack_itself_has_is_not_a_leftover() -> None:
    world = World(stack="CREATE_COMPLETE", repositories={"oil-price"})

    assert only(world, "leftovers").outcome is Outcome.PASS


def test_a_log_group_whose_name_only_begins_the_same_is_not_a_leftover() -> None:
    world = World(log_groups={"/aws/lambda/one-more"})

    assert only(world, "leftovers").outcome is Outcome.PASS
