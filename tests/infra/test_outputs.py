"""The stack's outputs, and what the stack leaves to people."""

from packaging.version import Version

import modelwharf
from tests.infra.template import Template


def test_the_stack_owns_no_parameter_that_people_edit(template: Template) -> None:
    assert list(template.of_type("AWS::SSM::Parameter")) == []


def test_the_outputs_are_what_the_command_line_asks_for(template: Template) -> None:
    assert set(template.document["Outputs"]) == {
        "ArtifactBucket",
        "BuildProject",
        "ChangesTopicArn",
        "DataBucket",
        "DeadLetterQueueUrl",
        "EndpointName",
        "LedgerTable",
        "ModelPackageGroup",
        "ModelwharfVersion",
        "NotificationsTopicArn",
        "OldestReader",
        "RepositoryCloneUrl",
        "RepositoryName",
        "StateMachineArn",
    }


def test_the_stack_tells_its_version_and_the_oldest_that_reads_it(template: Template) -> None:
    outputs = template.document["Outputs"]

    assert outputs["ModelwharfVersion"]["Value"] == modelwharf.__version__
    oldest = Version(outputs["OldestReader"]["Value"])
    assert oldest <= Version(modelwharf.__version__)
