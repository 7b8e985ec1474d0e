"""CodeBuild: projects."""

from localcloud import iam
from localcloud.resources.resource import Created, Properties, Resource, camel, names


class Project(Resource):
    type = "AWS::CodeBuild::Project"
    name_property = "Name"
    properties = names(
        "Artifacts Cache ConcurrentBuildLimit Description EncryptionKey Environment LogsConfig "
        "Name QueuedTimeoutInMinutes ServiceRole Source SourceVersion Tags "
        "TimeoutInMinutes"
    )
    attributes = frozenset({"Arn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        iam.require_trust(cls.cloud, properties["ServiceRole"], "codebuild.amazonaws.com")
        settings = {**camel(properties), "name": name}
        # The one key whose API name is not merely CloudFormation's in camelCase.
        source = settings["source"]
        if "buildSpec" in source:
            source["buildspec"] = source.pop("buildSpec")
        project = cls.client("codebuild").create_project(**settings)["project"]
        return Created(name, {"Arn": project["arn"]})

    def modify(self, wanted: Properties) -> None:
        """moto has no UpdateProject; a project has no state but its settings."""
        self.remove()
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        self.client("codebuild").delete_project(name=self.created.ref)


TYPES = (Project,)
