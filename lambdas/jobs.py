"""All kinds of jobs that a release waits for: a line each."""

from collections.abc import Mapping

from lambdas import approval, build_job, endpoint_update, processing_job, training_job
from lambdas.job_operations import JobOperations
from modelwharf.contracts.jobs import JobType

JOBS: Mapping[JobType, JobOperations] = {
    job.type: job
    for job in (
        approval.OPERATIONS,
        build_job.OPERATIONS,
        endpoint_update.OPERATIONS,
        processing_job.OPERATIONS,
        training_job.OPERATIONS,
    )
}
