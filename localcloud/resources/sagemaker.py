"""SageMaker: model package groups. Everything else of SageMaker is made by releases."""

from localcloud.resources.resource import Created, Properties, Resource, chosen


class ModelPackageGroup(Resource):
    type = "AWS::SageMaker::ModelPackageGroup"
    name_property = "ModelPackageGroupName"
    properties = frozenset({"ModelPackageGroupDescription", "ModelPackageGroupName", "Tags"})
    attributes = frozenset({"ModelPackageGroupArn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        settings = chosen(properties, "ModelPackageGroupDescription Tags")
        arn = cls.client("sagemaker").create_model_package_group(
            ModelPackageGroupName=name, **settings
        )["ModelPackageGroupArn"]
        return Created(arn, {"ModelPackageGroupArn": arn})


TYPES = (ModelPackageGroup,)
