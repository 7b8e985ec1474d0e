"""Where a running laptop cloud is, and its key: written by localcloud, read by the command line."""

from pathlib import Path

from pydantic import Field

from contracts.model import Contract

STATE_FILE = "cloud.json"
KEY_FILE = "keys/root.json"
KEY_PREFIX = "WHARF"
"""Every access key id that a laptop's cloud gives out begins so; AWS's begin with ``A``
(IAM user guide, "Understanding unique ID prefixes")."""

USED_GRANTS = "WHARF_USED_GRANTS"
"""The variable that names a folder where a laptop's cloud notes which grants calls needed."""


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


class LaptopKey(Contract):
    """``keys/root.json`` in the cloud's directory: who signs with it may do everything there.

    It is made at the cloud's first start and stays; its file and folder are the user's alone.
    """

    access_key_id: str
    secret_access_key: str = Field(repr=False)

    @classmethod
    def read(cls, directory: Path) -> "LaptopKey":
        """The key of the cloud in this directory. Raises OSError, ValidationError."""
        return cls.model_validate_json((directory / KEY_FILE).read_text())


def is_laptop_key(access_key_id: str) -> bool:
    return access_key_id.startswith(KEY_PREFIX)
