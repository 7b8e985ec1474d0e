"""The model as it is registered: a copy of the training job's, where no job may write.

Every training job runs as the same role, so one could write over what another left. The copy is
of the version that the release's own job wrote.
"""

from contracts.names import model_key
from contracts.release import TrainingResult
from lambdas.archive import split_uri
from lambdas.errors import TrainingFailed
from lambdas.object_copy import NoSuchVersion, ObjectVersion, copy_version
from lambdas.site import Site


def keep_model(site: Site, release: str, training: TrainingResult) -> str:
    """Copy the artifact unless an earlier attempt did, and return the copy's URI.

    Raises CopyUnfinished when one call has not the time for it, and TrainingFailed when the
    artifact was deleted.
    """
    bucket, key = site.environment.artifact_bucket, model_key(release)
    source, source_key = split_uri(training.artifact)
    trained = ObjectVersion(source, source_key, training.artifact_version)
    try:
        copy_version(site, trained, bucket, key)
    except NoSuchVersion:
        raise TrainingFailed(
            f"{training.artifact} no longer has the version {training.artifact_version} that "
            "the job wrote; start the release again with another reason"
        ) from None
    return f"s3://{bucket}/{key}"
