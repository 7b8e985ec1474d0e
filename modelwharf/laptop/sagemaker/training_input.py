"""The input of a training job's program on each host: its configuration and its channels.

Source: "How Amazon SageMaker AI Provides Training Information" in the developer guide.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelwharf.engines.engine import Host, host_label
from modelwharf.laptop.sagemaker.job_tree import JobTree
from modelwharf.laptop.sagemaker.s3_transfers import Shard, download_prefix, told_as

FOLDERS = ("input/data", "model", "output/data", "code")
GROUP = "homogeneousCluster"
REPLICATED = "FullyReplicated"
SHARDED = "ShardedByS3Key"


def create_trees(folder: Path, hosts: int) -> tuple[JobTree, ...]:
    """Create an empty tree for each host, below the job's own folder."""
    shutil.rmtree(folder, ignore_errors=True)
    if hosts == 1:
        return (JobTree.create(folder, *FOLDERS),)
    return tuple(JobTree.create(folder / host_label(n), *FOLDERS) for n in range(hosts))


def write_configuration(
    trees: Sequence[JobTree], request: Mapping[str, Any], hosts: Sequence[Host]
) -> None:
    """Write the configuration files that SageMaker gives to the program on each host."""
    channels = request.get("InputDataConfig") or []
    kind = request["ResourceConfig"]["InstanceType"]
    for tree, host in zip(trees, hosts, strict=True):
        given = request.get("HyperParameters") or {}
        tree.write_config("input/config/hyperparameters.json", given)
        tree.write_config(
            "input/config/inputdataconfig.json", {c["ChannelName"]: _config(c) for c in channels}
        )
        tree.write_config("input/config/resourceconfig.json", _resources(kind, host, hosts))


def download_channels(s3: Any, trees: Sequence[JobTree], channels: Sequence[Any]) -> None:
    """Download every channel, or the host's part of it, to every host. Raises DataError."""
    with told_as("Data download failed:"):
        for channel in channels:
            source = channel["DataSource"]["S3DataSource"]
            for number, tree in enumerate(trees):
                target = tree.folder / "input" / "data" / channel["ChannelName"]
                parts = len(trees) if _distribution(source) == SHARDED else 1
                shard = Shard(number % parts, parts)
                download_prefix(s3, source["S3Uri"], target, shard)


def _distribution(source: Mapping[str, Any]) -> str:
    return str(source.get("S3DataDistributionType") or REPLICATED)


def _config(channel: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "TrainingInputMode": "File",
        "S3DistributionType": _distribution(channel["DataSource"]["S3DataSource"]),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    if channel.get("ContentType"):
        found["ContentType"] = channel["ContentType"]
    return found


def _resources(kind: str, host: Host, hosts: Sequence[Host]) -> dict[str, Any]:
    names = [one.name for one in hosts]
    return {
        "current_host": host.name,
        "hosts": names,
        "network_interface_name": host.interface,
        "current_instance_type": kind,
        "current_group_name": GROUP,
        "instance_groups": [{"instance_group_name": GROUP, "instance_type": kind, "hosts": names}],
    }
