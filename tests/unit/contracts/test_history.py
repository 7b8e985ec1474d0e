"""States from history events, in the shapes that Step Functions (and moto) give them."""

import json
from datetime import timedelta

from modelwharf.contracts.history import StateStatus, failed_state, latest_document, states
from tests.unit.contracts.histories import START, History, document, parallel

LAMBDA_CAUSE = '{"errorType":"BuildFailed","errorMessage":"pip failed"}'


def test_a_state_that_ran_has_its_times_and_one_attempt() -> None:
    history = History()
    entered = history.enter("Resolve")
    history.schedule()
    history.succeed()
    left = history.leave("Resolve")

    (row,) = states(history.events)

    assert (row.name, row.kind, row.status) == ("Resolve", "Task", StateStatus.SUCCEEDED)
    assert row.entered == START + timedelta(seconds=entered)
    assert row.exited == START + timedelta(seconds=left)
    assert row.attempts == 1


def test_a_state_at_work_has_no_end() -> None:
    history = History()
    history.enter("Train")
    history.schedule()

    (row,) = states(history.events)

    assert row.status is StateStatus.RUNNING
    assert row.exited is None


def test_between_two_attempts_a_state_is_retrying_and_says_what_went_wrong() -> None:
    history = History()
    history.enter("Resolve")
    history.schedule()
    history.fail("Throttled", "slow down")

    (row,) = states(history.events)

    assert (row.status, row.error, row.cause) == (StateStatus.RETRYING, "Throttled", "slow down")


def test_a_retry_that_works_clears_the_error_and_counts_both_attempts() -> None:
    history = History()
    history.enter("Resolve")
    history.schedule()
    history.fail("Throttled")
    history.schedule()
    history.succeed()
    history.leave("Resolve")

    (row,) = states(history.events)

    assert (row.status, row.attempts, row.error) == (StateStatus.SUCCEEDED, 2, None)


def test_a_caught_failure_fails_its_state_and_not_the_next() -> None:
    history = History()
    history.enter("Train")
    history.schedule()
    history.fail("TrainingFailed", "exit code 1")
    history.leave("Train")
    history.run("RollBack")

    train, roll_back = states(history.events)

    assert (train.status, train.error, train.cause) == (
        StateStatus.FAILED,
        "TrainingFailed",
        "exit code 1",
    )
    assert roll_back.status is StateStatus.SUCCEEDED


def test_a_state_that_ran_out_of_time_says_so() -> None:
    history = History()
    history.enter("Train")
    history.schedule()
    history.add("TaskSubmitted", taskSubmittedEventDetails={})
    history.add("TaskTimedOut", taskTimedOutEventDetails={"error": "States.Timeout"})
    history.leave("Train")

    (row,) = states(history.events)

    assert (row.status, row.error) == (StateStatus.FAILED, "States.Timeout")


def test_an_older_lambda_task_failure_is_read_too() -> None:
    history = History()
    history.enter("Resolve")
    history.add("LambdaFunctionScheduled", lambdaFunctionScheduledEventDetails={})
    history.add("LambdaFunctionTimedOut", lambdaFunctionTimedOutEventDetails={})
    history.leave("Resolve")

    (row,) = states(history.events)

    assert (row.status, row.error, row.attempts) == (StateStatus.FAILED, "States.Timeout", 1)


def test_states_in_a_parallel_name_it_and_end_each_by_itself() -> None:
    history, training, inference = parallel()
    done = history.succeed(after=inference)
    history.leave("BuildInferenceImage", after=done)
    del training

    around, first, second = states(history.events)

    assert around.status is StateStatus.RUNNING
    assert (first.name, first.parent, first.status) == (
        "BuildTrainingImage",
        "BuildImages",
        StateStatus.RUNNING,
    )
    assert (second.name, second.parent, second.status) == (
        "BuildInferenceImage",
        "BuildImages",
        StateStatus.SUCCEEDED,
    )


def test_the_second_state_of_a_branch_is_in_the_parallel_too() -> None:
    history, training, _ = parallel()
    left = history.leave("BuildTrainingImage", after=history.succeed(after=training))
    history.enter("Scan", after=left)

    assert states(history.events)[-1].parent == "BuildImages"


def test_the_state_after_a_parallel_is_outside_it() -> None:
    history, training, inference = parallel()
    history.leave("BuildTrainingImage", after=history.succeed(after=training))
    last = history.leave("BuildInferenceImage", after=history.succeed(after=inference))
    history.add("ParallelStateSucceeded", after=last)
    # moto chains the exit to the last branch, AWS to ParallelStateSucceeded.
    history.leave("BuildImages", kind="Parallel", after=last)
    history.enter("PrepareData")

    rows = states(history.events)

    assert [row.status for row in rows[:3]] == [StateStatus.SUCCEEDED] * 3
    assert (rows[3].name, rows[3].parent) == ("PrepareData", None)


