"""CloudFormation: create the synthesised template in this cloud, or refuse it as a whole.

Stock moto skips resource types and properties that it does not know and still reports
CREATE_COMPLETE. A program then misses them later.
"""

import contextlib
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.ssm.models import Parameter, ssm_backends

from modelwharf.laptop import formats, stack_api
from modelwharf.laptop.assembly import Assembly
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.resources import TYPES, Resource
from modelwharf.laptop.resources.resource import names
from modelwharf.laptop.stacks import METADATA_TYPE

log = logging.getLogger(__name__)

BOOTSTRAP_VERSION = "21"  # of the CDK's bootstrap stack; the template asks for 6 or later
KNOWN_FUNCTIONS = names(
    "Fn::Base64 Fn::FindInMap Fn::GetAtt Fn::GetAZs Fn::If Fn::ImportValue Fn::Join Fn::Select "
    "Fn::Split Fn::Sub Fn::ToJsonString"
)
CONDITION_FUNCTIONS = names("Fn::And Fn::Equals Fn::Not Fn::Or")
_POWERTOOLS = re.compile(
    r"/aws/service/powertools/python/(?P<architecture>x86_64|arm64)/(?P<python>python3\.\d+)/.+"
)
_POWERTOOLS_ACCOUNT = "017000801446"  # AWS's own account, which publishes the layer


class DeploymentRefused(Exception):
    """The template holds something that this cloud cannot create, or the creation failed."""


def install(cloud: Cloud) -> None:
    """Create resources only with the classes of modelwharf.laptop.resources."""
    Resource.cloud = cloud
    stock_class = stock(parsing, "resource_class_from_type")
    stock_name = stock(parsing, "resource_name_property_from_type")

    def resource_class_from_type(resource_type: str) -> Any:
        return TYPES.get(resource_type) or stock_class(resource_type)

    def resource_name_property_from_type(resource_type: str) -> str | None:
        if resource_type in TYPES:
            return TYPES[resource_type].name_property or None
        name: str | None = stock_name(resource_type)
        return name

    def findings_of(template: Mapping[str, Any]) -> list[str]:
        """The findings for a template from the API. Types that moto implements are allowed."""
        known = {
            **template,
            "Resources": {
                name: resource
                for name, resource in template.get("Resources", {}).items()
                if resource["Type"] in TYPES or stock_class(resource["Type"]) is None
            },
        }
        return refusals(known)

    stack_api.install(findings_of)
    replace(parsing, "resource_class_from_type", resource_class_from_type)
    replace(parsing, "resource_name_property_from_type", resource_name_property_from_type)


def deploy(cloud: Cloud, assembly: Assembly) -> None:
    """Create the stack and wait for it. Raises DeploymentRefused; nothing was created then."""
    findings = refusals(assembly.template)
    if findings:
        raise DeploymentRefused(
            "the laptop's cloud cannot deploy this template:\n"
            + "\n".join(f"  - {finding}" for finding in findings)
        )
    _bootstrap(cloud, assembly)
    template_url = _upload(cloud, assembly)
    client = cloud.client("cloudformation")
    try:
        client.create_stack(
            StackName=assembly.stack,
            TemplateURL=template_url,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            EnableTerminationProtection=assembly.protected,
        )
    except ClientError as error:
        raise DeploymentRefused(f"creating the stack failed: {error}") from error
    status = client.describe_stacks(StackName=assembly.stack)["Stacks"][0]["StackStatus"]
    if status != "CREATE_COMPLETE":
        events = client.describe_stack_events(StackName=assembly.stack)["StackEvents"]
        reasons = [
            event["ResourceStatusReason"]
            for event in events
            if event["ResourceStatus"] == "CREATE_FAILED" and event.get("ResourceStatusReason")
        ]
        raise DeploymentRefused(
            f"creating the stack {assembly.stack} failed ({status}): {'; '.join(reasons)}"
        )
    log.info("stack %s created: %d resources", assembly.stack, len(assembly.template["Resources"]))


def refusals(template: Mapping[str, Any]) -> list[str]:
    """Everything in the template that this cloud does not support, one sentence each."""
    return [
        *_unknown_types(template),
        *_unknown_properties(template),
        *_unknown_functions(template),
        *_unknown_parameters(template),
    ]


