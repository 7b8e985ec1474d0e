"""The names of errors, as a Retry or Catch written for AWS expects them."""

import json
import sys
from typing import Any

import botocore.session
import moto.stepfunctions.parser.asl.parse.asl_parser  # noqa: F401  loads every kind of state
from botocore.exceptions import BotoCoreError, ClientError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import (
    LambdaFunctionErrorException,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (  # noqa: E501
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimeoutError
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from modelwharf.laptop.overrides import replace, stock

# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_BEYOND_STATES_ALL = frozenset({"States.Runtime", "States.DataLimitExceeded"})


_STATES = "moto.stepfunctions.parser.asl.component.state."


class PassedOn(ErrorName):
    """The error that ended a Fail state, a branch, a function or a token, with any name.

    moto treats such a name as one from the definition, and ends the execution when it begins with
    ``States.``. A Parallel state whose branch had timed out never reached its Catch.
    """


class MissedHeartbeat(StatesErrorName):
    """Reported as States.Timeout. A Retry or Catch may also name it States.HeartbeatTimeout."""

    other_name = StatesErrorName(StatesErrorNameType.StatesHeartbeatTimeout)

    def __init__(self) -> None:
        super().__init__(StatesErrorNameType.StatesTimeout)


def install() -> None:
    """Name Lambda's errors as AWS does, and limit States.ALL to what it can catch."""
    stock_from_error = stock(StateTaskServiceLambda, "_from_error")
    stock_equals = stock(ErrorEqualsDecl, "_eval_body")

    def from_error(self: StateTaskServiceLambda, env: Environment, ex: Exception) -> FailureEvent:
        if isinstance(ex, LambdaFunctionErrorException):
            return _failure(self, env, _error_type(ex.payload), ex.payload)
        if isinstance(ex, ClientError):
            error = service_error(ex.response["Error"]["Code"])
            return _failure(self, env, error, _service_cause(ex))
        if isinstance(ex, HeartbeatTimeoutError):
            return _missed_heartbeat(self._get_timed_out_failure_event(env), env)
        if isinstance(ex, BotoCoreError):
            return _failure(self, env, "Lambda.SdkClientException", str(ex))
        event: FailureEvent = stock_from_error(self, env=env, ex=ex)
        return event

    def equals(self: ErrorEqualsDecl, env: Environment) -> None:
        error = env.stack[-1]
        stock_equals(self, env)
        if getattr(error, "error_name", None) in _BEYOND_STATES_ALL:
            env.stack[-1] = error in self.error_names
        if isinstance(error, MissedHeartbeat) and error.other_name in self.error_names:
            env.stack[-1] = True

    replace(StateTaskServiceLambda, "_from_error", from_error)
    replace(ErrorEqualsDecl, "_eval_body", equals)
    for name, module in list(sys.modules.items()):
        if name.startswith(_STATES) and hasattr(module, "CustomErrorName"):
            replace(module, "CustomErrorName", PassedOn)


def service_error(code: str) -> str:
    """The error's name: the exception's in the SDK for Java, which Step Functions uses.

    A code without a class in that SDK, such as AccessDeniedException, is AWSLambdaException.
    """
    model = botocore.session.get_session().get_service_model("lambda")
    modelled = {shape.name for shape in model.operation_model("Invoke").error_shapes}
    return f"Lambda.{code if code in modelled else 'AWSLambdaException'}"


def _missed_heartbeat(event: FailureEvent, env: Environment) -> FailureEvent:
    return FailureEvent(env, MissedHeartbeat(), event.event_type, event.event_details)


def _error_type(payload: str) -> str:
    document: Any = json.loads(payload)
    name = document.get("errorType") if isinstance(document, dict) else None
    return str(name or "Lambda.Unknown")


def _service_cause(error: ClientError) -> str:
    """The message in the form of the SDK for Java."""
    metadata = error.response["ResponseMetadata"]
    details = (
        "Service: AWSLambda",
        f"Status Code: {metadata['HTTPStatusCode']}",
        f"Error Code: {error.response['Error']['Code']}",
        f"Request ID: {metadata.get('RequestId', '')}",
        "Proxy: null",
    )
    return f"{error.response['Error'].get('Message', '')} ({'; '.join(details)})"


def _failure(
    state: StateTaskServiceLambda, env: Environment, error: str, cause: str
) -> FailureEvent:
    details = TaskFailedEventDetails(
        error=error,
        cause=cause,
        resource=state._get_sfn_resource(),
        resourceType=state._get_sfn_resource_type(),
    )
    return FailureEvent(
        env=env,
        error_name=PassedOn(error),
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(taskFailedEventDetails=details),  # type: ignore[typeddict-item]
    )
