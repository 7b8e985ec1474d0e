"""The engine of a cloud without a container engine."""

from modelwharf.engines.process import ProcessEngine, default_cache
from modelwharf.engines.process.image_store import ImageStore
from modelwharf.laptop.cloud import Cloud


def without_containers(cloud: Cloud) -> ProcessEngine:
    """The process engine, with images in the cloud's directory and environments that outlive it."""
    return ProcessEngine(ImageStore(cloud.directory / "images"), default_cache(), cloud.processes)
