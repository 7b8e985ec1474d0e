"""The server's address and its model's folder, read from the environment once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from modelwharf.serving.journal import AccessLog

# SageMaker's contract: a container listens on port 8080 of all interfaces. A platform that runs
# several containers in one network sets another port in SAGEMAKER_BIND_TO_PORT.
CONTAINER_HOST = "0.0.0.0"  # noqa: S104 (a container has its own network)
CONTAINER_PORT = 8080
MOST_MIB = 64 * 1024 * 1024  # 64 TiB
MOST_WORKERS = 1024


class BadSetting(ValueError):
    """An environment variable has an unusable value."""


@dataclass(frozen=True)
class Settings:
    """The server's settings. Port 0 means any free port.

    ``base`` is SageMaker's ``/opt/ml``. ``memory_limit``: MiB that the multi-model server may use;
    None means the limit of its container or machine. ``workers``: processes that share one model;
    None means one per core.
    """

    host: str
    port: int
    base: Path
    multi_model: bool = False
    memory_limit: int | None = None
    workers: int | None = None
    access_log: AccessLog = AccessLog.SAMPLED

    @property
    def model(self) -> Path:
        """The model's folder, for a server of one model."""
        return self.base / "model"

    @property
    def models(self) -> Path:
        """The folder where SageMaker unpacks the models of a multi-model endpoint."""
        return self.base / "models"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment. Raises BadSetting.

        SageMaker defines SAGEMAKER_BIND_TO_PORT, SAGEMAKER_BASE_DIR and SAGEMAKER_MULTI_MODEL.
        SAGEMAKER_BIND_TO_HOST is ours, named after them: outside a container it is 127.0.0.1, so
        that no other machine reaches the server. WHARF_MEMORY_LIMIT_MIB is ``memory_limit``,
        WHARF_WORKERS ``workers``, WHARF_ACCESS_LOG ``access_log``.
        """
        return cls(
            host=environment.get("SAGEMAKER_BIND_TO_HOST") or CONTAINER_HOST,
            port=_number(environment, "SAGEMAKER_BIND_TO_PORT", 0, 65535, CONTAINER_PORT),
            base=Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml")),
            multi_model=_switch(environment, "SAGEMAKER_MULTI_MODEL"),
            memory_limit=_number(environment, "WHARF_MEMORY_LIMIT_MIB", 1, MOST_MIB, None),
            workers=_number(environment, "WHARF_WORKERS", 1, MOST_WORKERS, None),
            access_log=_access_log(environment),
        )


Absent = TypeVar("Absent", int, None)


def _number(
    environment: Mapping[str, str], name: str, least: int, most: int, absent: Absent
) -> int | Absent:
    text = environment.get(name)
    if not text:
        return absent
    if not text.isdecimal() or not least <= int(text) <= most:
        raise BadSetting(f"{name} is {text!r}; it must be {least} to {most}")
    return int(text)


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").lower()
    if text not in ("", "true", "false"):
        raise BadSetting(f"{name} is {environment[name]!r}; it must be true or false")
    return text == "true"


def _access_log(environment: Mapping[str, str]) -> AccessLog:
    text = environment.get("WHARF_ACCESS_LOG") or AccessLog.SAMPLED
    try:
        return AccessLog(text.lower())
    except ValueError:
        allowed = ", ".join(AccessLog)
        raise BadSetting(f"WHARF_ACCESS_LOG is {text!r}; it must be one of {allowed}") from None