def test_a_failing_branch_fails_its_parallel_and_stops_its_sibling() -> None:
    history, training, inference = parallel()
    failed = history.fail("BuildFailed", LAMBDA_CAUSE, after=inference)
    history.add("ParallelStateFailed", after=failed)
    history.leave("BuildImages", kind="Parallel")
    del training

    around, sibling, culprit = states(history.events)

    assert (around.status, around.error) == (StateStatus.FAILED, "BuildFailed")
    assert (culprit.status, culprit.cause) == (StateStatus.FAILED, LAMBDA_CAUSE)
    assert sibling.status is StateStatus.STOPPED
    assert sibling.is_over
    assert failed_state((around, sibling, culprit)) == culprit


def test_an_aborted_sibling_as_aws_tells_it_is_stopped() -> None:
    history, training, inference = parallel()
    failed = history.fail("BuildFailed", after=inference)
    history.add("TaskStateAborted", after=training)
    history.add("ParallelStateFailed", after=failed)
    history.leave("BuildImages", kind="Parallel")

    around, sibling, culprit = states(history.events)

    assert [row.status for row in (around, sibling, culprit)] == [
        StateStatus.FAILED,
        StateStatus.STOPPED,
        StateStatus.FAILED,
    ]


def test_a_stopped_execution_stops_what_ran() -> None:
    history = History()
    history.run("Resolve")
    history.enter("Train")
    history.schedule()
    history.add("ExecutionAborted", executionAbortedEventDetails={})

    done, stopped = states(history.events)

    assert done.status is StateStatus.SUCCEEDED
    assert (stopped.status, stopped.is_over) == (StateStatus.STOPPED, True)


def test_an_execution_out_of_time_fails_what_ran() -> None:
    history = History()
    history.enter("Train")
    history.schedule()
    history.add("ExecutionTimedOut", executionTimedOutEventDetails={})

    (row,) = states(history.events)

    assert (row.status, row.error) == (StateStatus.FAILED, "States.Timeout")


def test_a_failure_that_nothing_catches_fails_the_state_with_it() -> None:
    history = History()
    history.enter("Resolve")
    history.schedule()
    history.fail("InvalidParameter", "bad key")
    history.add(
        "ExecutionFailed",
        executionFailedEventDetails={"error": "InvalidParameter", "cause": "bad key"},
    )

    (row,) = states(history.events)

    assert (row.status, row.error, row.is_over) == (StateStatus.FAILED, "InvalidParameter", True)


def test_the_fail_state_is_not_the_state_that_failed() -> None:
    history = History()
    history.enter("Train")
    history.schedule()
    history.fail("TrainingFailed", "exit code 1")
    history.leave("Train")
    history.enter("Failed", kind="Fail")
    details = {"error": "TrainingFailed", "cause": "exit code 1"}
    history.add("ExecutionFailed", executionFailedEventDetails=details)

    rows = states(history.events)

    assert [row.kind for row in rows] == ["Task", "Fail"]
    assert failed_state(rows) == rows[0]


def test_every_event_may_be_the_last_one_yet() -> None:
    history, _, inference = parallel()
    failed = history.fail("BuildFailed", after=inference)
    history.add("ParallelStateFailed", after=failed)
    history.leave("BuildImages", kind="Parallel")

    names = [[row.name for row in states(history.events[:end])] for end in range(7)]

    assert names[:4] == [[], [], ["BuildImages"], ["BuildImages"]]
    assert names[6] == ["BuildImages", "BuildTrainingImage", "BuildInferenceImage"]


def test_the_document_is_the_latest_that_a_state_took_or_gave() -> None:
    history = History(document())
    artifact = "s3://artifacts/models/r/model.tar.gz"
    package = {"arn": "arn:package", "version": 1, "artifact": artifact}
    history.enter("Register", given=document())
    history.leave("Register", result=document(model_package=package))

    found = latest_document(history.events)

    assert found is not None and found.model_package is not None
    assert found.model_package.arn == "arn:package"


def test_a_branch_result_is_not_taken_for_the_document() -> None:
    history = History(document())
    history.enter("BuildTrainingImage")
    history.leave("BuildTrainingImage", result={"uri": "u", "digest": "d"})

    found = latest_document(history.events)

    assert found is not None
    assert json.loads(found.model_dump_json())["images"] is None


def test_an_input_that_is_not_a_release_gives_no_document() -> None:
    assert latest_document(History({"hello": 1}).events) is None
