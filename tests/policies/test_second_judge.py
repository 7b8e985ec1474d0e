"""The laptop's IAM and principalmapper decide alike: `make test-policies`."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict
from random import Random

import pytest

from modelwharf.laptop.iam.policies import Request, decide
from tests.policies.differences import DIFFERENCES, Difference
from tests.policies.requests import Case, made_up, of_template
from tests.policies.template import Template, synthesised
from tests.policies.tools import JUDGES, THEIRS

Decided = list[tuple[Case, str, str]]


def ours(case: Case) -> str:
    principal = {"Service": [case.service]} if case.service else {}
    request = Request(case.action, case.resource, case.context, principal)
    return decide([case.document], request).name


def decided(cases: Iterable[Case]) -> Decided:
    """Each case with our decision and principalmapper's."""
    asked = list(cases)
    done = subprocess.run(
        [THEIRS / "python", JUDGES / "principalmapper_judge.py"],
        input=json.dumps([asdict(case) for case in asked]),
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    theirs = json.loads(done.stdout)
    return [(case, ours(case), other) for case, other in zip(asked, theirs, strict=True)]


def unexplained(decisions: Decided) -> Decided:
    return [
        (case, one, other)
        for case, one, other in decisions
        if one != other and not any(known.concerns(case) for known in DIFFERENCES)
    ]


@pytest.fixture(scope="module")
def on_template() -> Decided:
    return decided(of_template(Template(synthesised()).policies()))


@pytest.fixture(scope="module")
def on_made_up() -> Decided:
    return decided(made_up(Random(1), 12_000))  # noqa: S311


def test_both_decide_alike_on_the_templates_policies(on_template: Decided) -> None:
    assert unexplained(on_template) == []


def test_the_templates_policies_are_asked_for_what_they_grant_and_for_more(
    on_template: Decided,
) -> None:
    words = [one for _, one, _ in on_template]
    print({word: words.count(word) for word in sorted(set(words))})
    assert words.count("ALLOWED") > 1_000
    assert words.count("SILENT") > words.count("ALLOWED")
    assert "DENIED" in words


def test_both_decide_alike_on_policies_of_every_element(on_made_up: Decided) -> None:
    assert unexplained(on_made_up) == []


@pytest.mark.parametrize("known", DIFFERENCES, ids=lambda known: known.reason[:60])
def test_each_difference_is_still_there(
    known: Difference, on_template: Decided, on_made_up: Decided
) -> None:
    others = [other for other in DIFFERENCES if other is not known]
    assert any(
        one != theirs and known.concerns(case) and not any(other.concerns(case) for other in others)
        for case, one, theirs in (*on_template, *on_made_up)
    )
