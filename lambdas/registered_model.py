"""The registered model: a copy of the training job's artifact that no job may overwrite.

All training jobs run with the same role, so one job could overwrite another's artifact. The copy is
of the version that the release's own job wrote.
"""

from lambdas.archive import split_uri
from lambdas.errors import TrainingFailed
from lambdas.object_copy import NoSuchVersion, ObjectVersion, copy_version
from lambdas.runtime import Runtime
from modelwharf.contracts.names import model_key
from modelwharf.contracts.release import TrainingResult


def keep_model(runtime: Runtime, release: str, training: TrainingResult) -> str:
    """Copy the artifact unless an earlier attempt did, and return the copy's URI.

    Raises CopyUnfinished when one call has no time for it, and TrainingFailed when the artifact was
    deleted.
    """
    bucket, key = runtime.environment.artifact_bucket, model_key(release)
    source, source_key = split_uri(training.artifact)
    trained = ObjectVersion(source, source_key, training.artifact_version)
    try:
        copy_version(runtime, trained, bucket, key)
    except NoSuchVersion:
        raise TrainingFailed(
            f"{training.artifact} no longer has the version {training.artifact_version} that "
            "the job wrote; start the release again with another reason"
        ) from None
    return f"s3://{bucket}/{key}"
