"""DynamoDB Streams: the changes of a table, in order."""

from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "dynamodbstreams",
    target="DynamoDBStreams_20120810",
    signing_name="dynamodb",
    moto=operations("DescribeStream GetRecords GetShardIterator ListStreams"),
)
