"""The environment of a deployment, and the node under the CDK."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra import cdk
from tests.infra.template import load

ROOT = Path(__file__).parent.parent.parent


def test_without_variables_the_exemplar_is_deployed_to_wherever_the_cdk_points() -> None:
    settings = cdk.Settings.from_environment({})

    assert settings == cdk.Settings(project="oil-price", account=None, region=None)
    assert settings.removal_policy is cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


def test_without_a_variable_the_project_is_the_file_s(tmp_path: Path) -> None:
    (tmp_path / "modelwharf.toml").write_text('project = "tea"\n')

    assert cdk.Settings.from_environment({}, tmp_path).project == "tea"
    assert cdk.Settings.from_environment({"WHARF_PROJECT": "tin"}, tmp_path).project == "tin"


def test_the_cdks_account_and_region_are_taken() -> None:
    settings = cdk.Settings.from_environment(
        {"CDK_DEFAULT_ACCOUNT": "210987654321", "CDK_DEFAULT_REGION": "eu-central-1"}
    )

    assert (settings.account, settings.region) == ("210987654321", "eu-central-1")


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("WHARF_PROJECT", "Oil Price", "2 to 30 lower-case letters"),
        ("WHARF_REMOVAL_POLICY", "keep", "retain or destroy"),
    ],
)
def test_a_bad_variable_is_refused_by_name_with_what_is_allowed(
    variable: str, value: str, allowed: str
) -> None:
    with pytest.raises(ValueError, match=rf"{variable}.*{value}.*{allowed}"):
        cdk.Settings.from_environment({variable: value})


def test_a_bad_variable_ends_the_program_without_a_traceback() -> None:
    finished = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={"WHARF_PROJECT": "x", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 1
    assert finished.stderr.startswith("WHARF_PROJECT: project name 'x'")
    assert "Traceback" not in finished.stderr


def test_a_stack_to_be_destroyed_leaves_nothing_that_cloudformation_can_delete(
    tmp_path: Path,
) -> None:
    settings = cdk.Settings(project="trial", removal_policy=cdk.RemovalPolicy.DESTROY)
    cdk.application(settings, directory=str(tmp_path)).synth()
    template = load(tmp_path / "modelwharf-trial.template.json")

    policies = {resource.body.get("DeletionPolicy", "Delete") for resource in template.resources}
    assert policies == {"Delete"}
    assert template.one("AWS::DynamoDB::Table").properties["DeletionProtectionEnabled"] is False
    assert all(
        item.properties["EmptyOnDelete"] for item in template.of_type("AWS::ECR::Repository")
    )


def test_two_projects_share_no_physical_name(tmp_path: Path) -> None:
    def names(project: str) -> set[str]:
        directory = tmp_path / project
        cdk.application(cdk.Settings(project=project), directory=str(directory)).synth()
        template = load(directory / f"modelwharf-{project}.template.json")
        return {
            value
            for item in template.resources
            for key, value in item.properties.items()
            if key.endswith("Name")
            and key != "MetricName"
            and isinstance(value, str)
            and not value.startswith("<")
        }

    first, second = names("first"), names("second")
    assert len(first) == len(second) > 20
    assert not first & second


def test_the_bundled_node_is_found_without_one_on_path() -> None:
    environment: dict[str, str] = {}

    cdk.provide_node(environment)

    found = subprocess.run(
        [environment["JSII_NODE"], "--version"], capture_output=True, text=True, check=True
    )
    assert int(found.stdout.removeprefix("v").split(".")[0]) >= 22


def test_a_node_that_was_chosen_already_stays() -> None:
    environment = {"JSII_NODE": "/opt/node"}

    cdk.provide_node(environment)

    assert environment == {"JSII_NODE": "/opt/node"}
