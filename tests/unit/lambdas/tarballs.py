"""What SageMaker makes of /opt/ml/output/data."""

import io
import tarfile

from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.releases import OUTPUT


def tarball(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def put_output(world: World, files: dict[str, bytes]) -> None:
    bucket, key = OUTPUT.removeprefix("s3://").split("/", 1)
    world.s3.put_object(Bucket=bucket, Key=key, Body=tarball(files))
