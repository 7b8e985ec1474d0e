"""Train: one training job per release, unless the same ingredients were trained before."""

from lambdas.document import planned, required
from lambdas.entry import entry
from lambdas.log import logger
from lambdas.runtime import Runtime
from lambdas.trained_model import TrainingContext, ingredients, trained_before
from lambdas.training_job import submit_training, training_name
from lambdas.verdict import Succeeded
from lambdas.waiting import answer, new_waiter, wait
from modelwharf.contracts.jobs import TRAINING
from modelwharf.contracts.states import TRAIN
from modelwharf.contracts.task import WaitingTask


def train_model(runtime: Runtime, task: WaitingTask) -> None:
    """Answer with the training job's result when it is over, or with an earlier one's at once."""
    document = task.release
    plan = planned(document)
    image = required(document.images, "images").training
    data = required(document.data, "data")
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


@entry(WaitingTask)
def handler(task: WaitingTask, runtime: Runtime) -> None:
    train_model(runtime, task)
