"""CodeCommit: repositories, and the triggers that report a push."""

from modelwharf.laptop.resources.resource import Created, Properties, Resource, camel


class Repository(Resource):
    type = "AWS::CodeCommit::Repository"
    name_property = "RepositoryName"
    properties = frozenset({"RepositoryDescription", "RepositoryName", "Tags", "Triggers"})
    attributes = frozenset({"Arn", "CloneUrlHttp", "CloneUrlSsh", "Name"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("codecommit")
        metadata = client.create_repository(
            repositoryName=name,
            repositoryDescription=properties.get("RepositoryDescription", ""),
        )["repositoryMetadata"]
        if properties.get("Triggers"):
            client.put_repository_triggers(
                repositoryName=name, triggers=camel(properties["Triggers"])
            )
        attributes = {
            "Arn": metadata["Arn"],
            "CloneUrlHttp": metadata["cloneUrlHttp"],
            "CloneUrlSsh": metadata["cloneUrlSsh"],
            "Name": name,
        }
        return Created(metadata["repositoryId"], attributes)

    def modify(self, wanted: Properties) -> None:
        self.client("codecommit").put_repository_triggers(
            repositoryName=self.created.attributes["Name"],
            triggers=camel(wanted.get("Triggers", [])),
        )

    def remove(self) -> None:
        self.client("codecommit").delete_repository(repositoryName=self.created.attributes["Name"])


TYPES = (Repository,)
