"""The caller's identity. Stock moto does not know root's key and reports a user "moto"."""

from moto.sts.models import STSBackend, sts_backends

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import PARTITION
from modelwharf.laptop.overrides import replace, stock


def install(cloud: Cloud) -> None:
    """Make GetCallerIdentity report root as AWS does (IAM user guide, "Unique identifiers")."""
    shipped = stock(STSBackend, "get_caller_identity")

    def get_caller_identity(
        self: STSBackend, access_key_id: str, region: str
    ) -> tuple[str, str, str]:
        if access_key_id == cloud.root_key.access_key_id:
            return cloud.account, f"arn:aws:iam::{cloud.account}:root", cloud.account
        found: tuple[str, str, str] = shipped(self, access_key_id, region)
        return found

    replace(STSBackend, "get_caller_identity", get_caller_identity)


def identity_of(cloud: Cloud, access_key_id: str) -> dict[str, str]:
    """The IamIdentity that SageMaker records for the creator or modifier of a resource."""
    principal, arn, _ = sts_backends[cloud.account][PARTITION].get_caller_identity(
        access_key_id, cloud.region
    )
    return {"Arn": arn, "PrincipalId": principal}
