"""The exemplar in a team's hands: as it stands, with the template's own parameters."""

import io
import shutil
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

from modelwharf.contracts.parameters import Source
from tests.release.laptop import ROOT, Laptop
from tests.release.team import Execution, Team

BROUGHT = {
    *Source().training_image.inputs,
    *Source().inference_image.inputs,
    "containers/buildspec.yml",
}


def exemplar_team(laptop: Laptop, repository: Path) -> Team:
    """A team with the exemplar in its repository, not committed yet."""
    team = Team(laptop, repository)
    for path in sorted(BROUGHT):
        bring(path, repository)
    team.git("init", "--quiet", "--initial-branch", "main")
    return team


def bring(path: str, repository: Path) -> None:
    """Copy a file or a folder of ours to the same place in the team's repository."""
    target = repository / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if (ROOT / path).is_file():
        shutil.copy(ROOT / path, target)
    else:
        shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns("__pycache__"))


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
