"""STS: the caller's identity, and the sessions of roles."""

from modelwharf.laptop.services.call_resources import any_resource, each, iam
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "sts",
    moto=operations("AssumeRole GetAccessKeyInfo GetCallerIdentity"),
    refused={
        "AssumeRoleWithWebIdentity": "no identity token is verified here; use AssumeRole",
        "AssumeRoleWithSAML": "no assertion is verified here; use AssumeRole",
        "GetSessionToken": "its keys would open nothing here; use the keys you have",
        "GetFederationToken": "its keys would open nothing here; use AssumeRole",
    },
    permissions={
        **each(iam("role", "RoleArn"), "AssumeRole"),
        **each(any_resource, "GetCallerIdentity"),
    },
)
