"""Whom AWS services act for: every policy of a resource names it, so that none is a deputy."""

from collections.abc import Iterator
from typing import Any

from tests.infra.template import Resource, Template, as_list

ACCOUNT = "123456789012"
SOURCES = ("aws:SourceArn", "aws:SourceAccount")
# An event source mapping or a role is not called through a resource's policy.
DOCUMENTS = {
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::Logs::ResourcePolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
}
# What a policy hangs on that this table has to know, too.
WITH_POLICIES = (*DOCUMENTS, "AWS::Lambda::Permission", "AWS::IAM::Role")


def service_statements(template: Template) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """What the template's resource policies allow to services of AWS."""
    for resource_type, key in DOCUMENTS.items():
        for resource in template.of_type(resource_type):
            for statement in as_list(resource.properties.get(key, {}).get("Statement", [])):
                principal = statement["Principal"]
                if statement["Effect"] == "Allow" and "Service" in principal:
                    yield resource, statement


def sources(condition: dict[str, dict[str, Any]]) -> list[str]:
    """ARNs, or references to the template's own resources in angle brackets."""
    return [
        value
        for keys in condition.values()
        for key, values in keys.items()
        if key in SOURCES
        for value in as_list(values)
    ]


def test_no_policy_of_a_resource_trusts_a_service_whomever_it_acts_for(template: Template) -> None:
    found = list(service_statements(template))

    assert {resource.type for resource, _ in found} >= {"AWS::SNS::TopicPolicy", "AWS::KMS::Key"}
    for resource, statement in found:
        named = sources(statement.get("Condition", {}))
        ours = [ACCOUNT in source or source.startswith("<") for source in named]
        assert named and all(ours), (resource.name, statement)


def test_a_service_calls_a_function_only_for_the_resource_that_is_named(
    template: Template,
) -> None:
    permissions = template.of_type("AWS::Lambda::Permission")

    assert permissions
    for permission in permissions:
        assert permission.properties["SourceArn"], permission.name


def test_nothing_in_the_template_has_a_policy_that_these_tests_do_not_read(
    template: Template,
) -> None:
    holders = {
        item.type
        for item in template.resources
        if any(
            isinstance(value, dict) and "Statement" in value for value in item.properties.values()
        )
    }

    assert holders <= set(WITH_POLICIES)
