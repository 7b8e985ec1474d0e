import pytest

from lambdas.environment import Environment, MissingVariable, read_environment
from tests.unit.lambdas.conftest import ENVIRONMENT

COMPLETE = {f"WHARF_{name.upper()}": str(value) for name, value in ENVIRONMENT.model_dump().items()}


def test_the_environment_is_read_from_its_variables() -> None:
    assert read_environment({**COMPLETE, "PATH": "/bin"}) == ENVIRONMENT


def test_every_missing_variable_is_named() -> None:
    incomplete = {
        name: value
        for name, value in COMPLETE.items()
        if name not in ("WHARF_ENDPOINT", "WHARF_LEDGER_TABLE")
    }
    with pytest.raises(MissingVariable, match="WHARF_LEDGER_TABLE, WHARF_ENDPOINT"):
        read_environment(incomplete)


def test_the_sweep_and_the_eia_have_defaults() -> None:
    optional = ("WHARF_SWEEP_AFTER_SECONDS", "WHARF_EIA_URL")
    found = read_environment({k: v for k, v in COMPLETE.items() if k not in optional})
    assert (found.sweep_after_seconds, found.eia_url) == (60, "https://api.eia.gov/v2")


def test_names_are_composed_from_the_state_machine_s_arn() -> None:
    assert ENVIRONMENT.registry == "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    assert ENVIRONMENT.execution_arn("r-1") == (
        "arn:aws:states:eu-west-1:123456789012:execution:modelwharf-oil-price:r-1"
    )


def test_china_has_a_registry_of_another_name() -> None:
    arn = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:m"
    environment: Environment = ENVIRONMENT.model_copy(update={"state_machine_arn": arn})
    assert environment.registry == "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"
