"""Read a daily series from the U.S. Energy Information Administration's API v2.

Source: https://www.eia.gov/opendata/documentation.php. A response has at most 5,000 rows.
"""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from datetime import date
from typing import Any

from lambdas.errors import SeriesUnavailable
from modelwharf.contracts.parameters import EiaSeries

PAGE = 5000  # rows; the API's own limit
TIMEOUT = 30  # seconds for one request
REGISTER = "https://www.eia.gov/opendata/register.php"


def fetch_series(url: str, key: str, series: EiaSeries) -> dict[date, float]:
    """Return day → value, ascending. Raises SeriesUnavailable; no message holds the key."""
    days: dict[date, float] = {}
    offset, total = 0, 1
    while offset < total:
        rows, total = _page(url, key, series, offset)
        if not rows:
            break
        for row in rows:
            if row.get("value") is not None:
                day, value = _read(series, row)
                days[day] = value
        offset += len(rows)
    if not days:
        raise SeriesUnavailable(
            f"the EIA has no values for series {series.series!r} under route {series.route!r}; "
            "look it up: https://www.eia.gov/opendata/browser"
        )
    return dict(sorted(days.items()))


def _page(url: str, key: str, series: EiaSeries, offset: int) -> tuple[list[Any], int]:
    """Return one page's rows, and the total number of rows."""
    query = urllib.parse.urlencode(
        {
            "frequency": "daily",
            "data[0]": "value",
            "facets[series][]": series.series,
            "sort[0][column]": "period",
            "sort[0][direction]": "asc",
            "offset": offset,
            "length": PAGE,
            "api_key": key,
        }
    )
    text = _get(f"{url.rstrip('/')}/{series.route}/data/?{query}", series)
    try:
        response = json.loads(text)["response"]
        rows: list[Any] = response["data"]
        return rows, int(response["total"])
    except (ValueError, KeyError, TypeError):
        raise SeriesUnavailable(
            f"the EIA's answer for series {series.series!r} is not as documented: {text[:200]!r}"
        ) from None


def _get(url: str, series: EiaSeries) -> str:
    if not url.startswith(("https://", "http://")):
        raise SeriesUnavailable("WHARF_EIA_URL must begin with https://")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 (checked above)
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            words = error.read(500).decode(errors="replace")
        hint = f"; a key is free at {REGISTER}" if error.code in (401, 403) else ""
        raise SeriesUnavailable(
            f"the EIA answered {error.code} for series {series.series!r}: {words}{hint}"
        ) from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise SeriesUnavailable(f"the EIA is not reachable: {reason}") from None


def _read(series: EiaSeries, row: Any) -> tuple[date, float]:
    try:
        day, value = date.fromisoformat(row["period"]), float(row["value"])
    except (ValueError, KeyError, TypeError):
        raise SeriesUnavailable(
            f"series {series.series!r} has an unreadable row: {row!r}"
        ) from None
    if not math.isfinite(value):
        raise SeriesUnavailable(f"series {series.series!r} has no number on {day}: {row!r}")
    return day, value
