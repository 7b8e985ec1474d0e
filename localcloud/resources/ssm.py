"""Systems Manager: parameters."""

from localcloud.resources.resource import Created, Properties, Resource, chosen


class Parameter(Resource):
    type = "AWS::SSM::Parameter"
    name_property = "Name"
    properties = frozenset(
        {"AllowedPattern", "DataType", "Description", "Name", "Tags", "Tier", "Type", "Value"}
    )
    attributes = frozenset({"Type", "Value"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        tags = [{"Key": key, "Value": value} for key, value in properties.get("Tags", {}).items()]
        cls.client("ssm").put_parameter(
            Name=name,
            Tags=tags,
            **chosen(properties, "AllowedPattern DataType Description Tier Type Value"),
        )
        return Created(name, {"Type": properties["Type"], "Value": properties["Value"]})


TYPES = (Parameter,)
