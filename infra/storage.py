"""Resources that outlive a release: the key, raw data, artifacts and the ledger."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    BillingMode,
    PointInTimeRecoverySpecification,
    ProjectionType,
    Table,
)
from aws_cdk.aws_kms import Key
from aws_cdk.aws_s3 import (
    BlockPublicAccess,
    Bucket,
    BucketEncryption,
    CfnBucket,
    LifecycleRule,
    ObjectOwnership,
)
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.grant import Grant
from infra.settings import Settings
from modelwharf.contracts.capture import CAPTURE_PREFIX
from modelwharf.contracts.ledger import RELEASE_INDEX, WAITING_INDEX

KEPT_VERSIONS = 10  # noncurrent versions of an object, of any age


class Storage(Construct):
    """Versioned buckets under one rotating key, and the ledger table."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.kms_key = Key(
            self,
            "Key",
            description=f"Modelwharf {settings.project}: data, artifacts, topics",
            enable_key_rotation=True,
            removal_policy=settings.removal_policy,
        )
        self.data_bucket = self._bucket("Data", settings)
        self.artifact_bucket = self._bucket("Artifacts", settings)
        self.artifact_bucket.add_lifecycle_rule(
            prefix=f"{CAPTURE_PREFIX}/", expiration=Duration.days(settings.capture_days)
        )
        _announce_objects(self.data_bucket)
        self.dynamodb_table = self._ledger(settings)

    def _bucket(self, construct_id: str, settings: Settings) -> Bucket:
        bucket = Bucket(
            self,
            construct_id,
            versioned=True,
            encryption=BucketEncryption.KMS,
            encryption_key=self.kms_key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                LifecycleRule(
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                    noncurrent_version_expiration=Duration.days(settings.noncurrent_days),
                    noncurrent_versions_to_retain=KEPT_VERSIONS,
                ),
                LifecycleRule(expired_object_delete_marker=True),
            ],
            removal_policy=settings.removal_policy,
        )
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "Who read or wrote an object is CloudTrail's to record, as data events that an "
            "account switches on; server access logs come late, not always, and fill a bucket.",
        )
        return bucket

    def _ledger(self, settings: Settings) -> Table:
        table = Table(
            self,
            "Ledger",
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            sort_key=Attribute(name="sk", type=AttributeType.STRING),
            billing_mode=BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires",
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=not settings.destroys,
            # Protection stops the rollback of a first deployment from deleting the table. Its
            # generated name blocks no later deployment.
            removal_policy=(settings.removal_policy if settings.destroys else RemovalPolicy.RETAIN),
        )
        table.add_global_secondary_index(
            index_name=WAITING_INDEX,
            partition_key=Attribute(name="waiting", type=AttributeType.STRING),
            sort_key=Attribute(name="next_check", type=AttributeType.NUMBER),
            projection_type=ProjectionType.ALL,
        )
        table.add_global_secondary_index(
            index_name=RELEASE_INDEX,
            partition_key=Attribute(name="release_id", type=AttributeType.STRING),
            sort_key=Attribute(name="sk", type=AttributeType.STRING),
            projection_type=ProjectionType.ALL,
        )
        return table

    @property
    def decryption(self) -> Grant:
        """The key's permissions for reading the buckets."""
        return Grant(actions=("kms:Decrypt",), resources=(self.kms_key.key_arn,))

    @property
    def encryption(self) -> Grant:
        """The key's permissions for writing the buckets and publishing to the topics."""
        return Grant(
            actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=(self.kms_key.key_arn,)
        )

    @property
    def output_encryption(self) -> Grant:
        """The key's further permissions for a job's output (API reference, OutputDataConfig)."""
        return Grant(actions=("kms:Encrypt",), resources=(self.kms_key.key_arn,))


def _announce_objects(bucket: Bucket) -> None:
    """Send the bucket's events to EventBridge, by CloudFormation's own property.

    The construct's ``event_bridge_enabled`` would add a Lambda-backed custom resource.
    """
    resource = cast(CfnBucket, bucket.node.default_child)
    resource.notification_configuration = CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=CfnBucket.EventBridgeConfigurationProperty(
            event_bridge_enabled=True
        )
    )
