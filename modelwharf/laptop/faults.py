"""Fault injection: lose, duplicate or delay deliveries of EventBridge, as may happen in AWS."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelwharf.artifact.contract import Contract


class EventFault(Contract):
    """The fault hits the next ``count`` deliveries of matching events; None matches every event.

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


class LateEvents(EventFault):
    """Matching deliveries arrive ``seconds`` late: later events overtake them."""

    seconds: float


class FaultPlan(Contract):
    """The body of ``POST /_wharf/faults``. ``clear`` removes earlier faults first."""

    clear: bool = False
    drop: EventFault | None = None
    double: EventFault | None = None
    late: LateEvents | None = None


@dataclass(frozen=True)
class Delivery:
    """How often an event is delivered, and with how many seconds of delay."""

    copies: int = 1
    delay: float = 0.0

    @property
    def fault(self) -> str:
        if self.delay:
            return "late"
        return "double" if self.copies else "drop"


@dataclass
class _Armed:
    fault: EventFault
    delivery: Delivery
    left: int


class Faults:
    """The armed faults, and how many deliveries each will still hit."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def arm(self, plan: FaultPlan) -> None:
        with self._lock:
            if plan.clear:
                self._armed.clear()
            for fault, delivery in (
                (plan.drop, Delivery(copies=0)),
                (plan.double, Delivery(copies=2)),
                (plan.late, Delivery(delay=plan.late.seconds if plan.late else 0)),
            ):
                if fault is not None:
                    self._armed.append(_Armed(fault, delivery, fault.count))

    def delivery(self, event: Mapping[str, Any]) -> Delivery:
        """How to deliver this event: once and at once, unless an armed fault hits it."""
        with self._lock:
            for armed in self._armed:
                if armed.left > 0 and armed.fault.concerns(event):
                    armed.left -= 1
                    return armed.delivery
        return Delivery()

    def left(self) -> list[dict[str, Any]]:
        """The armed faults that still have deliveries to hit."""
        with self._lock:
            return [
                {
                    "fault": armed.delivery.fault,
                    "source": armed.fault.source,
                    "detail_type": armed.fault.detail_type,
                    "left": armed.left,
                }
                for armed in self._armed
                if armed.left
            ]
