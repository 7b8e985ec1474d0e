"""Which failures of moto's own tests stand, and when the list itself is wrong."""

from tests.moto_suite.differences import Difference, Result, differences, faults

REFUSED = Difference("not real here", ("sns/test_sms.py::test_*",), says="does not have sns:")
FAILS = Result("sns/test_sms.py::test_send[a-b]", False, "The cloud does not have sns:Publish.")


def test_a_failure_that_is_listed_stands() -> None:
    assert faults([FAILS], [REFUSED]) == []


def test_a_failure_that_is_not_listed_is_a_fault() -> None:
    other = Result("sns/test_topics.py::test_make", False, "boom")

    assert faults([FAILS, other], [REFUSED]) == ["sns/test_topics.py::test_make fails: boom"]


def test_a_listed_test_that_fails_for_something_else_is_a_fault() -> None:
    other = Result(FAILS.test, False, "InternalFailure")

    assert faults([other], [REFUSED]) == [f"{FAILS.test} fails: InternalFailure"]


def test_a_listed_test_that_passes_is_a_fault() -> None:
    passes = Result(FAILS.test, True)

    assert faults([passes], [REFUSED]) == [f"{FAILS.test} passes: take it out of differences.toml"]


def test_an_entry_that_names_no_test_is_a_fault_once_its_service_ran() -> None:
    gone = Difference("gone", ("sns/test_sms.py::test_gone", "sqs/test_sqs.py::test_x"))

    assert faults([Result("sns/test_sms.py::test_a", True)], [gone]) == [
        "sns/test_sms.py::test_gone of differences.toml names no test"
    ]


def test_brackets_of_a_parametrised_test_stand_for_themselves() -> None:
    one = Difference("r", ("ecr/test_ecr.py::test_a[x-1]",))

    assert one.names("ecr/test_ecr.py::test_a[x-1]")
    assert not one.names("ecr/test_ecr.py::test_ax")


def test_the_list_gives_each_reason_once() -> None:
    reasons = [entry.reason for entry in differences()]
    assert sorted(set(reasons)) == sorted(reasons)
    assert all(reason.strip() for reason in reasons)
