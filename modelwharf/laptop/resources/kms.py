"""KMS: keys. The laptop encrypts nothing with them: only their names are real."""

import json

from modelwharf.laptop.resources.resource import Created, Properties, Resource, chosen, gone, names


class Key(Resource):
    type = "AWS::KMS::Key"
    properties = names(
        "Description EnableKeyRotation KeyPolicy KeySpec KeyUsage PendingWindowInDays Tags"
    )
    replacement = names("KeySpec KeyUsage")

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

    def modify(self, wanted: Properties) -> None:
        client, key = self.client("kms"), self.created.ref
        client.update_key_description(KeyId=key, Description=wanted.get("Description", ""))
        if "KeyPolicy" in wanted:
            policy = json.dumps(wanted["KeyPolicy"])
            client.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
        rotates = wanted.get("EnableKeyRotation", False)
        (client.enable_key_rotation if rotates else client.disable_key_rotation)(KeyId=key)

    def remove(self) -> None:
        """Schedule the deletion, as CloudFormation does: a key is deleted after 7 to 30 days."""
        days = int(self.given.get("PendingWindowInDays", 30))
        with gone("NotFoundException"):
            self.client("kms").schedule_key_deletion(
                KeyId=self.created.ref, PendingWindowInDays=days
            )


class Alias(Resource):
    type = "AWS::KMS::Alias"
    name_property = "AliasName"
    properties = frozenset({"AliasName", "TargetKeyId"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        cls.client("kms").create_alias(AliasName=name, TargetKeyId=properties["TargetKeyId"])
        return Created(name)

    def modify(self, wanted: Properties) -> None:
        self.client("kms").update_alias(
            AliasName=self.created.ref, TargetKeyId=wanted["TargetKeyId"]
        )

    def remove(self) -> None:
        with gone("NotFoundException"):
            self.client("kms").delete_alias(AliasName=self.created.ref)


TYPES = (Key, Alias)
