"""DataProcessing: filter the records to send, and join them with their answers.

Source: developer guide, "Associate Prediction Results with Input Records".
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from modelwharf.laptop.sagemaker.transform.json_path import JsonPath, PathError

INPUT, OUTPUT = "SageMakerInput", "SageMakerOutput"
CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
TYPES = (CSV, JSON, JSON_LINES)


class AssociationError(Exception):
    """A record or an answer cannot be filtered or joined."""


class Codec(Protocol):
    """Reads, writes and joins records of one format."""

    name: str

    def read(self, data: bytes) -> Any:
        """Parse a record. Raises ValueError."""

    def write(self, value: Any) -> bytes: ...

    def join(self, record: Any, answer: Any) -> Any: ...


class CsvCodec:
    """A record is a row: a list of its columns, as text."""

    name = "CSV"

    def read(self, data: bytes) -> list[str]:
        rows = list(csv.reader([data.decode()], strict=True))
        return rows[0] if rows else []

    def write(self, value: Any) -> bytes:
        buffer = io.StringIO()
        row = value if isinstance(value, list) else [value]
        csv.writer(buffer, lineterminator="").writerow(row)
        return buffer.getvalue().encode()

    def join(self, record: list[str], answer: list[str]) -> list[str]:
        return [*record, *answer]


class JsonCodec:
    """A record is any JSON value. A joined record is an object."""

    name = "JSON"

    def read(self, data: bytes) -> Any:
        return json.loads(data)

    def write(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def join(self, record: Any, answer: Any) -> dict[str, Any]:
        whole = record if isinstance(record, dict) else {INPUT: record}
        return {**whole, OUTPUT: answer}


CODECS: Mapping[str, Codec] = {CSV: CsvCodec(), JSON: JsonCodec(), JSON_LINES: JsonCodec()}


def media_type(header: str | None) -> str:
    """The media type without parameters: ``text/csv`` for ``text/csv; charset=utf-8``."""
    return (header or "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Association:
    """The filters and the join of a job. ``codec`` is None when it has neither."""

    input_filter: JsonPath
    output_filter: JsonPath
    joins: bool
    by_line: bool
    codec: Codec | None

    def prepare(self, record: bytes) -> bytes:
        """The part of a record to send. Raises AssociationError."""
        if self.codec is None or self.input_filter.is_root:
            return record
        value = self._read(record, "Failed to parse input as")
        return self.codec.write(_select(self.input_filter, value, "InputFilter"))

    def result(self, records: Sequence[bytes], answer: bytes) -> bytes:
        """The part to keep of an answer to these records. Raises AssociationError."""
        if self.codec is None or (not self.joins and self.output_filter.is_root):
            return answer
        answers = _lines(answer) if self.by_line else [answer]
        if len(answers) != len(records):
            raise AssociationError(
                "Fail to join data: mismatched line count between the input and the output "
                f"({len(records)} and {len(answers)})"
            )
        pairs = zip(records, answers, strict=True)
        return b"\n".join(self._result(record, one) for record, one in pairs)

    def _result(self, record: bytes, answer: bytes) -> bytes:
        codec = self.codec
        assert codec is not None  # noqa: S101 - result() returned already
        value = self._read(answer, "Failed to parse output from the algorithm as")
        if self.joins:
            value = codec.join(self._read(record, "Failed to parse input as"), value)
        return codec.write(_select(self.output_filter, value, "OutputFilter"))

    def _read(self, data: bytes, doing: str) -> Any:
        assert self.codec is not None  # noqa: S101 - the callers have checked it
        try:
            return self.codec.read(data)
        except (ValueError, csv.Error) as error:
            raise AssociationError(f"{doing} {self.codec.name}: {error}") from None


def _select(path: JsonPath, value: Any, name: str) -> Any:
    try:
        return path.select(value)
    except PathError as error:
        raise AssociationError(f"{name} {path.text}: {error}") from None


def _lines(answer: bytes) -> list[bytes]:
    return answer.removesuffix(b"\n").split(b"\n")
