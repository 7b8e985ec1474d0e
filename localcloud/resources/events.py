"""EventBridge: rules with their targets."""

import json
from collections.abc import Callable
from typing import Any

from localcloud.resources.resource import (
    Created,
    Properties,
    Resource,
    chosen,
    gone,
    names,
    shortened,
)

NAME_LIMIT = 64  # characters, PutRule


class Rule(Resource):
    type = "AWS::Events::Rule"
    name_property = "Name"
    properties = names(
        "Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets"
    )
    replacement = names("EventBusName")

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

    def modify(self, wanted: Properties) -> None:
        kept = {target["Id"] for target in wanted.get("Targets", [])}
        self._remove_targets(lambda target: target["Id"] not in kept)
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        bus = chosen(self.given, "EventBusName")
        with gone("ResourceNotFoundException"):
            self._remove_targets(lambda target: True)
            self.client("events").delete_rule(Name=self.created.ref, **bus)

    def _remove_targets(self, which: Callable[[dict[str, Any]], bool]) -> None:
        bus = chosen(self.given, "EventBusName")
        ids = [target["Id"] for target in self.given.get("Targets", []) if which(target)]
        if ids:
            self.client("events").remove_targets(Rule=self.created.ref, Ids=ids, **bus)


TYPES = (Rule,)
