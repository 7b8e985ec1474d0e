"""SNS: topics, their policies and their subscriptions."""

import json
from typing import Any

from modelwharf.laptop.resources.resource import Created, Properties, Resource, gone, names


class Topic(Resource):
    type = "AWS::SNS::Topic"
    name_property = "TopicName"
    properties = frozenset({"DisplayName", "KmsMasterKeyId", "Tags", "TopicName"})
    attributes = frozenset({"TopicArn", "TopicName"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        attributes = {
            key: properties[key] for key in ("DisplayName", "KmsMasterKeyId") if key in properties
        }
        arn = cls.client("sns").create_topic(
            Name=name, Attributes=attributes, Tags=properties.get("Tags", [])
        )["TopicArn"]
        return Created(arn, {"TopicArn": arn, "TopicName": name})

    def modify(self, wanted: Properties) -> None:
        for key in ("DisplayName", "KmsMasterKeyId"):
            self.client("sns").set_topic_attributes(
                TopicArn=self.created.ref, AttributeName=key, AttributeValue=wanted.get(key, "")
            )

    def remove(self) -> None:
        self.client("sns").delete_topic(TopicArn=self.created.ref)


class TopicPolicy(Resource):
    type = "AWS::SNS::TopicPolicy"
    properties = frozenset({"PolicyDocument", "Topics"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        for topic in properties["Topics"]:
            cls.client("sns").set_topic_attributes(
                TopicArn=topic,
                AttributeName="Policy",
                AttributeValue=json.dumps(properties["PolicyDocument"]),
            )
        return Created(name)

    def modify(self, wanted: Properties) -> None:
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        """Reset the policy: as for a new topic, only its account has access."""
        for topic in self.given["Topics"]:
            with gone("NotFound", "NotFoundException"):
                _own_account_only(self.client("sns"), topic)


def _own_account_only(client: Any, topic: str) -> None:
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe"],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic.split(":")[4]}},
    }
    policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    client.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )


class Subscription(Resource):
    type = "AWS::SNS::Subscription"
    properties = names(
        "Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery RedrivePolicy TopicArn"
    )
    replacement = names("Endpoint Protocol TopicArn")

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        attributes = {}
        if "FilterPolicy" in properties:
            attributes["FilterPolicy"] = json.dumps(properties["FilterPolicy"])
        if "FilterPolicyScope" in properties:
            attributes["FilterPolicyScope"] = properties["FilterPolicyScope"]
        if "RawMessageDelivery" in properties:
            attributes["RawMessageDelivery"] = str(properties["RawMessageDelivery"]).lower()
        if "RedrivePolicy" in properties:
            attributes["RedrivePolicy"] = json.dumps(properties["RedrivePolicy"])
        arn = cls.client("sns").subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties["Endpoint"],
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Created(arn)

    def modify(self, wanted: Properties) -> None:
        values = {
            "FilterPolicy": json.dumps(wanted.get("FilterPolicy", {})),
            "FilterPolicyScope": wanted.get("FilterPolicyScope", "MessageAttributes"),
            "RawMessageDelivery": str(wanted.get("RawMessageDelivery", False)).lower(),
            "RedrivePolicy": json.dumps(wanted.get("RedrivePolicy", {})),
        }
        for name, value in values.items():
            if self.given.get(name) != wanted.get(name):
                self.client("sns").set_subscription_attributes(
                    SubscriptionArn=self.created.ref, AttributeName=name, AttributeValue=value
                )

    def remove(self) -> None:
        with gone("NotFound", "NotFoundException"):
            self.client("sns").unsubscribe(SubscriptionArn=self.created.ref)


TYPES = (Topic, TopicPolicy, Subscription)
