"""The gate: real calls of real SDKs, judged by the policies of who signed them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from moto.core import set_initial_no_auth_action_count
from moto.server import ThreadedMotoServer

from modelwharf.laptop import iam
from modelwharf.laptop.overrides import as_shipped
from tests.unit.laptop.core.world import ACCOUNT, REGION, World, allow, deny
from tests.waiting import HUNG


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code
    for word in words:
        assert word in error["Message"]


def parameter(name: str) -> str:
    return f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}"


def test_a_role_may_do_what_its_policy_allows_on_that_resource(world: World) -> None:
    world.client("ssm").put_parameter(Name="/a/mine", Value="1", Type="String")
    role = world.role(allow("ssm:GetParameter", parameter("/a/*")))
    answer = world.client("ssm", role).get_parameter(Name="/a/mine")
    assert answer["Parameter"]["Value"] == "1"


def test_a_denied_call_names_who_what_and_where_in_the_words_of_aws(world: World) -> None:
    role = world.role(allow("ssm:GetParameter", parameter("/a/*")))
    name = role.rsplit("/", 1)[-1]
    with refused(
        "AccessDeniedException",
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/laptop is not authorized to perform: "
        f"ssm:GetParameter on resource: {parameter('/b')} because no identity-based policy "
        "allows the ssm:GetParameter action",
    ):
        world.client("ssm", role).get_parameter(Name="/b")


def test_an_explicit_deny_is_named_as_such(world: World) -> None:
    role = world.role(allow("ssm:*"), deny("ssm:GetParameter"))
    with refused("AccessDeniedException", "with an explicit deny"):
        world.client("ssm", role).get_parameter(Name="/a")


def test_managed_policies_that_are_attached_count_too(world: World) -> None:
    role = world.role()
    statements = [allow("ssm:DescribeParameters")]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    client = world.client("iam")
    policy = client.create_policy(PolicyName=world.name("p"), PolicyDocument=document)["Policy"]
    client.attach_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyArn=policy["Arn"])
    world.client("ssm", role).describe_parameters()


def test_the_policies_of_a_users_groups_count_too(world: World) -> None:
    iam_client, name, group = world.client("iam"), world.name("user"), world.name("group")
    iam_client.create_user(UserName=name)
    key = iam_client.create_access_key(UserName=name)["AccessKey"]
    client = boto3.client(
        "ssm",
        region_name=REGION,
        endpoint_url=world.cloud.url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    with refused("AccessDeniedException", "ssm:DescribeParameters"):
        client.describe_parameters()
    document = {"Version": "2012-10-17", "Statement": [allow("ssm:DescribeParameters")]}
    iam_client.create_group(GroupName=group)
    iam_client.put_group_policy(
        GroupName=group, PolicyName="read", PolicyDocument=json.dumps(document)
    )
    iam_client.add_user_to_group(GroupName=group, UserName=name)
    client.describe_parameters()


def test_query_services_answer_with_their_own_code(world: World) -> None:
    topic = world.client("sns").create_topic(Name="denied")["TopicArn"]
    with refused("AccessDenied", "sns:Publish", topic):
        world.client("sns", world.role()).publish(TopicArn=topic, Message="m")


def test_lambda_answers_with_its_own_code(world: World) -> None:
    name = world.function("def handler(event, context): pass")
    with refused("AccessDeniedException", "lambda:InvokeFunction", world.arn(name)):
        world.client("lambda", world.role()).invoke(FunctionName=name)


def test_s3_answers_with_its_own_code(world: World) -> None:
    bucket = _bucket(world)
    with refused("AccessDenied", "s3:PutObject", f"{bucket}/k"):
        world.client("s3", world.role()).put_object(Bucket=bucket, Key="k", Body=b"")


def test_a_missing_object_is_forbidden_to_who_may_not_list_the_bucket(world: World) -> None:
    bucket = _bucket(world)
    arn = f"arn:aws:s3:::{bucket}"
    reader = world.role(allow("s3:GetObject", f"{arn}/*"))
    with refused("AccessDenied", "s3:ListBucket"):
        world.client("s3", reader).get_object(Bucket=bucket, Key="missing")
    lister = world.role(allow("s3:GetObject", f"{arn}/*"), allow("s3:ListBucket", arn))
    with refused("NoSuchKey"):
        world.client("s3", lister).get_object(Bucket=bucket, Key="missing")


def test_the_condition_of_a_bucket_policy_is_judged_and_loopback_counts_as_tls(
    world: World,
) -> None:
    bucket = _bucket(world)
    _put_policy(world, bucket, _tls_only(bucket))
    role = world.role(allow("s3:PutObject"))
    world.client("s3", role).put_object(Bucket=bucket, Key="k", Body=b"")


def test_a_bucket_policy_may_deny_what_the_role_allows(world: World) -> None:
    bucket = _bucket(world)
    statement = deny("s3:PutObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    _put_policy(world, bucket, statement)
    with refused("AccessDenied", "explicit deny"):
        world.client("s3", world.role(allow("s3:*"))).put_object(Bucket=bucket, Key="k", Body=b"")


def test_root_is_told_by_its_own_name(world: World) -> None:
    found = world.client("sts").get_caller_identity()

    assert found["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert found["UserId"] == found["Account"] == ACCOUNT


def test_a_bucket_policy_may_allow_a_role_but_the_account_s_root_in_it_allows_nobody(
    world: World,
) -> None:
    bucket = _bucket(world)
    role = world.role()
    resource = f"arn:aws:s3:::{bucket}/*"
    root = f"arn:aws:iam::{ACCOUNT}:root"
    _put_policy(world, bucket, allow("s3:PutObject", resource, Principal={"AWS": root}))
    with refused("AccessDenied"):
        world.client("s3", role).put_object(Bucket=bucket, Key="k", Body=b"")
    _put_policy(world, bucket, allow("s3:PutObject", resource, Principal={"AWS": role}))
    world.client("s3", role).put_object(Bucket=bucket, Key="k", Body=b"")


def test_a_role_is_passed_only_with_the_permission_and_only_to_that_service(world: World) -> None:
    passed = world.role(service="sagemaker.amazonaws.com")
    creating = allow(["sagemaker:CreateModel"])
    model = {
        "ModelName": "m",
        "ExecutionRoleArn": passed,
        "PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://b/k"},
    }
    with refused("AccessDeniedException", "iam:PassRole", passed):
        world.client("sagemaker", world.role(creating)).create_model(**model)
    condition = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    elsewhere = world.role(creating, allow("iam:PassRole", passed, Condition=condition))
    with refused("AccessDeniedException", "iam:PassRole"):
        world.client("sagemaker", elsewhere).create_model(**model)


def machine(world: World) -> str:
    """A state machine that exists; its ARN."""
    made = world.client("stepfunctions").create_state_machine(
        name=world.name("machine"),
        definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
        roleArn=world.role(service="states.amazonaws.com"),
    )
    return str(made["stateMachineArn"])


def answer_task(world: World, role: str) -> None:
    client = world.client("stepfunctions", role)
    client.send_task_success(taskToken="unknown", output="{}")


def test_a_task_may_be_answered_by_who_may_answer_a_machine_s_tasks(world: World) -> None:
    """What comes then is Step Functions' own answer to a token that it never gave."""
    for resource in (machine(world), "*"):
        with refused("InvalidToken"):
            answer_task(world, world.role(allow("states:SendTaskSuccess", resource)))


