"""The release as a picture: a layered drawing of a state machine, written as SVG.

The main path runs down the page, one layer per state. Parallel states are in one frame. States
that only an error leads to are in a column on the right, connected by a dashed line.
Plain SVG and CSS: no script, no font to fetch, no program to run.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from statemachine.svg_shapes import (
    STYLE,
    Box,
    arrow_head,
    clock,
    path,
    rectangle,
    text,
)

State = Mapping[str, Any]
States = Mapping[str, State]

# Pixels.
BOX_WIDTH, BOX_HEIGHT = 190, 34
LAYER_GAP, COLUMN_GAP = 24, 18
FRAME_MARGIN, FRAME_TITLE = 12, 20
RAIL_GAP = 44
DETOUR_WIDTH = 72  # an edge and its label
MARGIN = 16


def svg(machine: Mapping[str, Any], title: str) -> str:
    """Draw the state machine, a parsed Amazon States Language document."""
    page = _Page(machine)
    body = "\n".join([*page.edges(), *page.errors(), *page.shapes(), *page.legend()])
    size = f'width="{page.width:g}" height="{page.height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="0 0 {page.width:g} {page.height:g}" role="img" aria-labelledby="title">\n'
        f'<title id="title">{escape(title)}</title>\n<style>{STYLE}</style>\n'
        f"<defs>{arrow_head('head')}{arrow_head('error-head')}</defs>\n{body}\n</svg>\n"
    )


def successors(state: State) -> list[str]:
    """The states that may follow when nothing fails."""
    chosen = [rule["Next"] for rule in state.get("Choices", [])]
    return [*chosen, *(state[key] for key in ("Default", "Next") if key in state)]


def handlers(state: State) -> list[str]:
    """The states that follow an error, and nothing else."""
    caught = [catcher["Next"] for catcher in state.get("Catch", [])]
    return [name for name in caught if name not in successors(state)]


def layers(states: States, start: str) -> dict[str, int]:
    """Each state reachable from ``start``, with the length of its longest path."""
    depth = {start: 0}
    pending = [start]
    while pending:
        name = pending.pop()
        for following in successors(states[name]):
            if depth.get(following, -1) <= depth[name]:
                depth[following] = depth[name] + 1
                pending.append(following)
    return depth


def waits(state: State) -> bool:
    return str(state.get("Resource", "")).endswith(".waitForTaskToken")


class _Page:
    """The layout: a box for each state."""

    def __init__(self, machine: Mapping[str, Any]) -> None:
        self.states: States = machine["States"]
        self.depth = layers(self.states, machine["StartAt"])
        self.boxes: dict[str, Box] = {}
        self.branches: dict[str, list[tuple[str, State, Box]]] = {}
        self._place_main_path()
        path_right = max(box.right for box in self.boxes.values())
        self.rail = path_right + RAIL_GAP / 2
        self._place_error_column(path_right + RAIL_GAP)
        self.width = max(box.right for box in self.boxes.values()) + MARGIN + self._detour_width()
        self.height = max(box.bottom for box in self.boxes.values()) + 3 * MARGIN

    def _place_main_path(self) -> None:
        width = max(self._size(name)[0] for name in self.depth)
        axis = MARGIN + max(width, 2 * BOX_WIDTH + COLUMN_GAP) / 2
        y: float = MARGIN
        for layer in range(max(self.depth.values()) + 1):
            names = [name for name, depth in self.depth.items() if depth == layer]
            height = max(self._size(name)[1] for name in names)
            # An edge that passes this layer keeps the axis; the boxes of this layer move aside.
            passed = any(self.depth[a] < layer < self.depth[b] for a, b in self._main_edges())
            total = sum(self._size(name)[0] + COLUMN_GAP for name in names) - COLUMN_GAP
            x = axis - COLUMN_GAP - total if passed else axis - total / 2
            for name in names:
                box = Box(x, y, *self._size(name))
                self.boxes[name] = box
                self._place_branches(name, box)
                x = box.right + COLUMN_GAP
            y += height + LAYER_GAP
        self.axis = axis

    def _place_branches(self, name: str, frame: Box) -> None:
        x = frame.x + FRAME_MARGIN
        for branch in self.states[name].get("Branches", []):
            y = frame.y + FRAME_TITLE + FRAME_MARGIN / 2
            for inner, depth in layers(branch["States"], branch["StartAt"]).items():
                top = y + depth * (BOX_HEIGHT + LAYER_GAP)
                box = Box(x, top, BOX_WIDTH, BOX_HEIGHT)
                self.branches.setdefault(name, []).append((inner, branch["States"][inner], box))
            x += BOX_WIDTH + COLUMN_GAP

    def _place_error_column(self, x: float) -> None:
        """Stack the error states; the last one is level with the main path's last state."""
        names = [name for name in self.states if name not in self.depth]
        y = max(box.bottom for box in self.boxes.values()) + LAYER_GAP
        y -= len(names) * (BOX_HEIGHT + LAYER_GAP)
        for name in names:
            self.boxes[name] = Box(x, y, BOX_WIDTH, BOX_HEIGHT)
            y += BOX_HEIGHT + LAYER_GAP

    def _detour_width(self) -> int:
        """Return the width of the space for edges that pass a box of the error column."""
        edges = ((name, end) for name, state in self.states.items() for end in successors(state))
        passes = any(self._passes_a_box(self.boxes[a], self.boxes[b]) for a, b in edges)
        return DETOUR_WIDTH if passes else 0

    def _passes_a_box(self, start: Box, end: Box) -> bool:
        """Whether a box is between two boxes of the same column."""
        return start.middle == end.middle and any(
            box.middle == start.middle and start.bottom < box.middle_height < end.y
            for box in self.boxes.values()
        )

    def _size(self, name: str) -> tuple[float, float]:
        branches = self.states[name].get("Branches")
        if not branches:
            return BOX_WIDTH, BOX_HEIGHT
        longest = max(len(layers(branch["States"], branch["StartAt"])) for branch in branches)
        width = len(branches) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP + 2 * FRAME_MARGIN
        height = longest * (BOX_HEIGHT + LAYER_GAP) - LAYER_GAP + FRAME_TITLE + 1.5 * FRAME_MARGIN
        return width, height

    def _main_edges(self) -> Iterator[tuple[str, str]]:
        for name in self.depth:
            for following in successors(self.states[name]):
                yield name, following

    def shapes(self) -> Iterator[str]:
        for name, box in self.boxes.items():
            if name in self.branches:
                yield rectangle("frame", box)
                yield text(box.middle, box.y + 15, name, "small")
                for inner, state, inner_box in self.branches[name]:
                    yield from _shape(inner, state, inner_box)
            else:
                yield from _shape(name, self.states[name], box)

    def edges(self) -> Iterator[str]:
        for name, state in self.states.items():
            start = self.boxes[name]
            for following in dict.fromkeys(successors(state)):
                yield path("edge", "head", self._route(start, self.boxes[following]))
            for rule in state.get("Choices", []):
                end = self.boxes[rule["Next"]]
                label = str(rule.get("StringEquals", ""))
                yield text(end.middle - 8, (start.bottom + end.y) / 2 + 4, label, "small", "end")
            if "Default" in state:
                yield self._default_label(start, self.boxes[state["Default"]])

    def _default_label(self, start: Box, end: Box) -> str:
        if self._passes_a_box(start, end):
            x, y = start.right + COLUMN_GAP + 4, start.bottom + 4
        else:
            x, y = start.middle + 8, start.bottom + 16
        return text(x, y, "otherwise", "small", "start")

    def _route(self, start: Box, end: Box) -> Sequence[tuple[float, float]]:
        """Draw an edge straight down, or around the boxes between its ends.

        A shift to the side is half-way between two layers.
        """
        if self._passes_a_box(start, end):
            side = end.right + COLUMN_GAP
            return [
                (start.right, start.middle_height),
                (side, start.middle_height),
                (side, end.middle_height),
                (end.right, end.middle_height),
            ]
        if start.middle == end.middle:
            return [(start.middle, start.bottom), (end.middle, end.y)]
        leaving = start.middle == self.axis
        turn = (start.bottom if leaving else end.y - LAYER_GAP) + LAYER_GAP / 2
        return [
            (start.middle, start.bottom),
            (start.middle, turn),
            (end.middle, turn),
            (end.middle, end.y),
        ]

    def errors(self) -> Iterator[str]:
        """Draw every caught error: right to the dashed line, along it, and to its handler."""
        for name in self.depth:
            start = self.boxes[name]
            height = start.middle_height
            for target in handlers(self.states[name]):
                end = self.boxes[target]
                way = [(start.right, height), (self.rail, height)]
                yield path("error", None, way)
        targets = {target for name in self.depth for target in handlers(self.states[name])}
        for target in targets:
            sources = [
                self.boxes[name].middle_height
                for name in self.depth
                if target in handlers(self.states[name])
            ]
            end = self.boxes[target]
            height = end.middle_height
            yield path(
                "error", None, [(self.rail, min(sources)), (self.rail, max(*sources, height))]
            )
            yield path("error", "error-head", [(self.rail, height), (end.x, height)])

    def legend(self) -> Iterator[str]:
        y = self.height - MARGIN
        yield from clock(MARGIN + 8, y - 4)
        yield text(MARGIN + 20, y, "waits for a callback; nothing polls", "small", "start")
        x = MARGIN + 226
        yield path("error", None, [(x, y - 4), (x + 24, y - 4)])
        yield text(x + 30, y, "any error that retries did not cure", "small", "start")


def _shape(name: str, state: State, box: Box) -> Iterator[str]:
    kind = {"Choice": "choice", "Succeed": "good", "Fail": "bad"}.get(state["Type"], "box")
    yield rectangle("wait" if waits(state) else kind, box, round_ends=kind in ("good", "bad"))
    aside = 8 if waits(state) else 0  # room for the clock
    yield text(box.middle + aside, box.middle_height + 4.5, name)
    if waits(state):
        yield from clock(box.x + 16, box.middle_height)
