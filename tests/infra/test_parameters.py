"""Configuration in Parameter Store, and the stack's outputs."""

from contracts.parameters import SECTIONS, Parameters, parse_section
from tests.infra.template import Template

STANDARD_TIER_LIMIT = 4096  # characters


def test_each_section_is_a_parameter_whose_text_the_functions_can_parse(
    template: Template,
) -> None:
    values = {
        item.properties["Name"]: item.properties["Value"]
        for item in template.of_type("AWS::SSM::Parameter")
    }
    defaults = Parameters()

    assert set(values) == {f"/modelwharf/oil-price/{section}" for section in SECTIONS}
    for section in SECTIONS:
        path = f"/modelwharf/oil-price/{section}"
        assert parse_section(path, section, values[path]) == getattr(defaults, section)


def test_defaults_fit_the_standard_tier(template: Template) -> None:
    for item in template.of_type("AWS::SSM::Parameter"):
        assert item.properties["Tier"] == "Standard"
        assert len(item.properties["Value"]) < STANDARD_TIER_LIMIT


def test_the_outputs_are_what_the_command_line_asks_for(template: Template) -> None:
    assert set(template.document["Outputs"]) == {
        "ArtifactBucket",
        "BuildProject",
        "ChangesTopicArn",
        "DataBucket",
        "EndpointName",
        "LedgerTable",
        "ModelPackageGroup",
        "NotificationsTopicArn",
        "RepositoryCloneUrl",
        "RepositoryName",
        "StateMachineArn",
    }
