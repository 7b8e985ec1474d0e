"""Where a running laptop cloud is, and its key: written by the cloud, read by the command line."""

from pathlib import Path

from pydantic import Field

from modelwharf.artifact.contract import Contract

STATE_FILE = "cloud.json"
KEY_FILE = "keys/root.json"
KEY_PREFIX = "WHARF"
"""Prefix of every access key id of a laptop's cloud; AWS's begin with ``A``
(IAM user guide, "Understanding unique ID prefixes")."""

USED_GRANTS = "WHARF_USED_GRANTS"
"""The variable with the folder where a laptop's cloud records the grants that calls needed."""


class LaptopCloud(Contract):
    """``cloud.json`` in the cloud's directory. It exists exactly while the cloud is ready."""

    pid: int
    url: str
    region: str
    account: str
    engine: str
    """``docker`` or ``process``, as in `--engine`."""
    project: str
    repository: str
    """The git remote: a push to it starts a release."""
    engine_description: str = ""
    """The engine and why it was chosen, in one line for people."""
    differences: tuple[str, ...] = ()
    """The differences from AWS, each in one line for people."""


class LaptopKey(Contract):
    """``keys/root.json`` in the cloud's directory: a client that signs with it may do everything.

    The cloud's first start makes it, and it stays. Only the user can read its file and folder.
    """

    access_key_id: str
    secret_access_key: str = Field(repr=False)

    @classmethod
    def read(cls, directory: Path) -> "LaptopKey":
        """The key of the cloud in this directory. Raises OSError, ValidationError."""
        return cls.model_validate_json((directory / KEY_FILE).read_text())


def is_laptop_key(access_key_id: str) -> bool:
    return access_key_id.startswith(KEY_PREFIX)
