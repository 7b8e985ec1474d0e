"""SQS: queues and their policies."""

import json

from modelwharf.laptop.resources.resource import (
    Created,
    Properties,
    Resource,
    gone,
    names,
    shortened,
)

NAME_LIMIT = 80  # characters, CreateQueue


class Queue(Resource):
    type = "AWS::SQS::Queue"
    name_property = "QueueName"
    properties = names(
        "DelaySeconds KmsMasterKeyId MessageRetentionPeriod QueueName RedrivePolicy "
        "SqsManagedSseEnabled Tags VisibilityTimeout"
    )
    attributes = frozenset({"Arn", "QueueName", "QueueUrl"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        settings, name = _attributes(properties), shortened(name, NAME_LIMIT)
        made = cls.client("sqs").create_queue(
            QueueName=name, Attributes=settings, tags=_tags(properties)
        )
        url = made["QueueUrl"]
        attributes = {"Arn": cls.cloud.arn("sqs", name), "QueueName": name, "QueueUrl": url}
        return Created(url, attributes)

    def modify(self, wanted: Properties) -> None:
        withdrawn = {key: "" for key in self.given.keys() - wanted.keys() if key in _CLEARABLE}
        self.client("sqs").set_queue_attributes(
            QueueUrl=self.created.ref, Attributes={**withdrawn, **_attributes(wanted)}
        )
        tags = _tags(wanted)
        if dropped := [key for key in _tags(self.given) if key not in tags]:
            self.client("sqs").untag_queue(QueueUrl=self.created.ref, TagKeys=dropped)
        if tags:
            self.client("sqs").tag_queue(QueueUrl=self.created.ref, Tags=tags)

    def remove(self) -> None:
        with gone("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
            self.client("sqs").delete_queue(QueueUrl=self.created.ref)


_CLEARABLE = frozenset({"KmsMasterKeyId", "RedrivePolicy"})


def _attributes(properties: Properties) -> dict[str, str]:
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in properties.items()
        if key not in ("QueueName", "Tags")
    }


def _tags(properties: Properties) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}


class QueuePolicy(Resource):
    type = "AWS::SQS::QueuePolicy"
    properties = frozenset({"PolicyDocument", "Queues"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        policy = json.dumps(properties["PolicyDocument"])
        for queue in properties["Queues"]:
            cls.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        return Created(name)

    def modify(self, wanted: Properties) -> None:
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        for queue in self.given["Queues"]:
            with gone("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
                self.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})


TYPES = (Queue, QueuePolicy)
