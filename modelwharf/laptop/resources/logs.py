"""CloudWatch Logs: log groups, and the policies that let services write to them."""

import json

from modelwharf.laptop.resources.resource import Created, Properties, Resource, gone


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


class ResourcePolicy(Resource):
    type = "AWS::Logs::ResourcePolicy"
    name_property = "PolicyName"
    properties = frozenset({"PolicyDocument", "PolicyName"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        document = properties["PolicyDocument"]
        text = document if isinstance(document, str) else json.dumps(document)
        cls.client("logs").put_resource_policy(policyName=name, policyDocument=text)
        return Created(name)

    def modify(self, wanted: Properties) -> None:
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        with gone("ResourceNotFoundException"):
            self.client("logs").delete_resource_policy(policyName=self.created.ref)


TYPES = (LogGroup, ResourcePolicy)
