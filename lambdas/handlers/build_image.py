"""BuildTrainingImage and BuildInferenceImage: build the image unless it exists."""

from lambdas.build import BuildContext, find_image, submit_build
from lambdas.entry import entry
from lambdas.runtime import Runtime
from lambdas.verdict import Succeeded
from lambdas.waiting import answer, new_waiter, wait
from modelwharf.contracts.jobs import BUILD
from modelwharf.contracts.release import ImageKind
from modelwharf.contracts.states import BUILD_IMAGES
from modelwharf.contracts.task import BuildTask


def build_image(runtime: Runtime, task: BuildTask) -> None:
    """Answer with the image, at once if the registry has its tag."""
    plan = task.release.plan
    wanted = plan.images.training if task.kind is ImageKind.TRAINING else plan.images.inference
    image = find_image(runtime, wanted.repository, wanted.tag, built=False)
    if image is not None:
        answer(runtime, task.task_token, Succeeded(output=image))
        return
    waiter = new_waiter(
        runtime,
        task,
        kind=BUILD,
        state=BUILD_IMAGES.branches[task.kind.value].name,
        job=BUILD.key(wanted.repository, wanted.tag),
        context=BuildContext(repository=wanted.repository, tag=wanted.tag),
    )
    wait(runtime, waiter, lambda: submit_build(runtime, task, plan, wanted))


@entry(BuildTask)
def handler(task: BuildTask, runtime: Runtime) -> None:
    build_image(runtime, task)
