"""EventBridge: rules with their targets, buses and archives."""

import json
from collections.abc import Callable
from typing import Any

from modelwharf.laptop.resources.resource import (
    Created,
    Properties,
    Resource,
    ResourceRefused,
    chosen,
    gone,
    names,
    shortened,
)

NAME_LIMIT = 64  # characters, PutRule
ARCHIVE_LIMIT = 48  # characters, CreateArchive


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


class EventBus(Resource):
    type = "AWS::Events::EventBus"
    name_property = "Name"
    properties = names("Description Name Tags")
    attributes = frozenset({"Arn", "Name"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        settings = chosen(properties, "Description Tags")
        arn = cls.client("events").create_event_bus(Name=name, **settings)["EventBusArn"]
        return Created(name, {"Arn": arn, "Name": name})

    def modify(self, wanted: Properties) -> None:
        """Change the tags; moto has no UpdateEventBus."""
        if self.given.get("Description") != wanted.get("Description"):
            raise ResourceRefused("the laptop's cloud changes no event bus's description")
        client, arn = self.client("events"), self.created.attributes["Arn"]
        tags = wanted.get("Tags", [])
        kept = {tag["Key"] for tag in tags}
        withdrawn = [tag["Key"] for tag in self.given.get("Tags", []) if tag["Key"] not in kept]
        if withdrawn:
            client.untag_resource(ResourceARN=arn, TagKeys=withdrawn)
        if tags:
            client.tag_resource(ResourceARN=arn, Tags=tags)

    def remove(self) -> None:
        with gone("ResourceNotFoundException"):
            self.client("events").delete_event_bus(Name=self.created.ref)


class Archive(Resource):
    type = "AWS::Events::Archive"
    name_property = "ArchiveName"
    properties = names("ArchiveName Description EventPattern RetentionDays SourceArn")
    replacement = names("SourceArn")
    attributes = frozenset({"Arn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        archive = shortened(name, ARCHIVE_LIMIT)
        answer = cls.client("events").create_archive(
            ArchiveName=archive, EventSourceArn=properties["SourceArn"], **_kept(properties)
        )
        return Created(archive, {"Arn": answer["ArchiveArn"]})

    def modify(self, wanted: Properties) -> None:
        self.client("events").update_archive(ArchiveName=self.created.ref, **_kept(wanted))

    def remove(self) -> None:
        with gone("ResourceNotFoundException"):
            self.client("events").delete_archive(ArchiveName=self.created.ref)


def _kept(properties: Properties) -> dict[str, Any]:
    """The settings of an archive: what it keeps, and for how long."""
    settings = chosen(properties, "Description RetentionDays")
    if "EventPattern" in properties:
        settings["EventPattern"] = json.dumps(properties["EventPattern"])
    return settings


TYPES = (Archive, EventBus, Rule)
