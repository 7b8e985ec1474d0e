"""Task tokens: a new one for each attempt, valid for one answer while its task waits.

Stock moto keeps one token through all retries of a state, so that an answer to the first attempt
ends the second. It silently accepts a second answer, and drops the cause of a failure. With
heartbeats, it sleeps through an answer that arrives before it waits.
"""

import json
import threading
from dataclasses import dataclass

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (  # noqa: E501
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    HeartbeatEndpoint,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.responses import StepFunctionResponse

from modelwharf.laptop.overrides import replace, stock


class InvalidToken(AWSError):
    """No task has had this token."""

    TYPE = "InvalidToken"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__("Invalid Token: 'Invalid token'")


class InvalidOutput(AWSError):
    """The output is not JSON."""

    TYPE = "InvalidOutput"
    STATUS = 400


class TaskTimedOut(AWSError):
    """The task was answered, has timed out, or was stopped."""

    TYPE = "TaskTimedOut"
    STATUS = 400

    def __init__(self) -> None:
        super().__init__("Task Timed Out: 'Provided task does not exist anymore'")


@dataclass(frozen=True)
class _Attempt:
    endpoint: CallbackEndpoint
    frame: Environment

    def waits(self) -> bool:
        # The endpoint's event is set by the first answer, and at the end of the attempt.
        return self.frame.is_running() and not self.endpoint._notify_event.is_set()


class Tokens:
    """Every token that was issued, with its attempt."""

    def __init__(self) -> None:
        self._attempts: dict[str, _Attempt] = {}
        self._lock = threading.Lock()

    def add(self, token: str, endpoint: CallbackEndpoint, frame: Environment) -> None:
        with self._lock:
            self._attempts[token] = _Attempt(endpoint, frame)

    def require_waiting(self, token: str) -> None:
        """Raise InvalidToken, or TaskTimedOut when the attempt waits no more."""
        with self._lock:
            self._waiting(token)

    def answer(self, outcome: CallbackOutcome) -> None:
        """End the attempt. Raises InvalidToken, or TaskTimedOut when the attempt waits no more."""
        with self._lock:
            self._waiting(outcome.callback_id).notify(outcome)

    def beat(self, token: str) -> None:
        """Record a heartbeat of the attempt. Raises as ``answer`` does."""
        with self._lock:
            self._waiting(token).notify_heartbeat()

    def wake(self, frame: Environment) -> None:
        """Wake the threads that wait in an ended frame."""
        with self._lock:
            attempts = [attempt for attempt in self._attempts.values() if attempt.frame is frame]
        for attempt in attempts:
            attempt.endpoint.interrupt_all()

    def _waiting(self, token: str) -> CallbackEndpoint:
        attempt = self._attempts.get(token)
        if attempt is None:
            raise InvalidToken
        if not attempt.waits():
            raise TaskTimedOut
        return attempt.endpoint


def install() -> Tokens:
    """Replace moto's tokens, and return ours."""
    tokens = Tokens()

    def eval_execution(self: StateTaskServiceCallback, env: Environment) -> None:
        if self.resource.condition is not ResourceCondition.WaitForTaskToken:
            StateTaskService._eval_execution(self, env)
            return
        token = env.states.context_object.update_task_token()
        endpoint = env.callback_pool_manager.add(token)
        tokens.add(token, endpoint, env)
        try:
            StateTaskService._eval_execution(self, env)
        finally:
            endpoint.interrupt_all()

    def send_task_success(self: StepFunctionResponse) -> ActionResult:
        token, output = self._get_param("taskToken"), self._get_param("output")
        tokens.require_waiting(token)
        try:
            json.loads(output)
        except ValueError as error:
            raise InvalidOutput(f"Invalid Output: '{error}'") from None
        tokens.answer(CallbackOutcomeSuccess(token, output))
        return EmptyResult()

    def send_task_failure(self: StepFunctionResponse) -> ActionResult:
        tokens.answer(
            CallbackOutcomeFailure(
                self._get_param("taskToken"),
                error=self._get_param("error", ""),
                cause=self._get_param("cause", ""),
            )
        )
        return EmptyResult()

    def send_task_heartbeat(self: StepFunctionResponse) -> ActionResult:
        tokens.beat(self._get_param("taskToken"))
        return EmptyResult()

    stock_heartbeats = stock(CallbackEndpoint, "setup_heartbeat_endpoint")

    def heartbeats(self: CallbackEndpoint, heartbeat_seconds: int) -> HeartbeatEndpoint:
        made: HeartbeatEndpoint = stock_heartbeats(self, heartbeat_seconds)
        # An answer that arrived while the function ran had no heartbeats to wake.
        if self._notify_event.is_set():
            made.notify()  # type: ignore[no-untyped-call]
        return made

    replace(CallbackEndpoint, "setup_heartbeat_endpoint", heartbeats)
    replace(StateTaskServiceCallback, "_eval_execution", eval_execution)
    replace(StepFunctionResponse, "send_task_success", send_task_success)
    replace(StepFunctionResponse, "send_task_failure", send_task_failure)
    replace(StepFunctionResponse, "send_task_heartbeat", send_task_heartbeat)
    return tokens
