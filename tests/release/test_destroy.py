"""A project is taken down and comes back, with what its people made."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.laptop.assembly import read_assembly
from tests.release.laptop import PROJECT, Laptop
from tests.release.people import Person, person
from tests.release.team import Team

STACK = f"modelwharf-{PROJECT}"


def deploy(laptop: Laptop, assembly: Path, kind: str) -> None:
    """What `cdk deploy` does once the assets are in the bootstrap bucket: a change set."""
    read = read_assembly(assembly, STACK)
    (asset,) = [one for one in read.assets if one.source == read.template_file]
    region, account = laptop.state.region, laptop.state.account
    bucket = asset.bucket.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)
    client = laptop.client("cloudformation")
    names = {"StackName": STACK, "ChangeSetName": f"cdk-deploy-{kind.lower()}"}
    client.create_change_set(
        **names,
        ChangeSetType=kind,
        TemplateURL=f"https://s3.{region}.amazonaws.com/{bucket}/{asset.key}",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    assert client.describe_change_set(**names)["Status"] == "CREATE_COMPLETE"
    client.execute_change_set(**names)
    (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
    events = client.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [one for one in events if one["ResourceStatus"].endswith("FAILED")]
    assert stack["StackStatus"] == f"{kind}_COMPLETE", failed


def destroyed(deployer: Person, *options: str) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(deployer.does("destroy", "--json", *options))
    return plan


def test_a_project_goes_and_comes_back_with_what_its_people_made(
    team: Team, assembly: Path
) -> None:
    laptop, before = team.laptop, team.laptop.outputs()
    sagemaker, s3 = laptop.client("sagemaker"), laptop.client("s3")
    deployer = person(laptop, "deployer")

    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        laptop.client("cloudformation").delete_stack(StackName=STACK)

    plan = destroyed(deployer, "--dry-run")
    assert (plan["endpoint"], plan["instances"]) == (PROJECT, ["1 × ml.t2.medium"])
    assert {"AWS::S3::Bucket", "AWS::ECR::Repository"} <= {one["type"] for one in plan["kept"]}
    assert sagemaker.describe_endpoint(EndpointName=PROJECT)["EndpointStatus"] == "InService"

    destroyed(deployer, "--yes")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_models()["Models"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert laptop.client("lambda").list_functions()["Functions"] == []
    assert laptop.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert laptop.client("iam").list_roles()["Roles"] == []
    assert s3.head_object(Bucket=before["DataBucket"], Key="series/numbers.csv")
    assert destroyed(deployer, "--yes")["endpoint"] is None  # a second time is not an error

    deploy(laptop, assembly, "UPDATE")
    new = {"DeadLetterQueueUrl"}  # it keeps nothing, and CloudFormation names it
    after = laptop.outputs()
    assert {n: v for n, v in after.items() if n not in new} == {
        n: v for n, v in before.items() if n not in new
    }
    again = team.release("after coming back")
    assert again.status == "SUCCEEDED", (again.error, again.cause)
    assert again.document is not None and again.document.images is not None
    assert not again.document.images.training.built  # the image had stayed
    assert team.ask({"add": 2})

    destroyed(deployer, "--everything", "--yes")
    with pytest.raises(ClientError, match="does not exist"):
        laptop.outputs()
    buckets = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert not buckets & {before["DataBucket"], before["ArtifactBucket"]}
    assert laptop.client("ecr").describe_repositories()["repositories"] == []
    assert laptop.client("ssm").get_parameter(Name=f"/modelwharf/{PROJECT}/quality")

    deploy(laptop, assembly, "CREATE")
    assert laptop.outputs()["EndpointName"] == PROJECT
