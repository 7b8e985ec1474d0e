"""One call at a time per service, for services whose calls in moto read before they write.

Stock moto serves every request in its own thread and locks nothing: two conditional writes to one
item both succeed, and two consumers receive one message. The lock is only for services whose calls
neither wait nor call a program. A queue's long poll releases the lock between its checks.
"""

import threading
import time
from typing import Any

from moto.core.responses import BaseResponse
from moto.sqs.models import SQSBackend

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.services import SERVICES

LOOK = 0.05  # seconds between two checks of a long poll


def install(cloud: Cloud) -> None:
    """Serialize the calls of these services and the receives of a queue."""
    _hold_services()
    _hold_queues(cloud)


def _held() -> list[str]:
    """moto's names of these services."""
    return [service.name for service in SERVICES.values() if service.one_at_a_time]


def _hold_services() -> None:
    stock_call = stock(BaseResponse, "call_action")
    locks = {service: threading.RLock() for service in _held()}

    def call_action(self: BaseResponse) -> Any:
        lock = locks.get(self.service_name or "")
        if lock is None:
            return stock_call(self)
        with lock:
            return stock_call(self)

    replace(BaseResponse, "call_action", call_action)


def _hold_queues(cloud: Cloud) -> None:
    stock_receive = stock(SQSBackend, "receive_message")
    lock = threading.Lock()

    def receive_message(
        self: SQSBackend,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        *arguments: Any,
        **settings: Any,
    ) -> Any:
        end = time.monotonic() + int(wait_seconds_timeout or 0)
        while True:
            with lock:
                found = stock_receive(self, queue_name, count, 0, *arguments, **settings)
            if found or time.monotonic() >= end or cloud.stopping.wait(LOOK):
                return found

    replace(SQSBackend, "receive_message", receive_message)
