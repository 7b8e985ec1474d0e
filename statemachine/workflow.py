"""The release: from a pushed commit to a model that serves, or back to the one that did.

The release document goes in and comes out, one section longer after every state. A state either
*answers* (the function returns the whole document) or *waits* (the function starts a job and
returns; whoever ends the job sends its section back with the task token). Nothing polls.
"""

from collections.abc import Callable
from typing import Any

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

ANSWER_SECONDS = 900  # Lambda's own limit on one invocation
ROLL_BACK_SECONDS = 3600

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
    notify_failure = answer(
        "NotifyFailure",
        arn("Notify"),
        comment="Tell people what went wrong and what to type next.",
        catch=on_any_error(end, result_path=None),
    )
    roll_back = wait(
        "RollBack",
        arn("RollBack"),
        comment="Stop the jobs; let the endpoint serve what it served before.",
        section="rollback",
        timeout=ROLL_BACK_SECONDS,
        catch=on_any_error(notify_failure, result_path="$.rollback_failure"),
    )
    Chain([roll_back, notify_failure, end])
    undo = on_any_error(roll_back, result_path="$.failure")

    resolve = answer(
        "Resolve",
        arn("Resolve"),
        comment="Read the pinned parameters and decide what this release will do.",
        catch=undo,
    )
    build_images = Parallel(
        "BuildImages",
        comment="Build both images at once; an image that the registry has is not built again.",
        result_selector={"training.$": "$[0]", "inference.$": "$[1]"},
        result_path="$.images",
        catch=undo,
    )
    build_images.add_branch(build("BuildTrainingImage", arn("BuildImage"), kind="training"))
    build_images.add_branch(build("BuildInferenceImage", arn("BuildImage"), kind="inference"))
    prepare_data = wait(
        "PrepareData",
        arn("PrepareData"),
        comment="Run the model's prepare program over the pinned data.",
        section="data",
        timeout="$.plan.timeouts.prepare",
        retry=[go_on_copying(), *retry_service_faults()],
        catch=undo,
    )
    train = wait(
        "Train",
        arn("TrainModel"),
        comment="Run the training job.",
        section="training",
        timeout="$.plan.timeouts.train",
        catch=undo,
    )
    check_quality = answer(
        "CheckQuality",
        arn("CheckQuality"),
        comment="Hold the model's figures against the rules.",
        catch=undo,
    )
    register = answer(
        "Register",
        arn("RegisterModel"),
        comment="Enter the model in the registry, with its lineage.",
        retry=[go_on_copying(), *retry_service_faults()],
        catch=undo,
    )
    approve = wait(
        "Approve",
        arn("RequestApproval"),
        comment="Ask a person.",
        section="approval",
        timeout="$.plan.timeouts.approve",
        catch=undo,
    )
    deploy = wait(
        "Deploy",
        arn("DeployModel"),
        comment="Update the endpoint once it is free; it serves the old model until then.",
        section="deployment",
        timeout="$.plan.timeouts.deploy",
        retry=[queue_for_endpoint(), *retry_service_faults()],
        catch=undo,
    )
    verify = answer(
        "Verify",
        arn("VerifyEndpoint"),
        comment="Ask the live endpoint and compare.",
        catch=undo,
    )
    promote = answer(
        "Promote", arn("PromoteModel"), comment="Make this model the champion.", catch=undo
    )
    released = Succeed("Released", comment="The new model serves.")
    notify_success = answer(
        "NotifySuccess",
        arn("Notify"),
        comment="Tell people. A lost message is no reason to take a good model back.",
        catch=on_any_error(released, result_path=None),
    )
    return Chain(
        [
            resolve,
            build_images,
            prepare_data,
            train,
            check_quality,
            register,
            unless_automatic(approve, then=deploy),
            deploy,
            verify,
            promote,
            notify_success,
            released,
        ]
    )


def answer(
    name: str, function: str, *, retry: list[Retry] | None = None, **fields: Any
) -> LambdaStep:
    """A state whose function returns the whole document."""
    return LambdaStep(
        name,
        parameters={"FunctionName": function, "Payload.$": "$"},
        timeout_seconds=ANSWER_SECONDS,
        output_path="$.Payload",
        retry=retry or retry_service_faults(),
        **fields,
    )


def wait(name: str, function: str, *, section: str, **fields: Any) -> LambdaStep:
    """A state that waits until its ``section`` of the document is sent with the task token."""
    return waiting_step(name, function, result_path=f"$.{section}", **fields)


def build(name: str, function: str, *, kind: str) -> LambdaStep:
    """A branch that waits for one image. Its errors are caught around the branches."""
    return waiting_step(
        name, function, comment=f"The {kind} image.", timeout="$.plan.timeouts.build", kind=kind
    )


def waiting_step(
    name: str,
    function: str,
    *,
    timeout: int | str,
    kind: str | None = None,
    retry: list[Retry] | None = None,
    **fields: Any,
) -> LambdaStep:
    """A state with a task token; ``timeout`` in seconds, or the path where they stand."""
    payload = {"release.$": "$", "task_token.$": "$$.Task.Token"}
    limit = "timeout_seconds" if isinstance(timeout, int) else "timeout_seconds_path"
    return LambdaStep(
        name,
        wait_for_callback=True,
        parameters={
            "FunctionName": function,
            "Payload": payload if kind is None else {**payload, "kind": kind},
        },
        retry=retry or retry_service_faults(),
        **{limit: timeout},
        **fields,
    )


def unless_automatic(approve: State, *, then: State) -> Choice:
    """Ask for approval when the project wants it manual, then go on; otherwise just go on."""
    approve.next(then)
    required = Choice("ApprovalRequired", comment="As the project's deployment section says.")
    manual = ChoiceRule.StringEquals(variable="$.plan.deployment.approval", value="manual")
    required.add_choice(manual, approve)
    return required


def unless_overtaken(failed: State) -> Choice:
    """A release that a later one overtook is no failure: no alarm is raised for it."""
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
    """Try again what AWS did not manage, after 2, 4, 8, 16 and 32 s, and wait for a full account.

    AccountBusy is asked about 16 times in 73 minutes, the first time after 20 s, the last after
    17 minutes. A branch that waits so is no failed branch: the other goes on.
    """
    return [
        Retry(error_equals=SERVICE_FAULTS, interval_seconds=2, max_attempts=5, backoff_rate=2.0),
        Retry(error_equals=["AccountBusy"], interval_seconds=20, max_attempts=16, backoff_rate=1.3),
    ]


def go_on_copying() -> Retry:
    """Copy what one call of the function had no time for: 100 calls of 15 minutes are a day."""
    return Retry(
        error_equals=["CopyUnfinished"], interval_seconds=1, max_attempts=100, backoff_rate=1.0
    )


def queue_for_endpoint() -> Retry:
    """Ask every 30 s, for 20 minutes, whether the release before this one has left the endpoint."""
    return Retry(
        error_equals=["EndpointBusy"], interval_seconds=30, max_attempts=40, backoff_rate=1.0
    )
