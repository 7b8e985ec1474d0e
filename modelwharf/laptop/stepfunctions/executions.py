"""Executions: started once per name, ended once, with an event for each."""

import json
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import InvalidExecutionInput
from moto.stepfunctions.parser.api import (
    ExecutionAbortedEventDetails,
    ExecutionStatus,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.evaluation_details import ExecutionDetails
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from modelwharf.laptop import metrics
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import epoch_milliseconds, timestamp_to_the_millisecond
from modelwharf.laptop.overrides import replace, stock

# The metrics of Step Functions (its developer guide, "Monitoring metrics").
METRICS = {
    ExecutionStatus.RUNNING: "ExecutionsStarted",
    ExecutionStatus.SUCCEEDED: "ExecutionsSucceeded",
    ExecutionStatus.FAILED: "ExecutionsFailed",
    ExecutionStatus.TIMED_OUT: "ExecutionsTimedOut",
    ExecutionStatus.ABORTED: "ExecutionsAborted",
}
SOURCE, DETAIL_TYPE = "aws.states", "Step Functions Execution Status Change"
# Step Functions developer guide, "Automating Step Functions event delivery".
_REDRIVE = {
    "RUNNING": "Execution is RUNNING and cannot be redriven",
    "SUCCEEDED": "Execution is SUCCEEDED and cannot be redriven",
}
_START_LIMIT = 10.0  # seconds that an execution's thread may take to start


def install(cloud: Cloud) -> None:
    """Replace the start and the end of executions."""
    lock = threading.RLock()
    stock_start_execution = stock(StepFunctionsParserBackend, "start_execution")
    stock_start = stock(Execution, "start")
    stock_details = stock(Execution, "get_start_execution_details")

    def start_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Execution:
        name = name or str(uuid.uuid4())
        document = "{}" if execution_input is None else execution_input
        _require_json(document)
        self._validate_name(name)
        with lock:  # two simultaneous starts with one name are one execution
            execution: Execution = stock_start_execution(
                self, state_machine_arn, name, document, trace_header
            )
        return execution

    def start(self: Execution) -> None:
        announce(cloud, self, ExecutionStatus.RUNNING)  # before it can end
        stock_start(self)

    def status(self: Execution) -> str:
        return str((self.exec_status or ExecutionStatus.RUNNING).value)

    def start_details(self: Execution) -> ExecutionDetails:
        """Convert times in the context object to text, so that outputs are JSON."""
        details: ExecutionDetails = stock_details(self)
        return ExecutionDetails(
            details.arn,
            details.name,
            details.role_arn,
            details.inpt,
            timestamp_to_the_millisecond(self.start_date),
        )

    def terminated(self: BaseExecutionWorkerCommunication) -> None:
        execution = self.execution
        end = _end_of(execution)
        with lock:
            if execution.exec_status is not ExecutionStatus.RUNNING or end is None:
                return
            _conclude(execution, **end)
        announce(cloud, execution, execution.exec_status)

    def stop_execution(self: StepFunctionResponse) -> ActionResult:
        execution = found(self)
        error, cause = self._get_param("error"), self._get_param("cause")
        with lock:
            running = execution.exec_status is ExecutionStatus.RUNNING
            if running:
                _abort(execution, error, cause)
        if running:
            announce(cloud, execution, ExecutionStatus.ABORTED)
        return ActionResult({"stopDate": execution.stop_date})

    replace(StepFunctionsParserBackend, "start_execution", start_execution)
    replace(Execution, "start", start)
    replace(Execution, "status", property(status))
    replace(Execution, "get_start_execution_details", start_details)
    replace(BaseExecutionWorkerCommunication, "terminated", terminated)
    replace(StepFunctionResponse, "stop_execution", stop_execution)


def _require_json(document: str) -> None:
    """Raise InvalidExecutionInput unless it is JSON: the interpreter's own error has no code."""
    try:
        json.loads(document)
    except ValueError as error:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from error


def found(request: StepFunctionResponse) -> Execution:
    """The execution that the request names. Raises ExecutionDoesNotExist."""
    arn = request._get_param("executionArn")
    # moto's type is that of the backend that executes nothing.
    return cast(Execution, request.stepfunction_backend.describe_execution(arn))


def announce(cloud: Cloud, execution: Execution, status: ExecutionStatus) -> None:
    """Put an event with the execution's status on the event bus."""
    succeeded = status is ExecutionStatus.SUCCEEDED
    detail = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": status.value,
        "startDate": epoch_milliseconds(execution.start_date),
        "stopDate": epoch_milliseconds(execution.stop_date) if execution.stop_date else None,
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "output": to_json_str(execution.output) if succeeded else None,
        "outputDetails": {"included": True} if succeeded else None,
        "error": execution.error,
        "cause": execution.cause,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": _REDRIVE.get(status.value),
    }
    cloud.emit(SOURCE, DETAIL_TYPE, detail, [execution.exec_arn])
    if status in METRICS:
        machine = {"StateMachineArn": str(execution.state_machine_arn)}
        metrics.add(cloud, "AWS/States", machine, {(METRICS[status], "Count"): 1.0})


def _end_of(execution: Execution) -> Mapping[str, Any] | None:
    env = _environment(execution)
    if env is None:
        return None
    state = env.program_state()
    if isinstance(state, ProgramEnded):
        return {"status": ExecutionStatus.SUCCEEDED, "output": env.states.get_input()}
    if isinstance(state, ProgramTimedOut):
        return {"status": ExecutionStatus.TIMED_OUT}
    if isinstance(state, ProgramError):
        failure = state.error or {}
        return {
            "status": ExecutionStatus.FAILED,
            "error": failure.get("error"),
            "cause": failure.get("cause"),
        }
    return None  # stopped: StopExecution has announced it


def _conclude(
    execution: Execution,
    *,
    status: ExecutionStatus,
    output: Any = None,
    error: str | None = None,
    cause: str | None = None,
) -> None:
    """Set the status last: a reader of the status finds the other values set."""
    execution.stop_date = datetime.now(UTC)
    execution.output, execution.error, execution.cause = output, error, cause
    execution.exec_status = status


def _abort(execution: Execution, error: str | None, cause: str | None) -> None:
    env = _running_environment(execution)
    env.event_history_context.source_event_id = 0  # AWS's numbering
    details = ExecutionAbortedEventDetails(error=error, cause=cause)
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.ExecutionAborted,
        event_details=EventDetails(executionAbortedEventDetails=details),  # type: ignore[typeddict-item]
    )
    env.set_stop(stop_date=datetime.now(UTC), cause=cause, error=error)
    _conclude(execution, status=ExecutionStatus.ABORTED, error=error, cause=cause)


def _running_environment(execution: Execution) -> Environment:
    """The environment, once the execution's thread has started."""
    deadline = time.monotonic() + _START_LIMIT
    while time.monotonic() < deadline:
        environment = _environment(execution)
        if environment is not None and environment.is_running():
            return environment
        time.sleep(0.005)
    raise TimeoutError(f"{execution.exec_arn} did not begin")


def _environment(execution: Execution) -> Environment | None:
    return execution.exec_worker.env if execution.exec_worker else None
