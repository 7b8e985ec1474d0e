"""Train: one training job a release."""

from contracts.task import WaitingTask
from lambdas.document import planned, required
from lambdas.entry import entry
from lambdas.site import Site
from lambdas.training_job import submit_training, training_name
from lambdas.waiter_rows import Kind
from lambdas.waiting import new_waiter, wait

STATE = "Train"


def train_model(site: Site, task: WaitingTask) -> None:
    """Answer with the training job's result when it is over."""
    document = task.release
    plan = planned(document)
    image = required(document.images, "images").training
    data = required(document.data, "data")
    name = training_name(document)
    waiter = new_waiter(
        site, task, kind=Kind.TRAINING, state=STATE, job=f"training/{name}", subject=name
    )
    wait(site, waiter, lambda: submit_training(site, document, plan, image, data))


@entry(WaitingTask)
def handler(task: WaitingTask, site: Site) -> None:
    train_model(site, task)
