"""X-Ray: the traces that programs send."""

from modelwharf.laptop.services.call_resources import any_resource, each
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "xray",
    kept=operations("PutTelemetryRecords PutTraceSegments"),
    empty=operations("GetGroups"),
    permissions=each(
        any_resource,
        "PutTraceSegments PutTelemetryRecords GetSamplingRules "
        "GetSamplingTargets GetSamplingStatisticSummaries",
    ),
)
