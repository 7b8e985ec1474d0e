"""The picture: what stands where, whatever the machine."""

import itertools
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from statemachine.graph import handlers, layers, svg

SVG = "{http://www.w3.org/2000/svg}"
RELEASE = Path(__file__).parents[3] / "statemachine" / "release.asl.json"
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


def test_a_handler_that_is_the_next_state_anyway_is_not_an_error_path() -> None:
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


def crossings(picture: str) -> list[str]:
    """Each segment of an arrow that crosses the inside of a box."""
    drawing = ElementTree.fromstring(picture)  # noqa: S314  our own text
    rectangles = [
        [float(box.attrib[key]) for key in ("x", "y", "width", "height")]
        for box in drawing.iter(f"{SVG}rect")
    ]
    arrows = [
        [tuple(map(float, point.split())) for point in path.attrib["d"][1:].split(" L")]
        for path in drawing.iter(f"{SVG}path")
        if path.attrib["class"] in ("edge", "error")
    ]
    return [
        f"{start} to {end} crosses the box at {x}, {y}"
        for points in arrows
        for start, end in itertools.pairwise(points)
        for x, y, width, height in rectangles
        if min(start[0], end[0]) < x + width
        and max(start[0], end[0]) > x
        and min(start[1], end[1]) < y + height
        and max(start[1], end[1]) > y
    ]


def test_no_arrow_of_the_release_crosses_a_box() -> None:
    assert crossings(svg(json.loads(RELEASE.read_text()), "The release")) == []


def test_an_arrow_in_the_error_column_goes_around_the_box_between_its_ends() -> None:
    states = MACHINE["States"] | {
        "Undo": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.a", "StringEquals": "x", "Next": "Ended"}],
            "Default": "Failed",
        },
        "Ended": {"Type": "Succeed"},
        "Failed": {"Type": "Fail"},
    }
    picture = svg(MACHINE | {"States": states}, "A machine")
    places = boxes(picture)
    assert places["Undo"][0] == places["Ended"][0] == places["Failed"][0]
    assert crossings(picture) == []
