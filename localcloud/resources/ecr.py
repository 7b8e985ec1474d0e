"""ECR: repositories of images."""

import json

from localcloud.resources.resource import Created, Properties, Resource, camel, chosen, names


class Repository(Resource):
    type = "AWS::ECR::Repository"
    name_property = "RepositoryName"
    properties = names(
        "EmptyOnDelete EncryptionConfiguration ImageScanningConfiguration ImageTagMutability "
        "LifecyclePolicy RepositoryName RepositoryPolicyText Tags"
    )
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
        if "LifecyclePolicy" in properties:
            text = properties["LifecyclePolicy"]["LifecyclePolicyText"]
            client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
        if "RepositoryPolicyText" in properties:
            policy = json.dumps(properties["RepositoryPolicyText"])
            client.set_repository_policy(repositoryName=name, policyText=policy)
        attributes = {
            "Arn": repository["repositoryArn"],
            "RepositoryUri": repository["repositoryUri"],
        }
        return Created(name, attributes)


TYPES = (Repository,)
