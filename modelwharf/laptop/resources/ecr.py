"""ECR: repositories of images."""

import json
from typing import Any

from modelwharf.laptop.resources.resource import (
    Created,
    Properties,
    Resource,
    camel,
    chosen,
    gone,
    names,
)


class Repository(Resource):
    type = "AWS::ECR::Repository"
    name_property = "RepositoryName"
    properties = names(
        "EmptyOnDelete EncryptionConfiguration ImageScanningConfiguration ImageTagMutability "
        "LifecyclePolicy RepositoryName RepositoryPolicyText Tags"
    )
    replacement = names("EncryptionConfiguration")

    attributes = frozenset({"Arn", "RepositoryUri"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("ecr")
        settings = chosen(
            properties, "EncryptionConfiguration ImageScanningConfiguration ImageTagMutability"
        )
        repository = client.create_repository(
            repositoryName=name, tags=properties.get("Tags", []), **camel(settings)
        )["repository"]
        _policies(client, name, properties)
        attributes = {
            "Arn": repository["repositoryArn"],
            "RepositoryUri": repository["repositoryUri"],
        }
        return Created(name, attributes)

    def modify(self, wanted: Properties) -> None:
        client, name = self.client("ecr"), self.created.ref
        if "ImageTagMutability" in wanted:
            client.put_image_tag_mutability(
                repositoryName=name, imageTagMutability=wanted["ImageTagMutability"]
            )
        if "ImageScanningConfiguration" in wanted:
            client.put_image_scanning_configuration(
                repositoryName=name,
                imageScanningConfiguration=camel(wanted["ImageScanningConfiguration"]),
            )
        _policies(client, name, wanted)
        if "LifecyclePolicy" in self.given and "LifecyclePolicy" not in wanted:
            client.delete_lifecycle_policy(repositoryName=name)
        if "RepositoryPolicyText" in self.given and "RepositoryPolicyText" not in wanted:
            client.delete_repository_policy(repositoryName=name)

    def remove(self) -> None:
        """Delete the repository. One with images is refused unless EmptyOnDelete is set."""
        with gone("RepositoryNotFoundException"):
            self.client("ecr").delete_repository(
                repositoryName=self.created.ref, force=self.given.get("EmptyOnDelete", False)
            )


def _policies(client: Any, name: str, properties: Properties) -> None:
    if "LifecyclePolicy" in properties:
        text = properties["LifecyclePolicy"]["LifecyclePolicyText"]
        client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
    if "RepositoryPolicyText" in properties:
        policy = json.dumps(properties["RepositoryPolicyText"])
        client.set_repository_policy(repositoryName=name, policyText=policy)


TYPES = (Repository,)
