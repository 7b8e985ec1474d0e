"""Train: one training job per release, unless the same ingredients were trained before."""

from lambdas.entry import entry
from lambdas.log import logger
from lambdas.runtime import Runtime
from lambdas.trained_model import TrainingContext, ingredients, trained_before
from lambdas.training_job import submit_training, training_name
from lambdas.verdict import Succeeded
from lambdas.waiting import answer, new_waiter, wait
from modelwharf.contracts.jobs import TRAINING
from modelwharf.contracts.stages import PreparedRelease
from modelwharf.contracts.states import TRAIN
from modelwharf.contracts.task import WaitingTask


def train_model(runtime: Runtime, task: WaitingTask[PreparedRelease]) -> None:
    """Answer with the training job's result when it is over, or with an earlier one's at once."""
    document = task.release
    plan, image, data = document.plan, document.images.training, document.data
    name = training_name(document)
    context = TrainingContext(ingredients=ingredients(plan, image, data))
    if earlier := trained_before(runtime, document, context.ingredients, name):
        logger.info("trained before", job=earlier.job)
        answer(runtime, task.task_token, Succeeded(output=earlier))
        return
    waiter = new_waiter(
        runtime,
        task,
        kind=TRAINING,
        state=TRAIN.name,
        job=TRAINING.key(name),
        subject=name,
        context=context,
    )
    wait(runtime, waiter, lambda: submit_training(runtime, document, plan, image, data))


@entry(WaitingTask[PreparedRelease])
def handler(task: WaitingTask[PreparedRelease], runtime: Runtime) -> None:
    train_model(runtime, task)
