"""One AWS service of the laptop's cloud."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from modelwharf.laptop.services.call_resources import Resources

if TYPE_CHECKING:
    from modelwharf.laptop.cloud import Cloud

Kind = Literal["ours", "moto", "kept", "empty"]

KINDS: Mapping[Kind, str] = {
    "ours": "as real as this cloud makes it: its own code answers, with real programs and effects",
    "moto": "moto's answer has the effects that AWS documents, as far as this cloud can show them",
    "kept": "stored and given back; nothing on the laptop acts on it",
    "empty": "always an empty list: nothing of that kind can exist here",
}


def operations(text: str) -> frozenset[str]:
    """A set of operation names, from one text without quotes between them."""
    return frozenset(text.split())


@dataclass(frozen=True)
class Service:
    """``name`` is botocore's. Operations in no set are refused (modelwharf.laptop.offer.calls)."""

    name: str
    target: str = ""
    """The prefix of X-Amz-Target, for services with JSON."""
    signing_name: str = ""
    """The signing name, if it differs from botocore's name."""
    ours: frozenset[str] = field(default_factory=frozenset)
    moto: frozenset[str] = field(default_factory=frozenset)
    kept: frozenset[str] = field(default_factory=frozenset)
    empty: frozenset[str] = field(default_factory=frozenset)
    refused: Mapping[str, str] = field(default_factory=dict)
    """The operations that moto answers but this cloud refuses: the reason, and the alternative."""
    permissions: Mapping[str, Resources] = field(default_factory=dict)
    """The resources that each operation names (Service Authorization Reference). Roles may not call
    an operation that is missing here: nothing is allowed by oversight.
    """
    action_prefix: str = ""
    """The prefix of the IAM actions, if it differs from the signing name."""
    invalid: str = ""
    """AWS's error code for parameters that violate its model of the call; "": not checked."""
    one_at_a_time: bool = False
    """Whether calls wait for each other (modelwharf.laptop.one_at_a_time)."""
    install: "Callable[[Cloud], None] | None" = None
    """Replaces what moto does wrong; called once for each cloud, before it answers."""

    @property
    def signs(self) -> str:
        """The service's name in the scope of a signature."""
        return self.signing_name or self.name

    @property
    def actions(self) -> str:
        """The prefix of the service's IAM actions, such as ``states``."""
        return self.action_prefix or self.signs

    def kind(self, operation: str) -> Kind | None:
        """How the operation is answered; None if it is refused."""
        for kind in KINDS:
            if operation in getattr(self, kind):
                return kind
        return None

    @property
    def offered(self) -> frozenset[str]:
        return self.ours | self.moto | self.kept | self.empty
