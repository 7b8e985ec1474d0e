"""Whether the laptop's cloud offers a call, and the reason if not.

The codes are those with which AWS itself refuses an operation that a region does not have:
``UnknownOperationException`` of the JSON services, ``InvalidAction`` of the query services
("Common errors" of each API reference), ``UnsupportedOperation`` of EC2 and SQS, and
``NotImplemented`` of S3.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from modelwharf.laptop.iam.calls import HttpRequest, UnreadableCall, rest_operation
from modelwharf.laptop.iam.error_forms import Error, protocol_of
from modelwharf.laptop.services import SERVICES
from modelwharf.laptop.services.service import Service

PAGE = "docs/laptop-services.md"
NEARBY = 3  # operations with a similar name that a refusal shows
CODES = {
    "json": "UnknownOperationException",
    "rest-json": "UnknownOperationException",
    "cbor": "UnknownOperationException",
    "query": "InvalidAction",
    "rest-xml": "InvalidAction",
    "s3control": "NotImplemented",
    "s3": "NotImplemented",
    "ec2": "UnsupportedOperation",
}
"""The code by protocol (modelwharf.laptop.iam.error_forms)."""
OWN_CODES = {"sqs": "AWS.SimpleQueueService.UnsupportedOperation"}
"""The code, by signing name, of services whose model has an error for this case."""
STATUSES = {"s3": 501, "s3control": 501}
STATUS = 400


class NotOffered(Exception):
    """This cloud refuses the call to every caller. ``error`` has the service's own form."""

    def __init__(self, protocol: str, signing_name: str, message: str) -> None:
        super().__init__(message)
        self.protocol = protocol
        code = OWN_CODES.get(signing_name, CODES[protocol])
        self.error = Error(STATUSES.get(protocol, STATUS), code, f"{message} {PAGE} has the list.")


@dataclass(frozen=True)
class Offered:
    """An operation of a service, both with botocore's names."""

    service: Service
    operation: str
    protocol: str


def offered(request: HttpRequest, signing_name: str) -> Offered:
    """The operation that the request calls. Raises NotOffered."""
    protocol = protocol_of(request, signing_name)
    services = _services(request, signing_name, protocol)
    if not services:
        asked = "s3control" if protocol == "s3control" else _asked(request, signing_name)
        raise NotOffered(
            protocol,
            signing_name,
            f"The laptop's cloud has no service {asked}; it has {', '.join(sorted(SERVICES))}.",
        )
    if protocol == "cbor":
        raise NotOffered(
            protocol, signing_name, f"The laptop's cloud speaks {signing_name}'s JSON, not CBOR."
        )
    service, operation = _operation(request, signing_name, protocol, services)
    if service.kind(operation) is None:
        raise NotOffered(protocol, signing_name, why_not(service, operation))
    return Offered(service, operation, protocol)


def why_not(service: Service, operation: str) -> str:
    """The text of a refusal: its recorded reason, or the operations with a similar name."""
    reason = service.refused.get(operation)
    said = f"The laptop's cloud does not have {service.name}:{operation}"
    if reason:
        return f"{said}: {reason}."
    similar = difflib.get_close_matches(operation, service.offered, n=NEARBY, cutoff=0.5)
    near = ", ".join(similar) or f"{len(service.offered)} other operations of {service.name}"
    return f"{said}; it has {near}."


def _services(request: HttpRequest, signing_name: str, protocol: str) -> list[Service]:
    """The offered services that the request may address: two may share a signing name."""
    if protocol == "s3control":
        return []
    found = [service for service in SERVICES.values() if service.signs == signing_name]
    if protocol == "json":
        target = request.headers["x-amz-target"].rpartition(".")[0]
        return [service for service in found if service.target == target]
    return found


def _asked(request: HttpRequest, signing_name: str) -> str:
    target = request.headers.get("x-amz-target", "").rpartition(".")[0]
    return f"{signing_name} ({target})" if target else signing_name


def _operation(
    request: HttpRequest, signing_name: str, protocol: str, services: Sequence[Service]
) -> tuple[Service, str]:
    if protocol == "json":
        return services[0], request.headers["x-amz-target"].rpartition(".")[2]
    if protocol in ("query", "ec2"):
        return services[0], action(request)
    for service in services:
        try:
            return service, rest_operation(service.name, request)
        except UnreadableCall:
            continue
    names = ", ".join(service.name for service in services)
    raise NotOffered(
        protocol,
        signing_name,
        f"{request.method} {request.path} is not an operation of {names} that this cloud knows.",
    )


def action(request: HttpRequest) -> str:
    """The Action of a query protocol's call, from the form or from a GET request's query."""
    form = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
    return form.get("Action") or request.query.get("Action", "")
