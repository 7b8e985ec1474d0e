"""EventBridge: rules with their targets."""

import json

from localcloud.resources.resource import Created, Properties, Resource, chosen, names, shortened

NAME_LIMIT = 64  # characters, PutRule


class Rule(Resource):
    type = "AWS::Events::Rule"
    name_property = "Name"
    properties = names(
        "Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets"
    )
    attributes = frozenset({"Arn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("events")
        rule = shortened(name, NAME_LIMIT)
        settings = chosen(
            properties, "Description EventBusName RoleArn ScheduleExpression State Tags"
        )
        if "EventPattern" in properties:
            settings["EventPattern"] = json.dumps(properties["EventPattern"])
        arn = client.put_rule(Name=rule, **settings)["RuleArn"]
        if properties.get("Targets"):
            bus = chosen(properties, "EventBusName")
            client.put_targets(Rule=rule, Targets=properties["Targets"], **bus)
        return Created(rule, {"Arn": arn})


TYPES = (Rule,)
