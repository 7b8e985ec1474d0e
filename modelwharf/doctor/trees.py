"""The ``/opt/ml`` that SageMaker lays out before it starts a program.

Source: "How Amazon SageMaker AI Provides Training Information" and "Custom Inference Code
with Hosting Services" in the SageMaker developer guide.
"""

import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from modelwharf.contracts.model_archive import faults_in, faults_of, in_words
from modelwharf.contracts.parameters import TRAINING_CHANNEL, Hyperparameter
from modelwharf.engines.engine import Host

INSTANCE_TYPE = "ml.m5.large"
GROUP = "homogeneousCluster"
GARBAGE = b"\x00\xff\xfe{not,data;at all\n" * 64


class BadArtifact(Exception):
    """SageMaker could not unpack the model folder or archive."""


def lay_out_training(
    tree: Path,
    channels: Mapping[str, Path],
    hyperparameters: Mapping[str, Hyperparameter],
    host: Host,
    *,
    checkpoints: bool,
    hosts: Sequence[Host] = (),
) -> None:
    """Write the tree of a training job's host; ``channels`` are copied.

    Hyperparameters stay as given. ``hosts`` are all hosts of the job; without them, only ``host``.
    """
    for part in ("input/data", "input/config", "model", "output/data"):
        (tree / part).mkdir(parents=True)
    if checkpoints:
        (tree / "checkpoints").mkdir()
    for name, folder in channels.items():
        shutil.copytree(folder, tree / "input" / "data" / name)
    config = {
        "hyperparameters": dict(hyperparameters),
        "inputdataconfig": {name: _channel() for name in channels},
        "resourceconfig": _resources(host, hosts or (host,)),
    }
    for name, content in config.items():
        (tree / "input" / "config" / f"{name}.json").write_text(json.dumps(content))


def _channel() -> dict[str, str]:
    return {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }


def _resources(host: Host, hosts: Sequence[Host]) -> dict[str, object]:
    names = [one.name for one in hosts]
    return {
        "current_host": host.name,
        "hosts": names,
        "network_interface_name": host.interface,
        "current_instance_type": INSTANCE_TYPE,
        "current_group_name": GROUP,
        "instance_groups": [
            {"instance_group_name": GROUP, "instance_type": INSTANCE_TYPE, "hosts": names}
        ],
    }


def empty_channels(folder: Path, channels: Mapping[str, Path]) -> dict[str, Path]:
    """Return the same channels without a file in them."""
    found = {name: folder / name for name in channels or [TRAINING_CHANNEL]}
    for path in found.values():
        path.mkdir(parents=True)
    return found


def garbage_channels(folder: Path, channels: Mapping[str, Path]) -> dict[str, Path]:
    """Return the same channels and file names, with content that is not data."""
    found = empty_channels(folder, channels)
    for name, path in found.items():
        for file in _files(channels.get(name)):
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_bytes(GARBAGE)
    return found


def _files(channel: Path | None) -> list[Path]:
    listed = [p.relative_to(channel) for p in channel.rglob("*") if p.is_file()] if channel else []
    return sorted(listed) or [Path("data.csv")]


def lay_out_serving(tree: Path, model: Path | None) -> None:
    """Write a server's tree with the artifact unpacked. Raises BadArtifact."""
    (tree / "model").mkdir(parents=True)
    if model is None:
        return
    try:
        if model.is_dir():
            _require_plain(faults_in(model))
            _through_an_archive(model, tree / "model")
        else:
            _unpack(model, tree / "model")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadArtifact(f"{type(error).__name__}: {error}") from None


def _require_plain(faults: Iterable[str]) -> None:
    """Raise BadArtifact that names what SageMaker does not unpack."""
    found = list(faults)
    if found:
        raise BadArtifact(in_words(found))


def _through_an_archive(folder: Path, target: Path) -> None:
    """Pack and unpack the folder: SageMaker packs after training and unpacks before serving."""
    with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
            for path in sorted(folder.iterdir()):
                archive.add(path, arcname=path.name)
        file.flush()
        _unpack(Path(file.name), target)


def _unpack(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as opened:
        _require_plain(faults_of(opened))
        opened.extractall(target, filter="data")
