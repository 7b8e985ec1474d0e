"""The two topics: ``changes`` starts releases, ``notifications`` reports their outcomes."""

from aws_cdk.aws_iam import Effect, PolicyStatement, ServicePrincipal, StarPrincipal
from aws_cdk.aws_kms import Key
from aws_cdk.aws_sns import Topic
from constructs import Construct

from infra.names import Names


class Topics(Construct):
    """Encrypted topics. Only the named services and roles with a grant may publish."""

    def __init__(self, scope: Construct, construct_id: str, *, names: Names, kms_key: Key) -> None:
        super().__init__(scope, construct_id)
        self._key = kms_key
        self.changes = self._topic("Changes", names.topic("changes"))
        self.notifications = self._topic("Notifications", names.topic("notifications"))

    def _topic(self, construct_id: str, name: str) -> Topic:
        topic = Topic(self, construct_id, topic_name=name, master_key=self._key)
        topic.add_to_resource_policy(
            PolicyStatement(
                sid="PublishOverTlsOnly",
                effect=Effect.DENY,
                principals=[StarPrincipal()],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"Bool": {"aws:SecureTransport": "false"}},
            )
        )
        return topic

    def publish_from(self, topic: Topic, *, sid: str, service: str, source_arn: str) -> None:
        """Let an AWS service publish for the resources that ``source_arn`` names.

        The ARN is composed, because a reference from the key to a resource that names a topic
        would be a cycle. It is the only condition: not every service sends ``aws:SourceAccount``.
        SNS uses the key in the publisher's name, with the publisher's source (SNS developer guide,
        "Key management"). EventBridge cannot use this: it publishes without a source.
        """
        principal = ServicePrincipal(service)
        from_source = {"ArnLike": {"aws:SourceArn": source_arn}}
        topic.add_to_resource_policy(
            PolicyStatement(
                sid=sid,
                principals=[principal],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions=from_source,
            )
        )
        self._key.add_to_resource_policy(
            PolicyStatement(
                sid=sid,
                principals=[principal],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],  # in a key's policy: this key
                conditions=from_source,
            )
        )
