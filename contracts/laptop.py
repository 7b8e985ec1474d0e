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
    """``docker`` or ``process``: what `--engine` takes."""
    project: str
    repository: str
    """The git remote that a push starts a release from."""
    engine_description: str = ""
    """The engine and why it was chosen, in one line for people."""
    differences: tuple[str, ...] = ()
    """What is not as on AWS, each in one line for people."""
