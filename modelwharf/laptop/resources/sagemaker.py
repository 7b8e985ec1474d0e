"""SageMaker: model package groups. Releases create everything else of SageMaker."""

from modelwharf.laptop.resources.resource import Created, Properties, Resource, chosen, names


class ModelPackageGroup(Resource):
    type = "AWS::SageMaker::ModelPackageGroup"
    name_property = "ModelPackageGroupName"
    properties = frozenset({"ModelPackageGroupDescription", "ModelPackageGroupName", "Tags"})
    replacement = names("ModelPackageGroupDescription")
    attributes = frozenset({"ModelPackageGroupArn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        settings = chosen(properties, "ModelPackageGroupDescription Tags")
        arn = cls.client("sagemaker").create_model_package_group(
            ModelPackageGroupName=name, **settings
        )["ModelPackageGroupArn"]
        return Created(arn, {"ModelPackageGroupArn": arn})

    def modify(self, wanted: Properties) -> None:
        """Change the tags. Any other change needs a new group."""
        tags = wanted.get("Tags", [])
        self.client("sagemaker").add_tags(ResourceArn=self.created.ref, Tags=tags)

    def remove(self) -> None:
        """Delete the group. One with packages is refused."""
        name = self.created.ref.rsplit("/", 1)[-1]
        self.client("sagemaker").delete_model_package_group(ModelPackageGroupName=name)


TYPES = (ModelPackageGroup,)
