"""Fetches the holdout's plot from a training job's output archive."""

import io
import tarfile
from pathlib import Path

from modelwharf.cli.release import PLOT_FILE
from modelwharf.cli.services import Services


def download_plot(services: Services, output: str, target: Path) -> Path | None:
    """Save ``holdout.png`` of the archive at the S3 URI ``output``. Returns None when it has
    none.
    """
    bucket, _, key = output.removeprefix("s3://").partition("/")
    answer = services.client("s3").get_object(Bucket=bucket, Key=key)
    picture = _member(answer["Body"].read())
    if picture is None:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(picture)
    return target


def _member(archive: bytes) -> bytes | None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            if member.isfile() and Path(member.name).name == PLOT_FILE:
                content = members.extractfile(member)
                return content.read() if content else None
    return None
