"""An image's build as a job; several releases may wait for the same build."""

from collections.abc import Iterable

from lambdas.build import settle_build
from lambdas.job_operations import Detail, JobOperations
from lambdas.log import logger
from lambdas.runtime import Runtime
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.jobs import BUILD, JobType


def build_waiters(runtime: Runtime, kind: JobType, detail: Detail) -> Iterable[Waiter]:
    """Return all waiters for the build's image.

    A build can end before the function that started it has stored its id; the id then comes from
    the event.
    """
    build_id = detail[kind.event.subject].split(":build/", 1)[-1]
    builds = runtime.clients.codebuild.batch_get_builds(ids=[build_id])["builds"]
    if not builds:
        return []
    variables = {
        variable["name"]: variable["value"]
        for variable in builds[0]["environment"].get("environmentVariables", [])
    }
    if not {"IMAGE_REPOSITORY", "IMAGE_TAG"} <= variables.keys():
        logger.info("a build of no release", build=build_id)
        return []
    job = kind.key(variables["IMAGE_REPOSITORY"], variables["IMAGE_TAG"])
    return [
        waiter if waiter.subject else waiter.model_copy(update={"subject": build_id})
        for waiter in runtime.ledger.waiters(job)
    ]


OPERATIONS = JobOperations(
    type=BUILD,
    settle=settle_build,
    waiters=build_waiters,
    stop=lambda clients, build: clients.codebuild.stop_build(id=build),
    shared=True,
)
