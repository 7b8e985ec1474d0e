"""The metrics of a minute, as a line that CloudWatch turns into metrics.

The line is in Embedded Metric Format, which needs no agent and no permission.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections import Counter

NAMESPACE = "Modelwharf/Serving"
PERIOD = 60  # seconds
# Latencies are counted in buckets: each power of two has 16. No bucket is wider than 6%.
PARTS = 16
_UNITS = {
    "Requests": "Count",
    "Errors4xx": "Count",
    "Errors5xx": "Count",
    "Rows": "Count",
    "LatencyP50": "Microseconds",
    "LatencyP90": "Microseconds",
    "LatencyP99": "Microseconds",
    "LatencyMax": "Microseconds",
}


class Metrics:
    """Counts since the last line, without pings."""

    def __init__(self) -> None:
        self.pings: Counter[int] = Counter()
        self._due = 0.0
        self._clear()

    def _clear(self) -> None:
        self._requests = 0
        self._client_errors = 0
        self._server_errors = 0
        self._rows = 0
        self._longest = 0
        self._latencies: dict[int, int] = {}

    def note(self, status: int, rows: int, total: int) -> None:
        """Count one response; ``total`` in nanoseconds."""
        self._requests += 1
        self._rows += rows
        if status >= 500:
            self._server_errors += 1
        elif status >= 400:
            self._client_errors += 1
        if total > self._longest:
            self._longest = total
        bits = total.bit_length()
        bucket = bits << 4 | total >> (bits - 5) & 15 if bits > 5 else bits << 4
        latencies = self._latencies
        latencies[bucket] = latencies.get(bucket, 0) + 1

    def line_if_due(self, now: float) -> str:
        """Return the line once a minute, otherwise "". ``now``: seconds since 1970."""
        if not self._due:
            self._due = now + PERIOD
        if now < self._due:
            return ""
        self._due = now + PERIOD
        return self.line(now)

    def line(self, now: float) -> str:
        """Return the counts since the last line; "" when there were no requests."""
        if not self._requests:
            return ""
        values = {
            "Requests": self._requests,
            "Errors4xx": self._client_errors,
            "Errors5xx": self._server_errors,
            "Rows": self._rows,
            "LatencyP50": self._percentile(0.50),
            "LatencyP90": self._percentile(0.90),
            "LatencyP99": self._percentile(0.99),
            "LatencyMax": self._longest / 1000,
        }
        self._clear()
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [[]],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in _UNITS.items()],
        }
        document = {"_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]}}
        return json.dumps(document | values) + "\n"

    def _percentile(self, part: float) -> float:
        """Return a percentile in microseconds: its bucket's upper end, at most the maximum."""
        wanted = part * self._requests
        seen = 0
        for bucket in sorted(self._latencies):
            seen += self._latencies[bucket]
            if seen >= wanted:
                bits, place = bucket >> 4, bucket & 15
                upper = 1 << bits if bits <= 5 else (PARTS + place + 1) << (bits - 5)
                return min(upper, self._longest) / 1000
        return self._longest / 1000
