"""Who publishes to which topic, and who hears it."""

from typing import Any

import pytest

from tests.infra.template import Template

REPOSITORY = "arn:aws:codecommit:eu-west-1:123456789012:oil-price"
ALARMS = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:modelwharf-oil-price-*"


def statements(template: Template, topic: str) -> list[dict[str, Any]]:
    (policy,) = [
        item.properties["PolicyDocument"]
        for item in template.of_type("AWS::SNS::TopicPolicy")
        if item.properties["Topics"] == [f"<{topic}>"]
    ]
    found: list[dict[str, Any]] = policy["Statement"]
    return found


@pytest.mark.parametrize(
    ("topic", "publishers"),
    [
        (
            "TopicsChanges",
            {"codecommit.amazonaws.com": REPOSITORY},
        ),
        ("TopicsNotifications", {"cloudwatch.amazonaws.com": ALARMS}),
    ],
)
def test_a_topic_takes_messages_of_the_named_sources_alone(
    topic: str, publishers: dict[str, str], template: Template
) -> None:
    allowed = [item for item in statements(template, topic) if item["Effect"] == "Allow"]

    assert {item["Action"] for item in allowed} == {"sns:Publish"}
    assert {
        item["Principal"]["Service"]: item["Condition"]["ArnLike"]["aws:SourceArn"]
        for item in allowed
    } == publishers


@pytest.mark.parametrize("topic", ["TopicsChanges", "TopicsNotifications"])
def test_a_topic_refuses_publishing_without_tls(topic: str, template: Template) -> None:
    (denied,) = [item for item in statements(template, topic) if item["Effect"] == "Deny"]

    assert denied["Principal"] == "*"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_topics_are_encrypted_with_a_key_that_their_publishers_may_use(template: Template) -> None:
    for topic in template.of_type("AWS::SNS::Topic"):
        assert topic.properties["KmsMasterKeyId"] == "<StorageKey.Arn>"

    policy = template.one("AWS::KMS::Key").properties["KeyPolicy"]["Statement"]
    services = {
        item["Principal"]["Service"]: (sorted(item["Action"]), item["Condition"])
        for item in policy
        if "Service" in item["Principal"]
    }
    assert services == {
        service: (["kms:Decrypt", "kms:GenerateDataKey"], {"ArnLike": {"aws:SourceArn": source}})
        for service, source in (
            ("codecommit.amazonaws.com", REPOSITORY),
            ("cloudwatch.amazonaws.com", ALARMS),
        )
    }


def test_every_alarm_s_name_is_one_that_may_publish(template: Template) -> None:
    for alarm in template.of_type("AWS::CloudWatch::Alarm"):
        assert alarm.properties["AlarmName"].startswith("modelwharf-oil-price-"), alarm.name


def test_no_rule_publishes_to_a_topic_as_its_policy_cannot_name_the_rule(
    template: Template,
) -> None:
    targets = [
        target["Arn"]
        for rule in template.of_type("AWS::Events::Rule")
        for target in rule.properties["Targets"]
    ]

    assert targets
    assert not [arn for arn in targets if arn.startswith("<Topics")]


def test_changes_start_releases(template: Template) -> None:
    subscription = template.one("AWS::SNS::Subscription").properties

    assert subscription["Protocol"] == "lambda"
    assert subscription["TopicArn"] == "<TopicsChanges>"
    assert subscription["Endpoint"] == "<FunctionsStartRelease.Arn>"


def test_every_push_is_published_to_changes(template: Template) -> None:
    repository = template.one("AWS::CodeCommit::Repository").properties

    assert repository["RepositoryName"] == "oil-price"
    assert repository["Triggers"] == [
        {
            "Name": "changes",
            "DestinationArn": "<TopicsChanges>",
            "Events": ["createReference", "updateReference"],
        }
    ]
