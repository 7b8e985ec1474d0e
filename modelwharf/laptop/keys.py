"""The access keys of this cloud: root's own, and those of moto's users and role sessions.

moto draws secrets from a seedable generator, and its ids look like AWS's own.
"""

import os
import secrets
import stat
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.iam.models import AccessKey

from modelwharf.contracts.laptop import KEY_FILE, KEY_PREFIX, LaptopKey
from modelwharf.laptop.overrides import replace, stock

ID_LENGTH = 20  # characters, as AWS's
SECRET_BYTES = 30  # 40 characters of base64, as AWS's
_ID_ALPHABET = string.ascii_uppercase + string.digits
_KINDS = {"AKIA": "U", "ASIA": "S"}
"""AWS's prefix → the letter after this cloud's prefix: U for a user's key, S for a session's."""


class KeyExposed(Exception):
    """Other users may read the key's file. The message contains the command to type."""


def root_key(directory: Path) -> LaptopKey:
    """Root's key of the cloud in this directory, created if missing.

    Raises KeyExposed when other users have access to its file or folder, OSError, and pydantic's
    ValidationError for a file that was changed.
    """
    file = directory / KEY_FILE
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = LaptopKey(access_key_id=_new_id("R"), secret_access_key=_new_secret())
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        _require_private(file)
        return LaptopKey.read(directory)
    with os.fdopen(descriptor, "w") as sink:
        sink.write(key.model_dump_json())
    _require_private(file)
    return key


def install() -> None:
    """Give moto's keys this cloud's form: an id with this cloud's prefix, a random secret."""
    shipped: Callable[..., None] = stock(AccessKey, "__init__")

    def __init__(self: AccessKey, *args: Any, prefix: str, **more: Any) -> None:  # noqa: N807
        shipped(self, *args, prefix=prefix, **more)
        self.access_key_id = _new_id(_KINDS[prefix])
        self.secret_access_key = _new_secret()

    replace(AccessKey, "__init__", __init__)


def _new_id(kind: str) -> str:
    stem = f"{KEY_PREFIX}{kind}"
    return stem + "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_LENGTH - len(stem)))


def _new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def _require_private(file: Path) -> None:
    for path in (file, file.parent):
        found = path.stat()
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise KeyExposed(
                f"{path} is not yours alone (owner {found.st_uid}, mode "
                f"{stat.S_IMODE(found.st_mode):o}), so others may hold this cloud's key: "
                f"delete {file.parent}, and the next start makes a new one"
            )
