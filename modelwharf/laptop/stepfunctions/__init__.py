"""Step Functions: moto's interpreter runs the machines; this package adds what it lacks.

``definitions``  what CreateStateMachine refuses, and substitutions
``parsing``      definitions, parsed once
``clients``      the AWS clients of tasks, with the machine's role
``errors``       names of errors, and which of them States.ALL catches
``tokens``       task tokens: one per attempt, each valid for one answer
``stopping``     StopExecution and the end of parallel branches
``executions``   start and end of an execution, and the events of both
``answers``      the responses of Describe, List and GetExecutionHistory
"""

from moto.core.config import default_user_config

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.stepfunctions import (
    answers,
    clients,
    definitions,
    errors,
    executions,
    parsing,
    stopping,
    tokens,
)
from modelwharf.laptop.stepfunctions.definitions import UnfilledPlaceholder, substitute

__all__ = ["UnfilledPlaceholder", "install", "substitute"]


def install(cloud: Cloud) -> None:
    """Let state machines execute, with this cloud's own clients."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    parsing.install()
    definitions.install()
    clients.install(cloud)
    errors.install()
    stopping.install(tokens.install())
    executions.install(cloud)
    answers.install()
