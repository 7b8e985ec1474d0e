"""What a person reads when something is wrong: a line or two, and the next command."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ProfileNotFound

from modelwharf.cli.errors import CommandError
from modelwharf.cli.known_problems import command_error
from modelwharf.cli.services import services_of
from tests.unit.cli.conftest import Terminal
from tests.unit.cli.fakes import refusal

LAPTOP = "http://127.0.0.1:5000"


def test_without_a_cloud_it_says_how_to_get_one() -> None:
    assert command_error(NoCredentialsError(), None).message == (
        "no AWS_ENDPOINT_URL and no AWS credentials: start the laptop's cloud with `wharf up`, "
        'then `eval "$(wharf env)"`, or configure AWS credentials'
    )


def test_an_endpoint_that_nobody_serves_is_named() -> None:
    message = command_error(EndpointConnectionError(endpoint_url=LAPTOP), LAPTOP).message

    assert message.startswith(f"nothing answers at AWS_ENDPOINT_URL={LAPTOP}")
    assert "`wharf up`" in message and "wharf env --unset" in message


def test_a_denied_action_is_reported_in_the_services_words() -> None:
    words = "User: arn:aws:iam::1:user/ada is not authorized to perform: states:ListExecutions"
    message = command_error(refusal("AccessDeniedException", words, "ListExecutions"), None).message

    assert message.startswith(f"ListExecutions was refused: AccessDeniedException: {words}")


@pytest.mark.parametrize(
    ("code", "command"),
    [
        ("ExpiredTokenException", "aws sso login"),
        ("UnrecognizedClientException", "aws sts get-caller-identity"),
    ],
)
def test_bad_credentials_name_the_command_that_helps(code: str, command: str) -> None:
    assert command in command_error(refusal(code, "no", "DescribeStacks"), None).message


def test_an_unknown_profile_is_named() -> None:
    assert "(nobody)" in command_error(ProfileNotFound(profile="nobody"), None).message


@pytest.mark.parametrize(
    ("endpoint_url", "command"), [(LAPTOP, "wharf up --project"), (None, "cdk deploy")]
)
def test_a_missing_stack_names_the_command_that_makes_it(
    terminal: Terminal, endpoint_url: str | None, command: str
) -> None:
    terminal.cloud.endpoint_url = endpoint_url

    result = terminal.wharf("releases", "--project", "gas-price")

    assert result.exit_code == 1
    assert "there is no stack modelwharf-gas-price" in result.stderr
    assert command in result.stderr


def test_a_laptop_with_another_project_names_it_and_a_directory_for_one_more(
    terminal: Terminal,
) -> None:
    message = terminal.wharf("releases", "--project", "gas-price").stderr

    assert "holds the project oil-price" in message
    assert "wharf up --project gas-price --directory .wharf/gas-price" in message
    assert 'eval "$(wharf env --directory .wharf/gas-price)"' in message


def test_a_stack_of_another_version_names_the_missing_output(terminal: Terminal) -> None:
    del terminal.cloud.outputs["LedgerTable"]

    result = terminal.wharf("releases")

    assert result.exit_code == 1
    assert (
        "has no output LedgerTable: deploy it again with `wharf down && wharf up`" in result.stderr
    )


def test_a_stack_that_was_taken_down_says_so(terminal: Terminal) -> None:
    for output in ("StateMachineArn", "NotificationsTopicArn", "BuildProject"):
        del terminal.cloud.outputs[output]

    result = terminal.wharf("releases")

    assert result.exit_code == 1
    assert "oil-price was taken down by `wharf destroy`" in result.stderr
    assert "to go on: wharf down && wharf up" in result.stderr


def test_a_project_that_can_be_no_name_is_wrong_usage(terminal: Terminal) -> None:
    result = terminal.wharf("releases", "--project", "Oil Price")

    assert result.exit_code == 2
    assert "use 2 to 30 lower-case letters" in result.stderr
    assert "Invalid value for '--project':" in result.stderr


def test_a_project_of_the_environment_that_can_be_no_name_names_the_variable(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHARF_PROJECT", "Oil Price")

    assert "Invalid value for WHARF_PROJECT:" in terminal.wharf("releases").stderr


def test_a_refusal_inside_a_command_is_not_a_traceback(terminal: Terminal) -> None:
    def denied(**request: Any) -> None:
        raise refusal("AccessDenied", "not authorized to perform: dynamodb:Query", "Query")

    terminal.cloud.ledger.query = denied  # type: ignore[method-assign,assignment]

    result = terminal.wharf("releases")

    assert result.exit_code == 1
    assert "dynamodb:Query" in result.stderr
    assert "Traceback" not in result.output


def test_the_environment_names_the_cloud() -> None:
    services = services_of({"AWS_ENDPOINT_URL": LAPTOP, "AWS_REGION": "us-east-2"})

    assert (services.endpoint_url, services.region, services.on_laptop) == (
        LAPTOP,
        "us-east-2",
        True,
    )


AWS_KEYS = ("AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "test")
LAPTOP_KEY = "WHARFR0000000000000A"


def keys(access_key_id: str, **more: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "eu-west-1",
        **more,
    }


@pytest.mark.parametrize("key", AWS_KEYS)
def test_a_key_of_aws_is_not_sent_to_the_laptop_s_cloud(key: str) -> None:
    services = services_of(keys(key, AWS_ENDPOINT_URL=LAPTOP))
    with pytest.raises(CommandError, match=key) as refused:
        services.client("sts")
    for words in (LAPTOP, 'eval "$(wharf env)"', 'eval "$(wharf env --unset)"'):
        assert words in refused.value.message


def test_the_laptop_s_key_is_not_sent_to_aws() -> None:
    with pytest.raises(CommandError, match="would go to AWS") as refused:
        services_of(keys(LAPTOP_KEY)).client("sts")
    for words in ('eval "$(wharf env)"', 'eval "$(wharf env --unset)"'):
        assert words in refused.value.message


def test_a_profile_of_aws_is_not_used_on_the_laptop_s_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    key = AWS_KEYS[0]
    file.write_text(f"[work]\naws_access_key_id = {key}\naws_secret_access_key = s\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "work")
    with pytest.raises(CommandError, match=key):
        services_of({"AWS_ENDPOINT_URL": LAPTOP, "AWS_REGION": "eu-west-1"}).client("sts")


def test_each_cloud_takes_its_own_key() -> None:
    services_of(keys(AWS_KEYS[0])).client("sts")
    services_of(keys(LAPTOP_KEY, AWS_ENDPOINT_URL=LAPTOP)).client("sts")


def test_no_region_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    found = keys(AWS_KEYS[0])
    del found["AWS_REGION"]
    services = services_of(found)
    for ask in (lambda: services.client("sts"), lambda: services.region):
        with pytest.raises(CommandError, match=r"AWS_REGION.*aws configure"):
            ask()


def test_an_empty_endpoint_url_means_aws() -> None:
    assert not services_of({"AWS_ENDPOINT_URL": "", "AWS_REGION": "eu-west-1"}).on_laptop


def test_a_program_reads_what_went_wrong_as_json(terminal: Terminal) -> None:
    answer = terminal.json("show", "--project", "gas-price", exit_code=1)

    assert list(answer) == ["error"]
    assert answer["error"].startswith("there is no stack modelwharf-gas-price")


def test_a_refusal_by_aws_is_json_for_a_program_too(terminal: Terminal) -> None:
    def denied(**request: Any) -> None:
        raise refusal("AccessDenied", "no", "Query")

    terminal.cloud.ledger.query = denied  # type: ignore[method-assign,assignment]

    assert "AccessDenied" in terminal.json("releases", exit_code=1)["error"]
