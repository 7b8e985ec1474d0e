"""What the template names, `wharf preflight` can look for."""

from pathlib import Path

from modelwharf.cli.preflight.account import Template
from modelwharf.cli.preflight.checks.leftovers import NAMED, REPLACED
from modelwharf.contracts.quotas import BUILDS


def test_preflight_knows_every_resource_that_the_template_names(assembly: Path) -> None:
    """A property that ends in the type's own name, as TopicName of a topic, names the resource."""
    template = Template.of(assembly, "oil-price")

    unknown = {
        resource["Type"]
        for resource in template.resources.values()
        for key, value in resource.get("Properties", {}).items()
        if key in ("Name", f"{resource['Type'].rpartition('::')[2]}Name") and isinstance(value, str)
    }

    assert unknown - REPLACED <= NAMED.keys()
    assert {key for key, _, _ in NAMED.values()} >= {"RepositoryName", "LogGroupName"}


def test_the_quota_of_builds_is_the_one_of_the_template_s_build_machine(assembly: Path) -> None:
    template = Template.of(assembly, "oil-price")

    ((_, project),) = template.of_type("AWS::CodeBuild::Project")

    size = project["Environment"]["ComputeType"].removeprefix("BUILD_GENERAL1_").title()
    assert f"Concurrently running builds for Linux/{size} environment" == BUILDS
