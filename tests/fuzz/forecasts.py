"""Right questions to the exemplar's forecaster."""

import json
from datetime import date

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

# Monday to Friday, after the newest price.
DAYS = st.dates(date(2018, 1, 25), date(2018, 2, 16)).filter(lambda day: day.weekday() < 5)


@st.composite
def forecast_bodies(draw: DrawFn) -> tuple[str, bytes]:
    """A media type, and one to a few questions of it."""
    days = draw(st.lists(DAYS.map(date.isoformat), min_size=1, max_size=5))
    questions = [{"product": "wti", "date": day} for day in days]
    match draw(st.sampled_from(["one", "many", "lines", "csv"])):
        case "one":
            return "application/json", json.dumps(questions[0]).encode()
        case "many":
            return "application/json", json.dumps(questions).encode()
        case "lines":
            lines = "".join(f"{json.dumps(question)}\n" for question in questions)
            return "application/jsonlines", lines.encode()
        case _:
            rows = "".join(f"wti,{day}\n" for day in days)
            return "text/csv", f"product,date\n{rows}".encode()
