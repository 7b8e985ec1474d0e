"""The shapes of the picture, as SVG elements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

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
    def middle_height(self) -> float:
        return self.y + self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def right(self) -> float:
        return self.x + self.width


def rectangle(kind: str, box: Box, *, round_ends: bool = False) -> str:
    radius = box.height / 2 if round_ends else 6
    return (
        f'<rect class="{kind}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
        f'height="{box.height:g}" rx="{radius:g}"/>'
    )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'


def clock(x: float, y: float) -> Iterator[str]:
    yield f'<circle class="clock" cx="{x:g}" cy="{y:g}" r="5.5"/>'
    yield path("clock", None, [(x, y - 3.5), (x, y), (x + 2.5, y + 1)])


def path(kind: str, head: str | None, points: Sequence[tuple[float, float]]) -> str:
    marker = f' marker-end="url(#{head})"' if head else ""
    line = " L".join(f"{x:g} {y:g}" for x, y in points)
    return f'<path class="{kind}" d="M{line}"{marker}/>'


def arrow_head(kind: str) -> str:
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path class="{kind}" d="M0 0L8 4L0 8z"/></marker>'
    )
