"""CloudWatch Logs: log groups."""

from localcloud.resources.resource import Created, Properties, Resource, gone


class LogGroup(Resource):
    type = "AWS::Logs::LogGroup"
    name_property = "LogGroupName"
    properties = frozenset({"KmsKeyId", "LogGroupName", "RetentionInDays", "Tags"})
    attributes = frozenset({"Arn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("logs")
        tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        client.create_log_group(logGroupName=name, tags=tags)
        if "RetentionInDays" in properties:
            client.put_retention_policy(
                logGroupName=name, retentionInDays=int(properties["RetentionInDays"])
            )
        return Created(name, {"Arn": cls.cloud.arn("logs", f"log-group:{name}:*")})

    def modify(self, wanted: Properties) -> None:
        client, name = self.client("logs"), self.created.ref
        if "RetentionInDays" in wanted:
            days = int(wanted["RetentionInDays"])
            client.put_retention_policy(logGroupName=name, retentionInDays=days)
        elif "RetentionInDays" in self.given:
            client.delete_retention_policy(logGroupName=name)

    def remove(self) -> None:
        with gone("ResourceNotFoundException"):
            self.client("logs").delete_log_group(logGroupName=self.created.ref)


TYPES = (LogGroup,)
