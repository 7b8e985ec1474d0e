"""Stop executions: a stopped state ends at once, and writes no more history.

In stock moto, a stopped execution runs on until its task token times out. A stopped parallel
branch writes into the history long after the execution's end. Both may turn ABORTED into FAILED.
"""

from contextlib import suppress
from typing import Any
from weakref import WeakSet

from moto.stepfunctions.parser.api import ExecutionFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.retry.jitter_strategy_decl import (
    JitterStrategyDecl,
)
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import (
    EventHistoryContext,
    EventManager,
)

from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.stepfunctions.tokens import Tokens


class Stopped(BaseException):
    """The state was stopped. No Retry and no Catch may see this."""


def install(tokens: Tokens) -> None:
    """Close a frame's history when the frame ends, and wake the threads that wait in it."""
    over: WeakSet[EventHistoryContext] = WeakSet()
    stock_set_stop = stock(Environment, "set_stop")
    stock_set_error = stock(Environment, "set_error")
    stock_close_frame = stock(Environment, "close_frame")
    stock_add_event = stock(EventManager, "add_event")
    stock_evaluate = stock(ExecutionState, "_evaluate_with_timeout")
    stock_run = stock(Program, "_eval_body")
    stock_jitter = stock(JitterStrategyDecl, "_eval_body")

    def set_stop(self: Environment, stop_date: Any, cause: str | None, error: str | None) -> None:
        over.add(self.event_history_context)
        stock_set_stop(self, stop_date, cause, error)
        tokens.wake(self)

    def set_error(self: Environment, error: ExecutionFailedEventDetails) -> None:
        if self.is_running():
            stock_set_error(self, error)

    def close_frame(self: Environment, frame: Environment) -> None:
        stock_close_frame(self, frame)
        over.add(frame.event_history_context)
        tokens.wake(frame)

    def add_event(
        self: EventManager, context: EventHistoryContext, *rest: Any, **named: Any
    ) -> int:
        if context in over:
            return context.last_published_event_id
        number: int = stock_add_event(self, context, *rest, **named)
        return number

    def evaluate(self: ExecutionState, env: Environment) -> None:
        try:
            stock_evaluate(self, env)
        except Exception:
            if env.is_running():
                raise
            raise Stopped from None

    def run(self: Program, env: Environment) -> None:
        with suppress(Stopped):
            stock_run(self, env)

    def wait_for_retry(self: JitterStrategyDecl, env: Environment) -> None:
        """Wait where a stop interrupts, instead of in the retrier's sleep."""
        stock_jitter(self, env)
        seconds = env.stack.pop()
        if env.is_running():
            env.program_state_event.wait(seconds)
        env.stack.append(0)

    replace(Environment, "set_stop", set_stop)
    replace(Environment, "set_error", set_error)
    replace(Environment, "close_frame", close_frame)
    replace(EventManager, "add_event", add_event)
    replace(ExecutionState, "_evaluate_with_timeout", evaluate)
    replace(Program, "_eval_body", run)
    replace(JitterStrategyDecl, "_eval_body", wait_for_retry)
