"""A task calls AWS as the state machine's role. moto's interpreter calls it without a role."""

import sys
import threading
import time
from typing import Any

import moto.stepfunctions.parser.asl.parse.asl_parser  # noqa: F401  loads every integration

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace

RENEWAL = 1800  # seconds, half of a session's lifetime
_ENTRY = "boto_client_for"


class RoleClients:
    """One client for each service and role, renewed before its credentials expire."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._clients: dict[tuple[str, str], tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def get(self, service: str, role: str) -> Any:
        with self._lock:
            made, client = self._clients.get((service, role), (-RENEWAL, None))
            if time.monotonic() - made >= RENEWAL:
                client = self._cloud.client(service, role=role, session="StepFunctions")
                self._clients[service, role] = (time.monotonic(), client)
            return client


def install(cloud: Cloud) -> None:
    """Give this cloud's clients to every integration."""
    clients = RoleClients(cloud)

    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        return clients.get(service, state_credentials.role_arn)

    # Each integration imported the function under its own name.
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser.") and hasattr(module, _ENTRY):
            replace(module, _ENTRY, boto_client_for)