def _resources(template: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for name, resource in template.get("Resources", {}).items():
        if resource["Type"] != METADATA_TYPE:
            yield name, resource["Type"], resource


def _unknown_types(template: Mapping[str, Any]) -> Iterator[str]:
    for name, kind, _ in _resources(template):
        if kind not in TYPES:
            yield f"{name}: resource type {kind} is not known (laptop/resources lists those)"


def _unknown_properties(template: Mapping[str, Any]) -> Iterator[str]:
    for name, kind, resource in _resources(template):
        known = TYPES[kind].properties if kind in TYPES else None
        for key in resource.get("Properties", {}):
            if known is not None and key not in known:
                yield f"{name} ({kind}): property {key} is not known; known: {_listed(known)}"


def _unknown_functions(template: Mapping[str, Any]) -> Iterator[str]:
    for part, known in (
        ("Resources", KNOWN_FUNCTIONS),
        ("Outputs", KNOWN_FUNCTIONS),
        ("Conditions", KNOWN_FUNCTIONS | CONDITION_FUNCTIONS),
    ):
        for name, body in template.get(part, {}).items():
            for function in sorted(set(_functions(body)) - known):
                yield f"{name}: intrinsic function {function} is not known"
    for key in ("Transform", "Hooks"):
        if key in template:
            yield f"the template's section {key} is not known"


def _functions(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key.startswith("Fn::"):
                yield key
            yield from _functions(value)
    elif isinstance(node, list):
        for item in node:
            yield from _functions(item)


def _unknown_parameters(template: Mapping[str, Any]) -> Iterator[str]:
    """Check that every parameter has a default that this cloud can look up."""
    for name, parameter in template.get("Parameters", {}).items():
        default = parameter.get("Default")
        if default is None:
            yield f"parameter {name} has no default value"
        elif parameter["Type"].startswith("AWS::SSM::Parameter::") and not (
            _is_bootstrap(default) or _POWERTOOLS.fullmatch(default)
        ):
            yield f"parameter {name}: nothing is known of the public SSM parameter {default}"


def _is_bootstrap(path: str) -> bool:
    return path.startswith("/cdk-bootstrap/") and path.endswith("/version")


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _bootstrap(cloud: Cloud, assembly: Assembly) -> None:
    """Create what an account has before its first deployment: CDK's stack and AWS's parameters."""
    for parameter in assembly.template.get("Parameters", {}).values():
        if not parameter["Type"].startswith("AWS::SSM::Parameter::"):
            continue
        path = parameter["Default"]
        if _is_bootstrap(path):
            _publish_parameter(cloud, path, BOOTSTRAP_VERSION)
        elif match := _POWERTOOLS.fullmatch(path):
            _publish_parameter(cloud, path, _powertools_layer(cloud, match))
            log.info("the Powertools layer's packages are those of this environment")


def _powertools_layer(cloud: Cloud, match: re.Match[str]) -> str:
    python = match["python"].replace(".", "")
    name = f"AWSLambdaPowertoolsPythonV3-{python}-{match['architecture']}"
    return formats.arn(
        "lambda", f"layer:{name}:1", region=cloud.region, account=_POWERTOOLS_ACCOUNT
    )


def _publish_parameter(cloud: Cloud, path: str, value: str) -> None:
    """Write a parameter without the API, which lets only AWS write below /aws."""
    backend = ssm_backends[cloud.account][cloud.region]
    backend._parameters[path] = [
        Parameter(  # type: ignore[abstract]
            account_id=cloud.account,
            name=path,
            value=value,
            parameter_type="String",
            description=None,
            allowed_pattern=None,
            keyid=None,
            last_modified_date=datetime.now(UTC).replace(tzinfo=None),
            version=1,
            data_type="text",
        )
    ]


def _upload(cloud: Cloud, assembly: Assembly) -> str:
    """Upload the assets to the places that the template names, and return the template's URL."""
    client = cloud.client("s3")
    template_url = ""
    for asset in assembly.assets:
        bucket = _filled(asset.bucket, cloud)
        _create_bucket(cloud, client, bucket)
        client.put_object(Bucket=bucket, Key=asset.key, Body=asset.content())
        if asset.source == assembly.template_file:
            template_url = f"https://s3.{cloud.region}.amazonaws.com/{bucket}/{asset.key}"
    if not template_url:
        raise DeploymentRefused(f"{assembly.template_file} is not among its own assets")
    return template_url


def _create_bucket(cloud: Cloud, client: Any, bucket: str) -> None:
    place = {"LocationConstraint": cloud.region}
    settings = {} if cloud.region == "us-east-1" else {"CreateBucketConfiguration": place}
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=bucket, **settings)


def _filled(text: str, cloud: Cloud) -> str:
    values = {"Partition": "aws", "AccountId": cloud.account, "Region": cloud.region}
    return re.sub(r"\$\{AWS::(\w+)\}", lambda match: values[match[1]], text)
