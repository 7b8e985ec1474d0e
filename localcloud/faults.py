"""Fault injection: lose or double deliveries of EventBridge, as AWS may do any day."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model import Contract


class EventFault(Contract):
    """The next ``count`` deliveries of matching events; None matches every event.

    A delivery is one event that matched one rule.
    """

    source: str | None = None
    detail_type: str | None = None
    count: int = 1

    def concerns(self, event: Mapping[str, Any]) -> bool:
        return self.source in (None, event["source"]) and self.detail_type in (
            None,
            event["detail-type"],
        )


class FaultPlan(Contract):
    """The body of ``POST /_wharf/faults``. ``clear`` disarms what was armed before."""

    clear: bool = False
    drop: EventFault | None = None
    double: EventFault | None = None


@dataclass
class _Armed:
    fault: EventFault
    copies: int
    left: int


class Faults:
    """The faults that are armed, and how often each will still strike."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def arm(self, plan: FaultPlan) -> None:
        with self._lock:
            if plan.clear:
                self._armed.clear()
            for fault, copies in ((plan.drop, 0), (plan.double, 2)):
                if fault is not None:
                    self._armed.append(_Armed(fault, copies, fault.count))

    def copies(self, event: Mapping[str, Any]) -> int:
        """How often to deliver this event: once, unless an armed fault strikes."""
        with self._lock:
            for armed in self._armed:
                if armed.left > 0 and armed.fault.concerns(event):
                    armed.left -= 1
                    return armed.copies
        return 1

    def left(self) -> list[dict[str, Any]]:
        """The armed faults that have not struck as often as they should."""
        with self._lock:
            return [
                {
                    "fault": "double" if armed.copies else "drop",
                    "source": armed.fault.source,
                    "detail_type": armed.fault.detail_type,
                    "left": armed.left,
                }
                for armed in self._armed
                if armed.left
            ]
