"""Where the server listens and where its model is, read from the environment once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# SageMaker's contract: a container listens on 8080 on all its interfaces; a platform that
# runs several containers in one network names another port in SAGEMAKER_BIND_TO_PORT.
CONTAINER_HOST = "0.0.0.0"  # noqa: S104 (a container has a network of its own)
CONTAINER_PORT = 8080


class BadSetting(ValueError):
    """An environment variable's value cannot be used."""


@dataclass(frozen=True)
class Settings:
    """The server's place. Port 0 means any free one."""

    host: str
    port: int
    model: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """Read SAGEMAKER_BIND_TO_HOST, SAGEMAKER_BIND_TO_PORT and SAGEMAKER_BASE_DIR.

        SAGEMAKER_BIND_TO_HOST is ours, named beside SageMaker's own: outside a container it is
        127.0.0.1, so that nobody else reaches the server. Raises BadSetting.
        """
        text = environment.get("SAGEMAKER_BIND_TO_PORT") or str(CONTAINER_PORT)
        if not text.isdecimal() or int(text) > 65535:
            raise BadSetting(f"SAGEMAKER_BIND_TO_PORT is {text!r}; it must be 0 to 65535")
        return cls(
            host=environment.get("SAGEMAKER_BIND_TO_HOST") or CONTAINER_HOST,
            port=int(text),
            model=Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "model",
        )
