"""The stack's outputs, and what the stack leaves to people."""

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
        "NotificationsTopicArn",
        "RepositoryCloneUrl",
        "RepositoryName",
        "StateMachineArn",
    }
