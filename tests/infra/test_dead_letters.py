"""No event is dropped: who keeps what in the dead-letter queue, and who may."""

from tests.infra.template import Template

QUEUE = "<DeadLettersQueue.Arn>"
FORTNIGHT = 14 * 24 * 60 * 60  # seconds


def test_the_queue_is_encrypted_and_keeps_messages_for_a_fortnight(template: Template) -> None:
    assert template.one("AWS::SQS::Queue").properties == {
        "MessageRetentionPeriod": FORTNIGHT,
        "SqsManagedSseEnabled": True,
    }


def test_every_target_of_a_rule_keeps_what_it_cannot_deliver(template: Template) -> None:
    rules = template.of_type("AWS::Events::Rule")
    targets = [target for rule in rules for target in rule.properties["Targets"]]

    assert len(targets) > len(rules)
    assert {target["DeadLetterConfig"]["Arn"] for target in targets} == {QUEUE}


def test_the_topic_s_subscription_keeps_what_it_cannot_deliver(template: Template) -> None:
    subscription = template.one("AWS::SNS::Subscription").properties

    assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": QUEUE}


def test_only_our_rules_and_the_changes_topic_may_send_and_only_over_tls(
    template: Template,
) -> None:
    statements = template.one("AWS::SQS::QueuePolicy").properties["PolicyDocument"]["Statement"]
    allowed = [one for one in statements if one["Effect"] == "Allow"]
    (denied,) = [one for one in statements if one["Effect"] == "Deny"]
    rules = {f"<{rule.name}.Arn>" for rule in template.of_type("AWS::Events::Rule")}

    assert {one["Action"] for one in allowed} == {"sqs:SendMessage"}
    assert {
        (one["Principal"]["Service"], one["Condition"]["ArnEquals"]["aws:SourceArn"])
        for one in allowed
    } == {
        ("sns.amazonaws.com", "<TopicsChanges>"),
        *(("events.amazonaws.com", rule) for rule in rules),
    }
    assert (denied["Action"], denied["Condition"]) == (
        "sqs:*",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
