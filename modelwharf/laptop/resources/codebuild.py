"""CodeBuild: projects."""

from modelwharf.laptop import iam
from modelwharf.laptop.resources.resource import Created, Properties, Resource, camel, names


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
        # The only key whose API name is not CloudFormation's name in camelCase.
        source = settings["source"]
        if "buildSpec" in source:
            source["buildspec"] = source.pop("buildSpec")
        project = cls.client("codebuild").create_project(**settings)["project"]
        return Created(name, {"Arn": project["arn"]})

    def modify(self, wanted: Properties) -> None:
        """Create the project again: moto has no UpdateProject, and a project has only settings."""
        self.remove()
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        self.client("codebuild").delete_project(name=self.created.ref)


TYPES = (Project,)
