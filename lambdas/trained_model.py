"""Reuse of a model that an earlier job trained from the same ingredients.

The ingredients of a training job are its image, by digest; its data, by the fingerprint that the
prepare program wrote; and the section ``training``. Without a fingerprint the data are unknown, and
every release trains.
"""

import hashlib
import json

from lambdas.archive import object_exists, version_exists
from lambdas.runtime import Runtime
from lambdas.table_rows import KEEP
from lambdas.waiter_rows import Waiter
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.release import Image, Plan, PreparedData, ReleaseDocument, TrainingResult
from modelwharf.contracts.request import TriggerSource


class TrainingContext(Contract):
    """The context of a training row: the digest of the job's ingredients, "" when unknown."""

    ingredients: str = ""


def ingredients(plan: Plan, image: Image, data: PreparedData) -> str:
    """Return the digest of all that goes into the training job; "" without a fingerprint.

    The time limit and the volume size do not count: they do not change the model.
    """
    if not data.fingerprint:
        return ""
    settings = plan.training.model_dump(mode="json", exclude={"max_runtime_seconds", "volume_gb"})
    text = json.dumps([image.digest, data.fingerprint, settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def trained_before(
    runtime: Runtime, document: ReleaseDocument, ingredients: str, own_job: str
) -> TrainingResult | None:
    """Return another release's result for the same ingredients, while its objects exist.

    A release that a person started by hand always trains.
    """
    if not ingredients or document.trigger.source is TriggerSource.REQUEST:
        return None
    found = runtime.ledger.trained(ingredients)
    if found is None or found.job == own_job:
        return None
    s3 = runtime.clients.s3
    there = version_exists(s3, found.artifact, found.artifact_version)
    if not there or (found.output is not None and not object_exists(s3, found.output)):
        return None
    return found.model_copy(update={"reused": True})


def remember(runtime: Runtime, waiter: Waiter, result: TrainingResult) -> None:
    """Store the result for later releases."""
    found = TrainingContext.model_validate_json(waiter.context).ingredients
    if found:
        runtime.ledger.put_trained(found, result, runtime.now() + KEEP)
