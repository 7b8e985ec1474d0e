"""SNS: topics, who may publish to them, and who hears."""

import json

from localcloud.resources.resource import Created, Properties, Resource, names


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


class Subscription(Resource):
    type = "AWS::SNS::Subscription"
    properties = names(
        "Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery TopicArn"
    )

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        attributes = {}
        if "FilterPolicy" in properties:
            attributes["FilterPolicy"] = json.dumps(properties["FilterPolicy"])
        if "FilterPolicyScope" in properties:
            attributes["FilterPolicyScope"] = properties["FilterPolicyScope"]
        if "RawMessageDelivery" in properties:
            attributes["RawMessageDelivery"] = str(properties["RawMessageDelivery"]).lower()
        arn = cls.client("sns").subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties["Endpoint"],
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Created(arn)


TYPES = (Topic, TopicPolicy, Subscription)
