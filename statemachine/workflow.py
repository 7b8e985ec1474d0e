"""The release: from a pushed commit to a serving model, or back to the previous model.

The steps are those of the table of states (``modelwharf/contracts/states.py``). The release
document goes in and comes out, one section longer after every state. Nothing polls.
"""

from collections.abc import Callable, Mapping
from typing import Any

from modelwharf.contracts import states
from statemachine.sdk import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    LambdaStep,
    Parallel,
    Retry,
    State,
    Succeed,
)

SERVICE_FAULTS = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "Throttled",
    "ServiceFault",
]

FunctionArn = Callable[[str], str]


def placeholder(function: str) -> str:
    """The function's name in the template's definition substitutions."""
    return f"${{{function}FunctionArn}}"


def release(arn: FunctionArn = placeholder) -> Chain:
    """Return the workflow; ``arn`` gives the ARN of a function by its Pascal-case module name."""
    failed = Fail(
        "Failed",
        comment="The execution fails with the first error and its cause.",
        error_path="$.failure.Error",
        cause_path="$.failure.Cause",
    )
    end = unless_overtaken(failed)
    notify_failure = step(states.NOTIFY_FAILURE, arn, catch=on_any_error(end, result_path=None))
    roll_back = step(
        states.ROLL_BACK, arn, catch=on_any_error(notify_failure, result_path="$.rollback_failure")
    )
    Chain([roll_back, notify_failure, end])
    undo = on_any_error(roll_back, result_path="$.failure")

    released = Succeed("Released", comment="The new model serves.")
    notify_success = step(
        states.NOTIFY_SUCCESS, arn, catch=on_any_error(released, result_path=None)
    )
    return Chain(release_steps(arn, undo, last=[notify_success, released]))


def release_steps(arn: FunctionArn, undo: Catch, *, last: list[State]) -> list[State]:
    """The steps of the release, then ``last``; a step with a condition may be skipped."""
    steps = last
    for entry in reversed(states.RELEASE):
        if isinstance(entry, states.Fork):
            steps = [fork(entry, arn, undo), *steps]
            continue
        made = step(entry, arn, catch=undo)
        steps = [only_if(entry.only_if, made, then=steps[0]) if entry.only_if else made, *steps]
    return steps


def fork(entry: states.Fork, arn: FunctionArn, undo: Catch) -> Parallel:
    """Parallel branches. One catcher around all of them handles their errors."""
    parallel = Parallel(
        entry.name,
        comment=entry.comment,
        result_selector={f"{key}.$": f"$[{n}]" for n, key in enumerate(entry.branches)},
        result_path=f"$.{entry.section}",
        catch=undo,
    )
    for branch in entry.branches.values():
        parallel.add_branch(step(branch, arn))
    return parallel


def step(state: states.State, arn: FunctionArn, **fields: Any) -> LambdaStep:
    """The state as a step that calls its function."""
    retry = retry_service_faults()
    if state.tries_again_on:
        retry.insert(0, TRIES_AGAIN[state.tries_again_on]())
    make = waiting if state.waits else answering
    return LambdaStep(
        state.name, comment=state.comment, retry=retry, **make(state, arn(state.function)), **fields
    )


def answering(state: states.State, function: str) -> dict[str, Any]:
    """A step whose function returns the whole document."""
    return {
        "parameters": {"FunctionName": function, "Payload.$": "$"},
        "timeout_seconds": states.LONGEST_CALL,
        "output_path": "$.Payload",
    }


def waiting(state: states.State, function: str) -> dict[str, Any]:
    """A step that waits until its section of the document is sent with the task token."""
    payload = {"release.$": "$", "task_token.$": "$$.Task.Token"}
    if state.kind:
        payload["kind"] = state.kind
    limit: dict[str, Any] = {"timeout_seconds": state.timeout}
    if isinstance(state.timeout, str):
        limit = {"timeout_seconds_path": f"$.plan.timeouts.{state.timeout}"}
    result = {"result_path": f"$.{state.section}"} if state.section else {}
    return {
        "wait_for_callback": True,
        "parameters": {"FunctionName": function, "Payload": payload},
        **limit,
        **result,
    }


def only_if(condition: states.Condition, made: State, *, then: State) -> Choice:
    """Take the step where the condition holds, then go on; otherwise just go on."""
    made.next(then)
    choice = Choice(condition.name, comment=condition.comment)
    rule = ChoiceRule.StringEquals(variable=condition.path, value=condition.value)
    choice.add_choice(rule, made)
    return choice


def unless_overtaken(failed: State) -> Choice:
    """A superseded release is not a failure and raises no alarm."""
    overtaken = Choice("Overtaken", comment="Whether a later release serves already.")
    superseded = Succeed("Superseded", comment="A later release serves; this one is not needed.")
    # Once a function has answered with the document, what it lacks is null.
    undone = ChoiceRule.Or(
        [
            ChoiceRule.IsPresent(variable="$.rollback_failure", value=False),
            ChoiceRule.IsNull(variable="$.rollback_failure", value=True),
        ]
    )
    later = ChoiceRule.StringEquals(variable="$.failure.Error", value="Superseded")
    overtaken.add_choice(ChoiceRule.And([later, undone]), superseded)
    overtaken.default_choice(failed)
    return overtaken


def on_any_error(next_step: State, *, result_path: str | None) -> Catch:
    """Go to ``next_step`` with the error at ``result_path``; None leaves the document as it is."""
    return Catch(error_equals=["States.ALL"], result_path=result_path, next_step=next_step)


def retry_service_faults() -> list[Retry]:
    """Retry AWS's faults after 2, 4, 8, 16 and 32 s, and wait while the account is full.

    AccountBusy is retried 16 times in 73 minutes, first after 20 s, last after 17 minutes. A
    branch that waits has not failed, so the other branch continues.
    """
    return [
        Retry(error_equals=SERVICE_FAULTS, interval_seconds=2, max_attempts=5, backoff_rate=2.0),
        Retry(error_equals=["AccountBusy"], interval_seconds=20, max_attempts=16, backoff_rate=1.3),
    ]


def go_on_copying() -> Retry:
    """Continue a copy that one call could not finish: 100 calls of 15 minutes are a day."""
    return Retry(
        error_equals=["CopyUnfinished"], interval_seconds=1, max_attempts=100, backoff_rate=1.0
    )


def queue_for_endpoint() -> Retry:
    """Ask every 30 s, for 20 minutes, whether the release before this one has left the endpoint."""
    return Retry(
        error_equals=["EndpointBusy"], interval_seconds=30, max_attempts=40, backoff_rate=1.0
    )


TRIES_AGAIN: Mapping[str, Callable[[], Retry]] = {
    "CopyUnfinished": go_on_copying,
    "EndpointBusy": queue_for_endpoint,
}
