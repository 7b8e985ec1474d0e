"""DynamoDB: tables."""

from localcloud.resources.resource import Created, Properties, Resource, chosen, names


class Table(Resource):
    type = "AWS::DynamoDB::Table"
    name_property = "TableName"
    properties = names(
        "AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes "
        "KeySchema LocalSecondaryIndexes PointInTimeRecoverySpecification ProvisionedThroughput "
        "SSESpecification TableClass TableName Tags "
        "TimeToLiveSpecification"
    )
    attributes = frozenset({"Arn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("dynamodb")
        settings = chosen(
            properties,
            "AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes "
            "KeySchema LocalSecondaryIndexes ProvisionedThroughput TableClass Tags",
        )
        table = client.create_table(TableName=name, **settings)["TableDescription"]
        if "TimeToLiveSpecification" in properties:
            client.update_time_to_live(
                TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
            )
        if "PointInTimeRecoverySpecification" in properties:
            client.update_continuous_backups(
                TableName=name,
                PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"],
            )
        return Created(name, {"Arn": table["TableArn"]})


TYPES = (Table,)
