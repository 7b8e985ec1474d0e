"""How a template's policies read to programs that know no references."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.policies.template import Template

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject"}


def template(tmp_path: Path, **resources: Any) -> Template:
    path = tmp_path / "one.template.json"
    path.write_text(json.dumps({"Resources": resources}))
    return Template(path)


def test_references_read_as_arns(tmp_path: Path) -> None:
    arn = {"Fn::Join": ["", [{"Fn::GetAtt": ["Data0123ABCD", "Arn"]}, "/raw/*"]]}
    document = {"Statement": [{**ALLOW, "Resource": arn}]}
    found = template(
        tmp_path,
        Data0123ABCD={"Type": "AWS::S3::Bucket"},
        Role89ABCDEF={
            "Type": "AWS::IAM::Role",
            "Properties": {"Policies": [{"PolicyDocument": document}]},
        },
    ).policies()

    assert [(policy.owner, policy.kind) for policy in found] == [("Role", "identity")]
    assert found[0].document["Statement"][0]["Resource"] == "arn:aws:s3:::data0123abcd/raw/*"


def test_a_trust_policy_concerns_its_role(tmp_path: Path) -> None:
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
    (policy,) = template(
        tmp_path,
        Role={
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": trust},
        },
    ).policies()

    assert policy.kind == "trust"
    assert policy.document["Statement"][0]["Resource"] == "arn:aws:iam::111122223333:role/r"


def test_the_permission_of_a_function_reads_as_its_policy(tmp_path: Path) -> None:
    (policy,) = template(
        tmp_path,
        Permission={
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": "f",
                "Action": "lambda:InvokeFunction",
                "Principal": "sns.amazonaws.com",
                "SourceArn": "arn:aws:sns:::t",
            },
        },
    ).policies()

    assert policy.document["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:eu-west-1:111122223333:function:f",
            "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:sns:::t"}},
        }
    ]


def test_a_type_without_a_name_is_refused_by_name(tmp_path: Path) -> None:
    reference = {"Fn::GetAtt": ["New", "Arn"]}
    one = template(
        tmp_path,
        New={"Type": "AWS::New::Thing"},
        Role={
            "Type": "AWS::IAM::Role",
            "Properties": {"P": {"Statement": [{**ALLOW, "Resource": reference}]}},
        },
    )

    with pytest.raises(LookupError, match=r"New\.Arn: .* no name for AWS::New::Thing"):
        one.policies()
