"""CloudWatch Logs: log groups."""

from localcloud.resources.resource import Created, Properties, Resource


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


TYPES = (LogGroup,)
