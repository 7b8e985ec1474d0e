"""Replacing methods of a library, and seeing it as it is shipped again."""

import pytest

from modelwharf.laptop.overrides import as_shipped, replace, stock


class Shipped:
    """Stands for a class of moto's."""

    def answer(self) -> str:
        return "shipped"


def ours(self: Shipped) -> str:
    return f"ours, not {stock(Shipped, 'answer')(self)}"


@pytest.fixture(autouse=True)
def _replaced() -> None:
    replace(Shipped, "answer", ours)
    replace(Shipped, "missing", lambda self: "added")


def test_a_method_of_ours_may_ask_the_one_that_it_replaced() -> None:
    assert Shipped().answer() == "ours, not shipped"


def test_what_is_replaced_again_still_knows_the_shipped_one() -> None:
    replace(Shipped, "answer", ours)
    assert Shipped().answer() == "ours, not shipped"


def test_as_shipped_neither_replaces_nor_adds_anything() -> None:
    with as_shipped():
        assert Shipped().answer() == "shipped"
        assert not hasattr(Shipped, "missing")
    assert Shipped().answer() == "ours, not shipped"
    assert Shipped.missing(Shipped()) == "added"  # type: ignore[attr-defined]
