"""X-Ray: what tracing programs send."""

from localcloud.offer.service import Service, operations

SERVICE = Service(
    "xray",
    kept=operations("PutTelemetryRecords PutTraceSegments"),
    empty=operations("GetGroups"),
)
