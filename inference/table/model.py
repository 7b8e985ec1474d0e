"""The table model, loaded: rows in, predictions out."""

from typing import Any, Protocol

from numpy.typing import NDArray

from contracts.table import TableContract
from inference.formats import Format, answer_type, request_format
from inference.table.columns import Columns, Floats
from inference.table.csv_format import CsvReader, CsvWriter
from inference.table.exchange import Answer, Question, Reader, TableExchange, Writer
from inference.table.json_format import JsonReader, JsonWriter
from inference.table.outputs import Outputs


class Runner(Protocol):
    """The program that predicts."""

    description: str

    def run(self, rows: Floats) -> NDArray[Any]:
        """Rows × columns in; rows, or rows × outputs, out."""


class TableModel:
    """Answers rows of numbers. Safe to use from several threads, and after a fork."""

    def __init__(self, contract: TableContract, runner: Runner) -> None:
        self.contract = contract
        self.description = (
            f"a table of {len(contract.columns)} columns to {', '.join(contract.outputs)}, with "
            f"{runner.description}"
        )
        self._run = runner.run
        self._columns = Columns(contract.columns)
        self._outputs = Outputs(contract.outputs, contract.labels)

    def predict(self, rows: Floats) -> NDArray[Any]:
        return self._run(rows).ravel()

    def exchange(self, content_type: str, accept: str) -> TableExchange:
        asked = request_format(content_type, list(Format))
        written, name = answer_type(accept, content_type, list(Format))
        reader: Reader = (
            CsvReader(self._columns) if asked is Format.CSV else JsonReader(self._columns)
        )
        writer: Writer = (
            CsvWriter(self._outputs)
            if written is Format.CSV
            else JsonWriter(self._outputs, "model")
        )
        return TableExchange(reader, self._answer, writer, name)

    def _answer(self, question: Question) -> Answer:
        return Answer(self.predict(question.rows), question.envelope)
