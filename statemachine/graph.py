"""The release as a picture: a layered drawing of a state machine, written as SVG.

The main path runs down the page, one layer per state. Parallel states are in one frame. States
that only an error leads to are in a column on the right, connected by a dashed line.
Plain SVG and CSS: no script, no font to fetch, no program to run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

State = Mapping[str, Any]
States = Mapping[str, State]

# Pixels.
BOX_WIDTH, BOX_HEIGHT = 190, 34
LAYER_GAP, COLUMN_GAP = 24, 18
FRAME_MARGIN, FRAME_TITLE = 12, 20
RAIL_GAP = 44
MARGIN = 16

STYLE = """
  text { font: 13px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .small { font-size: 11px; fill: #59636e; }
  .box { fill: #f6f8fa; stroke: #8c959f; }
  .wait { fill: #ddf4ff; stroke: #0969da; }
  .choice { fill: #fff8c5; stroke: #9a6700; }
  .good { fill: #dafbe1; stroke: #1a7f37; }
  .bad { fill: #ffebe9; stroke: #cf222e; }
  .frame { fill: none; stroke: #8c959f; }
  .edge { fill: none; stroke: #59636e; stroke-width: 1.4; }
  .error { fill: none; stroke: #cf222e; stroke-width: 1.3; stroke-dasharray: 4 3; }
  .clock { fill: none; stroke: #0969da; stroke-width: 1.4; }
  .head { fill: #59636e; }
  .error-head { fill: #cf222e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .small { fill: #9198a1; }
    .box { fill: #21262d; stroke: #6e7681; }
    .wait { fill: #121d2f; stroke: #4493f8; }
    .choice { fill: #272115; stroke: #d29922; }
    .good { fill: #12261e; stroke: #3fb950; }
    .bad { fill: #25171c; stroke: #f85149; }
    .frame { stroke: #6e7681; }
    .edge { stroke: #9198a1; }
    .error { stroke: #f85149; }
    .clock { stroke: #4493f8; }
    .head { fill: #9198a1; }
    .error-head { fill: #f85149; }
  }
"""


@dataclass(frozen=True)
class Box:
    """A rectangle on the page: its upper left corner and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def right(self) -> float:
        return self.x + self.width


def svg(machine: Mapping[str, Any], title: str) -> str:
    """Draw the state machine, a parsed Amazon States Language document."""
    page = _Page(machine)
    body = "\n".join([*page.edges(), *page.errors(), *page.shapes(), *page.legend()])
    size = f'width="{page.width:g}" height="{page.height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="0 0 {page.width:g} {page.height:g}" role="img" aria-labelledby="title">\n'
        f'<title id="title">{escape(title)}</title>\n<style>{STYLE}</style>\n'
        f"<defs>{_arrow_head('head')}{_arrow_head('error-head')}</defs>\n{body}\n</svg>\n"
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
        self.width = max(box.right for box in self.boxes.values()) + MARGIN
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
                yield _rectangle("frame", box)
                yield _text(box.middle, box.y + 15, name, "small")
                for inner, state, inner_box in self.branches[name]:
                    yield from _shape(inner, state, inner_box)
            else:
                yield from _shape(name, self.states[name], box)

    def edges(self) -> Iterator[str]:
        for name, state in self.states.items():
            start = self.boxes[name]
            for following in dict.fromkeys(successors(state)):
                yield _path("edge", "head", self._route(start, self.boxes[following]))
            for rule in state.get("Choices", []):
                end = self.boxes[rule["Next"]]
                label = str(rule.get("StringEquals", ""))
                yield _text(end.middle - 8, (start.bottom + end.y) / 2 + 4, label, "small", "end")
            if "Default" in state:
                yield _text(start.middle + 8, start.bottom + 16, "otherwise", "small", "start")

    def _route(self, start: Box, end: Box) -> Sequence[tuple[float, float]]:
        """Draw an edge straight down; a shift to the side is half-way between two layers."""
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
            height = start.y + start.height / 2
            for target in handlers(self.states[name]):
                end = self.boxes[target]
                way = [(start.right, height), (self.rail, height)]
                yield _path("error", None, way)
        targets = {target for name in self.depth for target in handlers(self.states[name])}
        for target in targets:
            sources = [
                self.boxes[name].y + self.boxes[name].height / 2
                for name in self.depth
                if target in handlers(self.states[name])
            ]
            end = self.boxes[target]
            height = end.y + end.height / 2
            yield _path(
                "error", None, [(self.rail, min(sources)), (self.rail, max(*sources, height))]
            )
            yield _path("error", "error-head", [(self.rail, height), (end.x, height)])

    def legend(self) -> Iterator[str]:
        y = self.height - MARGIN
        yield from _clock(MARGIN + 8, y - 4)
        yield _text(MARGIN + 20, y, "waits for a callback; nothing polls", "small", "start")
        x = MARGIN + 226
        yield _path("error", None, [(x, y - 4), (x + 24, y - 4)])
        yield _text(x + 30, y, "any error that retries did not cure", "small", "start")


def _shape(name: str, state: State, box: Box) -> Iterator[str]:
    kind = {"Choice": "choice", "Succeed": "good", "Fail": "bad"}.get(state["Type"], "box")
    yield _rectangle("wait" if waits(state) else kind, box, round_ends=kind in ("good", "bad"))
    aside = 8 if waits(state) else 0  # room for the clock
    yield _text(box.middle + aside, box.y + box.height / 2 + 4.5, name)
    if waits(state):
        yield from _clock(box.x + 16, box.y + box.height / 2)


def _rectangle(kind: str, box: Box, *, round_ends: bool = False) -> str:
    radius = box.height / 2 if round_ends else 6
    return (
        f'<rect class="{kind}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
        f'height="{box.height:g}" rx="{radius:g}"/>'
    )


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _clock(x: float, y: float) -> Iterator[str]:
    yield f'<circle class="clock" cx="{x:g}" cy="{y:g}" r="5.5"/>'
    yield _path("clock", None, [(x, y - 3.5), (x, y), (x + 2.5, y + 1)])


def _path(kind: str, head: str | None, points: Sequence[tuple[float, float]]) -> str:
    marker = f' marker-end="url(#{head})"' if head else ""
    line = " L".join(f"{x:g} {y:g}" for x, y in points)
    return f'<path class="{kind}" d="M{line}"{marker}/>'


def _arrow_head(kind: str) -> str:
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path class="{kind}" d="M0 0L8 4L0 8z"/></marker>'
    )
