"""The policies of a synthesised template, with references filled in as a deployment would."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "111122223333",
    "AWS::URLSuffix": "amazonaws.com",
}
HASH = re.compile(r"[0-9A-F]{8}$")  # the CDK's, at the end of a logical id
PLACE = "{AWS::Region}:{AWS::AccountId}"
ACCOUNT = ":{AWS::AccountId}"

# What a resource is called: the property that names it, what comes before the name in its ARN, and
# whether Ref gives the ARN (CloudFormation user guide, "Return values" of each type).
NAMES = {
    "AWS::CloudWatch::Alarm": ("AlarmName", f"cloudwatch:{PLACE}:alarm:", False),
    "AWS::CodeBuild::Project": ("Name", f"codebuild:{PLACE}:project/", False),
    "AWS::CodeCommit::Repository": ("RepositoryName", f"codecommit:{PLACE}:", False),
    "AWS::DynamoDB::Table": ("TableName", f"dynamodb:{PLACE}:table/", False),
    "AWS::ECR::Repository": ("RepositoryName", f"ecr:{PLACE}:repository/", False),
    "AWS::Events::Rule": ("Name", f"events:{PLACE}:rule/", False),
    "AWS::IAM::Role": ("RoleName", f"iam:{ACCOUNT}:role/", False),
    "AWS::KMS::Key": ("", f"kms:{PLACE}:key/", False),
    "AWS::Lambda::Function": ("FunctionName", f"lambda:{PLACE}:function:", False),
    "AWS::Logs::LogGroup": ("LogGroupName", f"logs:{PLACE}:log-group:", False),
    "AWS::S3::Bucket": ("BucketName", "s3:::", False),
    "AWS::SNS::Topic": ("TopicName", f"sns:{PLACE}:", True),
    "AWS::SQS::Queue": ("QueueName", f"sqs:{PLACE}:", False),
    "AWS::SageMaker::ModelPackageGroup": (
        "ModelPackageGroupName",
        f"sagemaker:{PLACE}:model-package-group/",
        True,
    ),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", f"states:{PLACE}:stateMachine:", True),
}
ARN_ATTRIBUTES = ("Arn", "TopicArn", "ModelPackageGroupArn")


def synthesised() -> Path:
    """The template that `python app.py` wrote."""
    found = sorted(Path("cdk.out").glob("*.template.json"))
    if len(found) != 1:
        raise SystemExit(f"cdk.out holds {len(found)} templates; make one: .venv/bin/python app.py")
    return found[0]


@dataclass(frozen=True)
class Policy:
    """One policy document. ``kind`` is identity, resource or trust."""

    owner: str
    """Logical id of the resource that carries it, without the CDK's hash."""
    kind: str
    document: dict[str, Any]


class Template:
    """Raises LookupError for a reference to a type that stands not in NAMES."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.document: dict[str, Any] = json.loads(path.read_text())
        self.resources: dict[str, Any] = self.document["Resources"]

    def policies(self) -> list[Policy]:
        """Every policy document, and a function's permissions as the policy that they make."""
        found = []
        for name, resource in self.resources.items():
            owner = HASH.sub("", name)
            properties = resource.get("Properties", {})
            for key, document in _documents(properties):
                filled = self.filled(document)
                kind = _kind(key, filled)
                if kind == "trust" or resource["Type"] == "AWS::KMS::Key":
                    _name_resource(filled, self._named(name, "Arn"))
                found.append(Policy(owner, kind, filled))
            if resource["Type"] == "AWS::Lambda::Permission":
                found.append(Policy(owner, "resource", _permission(self.filled(properties))))
        return found

    def filled(self, value: Any) -> Any:
        match value:
            case {"Ref": str(name)} if len(value) == 1:
                return PSEUDO.get(name) or self._named(name, "Ref")
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._named(name, attribute)
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(str(self.filled(part)) for part in parts)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}!]+)\}", lambda found: PSEUDO[found[1]], text)
            case dict():
                return {key: self.filled(item) for key, item in value.items()}
            case list():
                return [self.filled(item) for item in value]
            case _:
                return value

    def _named(self, logical_id: str, attribute: str) -> str:
        resource = self.resources[logical_id]
        try:
            key, start, ref_is_arn = NAMES[resource["Type"]]
        except KeyError:
            raise LookupError(
                f"{logical_id}.{attribute}: tests/policies/template.py has no name for "
                f"{resource['Type']}"
            ) from None
        name = self.filled(resource.get("Properties", {}).get(key, logical_id.lower()))
        if attribute not in ARN_ATTRIBUTES and not (attribute == "Ref" and ref_is_arn):
            return str(name)
        for pseudo, text in PSEUDO.items():
            start = start.replace(f"{{{pseudo}}}", text)
        # A log group's ARN stands for its streams.
        return f"arn:aws:{start}{name}{':*' if resource['Type'] == 'AWS::Logs::LogGroup' else ''}"


def _documents(value: Any, key: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict) and "Statement" in value:
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _documents(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _documents(item, key)


def _kind(key: str, document: dict[str, Any]) -> str:
    if key == "AssumeRolePolicyDocument":
        return "trust"
    return "resource" if "Principal" in document["Statement"][0] else "identity"


def _name_resource(document: dict[str, Any], owner_arn: str) -> None:
    """A trust policy names no resource, a key's policy ``*``: both mean what they hang on."""
    for statement in document["Statement"]:
        statement["Resource"] = owner_arn


def _permission(properties: dict[str, Any]) -> dict[str, Any]:
    """The statement that AddPermission writes into a function's policy."""
    name = properties["FunctionName"]
    place = f"{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": properties["Principal"]},
        "Action": properties["Action"],
        "Resource": name if name.startswith("arn:") else f"arn:aws:lambda:{place}:function:{name}",
    }
    source = {
        condition_key: properties[key]
        for key, condition_key in (
            ("SourceArn", "AWS:SourceArn"),
            ("SourceAccount", "AWS:SourceAccount"),
        )
        if key in properties
    }
    if source:
        statement["Condition"] = {"ArnLike": source}
    return {"Version": "2012-10-17", "Statement": [statement]}
