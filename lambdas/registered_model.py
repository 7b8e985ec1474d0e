"""The model as it is registered: a copy of the training job's, where no job may write.

Every training job runs as the same role, so one could write over what another left. The copy is
of the version that the release's own job wrote.
"""

from contracts.names import model_key
from contracts.release import TrainingResult
from lambdas.archive import object_metadata, split_uri
from lambdas.site import Site

SOURCE_VERSION = "source-version"  # of the object's own metadata


def keep_model(site: Site, release: str, training: TrainingResult) -> str:
    """Copy the artifact unless an earlier attempt did, and return the copy's URI."""
    s3, bucket, key = site.clients.s3, site.environment.artifact_bucket, model_key(release)
    kept = f"s3://{bucket}/{key}"
    if object_metadata(s3, kept).get(SOURCE_VERSION) == training.artifact_version:
        return kept
    source, source_key = split_uri(training.artifact)
    s3.copy(
        {"Bucket": source, "Key": source_key, "VersionId": training.artifact_version},
        bucket,
        key,
        ExtraArgs={
            "MetadataDirective": "REPLACE",
            "Metadata": {SOURCE_VERSION: training.artifact_version},
            # Without it S3 copies tags too, and asks for the permission to read them.
            "TaggingDirective": "REPLACE",
        },
    )
    return kept
