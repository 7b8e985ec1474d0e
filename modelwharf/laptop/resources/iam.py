"""IAM: roles and their policies, which judge every call."""

import json
from typing import Any

from modelwharf.laptop.resources.resource import (
    Created,
    Properties,
    Resource,
    chosen,
    gone,
    names,
    shortened,
)

ROLE_NAME_LIMIT = 64  # characters, CreateRole
POLICY_NAME_LIMIT = 128  # characters, CreatePolicy


class Role(Resource):
    type = "AWS::IAM::Role"
    name_property = "RoleName"
    properties = names(
        "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path Policies "
        "RoleName Tags"
    )
    replacement = names("Path")

    attributes = frozenset({"Arn", "RoleId"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("iam")
        role_name = shortened(name, ROLE_NAME_LIMIT)
        role = client.create_role(
            RoleName=role_name,
            AssumeRolePolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"]),
            **chosen(properties, "Description MaxSessionDuration Path Tags"),
        )["Role"]
        _policies(client, role_name, properties)
        return Created(role_name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def modify(self, wanted: Properties) -> None:
        client, name = self.client("iam"), self.created.ref
        client.update_assume_role_policy(
            RoleName=name, PolicyDocument=json.dumps(wanted["AssumeRolePolicyDocument"])
        )
        client.update_role(
            RoleName=name,
            Description=wanted.get("Description", ""),
            **chosen(wanted, "MaxSessionDuration"),
        )
        kept = {policy["PolicyName"] for policy in wanted.get("Policies", [])}
        for policy in self.given.get("Policies", []):
            if policy["PolicyName"] not in kept:
                client.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
        attached = set(wanted.get("ManagedPolicyArns", []))
        for arn in set(self.given.get("ManagedPolicyArns", [])) - attached:
            client.detach_role_policy(RoleName=name, PolicyArn=arn)
        _policies(client, name, wanted)

    def remove(self) -> None:
        """Delete the role and its policies from the template. Other policies block the deletion."""
        client, name = self.client("iam"), self.created.ref
        with gone("NoSuchEntity"):
            for policy in self.given.get("Policies", []):
                client.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
            for arn in self.given.get("ManagedPolicyArns", []):
                client.detach_role_policy(RoleName=name, PolicyArn=arn)
            client.delete_role(RoleName=name)


class Policy(Resource):
    """An inline policy that is a separate resource in the template."""

    type = "AWS::IAM::Policy"
    name_property = "PolicyName"
    properties = frozenset({"PolicyDocument", "PolicyName", "Roles", "Users"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("iam")
        document = {
            "PolicyName": name,
            "PolicyDocument": json.dumps(properties["PolicyDocument"]),
        }
        for role in properties.get("Roles", []):
            client.put_role_policy(RoleName=role, **document)
        for user in properties.get("Users", []):
            client.put_user_policy(UserName=user, **document)
        return Created(name)

    def modify(self, wanted: Properties) -> None:
        self._withdraw(
            set(self.given.get("Roles", [])) - set(wanted.get("Roles", [])),
            set(self.given.get("Users", [])) - set(wanted.get("Users", [])),
        )
        self.create(self.created.ref, wanted)

    def remove(self) -> None:
        self._withdraw(set(self.given.get("Roles", [])), set(self.given.get("Users", [])))

    def _withdraw(self, roles: set[str], users: set[str]) -> None:
        client = self.client("iam")
        with gone("NoSuchEntity"):
            for role in roles:
                client.delete_role_policy(RoleName=role, PolicyName=self.created.ref)
            for user in users:
                client.delete_user_policy(UserName=user, PolicyName=self.created.ref)


class ManagedPolicy(Resource):
    type = "AWS::IAM::ManagedPolicy"
    name_property = "ManagedPolicyName"
    properties = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"})
    replacement = names("Description Path")
    attributes = frozenset({"PolicyArn"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        client = cls.client("iam")
        settings: dict[str, Any] = chosen(properties, "Description Path")
        arn = client.create_policy(
            PolicyName=shortened(name, POLICY_NAME_LIMIT),
            PolicyDocument=json.dumps(properties["PolicyDocument"]),
            **settings,
        )["Policy"]["Arn"]
        for role in properties.get("Roles", []):
            client.attach_role_policy(RoleName=role, PolicyArn=arn)
        return Created(arn, {"PolicyArn": arn})

    def modify(self, wanted: Properties) -> None:
        client, arn = self.client("iam"), self.created.ref
        before = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        client.create_policy_version(
            PolicyArn=arn, PolicyDocument=json.dumps(wanted["PolicyDocument"]), SetAsDefault=True
        )
        client.delete_policy_version(PolicyArn=arn, VersionId=before)
        old, new = set(self.given.get("Roles", [])), set(wanted.get("Roles", []))
        for role in old - new:
            client.detach_role_policy(RoleName=role, PolicyArn=arn)
        for role in new - old:
            client.attach_role_policy(RoleName=role, PolicyArn=arn)

    def remove(self) -> None:
        client, arn = self.client("iam"), self.created.ref
        with gone("NoSuchEntity"):
            for role in self.given.get("Roles", []):
                client.detach_role_policy(RoleName=role, PolicyArn=arn)
            client.delete_policy(PolicyArn=arn)


def _policies(client: Any, role: str, properties: Properties) -> None:
    for policy in properties.get("Policies", []):
        client.put_role_policy(
            RoleName=role,
            PolicyName=policy["PolicyName"],
            PolicyDocument=json.dumps(policy["PolicyDocument"]),
        )
    for arn in properties.get("ManagedPolicyArns", []):
        client.attach_role_policy(RoleName=role, PolicyArn=arn)


TYPES = (Role, Policy, ManagedPolicy)
