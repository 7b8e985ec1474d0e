"""A deployed function's own place: its environment, and clients with its role's credentials."""

from typing import Any

import boto3

from lambdas.clients import Clients
from lambdas.environment import read_environment
from lambdas.ledger import Ledger
from lambdas.runtime import Runtime
from tests.release.laptop import PROJECT, Laptop


def function_name(module: str) -> str:
    return f"modelwharf-{PROJECT}-{module.replace('_', '-')}"


def session_of(laptop: Laptop, role_arn: str) -> boto3.Session:
    """As whom a service acts that assumed the role."""
    keys = laptop.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=laptop.state.region,
    )


def runtime_of(laptop: Laptop, module: str) -> Runtime:
    """What a handler's module works with: its clients may do what its role may, and no more."""
    function = laptop.client("lambda").get_function_configuration(
        FunctionName=function_name(module)
    )
    session = session_of(laptop, function["Role"])
    environment = read_environment(function["Environment"]["Variables"])
    table = session.resource("dynamodb", endpoint_url=laptop.state.url).Table(
        environment.ledger_table
    )

    def client(service: Any) -> Any:
        return session.client(service, endpoint_url=laptop.state.url)

    return Runtime(environment=environment, ledger=Ledger(table), clients=Clients(client))
