"""Where MiniStack 1.5.33 is not as AWS is: each with its source, and what the comparison does then.

Anything that is not in this list and differs fails the test. Sources: ASL, the Amazon States
Language (https://states-language.net/spec.html); guide, the Step Functions developer guide.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    ministack: str
    aws: str
    source: str
    handled: str


FUNCTION_ERROR_OF_A_WAITING_TASK = Difference(
    ministack="ignores that the function of a task with .waitForTaskToken raised, and waits on",
    aws="the task fails with the function's error, as one that waits for no token does",
    source='guide, "Discover service integration patterns": the task waits once the request was '
    "accepted; ASL, Task: a failed resource fails the state",
    handled="there, the same error is sent to the token besides",
)
NAMELESS_ERRORS = Difference(
    ministack="names every exception of a Python function Runtime.HandlerError",
    aws="errorType is the exception's class, and the task's error",
    source='Lambda guide, "Lambda function handler in Python", exceptions; guide, "Handling errors '
    'in Step Functions workflows"',
    handled="where a function shall raise, it is a custom runtime there, which names its errors",
)
CALLS_OF_A_RUNTIME_ARE_LOST = Difference(
    ministack="at times loses the answer of a custom runtime when several run at once; the call "
    "ends with an error of MiniStack's own",
    aws="each call has its own execution environment",
    source='Lambda guide, "Building a custom runtime"',
    handled="such a run is thrown away and made again",
)
TIMEOUT_PATH = Difference(
    ministack="knows TimeoutSeconds of a waiting task, not TimeoutSecondsPath",
    aws="both bound the attempt",
    source='ASL, "Timeouts" of the Task state',
    handled="there, the path is replaced by the number that stands at it",
)
TIMEOUT_CAUSE = Difference(
    ministack='gives States.Timeout the cause "Task timed out waiting for callback"',
    aws="the cause of a timed-out attempt is empty",
    source="aws-stepfunctions histories: TaskTimedOut events carry error alone; here test_tasks.py",
    handled="the words of a timeout are not compared",
)
BRANCHES_HAVE_NO_EVENTS = Difference(
    ministack="writes no event of the states inside a Parallel state",
    aws="each has its StateEntered and StateExited",
    source="guide, GetExecutionHistory",
    handled="inside branches, the functions' calls are compared: how many, with which events",
)
A_FAILED_BRANCH_WAITS_FOR_THE_OTHERS = Difference(
    ministack="lets the other branches end before the Parallel state fails",
    aws="they are stopped at once",
    source='ASL, "Parallel State": on an unhandled error the whole state is considered to have '
    "failed and all the branches are stopped",
    handled="calls of the other branches are not compared when one fails",
)
ONE_TOKEN_FOR_ALL_ATTEMPTS = Difference(
    ministack="gives every attempt of a task the same token",
    aws="each attempt has its own; an answer to an earlier one is refused",
    source='guide, "Wait for a Callback with Task Token": a new token comes with each attempt',
    handled="tokens are not compared",
)
BRANCHES_SHARE_THE_TOKEN = Difference(
    ministack="keeps the token in a context that the branches share: two that begin at one moment "
    "mix theirs up, and one answer gets TaskDoesNotExist",
    aws="the context object is each branch's own",
    source='guide, "Accessing execution data from the Context object"',
    handled="such a run is thrown away and made again",
)
"""Without a second opinion remain: TimeoutSeconds of a task that waits for no token, and
HeartbeatSeconds; MiniStack knows neither."""
