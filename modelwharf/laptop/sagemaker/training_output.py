"""The output of a training job's hosts, and its upload to S3."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelwharf.contracts import model_archive
from modelwharf.engines import host_folders
from modelwharf.engines.engine import host_label
from modelwharf.engines.together import Exit
from modelwharf.laptop.sagemaker.job_tree import JobTree
from modelwharf.laptop.sagemaker.s3_transfers import DataError, join_uri, upload_archive

PARTS = ("model", "output/data")


def require_plain_models(trees: Sequence[JobTree], exits: Sequence[Exit]) -> None:
    """Refuse links in the model: AWS packs them, and cannot unpack them at the endpoint's start.

    Raises DataError.
    """
    for number, (tree, end) in enumerate(zip(trees, exits, strict=True)):
        faults = list(model_archive.faults_in(tree.folder / "model", end.left_out))
        if faults:
            where = f" of {host_label(number)}" if len(trees) > 1 else ""
            raise DataError(
                f"Artifact upload failed: in /opt/ml/model{where} "
                f"{model_archive.in_words(faults)}. {model_archive.ADVICE}"
            )


def together(trees: Sequence[JobTree], folder: Path) -> Mapping[str, Path]:
    """The model and the data (part of ``/opt/ml`` → folder) of all hosts, merged in ``folder``.

    Raises DataError when two hosts wrote different files with one name.
    """
    if len(trees) == 1:
        return {part: trees[0].folder / part for part in PARTS}
    found, clashes = {}, []
    for part in PARTS:
        written = {host_label(n): tree.folder / part for n, tree in enumerate(trees)}
        found[part] = folder / part
        clashes += [f"/opt/ml/{part}/{clash}" for clash in host_folders.merge(written, found[part])]
    if clashes:
        raise DataError(
            f"Artifact upload failed: {host_folders.in_words(clashes)}. SageMaker makes one "
            "archive of what all hosts wrote, and does not say which file it keeps: write it on "
            "one host, or under a name of each host's own"
        )
    return found


def upload(
    s3: Any, folders: Mapping[str, Path], target: Mapping[str, Any], job: str, artifact: str
) -> None:
    """Upload both archives to the places in OutputDataConfig; the data's only if it has files.

    Raises DataError.
    """
    key = target.get("KmsKeyId")
    upload_archive(s3, folders["model"], artifact, key)
    if any(folders["output/data"].iterdir()):
        uri = join_uri(target["S3OutputPath"], job, "output", "output.tar.gz")
        upload_archive(s3, folders["output/data"], uri, key)
