"""The container that the engine created for one run, and its network."""

from contextlib import suppress
from dataclasses import dataclass

from docker.errors import NotFound
from docker.models.containers import Container
from docker.models.networks import Network

from modelwharf.engines.container.connection import already_gone

OPT_ML = "/opt/ml"


@dataclass(frozen=True)
class CreatedContainer:
    """What the engine created for one run, to be removed after it."""

    container: Container
    network: Network | None
    mark: str

    @property
    def id(self) -> str:
        return str(self.container.id)

    @property
    def volumes(self) -> tuple[str, ...]:
        """The folders below /opt/ml that the image's VOLUME turns into volumes.

        On AWS the service's own mounts there take precedence.
        """
        mounts = self.container.attrs.get("Mounts") or ()
        places = (str(mount["Destination"]) for mount in mounts)
        below = f"{OPT_ML}/"
        return tuple(sorted(one.removeprefix(below) for one in places if one.startswith(below)))

    def remove(self) -> None:
        """Remove the container and the network. Raises what the SDK raises."""
        with already_gone():
            self.container.remove(v=True, force=True)
        if self.network is not None:
            with suppress(NotFound):
                self.network.remove()
