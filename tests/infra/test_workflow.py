"""The state machine in the template is the committed one."""

import re
from pathlib import Path

from tests.infra.template import Template

ASL = Path(__file__).parent.parent.parent / "statemachine" / "release.asl.json"
MACHINE = "AWS::StepFunctions::StateMachine"


def test_the_definition_is_the_committed_file_byte_for_byte(template: Template) -> None:
    definition = template.one(MACHINE).body["Properties"]["DefinitionString"]

    assert definition.encode() == ASL.read_bytes()


def test_every_substitution_is_filled_and_none_is_left_over(template: Template) -> None:
    filled = template.one(MACHINE).properties["DefinitionSubstitutions"]

    assert set(filled) == set(re.findall(r"\$\{(\w+)\}", ASL.read_text()))


def test_each_substitution_is_the_function_of_its_name(template: Template) -> None:
    for name, arn in template.one(MACHINE).properties["DefinitionSubstitutions"].items():
        assert arn == f"<Functions{name.removesuffix('FunctionArn')}.Arn>"


def test_the_machine_may_call_exactly_the_functions_in_it(template: Template) -> None:
    substitutions = template.one(MACHINE).properties["DefinitionSubstitutions"]
    allowed = template.grants("WorkflowRole").allowed

    called = {resource for action, resource in allowed if action == "lambda:InvokeFunction"}
    assert called == set(substitutions.values())


def test_failures_are_logged_with_their_data_and_executions_are_traced(template: Template) -> None:
    machine = template.one(MACHINE).properties

    assert machine["LoggingConfiguration"]["Level"] == "ERROR"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is True
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_the_name_is_the_one_the_functions_compose_the_arn_from(template: Template) -> None:
    assert template.one(MACHINE).properties["StateMachineName"] == "modelwharf-oil-price-release"
