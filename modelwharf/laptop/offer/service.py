"""The operations that the laptop's cloud offers of one AWS service."""

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

    @property
    def signs(self) -> str:
        """The service's name in the scope of a signature."""
        return self.signing_name or self.name

    def kind(self, operation: str) -> Kind | None:
        """How the operation is answered; None if it is refused."""
        for kind in KINDS:
            if operation in getattr(self, kind):
                return kind
        return None

    @property
    def offered(self) -> frozenset[str]:
        return self.ours | self.moto | self.kept | self.empty
