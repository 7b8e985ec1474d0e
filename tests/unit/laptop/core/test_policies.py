"""IAM's decisions, as pure functions."""

from typing import Any

import pytest

from modelwharf.laptop.iam.policies import Decision, Request, UnknownCondition, Value, decide
from tests.unit.laptop.core.world import allow, deny

KEY = "arn:aws:s3:::data/series/wti.csv"


def judged(
    *statements: dict[str, Any],
    action: str = "s3:GetObject",
    resource: str = KEY,
    context: dict[str, Value] | None = None,
    principal: dict[str, list[str]] | None = None,
) -> Decision:
    request = Request(action, resource, context or {}, principal or {})
    return decide([{"Statement": list(statements)}], request)


def conditioned(operator: str, wanted: Any, **context: Value) -> bool:
    condition = {operator: {"aws:SourceArn": wanted}}
    given: dict[str, Value] = {key.replace("_", ":"): value for key, value in context.items()}
    return judged(allow("s3:*", Condition=condition), context=given) is Decision.ALLOWED


def test_what_no_statement_mentions_is_not_allowed() -> None:
    assert judged(allow("s3:PutObject")) is Decision.SILENT


def test_a_deny_outweighs_every_allow_whatever_their_order() -> None:
    assert judged(allow("s3:*"), deny("s3:GetObject")) is Decision.DENIED
    assert judged(deny("s3:GetObject"), allow("s3:*")) is Decision.DENIED


def test_statements_of_several_documents_count_together() -> None:
    documents = [{"Statement": allow("s3:*")}, {"Statement": deny("s3:*")}]
    assert decide(documents, Request("s3:GetObject", KEY)) is Decision.DENIED


def test_actions_are_compared_without_regard_to_case_but_resources_with() -> None:
    assert judged(allow("S3:getobject")) is Decision.ALLOWED
    assert judged(allow("s3:GetObject", KEY.upper())) is Decision.SILENT


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        ("arn:aws:s3:::data/*", True),
        ("arn:aws:s3:::data/series/???.csv", True),
        ("arn:aws:s3:::data/series/??.csv", False),
        ("arn:aws:s3:::data", False),
        ("*", True),
    ],
)
def test_a_star_stands_for_any_text_and_a_question_mark_for_one_character(
    pattern: str, allowed: bool
) -> None:
    assert (judged(allow("s3:GetObject", pattern)) is Decision.ALLOWED) is allowed


def test_characters_that_mean_something_in_regular_expressions_mean_themselves() -> None:
    assert judged(allow("s3:GetObject", KEY.replace(".", "x"))) is Decision.SILENT
    assert judged(allow("s3:GetObject", "arn:aws:s3:::data/series/wti[.]csv")) is Decision.SILENT


def test_not_action_allows_everything_but_the_named() -> None:
    statement = {"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": "*"}
    assert judged(statement) is Decision.ALLOWED
    assert judged(statement, action="s3:DeleteObject") is Decision.SILENT


def test_not_resource_allows_everything_but_the_named() -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::data/*"}
    assert judged(statement) is Decision.SILENT
    assert judged(statement, resource="arn:aws:s3:::other/key") is Decision.ALLOWED


def test_a_resource_may_be_named_by_a_variable_of_the_request() -> None:
    statement = allow("s3:GetObject", "arn:aws:s3:::data/${aws:PrincipalTag/team}/*")
    assert judged(statement, context={"aws:PrincipalTag/team": "series"}) is Decision.ALLOWED
    assert judged(statement) is Decision.SILENT


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "holds"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", "A", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringLike", "arn:*:b", "arn:x:b", True),
        ("StringNotLike", "arn:*", "arn:x", False),
        ("ArnLike", "arn:aws:sns:*:1:t*", "arn:aws:sns:r:1:topic", True),
        ("ArnLike", "arn:aws:*:topic", "arn:aws:sns:r:1:topic", False),
        ("ArnEquals", "arn:aws:sns:r:1:topic", "arn:aws:sns:r:1:topic", True),
        ("ArnNotEquals", "arn:aws:sns:r:1:topic", "arn:aws:sns:r:1:other", True),
        ("Bool", "true", "true", True),
        ("Bool", False, "true", False),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericGreaterThanEquals", 10, "10", True),
        ("NumericNotEquals", 10, "10", False),
        ("Null", "true", "x", False),
        ("Null", "false", "x", True),
    ],
)
def test_each_operator_compares_what_the_request_says(
    operator: str, wanted: Any, given: str, holds: bool
) -> None:
    assert conditioned(operator, wanted, aws_SourceArn=given) is holds


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", False),
        ("StringEqualsIfExists", True),
        ("StringNotEquals", True),
        ("ArnLike", False),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
    ],
)
def test_a_key_that_the_request_lacks_fails_a_condition_unless_the_operator_says_otherwise(
    operator: str, holds: bool
) -> None:
    assert conditioned(operator, "a") is holds


def test_null_is_true_of_a_key_that_is_missing() -> None:
    assert conditioned("Null", "true")
    assert not conditioned("Null", "false")


def test_all_values_of_a_key_or_any_of_them_are_compared_as_the_quantifier_says() -> None:
    given = ["a", "b"]
    assert not conditioned("ForAllValues:StringEquals", "a", aws_SourceArn=given)
    assert conditioned("ForAllValues:StringEquals", ["a", "b", "c"], aws_SourceArn=given)
    assert conditioned("ForAnyValue:StringEquals", "a", aws_SourceArn=given)


def test_condition_keys_are_compared_without_regard_to_case() -> None:
    assert conditioned("StringEquals", "a", AWS_sourcearn="a")


def test_every_operator_and_every_key_of_a_condition_must_hold() -> None:
    condition = {"StringEquals": {"aws:a": "1", "aws:b": "2"}, "Bool": {"aws:c": "true"}}
    statement = allow("s3:*", Condition=condition)
    context: dict[str, Value] = {"aws:a": "1", "aws:b": "2", "aws:c": "true"}
    assert judged(statement, context=context) is Decision.ALLOWED
    assert judged(statement, context={**context, "aws:b": "3"}) is Decision.SILENT


@pytest.mark.parametrize("operator", ["IpAddress", "DateLessThan", "Some:StringEquals"])
def test_an_operator_that_is_not_known_is_an_error_and_never_an_allow(operator: str) -> None:
    with pytest.raises(UnknownCondition, match=operator):
        conditioned(operator, "a", aws_SourceArn="a")


def test_a_deny_whose_condition_fails_denies_nothing() -> None:
    tls = deny("s3:*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    assert judged(allow("s3:*"), tls, context={"aws:SecureTransport": "true"}) is Decision.ALLOWED
    assert judged(allow("s3:*"), tls, context={"aws:SecureTransport": "false"}) is Decision.DENIED


@pytest.mark.parametrize(
    ("named", "allowed"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"Service": "sns.amazonaws.com"}, True),
        ({"Service": ["a.amazonaws.com", "sns.amazonaws.com"]}, True),
        ({"Service": "events.amazonaws.com"}, False),
        ({"AWS": "arn:aws:iam::1:role/r"}, False),
    ],
)
def test_a_resource_policy_concerns_the_principals_that_it_names(named: Any, allowed: bool) -> None:
    decision = judged(allow("s3:*", Principal=named), principal={"Service": ["sns.amazonaws.com"]})
    assert (decision is Decision.ALLOWED) is allowed
