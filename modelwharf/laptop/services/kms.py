"""KMS: keys and aliases that encrypt, sign and verify when called directly."""

from modelwharf.laptop.services.call_resources import any_resource, each, named
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "kms",
    target="TrentService",
    moto=operations(
        "CancelKeyDeletion CreateAlias CreateKey Decrypt DeleteAlias DescribeKey "
        "DisableKey EnableKey Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext "
        "GenerateMac GenerateRandom GetPublicKey ListAliases ListKeys ListResourceTags "
        "ReEncrypt ScheduleKeyDeletion Sign TagResource UntagResource UpdateAlias "
        "UpdateKeyDescription Verify VerifyMac"
    ),
    kept=operations(
        "CreateGrant DisableKeyRotation EnableKeyRotation GetKeyPolicy "
        "GetKeyRotationStatus ListGrants ListKeyPolicies ListKeyRotations "
        "ListRetirableGrants PutKeyPolicy RetireGrant RevokeGrant RotateKeyOnDemand"
    ),
    empty=operations("DescribeCustomKeyStores"),
    refused={
        "ReplicateKey": "there is one region",
    },
    one_at_a_time=True,
    permissions={
        **each(
            named("kms", "key/", "KeyId"),
            "Encrypt Decrypt GenerateDataKey DescribeKey "
            "GenerateDataKeyWithoutPlaintext CreateGrant Sign Verify",
        ),
        **each(any_resource, "ListKeys ListAliases"),
    },
)
