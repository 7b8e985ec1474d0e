"""What the laptop's cloud offers of one AWS service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["ours", "moto", "kept", "empty"]

KINDS: Mapping[Kind, str] = {
    "ours": "as real as this cloud makes it: its own code answers, with real programs and effects",
    "moto": "moto's answer has the effects that AWS documents, as far as this cloud can show them",
    "kept": "stored and given back; nothing on the laptop acts on it",
    "empty": "always an empty list: nothing of that kind can exist here",
}


def operations(text: str) -> frozenset[str]:
    """Operation names, as a list without the noise of quotes."""
    return frozenset(text.split())


@dataclass(frozen=True)
class Service:
    """``name`` is botocore's. What no set names is refused (localcloud.offer.calls)."""

    name: str
    target: str = ""
    """What X-Amz-Target begins with, of services that speak JSON."""
    signing_name: str = ""
    """Where it is not botocore's name."""
    ours: frozenset[str] = field(default_factory=frozenset)
    moto: frozenset[str] = field(default_factory=frozenset)
    kept: frozenset[str] = field(default_factory=frozenset)
    empty: frozenset[str] = field(default_factory=frozenset)
    refused: Mapping[str, str] = field(default_factory=dict)
    """Why an operation that moto answers is refused, and what there is instead: for people."""

    @property
    def signs(self) -> str:
        """The name of the service in a signature's scope."""
        return self.signing_name or self.name

    def kind(self, operation: str) -> Kind | None:
        """How the operation is answered; None: it is refused."""
        for kind in KINDS:
            if operation in getattr(self, kind):
                return kind
        return None

    @property
    def offered(self) -> frozenset[str]:
        return self.ours | self.moto | self.kept | self.empty
