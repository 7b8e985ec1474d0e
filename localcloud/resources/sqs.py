"""SQS: queues and their policies."""

import json

from localcloud.resources.resource import Created, Properties, Resource, names


class Queue(Resource):
    type = "AWS::SQS::Queue"
    name_property = "QueueName"
    properties = names(
        "DelaySeconds KmsMasterKeyId MessageRetentionPeriod QueueName RedrivePolicy "
        "SqsManagedSseEnabled VisibilityTimeout"
    )
    attributes = frozenset({"Arn", "QueueName", "QueueUrl"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        settings = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in properties.items()
            if key != "QueueName"
        }
        url = cls.client("sqs").create_queue(QueueName=name, Attributes=settings)["QueueUrl"]
        attributes = {"Arn": cls.cloud.arn("sqs", name), "QueueName": name, "QueueUrl": url}
        return Created(url, attributes)


class QueuePolicy(Resource):
    type = "AWS::SQS::QueuePolicy"
    properties = frozenset({"PolicyDocument", "Queues"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        policy = json.dumps(properties["PolicyDocument"])
        for queue in properties["Queues"]:
            cls.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        return Created(name)


TYPES = (Queue, QueuePolicy)
