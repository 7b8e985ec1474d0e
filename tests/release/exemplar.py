"""The exemplar in a team's hands: as it stands, with the template's own parameters."""

import io
import shutil
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.release.laptop import ROOT, Laptop
from tests.release.team import Execution, Team

FOLDERS = ("contracts", "training", "inference", "containers")


def exemplar_team(laptop: Laptop, repository: Path) -> Team:
    """A team with the exemplar in its repository, not committed yet."""
    team = Team(laptop, repository)
    for folder in FOLDERS:
        shutil.copytree(
            ROOT / folder, repository / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    team.git("init", "--quiet", "--initial-branch", "main")
    return team


def output_member(team: Team, ended: Execution, name: str) -> bytes:
    """A file that the training program left in /opt/ml/output/data."""
    assert ended.document is not None and ended.document.training is not None
    assert ended.document.training.output is not None
    address = urlsplit(ended.document.training.output)
    stored = team.laptop.client("s3").get_object(Bucket=address.netloc, Key=address.path[1:])
    with tarfile.open(fileobj=io.BytesIO(stored["Body"].read())) as archive:
        member = archive.extractfile(next(m for m in archive if m.name.endswith(name)))
        assert member is not None
        return member.read()