def test_a_task_may_not_be_answered_with_another_machine_s_permission(world: World) -> None:
    gone = machine(world) + "-that-is-not-there"
    with refused("AccessDeniedException", "states:SendTaskSuccess"):
        answer_task(world, world.role(allow("states:SendTaskSuccess", gone)))
    with refused("AccessDeniedException", "states:SendTaskSuccess"):
        answer_task(world, world.role(allow("states:SendTaskFailure", machine(world))))


def test_a_deny_on_one_machine_denies_every_answer(world: World) -> None:
    """The gate does not know which machine a token is of, so it takes the stricter view."""
    forbidden = deny("states:SendTask*", machine(world))
    with refused("AccessDeniedException", "explicit deny"):
        answer_task(world, world.role(allow("states:SendTask*"), forbidden))


def test_an_operation_that_the_table_lacks_is_denied_even_to_a_role_with_all_permissions(
    world: World,
) -> None:
    role = world.role(allow("*"))
    with refused("AccessDeniedException", "not in the laptop's table", "kms:GenerateMac"):
        world.client("kms", role).generate_mac(Message=b"x", KeyId="x", MacAlgorithm="HMAC_SHA_256")


def test_a_condition_that_is_not_known_is_denied_and_named(world: World) -> None:
    condition = {"DateLessThan": {"aws:CurrentTime": "2100-01-01T00:00:00Z"}}
    role = world.role(allow("ssm:*", Condition=condition))
    with refused("AccessDeniedException", "DateLessThan"):
        world.client("ssm", role).get_parameter(Name="/a")


