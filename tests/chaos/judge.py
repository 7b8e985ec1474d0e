"""The rules that hold whatever fault was injected; each yields its violations."""

from collections.abc import Callable, Iterator

from tests.chaos.evidence import Evidence, Release
from tests.chaos.pushes import Pushed

Rule = Callable[[Evidence], Iterator[str]]


def judge(evidence: Evidence) -> list[str]:
    return [f"{rule.__doc__} {finding}" for rule in RULES for finding in rule(evidence)]


def no_commit_is_lost(evidence: Evidence) -> Iterator[str]:
    """A commit is lost:"""
    known = {release.commit for release in evidence.releases} | evidence.skipped.keys()
    for push in evidence.pushed:
        if push.commit not in known:
            yield f"{_named(push)} was neither released nor skipped"


def every_release_ends_as_its_commit_must(evidence: Evidence) -> Iterator[str]:
    """A release ended wrongly:"""
    pushes = {push.commit: push for push in (*evidence.earlier, *evidence.pushed)}
    for release in evidence.releases:
        push = pushes.get(release.commit)
        if push is None:
            yield f"{release.name} is of commit {release.commit}, which nobody pushed"
        elif release.name in evidence.stopped:
            if release.status != "ABORTED" and not release.serves and release.status != "FAILED":
                yield f"{release.name} was stopped by hand, and is {release.status}"
        elif finding := _wrong_end(release, push):
            yield f"{release.name} of {_named(push)} {finding}"


def _wrong_end(release: Release, push: Pushed) -> str:
    if release.status == "FAILED":
        if not push.kind.error:
            return f"failed: {release.error}: {release.reason}"
        if release.error != push.kind.error or push.kind.words not in release.reason:
            return f"failed for another reason: {release.error}: {release.reason}"
        return ""
    if release.status != "SUCCEEDED":
        return f"is {release.status}: {release.error}: {release.reason}"
    if release.serves and push.kind.error:
        return "was promoted"
    return ""


def what_is_skipped_says_why(evidence: Evidence) -> Iterator[str]:
    """A push was skipped wrongly:"""
    for push in evidence.pushed:
        reason = evidence.skipped.get(push.commit, "overtaken")
        released = any(release.commit == push.commit for release in evidence.releases)
        if "overtaken" not in reason and not released and not push.kind.may_be_skipped:
            yield f"{_named(push)}: {reason}"


def the_newest_good_model_serves(evidence: Evidence) -> Iterator[str]:
    """The wrong model serves:"""
    last = evidence.pushed[-1]
    if evidence.answer != last.answer:
        yield f"the endpoint answers {evidence.answer}; {_named(last)} answers {last.answer}"


def no_caller_is_failed(evidence: Evidence) -> Iterator[str]:
    """A caller got no answer:"""
    yield from evidence.calls.failures


def no_model_answers_that_failed_before_it_was_deployed(evidence: Evidence) -> Iterator[str]:
    """A wrong answer:"""
    pushes = (*evidence.earlier, *evidence.pushed)
    right = {push.answer for push in pushes if push.may_answer}
    for answer, count in evidence.calls.answers.items():
        if answer not in right:
            yield f"{answer}, {count} times"


def every_failure_is_told(evidence: Evidence) -> Iterator[str]:
    """No notification was sent:"""
    for release in evidence.releases:
        mentions = [text for text in evidence.notifications if release.name in text]
        if release.status != "SUCCEEDED" and not mentions:
            yield f"{release.name} ended as {release.status}: {release.error}"
        elif release.status == "FAILED" and not any(release.error in text for text in mentions):
            yield f"the messages of {release.name} do not say {release.error}"


def nothing_is_left_behind(evidence: Evidence) -> Iterator[str]:
    """Left behind:"""
    yield from evidence.left_behind


RULES: tuple[Rule, ...] = (
    no_commit_is_lost,
    every_release_ends_as_its_commit_must,
    what_is_skipped_says_why,
    the_newest_good_model_serves,
    no_caller_is_failed,
    no_model_answers_that_failed_before_it_was_deployed,
    every_failure_is_told,
    nothing_is_left_behind,
)


def _named(push: Pushed) -> str:
    return f"push {push.number} ({push.kind.name}, {push.commit[:7]})"
