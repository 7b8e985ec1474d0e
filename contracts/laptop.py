"""Where a running laptop cloud is: written by localcloud, read by the command line."""

from contracts.model import Contract

STATE_FILE = "cloud.json"


class LaptopCloud(Contract):
    """``cloud.json`` in the cloud's directory, there exactly while the cloud is ready."""

    pid: int
    url: str
    region: str
    account: str
    engine: str
    project: str
    repository: str
    """The git remote that a push starts a release from."""
