"""KMS: keys. The laptop encrypts nothing with them; only their names are real."""

import json

from localcloud.resources.resource import Created, Properties, Resource, chosen, names


class Key(Resource):
    type = "AWS::KMS::Key"
    properties = names(
        "Description EnableKeyRotation KeyPolicy KeySpec KeyUsage PendingWindowInDays Tags"
    )
    attributes = frozenset({"Arn", "KeyId"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("kms")
        settings = chosen(properties, "Description KeySpec KeyUsage")
        if "KeyPolicy" in properties:
            settings["Policy"] = json.dumps(properties["KeyPolicy"])
        if "Tags" in properties:
            settings["Tags"] = [
                {"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties["Tags"]
            ]
        key = client.create_key(**settings)["KeyMetadata"]
        if properties.get("EnableKeyRotation"):
            client.enable_key_rotation(KeyId=key["KeyId"])
        return Created(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


class Alias(Resource):
    type = "AWS::KMS::Alias"
    name_property = "AliasName"
    properties = frozenset({"AliasName", "TargetKeyId"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        cls.client("kms").create_alias(AliasName=name, TargetKeyId=properties["TargetKeyId"])
        return Created(name)


TYPES = (Key, Alias)
