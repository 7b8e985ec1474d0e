"""The API's responses about executions: complete, and paginated."""

from typing import Any, cast

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.responses import StepFunctionResponse

from modelwharf.laptop.overrides import replace
from modelwharf.laptop.stepfunctions.executions import found

HISTORY_PAGE = 100  # events, unless maxResults is larger (GetExecutionHistory)
HISTORY_LIMIT = 1000


class MachineMissing(AWSError):
    """The ListExecutions request names neither a state machine nor a map run."""

    TYPE = "ValidationException"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__("Must provide a StateMachine ARN or MapRun ARN")


class InvalidPageToken(AWSError):
    """No earlier page returned this nextToken."""

    TYPE = "InvalidToken"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__("Invalid Token: 'Invalid token'")


def install() -> None:
    """Replace the responses of moto that are incomplete."""

    def describe_execution(self: StepFunctionResponse) -> ActionResult:
        return ActionResult(description(found(self)))

    def list_executions(self: StepFunctionResponse) -> ActionResult:
        if not self._get_param("stateMachineArn"):
            raise MachineMissing
        executions, following = self.stepfunction_backend.list_executions(
            self._get_param("stateMachineArn"),
            status_filter=self._get_param("statusFilter"),
            max_results=self._get_int_param("maxResults"),
            next_token=self._get_param("nextToken"),
        )
        items = [_item(cast(Execution, execution)) for execution in executions]
        return ActionResult({"executions": items, "nextToken": following})

    def get_execution_history(self: StepFunctionResponse) -> ActionResult:
        arn = self._get_param("executionArn")
        events = self.stepfunction_backend.get_execution_history(arn)["events"]
        if self._get_bool_param("reverseOrder"):
            events = events[::-1]
        start = _position(self._get_param("nextToken"), len(events))
        wanted = self._get_int_param("maxResults") or HISTORY_PAGE
        end = start + min(wanted, HISTORY_LIMIT)
        following = str(end) if end < len(events) else None
        return ActionResult({"events": events[start:end], "nextToken": following})

    replace(StepFunctionResponse, "describe_execution", describe_execution)
    replace(StepFunctionResponse, "list_executions", list_executions)
    replace(StepFunctionResponse, "get_execution_history", get_execution_history)


def description(execution: Execution) -> dict[str, Any]:
    """The response of DescribeExecution."""
    status = execution.status
    answer = {
        **_item(execution),
        "status": status,
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "error": execution.error,
        "cause": execution.cause,
    }
    if status == ExecutionStatus.SUCCEEDED.value:
        answer |= {"output": to_json_str(execution.output), "outputDetails": {"included": True}}
    return {name: value for name, value in answer.items() if value is not None}


def _item(execution: Execution) -> dict[str, Any]:
    status = execution.status
    item = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": status,
        "startDate": execution.start_date,
    }
    if status != ExecutionStatus.RUNNING.value:
        item["stopDate"] = execution.stop_date
    return item


def _position(token: str | None, events: int) -> int:
    if token is None:
        return 0
    if not token.isdecimal() or int(token) >= events:
        raise InvalidPageToken
    return int(token)
