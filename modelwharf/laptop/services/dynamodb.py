"""DynamoDB: tables, items, transactions, PartiQL, backups."""

from modelwharf.laptop.services.call_resources import any_resource, each, table_arns
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "dynamodb",
    target="DynamoDB_20120810",
    moto=operations(
        "BatchExecuteStatement BatchGetItem BatchWriteItem CreateBackup CreateTable "
        "DeleteBackup DeleteItem DeleteTable DescribeBackup DescribeExport DescribeImport "
        "DescribeLimits DescribeTable ExecuteStatement ExecuteTransaction "
        "ExportTableToPointInTime GetItem ImportTable ListBackups ListExports ListTables "
        "ListTagsOfResource PutItem Query RestoreTableFromBackup Scan TagResource "
        "TransactGetItems TransactWriteItems UntagResource UpdateItem UpdateTable"
    ),
    kept=operations(
        "DescribeContinuousBackups DescribeTimeToLive UpdateContinuousBackups UpdateTimeToLive"
    ),
    empty=operations("ListContributorInsights ListGlobalTables"),
    refused={
        "RestoreTableToPointInTime": (
            "no earlier state of a table is kept; use CreateBackup and RestoreTableFromBackup"
        ),
        "PutResourcePolicy": "the policy of a table would not be judged; use identity policies",
        "DescribeEndpoints": "it would send the client to AWS",
    },
    one_at_a_time=True,
    permissions={
        **each(
            table_arns,
            "GetItem PutItem UpdateItem DeleteItem Query Scan DescribeTable "
            "DescribeTimeToLive ConditionCheckItem",
        ),
        **each(any_resource, "ListTables"),
    },
)
