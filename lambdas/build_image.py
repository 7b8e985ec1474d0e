"""BuildTrainingImage and BuildInferenceImage: have the image, building it only when needed."""

from contracts.release import ImageKind
from contracts.task import BuildTask
from lambdas.build import BuildContext, build_job, find_image, submit_build
from lambdas.document import planned
from lambdas.entry import entry
from lambdas.site import Site
from lambdas.verdict import Succeeded
from lambdas.waiter_rows import Kind
from lambdas.waiting import answer, new_waiter, wait

STATES = {
    ImageKind.TRAINING: "BuildTrainingImage",
    ImageKind.INFERENCE: "BuildInferenceImage",
}


def build_image(site: Site, task: BuildTask) -> None:
    """Answer with the image, at once if the registry has its tag."""
    plan = planned(task.release)
    wanted = plan.images.training if task.kind is ImageKind.TRAINING else plan.images.inference
    image = find_image(site, wanted.repository, wanted.tag, built=False)
    if image is not None:
        answer(site, task.task_token, Succeeded(output=image))
        return
    waiter = new_waiter(
        site,
        task,
        kind=Kind.BUILD,
        state=STATES[task.kind],
        job=build_job(wanted.repository, wanted.tag),
        context=BuildContext(repository=wanted.repository, tag=wanted.tag),
    )
    wait(site, waiter, lambda: submit_build(site, task, plan, wanted))


@entry(BuildTask)
def handler(task: BuildTask, site: Site) -> None:
    build_image(site, task)
