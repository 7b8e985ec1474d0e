"""Where a function works: its environment, clients, ledger and clock, passed to all logic."""

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
class Site:
    """One project in one account and region."""

    environment: Environment
    ledger: Ledger
    clients: Clients = field(default_factory=Clients)
    now: Callable[[], int] = epoch_seconds
    sleep: Callable[[float], None] = time.sleep
    seconds_left: Callable[[], float] = lambda: math.inf
    """Until Lambda ends this call of the function."""


@cache
def this_site() -> Site:
    """The site of this process. Raises MissingVariable."""
    environment = read_environment(os.environ)
    table = boto3.resource("dynamodb", config=CONFIG).Table(environment.ledger_table)
    return Site(environment=environment, ledger=Ledger(table))
