"""X-Ray: the traces that programs send."""

from modelwharf.laptop.offer.service import Service, operations

SERVICE = Service(
    "xray",
    kept=operations("PutTelemetryRecords PutTraceSegments"),
    empty=operations("GetGroups"),
)