def test_keys_that_nobody_holds_are_refused(world: World) -> None:
    with refused("UnrecognizedClientException", "security token"):
        world.stranger("ssm").get_parameter(Name="/a")
    with refused("InvalidClientTokenId", "security token"):
        world.stranger("sts").get_caller_identity()


def test_requests_without_a_signature_are_refused(world: World) -> None:
    answer = requests.get(f"{world.cloud.url}/some-bucket/key", timeout=HUNG)
    assert answer.status_code == 403


def test_the_root_key_is_the_deployer_and_may_do_everything(world: World) -> None:
    world.client("sns").list_topics()


def test_who_one_is_may_always_be_asked(world: World) -> None:
    role = world.role(deny("*"))
    identity = world.client("sts", role).get_caller_identity()
    assert f"assumed-role/{role.rsplit('/', 1)[-1]}/laptop" in identity["Arn"]


def test_a_policy_that_changes_counts_from_the_next_call_on(world: World) -> None:
    role = world.role(allow("ssm:DescribeParameters"))
    client = world.client("ssm", role)
    client.describe_parameters()
    world.client("iam").delete_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyName="inline")
    with refused("AccessDeniedException"):
        client.describe_parameters()


def test_a_service_needs_the_resource_s_own_policy_with_its_source(world: World) -> None:
    name = world.function("def handler(event, context): pass")
    world.permit(name, "sns.amazonaws.com", "arn:aws:sns:r:1:mine")

    def may(service: str, source: str) -> None:
        iam.require_service_access(
            world.cloud, service, "lambda:InvokeFunction", world.arn(name), source_arn=source
        )

    may("sns.amazonaws.com", "arn:aws:sns:r:1:mine")
    with pytest.raises(iam.AccessDenied, match="other"):
        may("sns.amazonaws.com", "arn:aws:sns:r:1:other")
    with pytest.raises(iam.AccessDenied, match="events"):
        may("events.amazonaws.com", "arn:aws:sns:r:1:mine")


def test_a_role_is_assumed_only_by_the_services_that_it_trusts(world: World) -> None:
    role = world.role(service="lambda.amazonaws.com")
    iam.require_trust(world.cloud, role, "lambda.amazonaws.com")
    with pytest.raises(iam.AccessDenied, match=r"cannot be assumed by states\.amazonaws\.com"):
        iam.require_trust(world.cloud, role, "states.amazonaws.com")
    with pytest.raises(iam.AccessDenied, match="does not exist"):
        iam.require_trust(world.cloud, role + "x", "lambda.amazonaws.com")


def _bucket(world: World) -> str:
    name = world.name("bucket")
    world.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


def _put_policy(world: World, bucket: str, statement: dict[str, Any]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)


def _tls_only(bucket: str) -> dict[str, Any]:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return deny("s3:*", resources, Principal={"AWS": "*"}, Condition=condition)


def test_stock_moto_denies_writing_to_every_bucket_that_demands_tls(world: World) -> None:
    bucket = _bucket(world)
    _put_policy(world, bucket, _tls_only(bucket))
    with as_shipped(), refused("403"):
        world.client("s3").put_object(Bucket=bucket, Key="k", Body=b"")
    world.client("s3").put_object(Bucket=bucket, Key="k", Body=b"")


def test_stock_moto_denies_what_a_policy_allows_on_a_named_parameter(world: World) -> None:
    role = world.role(allow("ssm:GetParameter", parameter("/stock")))
    world.client("ssm").put_parameter(Name="/stock", Value="1", Type="String")
    keys = world.cloud.credentials(role, "stock")
    stock = ThreadedMotoServer(port=0, verbose=False)
    stock.start()
    host, port = stock.get_host_and_port()

    @set_initial_no_auth_action_count(0)
    def ask() -> Any:

        return boto3.client(
            "ssm",
            region_name=REGION,
            endpoint_url=f"http://{host}:{port}",
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys["AWS_SESSION_TOKEN"],
        ).get_parameter(Name="/stock")

    try:
        with refused("403", "AccessDenied", "ssm:GetParameter"):
            ask()
    finally:
        stock.stop()
    assert world.client("ssm", role).get_parameter(Name="/stock")["Parameter"]["Value"] == "1"
