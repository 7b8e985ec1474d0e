"""DynamoDB: tables."""

from typing import Any

from modelwharf.laptop.resources.resource import (
    Created,
    Properties,
    Resource,
    ResourceRefused,
    chosen,
    gone,
    names,
)


class Table(Resource):
    type = "AWS::DynamoDB::Table"
    name_property = "TableName"
    properties = names(
        "AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes "
        "KeySchema LocalSecondaryIndexes PointInTimeRecoverySpecification ProvisionedThroughput "
        "SSESpecification TableClass TableName Tags "
        "TimeToLiveSpecification"
    )
    replacement = names("KeySchema LocalSecondaryIndexes TableName")

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
        _settings(client, name, properties)
        return Created(name, {"Arn": table["TableArn"]})

    def modify(self, wanted: Properties) -> None:
        client = self.client("dynamodb")
        if self.given.get("GlobalSecondaryIndexes") != wanted.get("GlobalSecondaryIndexes"):
            raise ResourceRefused("the laptop's cloud changes no index of a table that exists")
        if self.given.get("BillingMode") != wanted.get("BillingMode"):
            raise ResourceRefused("the laptop's cloud changes no table's billing mode")
        client.update_table(
            TableName=self.created.ref,
            DeletionProtectionEnabled=wanted.get("DeletionProtectionEnabled", False),
        )
        _settings(client, self.created.ref, wanted)

    def remove(self) -> None:
        with gone("ResourceNotFoundException"):
            self.client("dynamodb").delete_table(TableName=self.created.ref)


def _settings(client: Any, name: str, properties: Properties) -> None:
    """Apply the settings that have API calls of their own."""
    if "TimeToLiveSpecification" in properties:
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )
    if "PointInTimeRecoverySpecification" in properties:
        client.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"],
        )


TYPES = (Table,)
