"""Step Functions: moto's interpreter runs the machines; what it lacks stands here.

``definitions``  what CreateStateMachine refuses, and substitutions
``clients``      whose permissions a task has
``errors``       names of errors, and which of them States.ALL catches
``tokens``       task tokens: one an attempt, each good for one answer
``stopping``     StopExecution and the end of parallel branches
``executions``   beginning and end of an execution, and the events of both
``answers``      what Describe, List and GetExecutionHistory say
"""

from moto.core.config import default_user_config

from localcloud.cloud import Cloud
from localcloud.stepfunctions import (
    answers,
    clients,
    definitions,
    errors,
    executions,
    stopping,
    tokens,
)
from localcloud.stepfunctions.definitions import UnfilledPlaceholder, substitute

__all__ = ["UnfilledPlaceholder", "install", "substitute"]


def install(cloud: Cloud) -> None:
    """Let state machines execute, as this cloud's own clients."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    definitions.install()
    clients.install(cloud)
    errors.install()
    stopping.install(tokens.install())
    executions.install(cloud)
    answers.install()
