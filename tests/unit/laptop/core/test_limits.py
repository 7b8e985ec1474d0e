"""What narrows a role: its permissions boundary, a session's own policy, its trust policy."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.core.world import ACCOUNT, REGION, World, allow, deny

MINE = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/mine"
NAMES = "ssm:GetParameter"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def policy(world: World, *statements: dict[str, Any]) -> str:
    made = world.client("iam").create_policy(
        PolicyName=world.name("policy"), PolicyDocument=document(*statements)
    )
    arn: str = made["Policy"]["Arn"]
    return arn


def bounded(world: World, *boundary: dict[str, Any]) -> str:
    """A role that may read every parameter, as far as its boundary allows it."""
    role = world.role(allow(NAMES))
    world.client("iam").put_role_permissions_boundary(
        RoleName=role.rsplit("/", 1)[-1], PermissionsBoundary=policy(world, *boundary)
    )
    return role


def session(world: World, role: str, caller: str | None = None, **more: Any) -> dict[str, str]:
    found: dict[str, str] = world.client("sts", caller).assume_role(
        RoleArn=role, RoleSessionName="session", **more
    )["Credentials"]
    return found


def reads(world: World, keys: dict[str, str], name: str) -> bool:
    client = boto3.client(
        "ssm",
        endpoint_url=world.cloud.url,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    try:
        client.get_parameter(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return True
        assert error.response["Error"]["Code"] == "AccessDeniedException"
        return False
    return True


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return f"{error.value.response['Error']['Code']}: {error.value.response['Error']['Message']}"


def test_a_role_may_do_what_its_policy_and_its_boundary_both_allow(world: World) -> None:
    keys = session(world, bounded(world, allow(NAMES, MINE), allow("s3:*")))
    assert reads(world, keys, "/mine")
    assert not reads(world, keys, "/other")


def test_a_deny_in_the_boundary_is_a_deny(world: World) -> None:
    keys = session(world, bounded(world, allow("*"), deny(NAMES, MINE)))
    assert reads(world, keys, "/other")
    assert not reads(world, keys, "/mine")


def test_a_boundary_that_is_taken_away_narrows_no_more(world: World) -> None:
    role = bounded(world, allow("s3:*"))
    world.client("iam").delete_role_permissions_boundary(RoleName=role.rsplit("/", 1)[-1])
    assert reads(world, session(world, role), "/mine")


def test_the_policy_of_a_session_narrows_it(world: World) -> None:
    role = world.role(allow(NAMES))
    keys = session(world, role, Policy=document(allow(NAMES, MINE)))
    assert reads(world, keys, "/mine")
    assert not reads(world, keys, "/other")


def test_a_limit_that_would_be_forgotten_is_refused_by_name(world: World) -> None:
    with pytest.raises(ClientError) as boundary:
        world.client("iam").create_user(
            UserName=world.name("user"), PermissionsBoundary=policy(world, allow("*"))
        )
    with pytest.raises(ClientError) as arns:
        session(world, world.role(), PolicyArns=[{"arn": policy(world, allow("*"))}])
    assert "PermissionsBoundary is not judged" in refusal(boundary)
    assert "PolicyArns is not judged" in refusal(arns)


@pytest.mark.parametrize(
    ("trusted", "policy", "allowed"),
    [
        ("account", [allow("sts:AssumeRole")], True),
        ("account", [], False),
        ("caller", [], True),
        ("caller", [deny("sts:AssumeRole")], False),
        ("somebody else", [allow("sts:AssumeRole")], False),
    ],
)
def test_a_role_is_assumed_by_whom_its_trust_policy_names(
    world: World, trusted: str, policy: list[dict[str, Any]], allowed: bool
) -> None:
    caller = world.role(*policy)
    principal = {"account": f"arn:aws:iam::{ACCOUNT}:root", "caller": caller}.get(
        trusted, world.role()
    )
    trust = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    role = world.client("iam").create_role(
        RoleName=world.name("target"), AssumeRolePolicyDocument=document(trust)
    )["Role"]["Arn"]
    if allowed:
        assert session(world, role, caller)
        return
    with pytest.raises(ClientError) as error:
        session(world, role, caller)
    assert refusal(error).startswith("AccessDenied: User: ")


def test_a_simulation_decides_as_the_call_itself_would(world: World) -> None:
    role = bounded(world, allow("*"), deny(NAMES, MINE))
    other = f"{MINE}-not"

    def simulated(*actions: str) -> list[str]:
        found = world.client("iam").simulate_principal_policy(
            PolicySourceArn=role, ActionNames=list(actions), ResourceArns=[MINE, other]
        )
        return [one["EvalDecision"] for one in found["EvaluationResults"]]

    assert simulated(NAMES) == ["explicitDeny", "allowed"]
    assert simulated("s3:GetObject") == ["implicitDeny", "implicitDeny"]


def test_a_simulation_of_nobody_or_of_other_policies_is_refused(world: World) -> None:
    iam = world.client("iam")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/nobody", ActionNames=[NAMES]
        )
    with pytest.raises(ClientError, match="not simulated on the laptop's cloud: CallerArn"):
        iam.simulate_principal_policy(
            PolicySourceArn=world.role(),
            ActionNames=[NAMES],
            CallerArn=f"arn:aws:iam::{ACCOUNT}:user/somebody",
        )
