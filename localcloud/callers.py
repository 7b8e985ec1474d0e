"""Who calls, by name: stock moto tells of root, whose key it does not know, a user "moto"."""

from moto.sts.models import STSBackend, sts_backends

from localcloud.cloud import Cloud
from localcloud.formats import PARTITION
from localcloud.overrides import replace, stock


def install(cloud: Cloud) -> None:
    """Let GetCallerIdentity name root as AWS does (IAM user guide, "Unique identifiers")."""
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
    """The IamIdentity that SageMaker keeps of who made or changed something."""
    principal, arn, _ = sts_backends[cloud.account][PARTITION].get_caller_identity(
        access_key_id, cloud.region
    )
    return {"Arn": arn, "PrincipalId": principal}
