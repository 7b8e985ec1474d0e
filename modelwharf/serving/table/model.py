"""A loaded table model: rows in, predictions out, independent of HTTP."""

import math
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from modelwharf.artifact.table import TableContract
from modelwharf.serving.formats import Format, answer_type, header_parameter, request_format
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.table.columns import Columns, Floats
from modelwharf.serving.table.csv_format import CsvReader, CsvWriter
from modelwharf.serving.table.exchange import Answer, Question, Reader, TableExchange, Writer
from modelwharf.serving.table.json_format import JsonReader, JsonWriter
from modelwharf.serving.table.json_lines import JsonLinesReader, JsonLinesWriter
from modelwharf.serving.table.npy import NpyReader, NpyWriter
from modelwharf.serving.table.outputs import Outputs
from modelwharf.serving.table.parquet import ParquetReader, ParquetWriter

FORMATS = tuple(Format)
HEADER = {"present": True, "absent": False}  # text/csv's header parameter (RFC 4180)
FLOAT32_MAX = float(np.finfo(np.float32).max)
SAFE_SQUARES = 1e300  # a sum of squares that has not overflowed, with a margin for rounding


class Runner(Protocol):
    """The program that predicts. Thread-safe."""

    description: str

    def run(self, rows: Floats) -> NDArray[Any]:
        """Predict from rows × columns. Returns rows, or rows × outputs: numbers, or indices of
        labels.
        """


class TableModel:
    """Predicts from rows of numbers. Thread-safe, and safe after a fork."""

    def __init__(self, contract: TableContract, runner: Runner) -> None:
        self.contract = contract
        self.why_not_missing = "the model takes no such row"
        self.joins = False
        """Whether a row has the same bits in a batch as alone. If so, one run may answer the rows
        of different requests.
        """
        self.description = (
            f"a table of {len(contract.columns)} columns, answered with "
            f"{', '.join(contract.outputs[:5])}{', …' * (len(contract.outputs) > 5)}, by "
            f"{runner.description}"
        )
        self._run = runner.run
        self._columns = Columns(contract.columns)
        self._outputs = Outputs(contract.outputs, contract.labels)
        self._dtype = np.dtype(np.intp if contract.labels else np.float64)
        width = len(contract.outputs)
        self._shape = (-1,) if width == 1 else (-1, width)
        self._largest = contract.largest
        if contract.dtype == "float32" and contract.largest is None:
            self._largest = FLOAT32_MAX
        self._takes_infinity = contract.largest is None
        taken = contract.columns if contract.takes_missing is True else contract.takes_missing or ()
        self._refuses_missing = self._columns.others(taken)
        self._bounded = self._columns.others(contract.takes_infinity)
        self._any_row = not len(self._refuses_missing) and self._largest is None
        largest = self._largest or math.inf
        self._safe = min(SAFE_SQUARES, 0.5 * largest * largest)

    def predict(self, rows: Floats) -> NDArray[Any]:
        """Predict from rows × columns, contiguous: float64, or indices of the contract's labels.

        The shape is rows, or rows × outputs where there are several. Raises Refusal for a row that
        the trained model would have refused.
        """
        # A sum of squares in one pass is NaN, infinite or large if any value is.
        if not (self._any_row or np.vdot(rows, rows) <= self._safe):
            self._check(rows)
        return self._run(rows).reshape(self._shape).astype(self._dtype, copy=False)

    def exchange(self, content_type: str, accept: str) -> TableExchange:
        """Return the exchange for two headers. Raises Refusal (415, 406)."""
        asked = request_format(content_type, FORMATS)
        written, name = answer_type(accept, content_type, self._written())
        return TableExchange(
            self._reader(asked, content_type),
            self._answer,
            self._writer(written),
            name,
            joins=self.joins,
        )

    def openapi(self) -> dict[str, object]:
        """Return ``requestBody`` and ``responses`` of ``POST /invocations``."""
        from modelwharf.serving.table.description import describe

        return describe(self.contract, self._written())

    def _answer(self, question: Question) -> Answer:
        return Answer(self.predict(question.rows), question.envelope)

    def _written(self) -> tuple[Format, ...]:
        """Return the response formats. NumPy arrays hold no strings without pickles."""
        text = self._outputs.are_text
        return tuple(one for one in FORMATS if not (text and one is Format.NPY))

    def _reader(self, asked: Format, content_type: str) -> Reader:
        match asked:
            case Format.CSV:
                header = HEADER.get(header_parameter(content_type, "header"))
                return CsvReader(self._columns, header=header)
            case Format.JSON:
                return JsonReader(self._columns)
            case Format.JSON_LINES:
                return JsonLinesReader(self._columns)
            case Format.NPY:
                return NpyReader(self._columns)
            case Format.PARQUET:
                return ParquetReader(self._columns)

    def _writer(self, written: Format) -> Writer:
        match written:
            case Format.CSV:
                return CsvWriter(self._outputs)
            case Format.JSON:
                return JsonWriter(self._outputs)
            case Format.JSON_LINES:
                return JsonLinesWriter(self._outputs)
            case Format.NPY:
                return NpyWriter(self._outputs)
            case Format.PARQUET:
                return ParquetWriter(self._outputs)

    def _check(self, rows: Floats) -> None:
        refusing = self._refuses_missing
        if len(refusing):
            some = rows if len(refusing) == self._columns.count else rows.take(refusing, axis=1)
            if math.isnan(np.vdot(some, some)):
                why = f"is missing, and {self.why_not_missing}"
                self._refuse_first(rows, refusing, np.isnan(rows[:, refusing]), why)
        if self._largest is None or not len(self._bounded):
            return
        bounded = self._bounded
        some = rows if len(bounded) == self._columns.count else rows.take(bounded, axis=1)
        large = np.abs(some) > self._largest
        if self._takes_infinity:
            large &= np.isfinite(some)
        if large.any():
            why = f"is beyond {self._largest!r}, the largest it takes"
            self._refuse_first(rows, bounded, large, why)

    def _refuse_first(
        self, rows: Floats, places: NDArray[np.intp], wrong: NDArray[np.bool_], why: str
    ) -> NoReturn:
        """Refuse the first wrong value. ``wrong``: rows × ``places``."""
        row, number = (int(index) for index in np.argwhere(wrong)[0])
        place = int(places[number])
        value = float(rows[row, place])
        raise Refusal(f"row {row + 1}, column {self._columns.names[place]!r}: {value!r} {why}")
