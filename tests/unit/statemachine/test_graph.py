"""The picture: what stands where, whatever the machine."""

from typing import Any
from xml.etree import ElementTree

from statemachine.graph import handlers, layers, svg

MACHINE: dict[str, Any] = {
    "StartAt": "First",
    "States": {
        "First": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}],
            "Next": "Which",
        },
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.a", "StringEquals": "<long>", "Next": "Detour"}],
            "Default": "Last",
        },
        "Detour": {"Type": "Pass", "Next": "Last"},
        "Last": {"Type": "Succeed"},
        "Undo": {"Type": "Fail"},
    },
}


def boxes(picture: str) -> dict[str, tuple[float, float]]:
    """Each label's place on the page."""
    drawing = ElementTree.fromstring(picture)  # noqa: S314  our own text
    elements = drawing.iter("{http://www.w3.org/2000/svg}text")
    return {str(text.text): (float(text.attrib["x"]), float(text.attrib["y"])) for text in elements}


def test_a_state_stands_below_all_that_lead_to_it() -> None:
    assert layers(MACHINE["States"], "First") == {"First": 0, "Which": 1, "Detour": 2, "Last": 3}


def test_a_handler_that_is_the_next_state_anyway_is_no_error_path() -> None:
    state = {"Next": "A", "Catch": [{"Next": "A"}, {"Next": "B"}]}
    assert handlers(state) == ["B"]


def test_what_only_errors_lead_to_stands_right_of_the_main_path() -> None:
    places = boxes(svg(MACHINE, "A machine"))
    assert places["Undo"][0] > max(places[name][0] for name in ("First", "Which", "Last"))
    assert places["First"][1] < places["Which"][1] < places["Detour"][1] < places["Last"][1]


def test_a_detour_leaves_the_straight_way_free() -> None:
    places = boxes(svg(MACHINE, "A machine"))
    assert places["Detour"][0] < places["Last"][0]


def test_text_is_escaped() -> None:
    assert "<long>" in boxes(svg(MACHINE, "Quick & small"))


def test_a_machine_without_errors_has_no_error_column() -> None:
    places = boxes(svg({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, "One"))
    assert "A" in places
