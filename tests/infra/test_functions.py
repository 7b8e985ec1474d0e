"""The functions, and the environment they find."""

import ast
from pathlib import Path

from lambdas.base_image import PULL_TIMEOUT, TIMEOUT
from lambdas.build import START_SECONDS
from lambdas.environment import Environment, read_environment
from modelwharf.contracts.states import every_state
from tests.infra.template import Resource, Template

ROOT = Path(__file__).parent.parent.parent
PREFIX = "modelwharf-oil-price-"


def functions(template: Template) -> tuple[Resource, ...]:
    return template.of_type("AWS::Lambda::Function")


def module(function: Resource) -> str:
    name: str = function.properties["FunctionName"]
    return name.removeprefix(PREFIX).replace("-", "_")


def defines(path: Path, name: str) -> bool:
    return any(
        (isinstance(node, ast.FunctionDef) and node.name == name)
        or (isinstance(node, ast.Assign) and name in [ast.unparse(item) for item in node.targets])
        for node in ast.parse(path.read_text()).body
    )


def test_every_handler_names_a_function_that_exists(template: Template) -> None:
    for function in functions(template):
        *package, name, handler = function.properties["Handler"].split(".")
        assert defines(ROOT.joinpath(*package, f"{name}.py"), handler), function.properties[
            "Handler"
        ]


def test_every_handler_in_the_code_is_deployed(template: Template) -> None:
    written = {
        path.stem
        for path in (ROOT / "lambdas" / "handlers").glob("*.py")
        if defines(path, "handler")
    }

    assert {module(function) for function in functions(template)} == written


def test_function_and_handler_are_named_after_the_module(template: Template) -> None:
    for function in functions(template):
        assert function.properties["Handler"] == f"lambdas.handlers.{module(function)}.handler"


def test_all_functions_share_one_asset(template: Template) -> None:
    assert len({function.properties["Code"]["S3Key"] for function in functions(template)}) == 1


def test_the_asset_holds_what_is_deployed_alone(assembly: Path) -> None:
    (asset,) = assembly.glob("asset.*")

    assert {path.name for path in asset.iterdir()} == {"lambdas", "modelwharf"}
    inside = {path.name for path in (asset / "modelwharf").iterdir()}
    assert inside == {"__init__.py", "artifact", "contracts"}
    assert {path.suffix for path in asset.rglob("*") if path.is_file()} == {".py"}


def test_the_layer_is_the_pinned_one_that_aws_publishes(template: Template) -> None:
    layers = {layer for function in functions(template) for layer in function.properties["Layers"]}
    defaults = [parameter["Default"] for parameter in template.document["Parameters"].values()]

    assert len(layers) == 1
    assert "/aws/service/powertools/python/x86_64/python3.12/3.37.0" in defaults


def test_the_pinned_layer_is_the_version_of_powertools_that_the_tests_run() -> None:
    from importlib.metadata import version

    from infra.settings import Settings

    assert Settings().powertools_version == version("aws-lambda-powertools")


def test_the_environment_is_what_the_functions_read(template: Template) -> None:
    for function in functions(template):
        variables = function.properties["Environment"]["Variables"]
        ours = {name for name in variables if name.startswith("WHARF_")}

        # A base image is asked of its own registry; only the laptop names another one.
        assert ours | {"WHARF_BASE_REGISTRY"} == {
            f"WHARF_{field.upper()}" for field in Environment.model_fields
        }
        environment = read_environment(variables)
        assert environment.state_machine_arn == (
            "arn:aws:states:eu-west-1:123456789012:stateMachine:modelwharf-oil-price-release"
        )
        assert environment.training_repository == "modelwharf/oil-price/training"
        assert environment.eia_key_parameter == "/modelwharf/oil-price/eia-api-key"


def test_each_function_runs_as_a_role_of_its_own(template: Template) -> None:
    roles = [function.properties["Role"] for function in functions(template)]

    assert len(set(roles)) == len(roles) == len({state.module for state in every_state()}) + 3


def test_each_function_is_traced_and_logs_to_a_group_that_forgets(template: Template) -> None:
    retention = {
        group.properties["LogGroupName"]: group.properties["RetentionInDays"]
        for group in template.of_type("AWS::Logs::LogGroup")
    }

    for function in functions(template):
        assert function.properties["TracingConfig"] == {"Mode": "Active"}
        assert retention[f"/aws/lambda/{function.properties['FunctionName']}"] == 90


def test_nobody_takes_over_the_start_of_a_build_from_a_function_that_may_still_run(
    template: Template,
) -> None:
    function = template.one("AWS::Lambda::Function", "FunctionsBuildImage")

    assert function.properties["Timeout"] <= START_SECONDS


def test_resolving_has_the_time_that_a_registry_may_take(template: Template) -> None:
    function = template.one("AWS::Lambda::Function", "FunctionsResolve")

    assert function.properties["Timeout"] > max(3 * TIMEOUT, PULL_TIMEOUT)


def test_an_event_whose_function_failed_for_good_goes_to_the_dead_letter_queue(
    template: Template,
) -> None:
    told = {
        item.properties["FunctionName"]
        for item in template.of_type("AWS::Lambda::EventInvokeConfig")
        if item.properties.get("DestinationConfig")
        == {"OnFailure": {"Destination": "<DeadLettersQueue.Arn>"}}
    }

    assert told == {
        "<FunctionsStartRelease>",
        "<FunctionsResumeRelease>",
        "<FunctionsRefreshData>",
    }


def test_only_the_changes_topic_and_our_rules_may_call_a_function(template: Template) -> None:
    sources = {
        (item.properties["Principal"], item.properties["SourceArn"])
        for item in template.of_type("AWS::Lambda::Permission")
    }

    assert sources == {
        ("sns.amazonaws.com", "<TopicsChanges>"),
        *(
            ("events.amazonaws.com", f"<Events{rule}.Arn>")
            for rule in (
                "BuildEnded",
                "TrainingEnded",
                "ProcessingEnded",
                "EndpointChanged",
                "ModelPackageDecided",
                "ReleaseStopped",
                "Sweep",
                "DailyRefresh",
                "DataArrived",
            )
        ),
    }
