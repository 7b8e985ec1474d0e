"""IAM: roles and their policies. These are the documents that every call is judged by."""

import json
from typing import Any

from localcloud.resources.resource import Created, Properties, Resource, chosen, names, shortened

ROLE_NAME_LIMIT = 64  # characters, CreateRole
POLICY_NAME_LIMIT = 128  # characters, CreatePolicy


class Role(Resource):
    type = "AWS::IAM::Role"
    name_property = "RoleName"
    properties = names(
        "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path Policies "
        "RoleName Tags"
    )
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
        for policy in properties.get("Policies", []):
            client.put_role_policy(
                RoleName=role_name,
                PolicyName=policy["PolicyName"],
                PolicyDocument=json.dumps(policy["PolicyDocument"]),
            )
        for arn in properties.get("ManagedPolicyArns", []):
            client.attach_role_policy(RoleName=role_name, PolicyArn=arn)
        return Created(role_name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


class Policy(Resource):
    """An inline policy that stands beside its roles in the template."""

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


class ManagedPolicy(Resource):
    type = "AWS::IAM::ManagedPolicy"
    name_property = "ManagedPolicyName"
    properties = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"})
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


TYPES = (Role, Policy, ManagedPolicy)
