from lambdas.handlers.train_model import train_model
from lambdas.verdict import Failed
from lambdas.waiter_rows import Waiter
from lambdas.waiting import answer, answer_if_over
from modelwharf.contracts.jobs import TRAINING
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.releases import OTHER, RELEASE, TRAINING_JOB, document, task

READY = document(upto="PrepareData")


def waiter(world: World) -> Waiter:
    [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
    return row


def test_a_job_that_is_not_over_is_looked_at_again_later(world: World) -> None:
    train_model(world.runtime, task(READY))
    row = waiter(world)
    world.clock.time += 500
    answer_if_over(world.runtime, row)
    assert waiter(world).next_check == world.clock.time + 60
    assert world.answers == {}


def test_an_answered_row_waits_no_more_and_stays_until_it_expires(world: World) -> None:
    train_model(world.runtime, task(READY))
    world.sagemaker.finish_training(TRAINING_JOB)
    answer_if_over(world.runtime, waiter(world))
    [item] = [row for row in world.table.scan()["Items"] if row["pk"].startswith("wait#")]
    assert "waiting" not in item
    assert item["expires"] > world.clock.time


def test_a_row_that_someone_waits_for_is_kept_however_long_that_takes(world: World) -> None:
    train_model(world.runtime, task(READY))
    world.clock.time += 80 * 24 * 60 * 60
    answer_if_over(world.runtime, waiter(world))
    assert waiter(world).expires > world.clock.time + 80 * 24 * 60 * 60


def test_answering_twice_is_not_an_error(world: World) -> None:
    train_model(world.runtime, task(READY))
    world.sagemaker.finish_training(TRAINING_JOB)
    row = waiter(world)
    answer_if_over(world.runtime, row)
    first = dict(world.answers)
    answer_if_over(world.runtime, row)
    assert world.answers == first


def test_a_token_whose_state_has_timed_out_closes_its_row(world: World) -> None:
    train_model(world.runtime, task(READY))
    world.stepfunctions.dead_tokens.add("token")
    world.sagemaker.finish_training(TRAINING_JOB)
    answer_if_over(world.runtime, waiter(world))
    assert world.runtime.ledger.waiters(f"training/{TRAINING_JOB}") == []


def test_the_end_of_a_dead_attempt_does_not_close_the_row_of_the_living_one(world: World) -> None:
    train_model(world.runtime, task(READY, "dead"))
    dead = waiter(world)
    train_model(world.runtime, task(READY, "alive"))
    world.runtime.ledger.mark_done(dead)
    world.runtime.ledger.check_again_at(dead, 0)
    assert waiter(world).token == "alive"
    assert waiter(world).next_check == world.clock.time + 60


def test_checking_again_does_not_open_a_closed_row(world: World) -> None:
    train_model(world.runtime, task(READY))
    row = waiter(world)
    world.runtime.ledger.mark_done(row)
    world.runtime.ledger.check_again_at(row, world.clock.time)
    assert world.runtime.ledger.waiters_due(world.clock.time + 1) == []


def test_error_and_cause_are_cut_to_what_step_functions_takes(world: World) -> None:
    answer(world.runtime, "token", Failed(error="E" * 300, cause="c" * 40_000))
    assert len(world.answers["token"]["error"]) == 256
    assert len(world.answers["token"]["cause"]) == 32_768


def test_two_who_wait_for_one_job_are_both_answered(world: World) -> None:
    train_model(world.runtime, task(READY))
    second = waiter(world).model_copy(update={"release_id": OTHER, "token": "second"})
    world.runtime.ledger.put_waiter(second)
    world.sagemaker.finish_training(TRAINING_JOB)
    for row in world.runtime.ledger.waiters(f"training/{TRAINING_JOB}"):
        answer_if_over(world.runtime, row)
    assert set(world.answers) == {"token", "second"}


def test_rows_of_a_release_are_those_that_still_wait(world: World) -> None:
    train_model(world.runtime, task(READY))
    assert [row.kind for row in world.runtime.ledger.waiters_of(RELEASE)] == [TRAINING]
    world.runtime.ledger.mark_done(waiter(world))
    assert world.runtime.ledger.waiters_of(RELEASE) == []
