"""What a function works with: environment, clients, ledger and clock, passed to all logic."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import boto3

from lambdas.clients import CONFIG, Clients
from lambdas.environment import Environment, read_environment
from lambdas.ledger import Ledger


def epoch_seconds() -> int:
    return int(time.time())


@dataclass(frozen=True)
class Runtime:
    """What a function needs to work on one project, in one account and region."""

    environment: Environment
    ledger: Ledger
    clients: Clients = field(default_factory=Clients)
    now: Callable[[], int] = epoch_seconds
    sleep: Callable[[float], None] = time.sleep
    seconds_left: Callable[[], float] = lambda: math.inf
    """Seconds until Lambda ends this call of the function."""


@cache
def this_runtime() -> Runtime:
    """Return the runtime of this process. Raises MissingVariable."""
    environment = read_environment(os.environ)
    table = boto3.resource("dynamodb", config=CONFIG).Table(environment.ledger_table)
    return Runtime(environment=environment, ledger=Ledger(table))
