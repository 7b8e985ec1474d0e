"""EventBridge: rules, targets, buses, archives and replays."""

from modelwharf.laptop.services.call_resources import any_resource, each, named
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "events",
    target="AWSEvents",
    ours=operations("PutEvents PutRule PutTargets"),
    moto=operations(
        "CancelReplay CreateArchive CreateEventBus DeleteArchive DeleteEventBus "
        "DeleteRule DescribeArchive DescribeEventBus DescribeReplay DescribeRule "
        "DisableRule EnableRule ListArchives ListEventBuses ListReplays "
        "ListRuleNamesByTarget ListRules ListTagsForResource ListTargetsByRule "
        "RemoveTargets StartReplay TagResource TestEventPattern UntagResource "
        "UpdateArchive"
    ),
    kept=operations("PutPermission RemovePermission"),
    empty=operations(
        "ListApiDestinations ListConnections ListEndpoints ListEventSources ListPartnerEventSources"
    ),
    refused={
        "CreateApiDestination": "no event is delivered to an API destination; use a function",
        "CreateConnection": "no event is delivered to an API destination; use a function",
        "PutPartnerEvents": "there is no partner; use PutEvents",
    },
    one_at_a_time=True,
    permissions={
        **each(
            named("events", "rule/", "Name", "Rule"),
            "PutRule DescribeRule PutTargets "
            "RemoveTargets ListTargetsByRule EnableRule DisableRule DeleteRule",
        ),
        **each(any_resource, "ListRules"),
    },
)
