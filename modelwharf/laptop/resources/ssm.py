"""Systems Manager: parameters."""

from modelwharf.laptop.resources.resource import Created, Properties, Resource, chosen, gone


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

    def modify(self, wanted: Properties) -> None:
        """Overwrite the parameter, as CloudFormation does."""
        self.client("ssm").put_parameter(
            Name=self.created.ref,
            Overwrite=True,
            **chosen(wanted, "AllowedPattern DataType Description Tier Type Value"),
        )
        self.created = Created(self.created.ref, {"Type": wanted["Type"], "Value": wanted["Value"]})

    def remove(self) -> None:
        with gone("ParameterNotFound"):
            self.client("ssm").delete_parameter(Name=self.created.ref)


TYPES = (Parameter,)
