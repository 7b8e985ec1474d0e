from typing import Any

import pytest

from lambdas.comparison import Difference, Tolerance, largest_difference


def test_the_largest_difference_of_all_numbers_is_reported() -> None:
    expected = {"a": 1.0, "b": [2, {"c": 3.0}]}
    answer = {"a": 1.1, "b": [2, {"c": 3.4}]}
    assert largest_difference(expected, answer, Tolerance(0.5)) == pytest.approx(0.4)


def test_a_whole_number_equals_the_same_float() -> None:
    assert largest_difference(1, 1.0, Tolerance(0)) == 0


def test_a_truth_value_equals_the_number_that_it_is_to_python() -> None:
    labels = [True, False, 1, 0, True, 0.0, True]
    assert largest_difference(labels, [1, 0, True, False, 1.0, False, True], Tolerance(0)) == 0


def test_keys_that_only_the_answer_has_are_not_a_difference() -> None:
    assert largest_difference({"a": 1}, {"a": 1, "b": 2}, Tolerance(0)) == 0


@pytest.mark.parametrize(
    ("expected", "answer", "words"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b is 2.0, not 1.0"),
        ({"a": [1, 2]}, {"a": [1, 9]}, r"a\[1\] is 9.0, not 2.0"),
        ({"a": 1, "b": 2}, {}, "the answer lacks a, b"),
        ([1, 2], [1], "the answer has 1 items, not 2"),
        ({"a": True}, {"a": 0}, "a is 0, not True"),
        ({"a": True}, {"a": 0.99}, "a is 0.99, not True"),
        ({"a": True}, {"a": False}, "a is False, not True"),
        ({"a": True}, {"a": "true"}, "a is 'true', not True"),
        ({"a": True}, {"a": None}, "a is None, not True"),
        ({"a": 0}, {"a": True}, "a is True, not 0"),
        ({"a": None}, {"a": 0}, "a is 0, not None"),
        ({"a": "1"}, {"a": 1}, "a is 1, not '1'"),
        ({"a": 1.0}, {"a": float("nan")}, "a is nan, not 1.0"),
        ({"a": 1.0}, {"a": float("inf")}, "a is inf, not 1.0"),
    ],
)
def test_a_difference_is_reported_with_its_place(expected: Any, answer: Any, words: str) -> None:
    with pytest.raises(Difference, match=words):
        largest_difference(expected, answer, Tolerance(0.5))


def test_a_relative_tolerance_grows_with_the_expected_number() -> None:
    tolerance = Tolerance(absolute=1.0, relative=0.01)
    assert largest_difference(-1000.0, -1010.5, tolerance) == 10.5
    with pytest.raises(Difference, match=r"difference 11.5, tolerance 11\)"):
        largest_difference(-1000.0, -1011.5, tolerance)


def test_nothing_equals_nothing() -> None:
    assert largest_difference([None, 1.0], [None, 1.0], Tolerance(0)) == 0
