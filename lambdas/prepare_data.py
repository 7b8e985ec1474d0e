"""PrepareData: the pinned inputs beside the release, and the prepare program over them."""

import json

from contracts.names import channel_prefix, raw_prefix
from contracts.release import Plan, PreparedData, ReleaseDocument
from contracts.task import WaitingTask
from lambdas.document import planned, required
from lambdas.entry import entry
from lambdas.errors import MissingData
from lambdas.object_copy import NoSuchVersion, ObjectVersion, copy_version
from lambdas.processing_job import processing_name, raw_uri, submit_processing
from lambdas.site import Site
from lambdas.verdict import Succeeded
from lambdas.waiter_rows import Kind
from lambdas.waiting import answer, new_waiter, wait

STATE = "PrepareData"


def prepare_data(site: Site, task: WaitingTask) -> None:
    """Answer with the data as training reads it, at once when it needs no preparing."""
    plan = planned(task.release)
    copy_inputs(site, task.release, plan)
    if not plan.data.prepare:
        answer(site, task.task_token, Succeeded(output=ready_data(site, task.release_id, plan)))
        return
    write_options(site, task.release, plan)
    image = required(task.release.images, "images").training
    name = processing_name(task.release)
    waiter = new_waiter(
        site, task, kind=Kind.PROCESSING, state=STATE, job=f"processing/{name}", subject=name
    )
    wait(site, waiter, lambda: submit_processing(site, task.release, plan, image))


def ready_data(site: Site, release: str, plan: Plan) -> PreparedData:
    """The inputs as they are, a folder for each channel."""
    bucket = site.environment.artifact_bucket
    channels = {source.channel for source in plan.data.inputs.values()}
    return PreparedData(
        uri=raw_uri(site, release),
        job=None,
        channels={
            channel: f"s3://{bucket}/{channel_prefix(release, channel)}"
            for channel in sorted(channels)
        },
    )


def copy_inputs(site: Site, document: ReleaseDocument, plan: Plan) -> None:
    """Copy each input's pinned version to ``releases/<id>/raw/``, or to its channel below that.

    Raises MissingData, which names the input, and CopyUnfinished.
    """
    for name, source in plan.data.inputs.items():
        prefix = raw_prefix(document.release_id)
        if not plan.data.prepare:
            prefix = channel_prefix(document.release_id, source.channel)
        version = required(document.trigger.data_versions.get(name), f"data version of {name}")
        pinned = ObjectVersion(site.environment.data_bucket, source.key, version)
        bucket, key = site.environment.artifact_bucket, prefix + source.file_name(name)
        try:
            copy_version(site, pinned, bucket, key)
        except NoSuchVersion:
            raise MissingData(
                f"input {name!r}: s3://{pinned.bucket}/{source.key} no longer has version "
                f"{version}; start the release again with another reason"
            ) from None


def write_options(site: Site, document: ReleaseDocument, plan: Plan) -> None:
    """Write ``data.json``, from which the prepare program learns names and options."""
    description = {"inputs": list(plan.data.inputs), "options": plan.data.options}
    site.clients.s3.put_object(
        Bucket=site.environment.artifact_bucket,
        Key=f"{raw_prefix(document.release_id)}data.json",
        Body=json.dumps(description, indent=2).encode(),
        ContentType="application/json",
    )


@entry(WaitingTask)
def handler(task: WaitingTask, site: Site) -> None:
    prepare_data(site, task)
