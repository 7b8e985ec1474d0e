"""CloudWatch Logs: groups, streams and their events."""

from modelwharf.laptop.services.call_resources import any_resource, each, log_group, log_stream
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "logs",
    target="Logs_20140328",
    moto=operations(
        "CreateExportTask CreateLogGroup CreateLogStream DeleteLogGroup DeleteLogStream "
        "DeleteResourcePolicy DeleteSubscriptionFilter DescribeExportTasks "
        "DescribeLogGroups DescribeLogStreams DescribeResourcePolicies "
        "DescribeSubscriptionFilters FilterLogEvents GetLogEvents ListTagsForResource "
        "ListTagsLogGroup PutLogEvents PutResourcePolicy PutSubscriptionFilter "
        "TagLogGroup TagResource UntagLogGroup UntagResource"
    ),
    kept=operations("DeleteRetentionPolicy PutRetentionPolicy"),
    empty=operations(
        "DescribeDeliveries DescribeDeliveryDestinations DescribeDeliverySources "
        "DescribeDestinations DescribeMetricFilters DescribeQueries "
        "DescribeQueryDefinitions"
    ),
    refused={
        "StartQuery": "filters and statistics of a query are not computed; use FilterLogEvents",
        "PutMetricFilter": (
            "no metric would be counted; use PutMetricData or the embedded metric format in AWS"
        ),
        "StartLiveTail": "use FilterLogEvents (aws logs tail)",
    },
    one_at_a_time=True,
    permissions={
        **each(
            log_group,
            "CreateLogGroup CreateLogStream DescribeLogStreams FilterLogEvents "
            "PutRetentionPolicy StartQuery DeleteLogGroup",
        ),
        **each(log_stream, "PutLogEvents GetLogEvents"),
        **each(
            lambda parameters, place: [place.arn("logs", "log-group::log-stream:*")],
            "DescribeLogGroups",
        ),
        **each(any_resource, "GetQueryResults StopQuery"),
    },
)
