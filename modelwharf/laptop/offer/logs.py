"""CloudWatch Logs: groups, streams and their events."""

from modelwharf.laptop.offer.service import Service, operations

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
)
