"""PrepareData: copy the pinned inputs into the release, and run the prepare program on them."""

import json

from lambdas.entry import entry
from lambdas.errors import IncompleteRelease, MissingData
from lambdas.object_copy import NoSuchVersion, ObjectVersion, copy_version
from lambdas.processing_job import processing_name, raw_uri, submit_processing
from lambdas.runtime import Runtime
from lambdas.training_job import hyperparameters
from lambdas.verdict import Succeeded
from lambdas.waiting import answer, new_waiter, wait
from modelwharf.contracts.jobs import PROCESSING
from modelwharf.contracts.names import channel_prefix, raw_prefix
from modelwharf.contracts.release import Plan, PreparedData, ReleaseDocument
from modelwharf.contracts.stages import BuiltRelease
from modelwharf.contracts.states import PREPARE_DATA
from modelwharf.contracts.task import WaitingTask

DESCRIPTION_FILE = "data.json"
HYPERPARAMETERS_FILE = "hyperparameters.json"
"""The file that the training program finds in ``/opt/ml/input/config``."""


def prepare_data(runtime: Runtime, task: WaitingTask[BuiltRelease]) -> None:
    """Answer with the data as training reads it, at once when there is no prepare program."""
    plan = task.release.plan
    copy_inputs(runtime, task.release, plan)
    if not plan.data.prepare:
        answer(
            runtime, task.task_token, Succeeded(output=ready_data(runtime, task.release_id, plan))
        )
        return
    write_options(runtime, task.release, plan)
    image = task.release.images.training
    name = processing_name(task.release)
    waiter = new_waiter(
        runtime,
        task,
        kind=PROCESSING,
        state=PREPARE_DATA.name,
        job=PROCESSING.key(name),
        subject=name,
    )
    wait(runtime, waiter, lambda: submit_processing(runtime, task.release, plan, image))


def ready_data(runtime: Runtime, release: str, plan: Plan) -> PreparedData:
    """Return the copied inputs as training data, a folder for each channel."""
    bucket = runtime.environment.artifact_bucket
    channels = {source.channel for source in plan.data.inputs.values()}
    return PreparedData(
        uri=raw_uri(runtime, release),
        job=None,
        channels={
            channel: f"s3://{bucket}/{channel_prefix(release, channel)}"
            for channel in sorted(channels)
        },
    )


def copy_inputs(runtime: Runtime, document: ReleaseDocument, plan: Plan) -> None:
    """Copy each input's pinned version to ``releases/<id>/raw/``, or to its channel below that.

    Raises MissingData, which names the input, and CopyUnfinished.
    """
    for name, source in plan.data.inputs.items():
        prefix = raw_prefix(document.release_id)
        if not plan.data.prepare:
            prefix = channel_prefix(document.release_id, source.channel)
        version = document.trigger.data_versions.get(name)
        if version is None:
            raise IncompleteRelease(f"the release document has no version of the input {name!r}")
        pinned = ObjectVersion(runtime.environment.data_bucket, source.key, version)
        bucket, key = runtime.environment.artifact_bucket, prefix + source.file_name(name)
        try:
            copy_version(runtime, pinned, bucket, key)
        except NoSuchVersion:
            raise MissingData(
                f"input {name!r}: s3://{pinned.bucket}/{source.key} no longer has version "
                f"{version}; start the release again with another reason"
            ) from None


def write_options(runtime: Runtime, document: ReleaseDocument, plan: Plan) -> None:
    """Write the inputs' names, the options and the training settings for the prepare program.

    An input's own file named HYPERPARAMETERS_FILE is not overwritten.
    """
    description = {"inputs": list(plan.data.inputs), "options": plan.data.options}
    _write_json(runtime, document, DESCRIPTION_FILE, description)
    files = {source.file_name(name) for name, source in plan.data.inputs.items()}
    if HYPERPARAMETERS_FILE not in files:
        _write_json(
            runtime, document, HYPERPARAMETERS_FILE, hyperparameters(plan.training.hyperparameters)
        )


def _write_json(runtime: Runtime, document: ReleaseDocument, name: str, content: object) -> None:
    runtime.clients.s3.put_object(
        Bucket=runtime.environment.artifact_bucket,
        Key=f"{raw_prefix(document.release_id)}{name}",
        Body=json.dumps(content, indent=2).encode(),
        ContentType="application/json",
    )


@entry(WaitingTask[BuiltRelease])
def handler(task: WaitingTask[BuiltRelease], runtime: Runtime) -> None:
    prepare_data(runtime, task)
