"""``application/x-parquet``: columns by name. pyarrow is imported at the first such body."""

from typing import Any

import numpy as np

from inference.refusal import Refusal
from inference.table.columns import CONTENT_TOO_LARGE, VALUE_LIMIT, Columns, Floats
from inference.table.exchange import Answer, Question
from inference.table.lists import columns_to_rows
from inference.table.outputs import Outputs
from inference.table.parquet_pages import unpacked_size

PANDAS_INDEX = "__index_level_"  # columns that pandas adds for an index that is none
UNPACKED_LIMIT = 16 * VALUE_LIMIT  # bytes, by the footer and by the pages' headers


def _pyarrow() -> Any:
    import pyarrow
    import pyarrow.parquet

    # Its own pools keep what one large body took.
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    return pyarrow


class ParquetReader:
    """Files of one or several row groups, with numbers and truth values."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def parse(self, body: bytes) -> Question:
        """Raises Refusal."""
        pyarrow = _pyarrow()
        try:
            _check_unpacked(body)
            file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(body), pre_buffer=False)
            fields = self._check(pyarrow, file)
            # Without threads: they would not survive a fork, and the cores have work.
            table = file.read(columns=fields, use_threads=False)
            values = [_floats(pyarrow, table.column(name)) for name in self._columns.names]
        except (Refusal, MemoryError):
            raise
        except Exception as error:  # a damaged file leads pyarrow to raise whatever there is
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise Refusal(f"the body is no Parquet file that can be read: {reason}") from None
        return Question(columns_to_rows(self._columns, values))

    def _check(self, pyarrow: Any, file: Any) -> list[str]:
        """The names of the columns to read. Raises Refusal."""
        metadata = file.metadata
        if not metadata.num_rows:
            raise Refusal("the file holds no row")
        self._columns.check_size(metadata.num_rows)
        fields = [one for one in file.schema_arrow if not one.name.startswith(PANDAS_INDEX)]
        names = [field.name for field in fields]
        self._columns.check_names(names, "the file")
        types = pyarrow.types
        for field in fields:
            kind = field.type
            if not (
                types.is_floating(kind)
                or types.is_integer(kind)
                or types.is_boolean(kind)
                or types.is_null(kind)
            ):
                raise Refusal(
                    f"column {field.name!r} holds {str(kind)[:100]}; it must hold numbers"
                )
        return names


def _check_unpacked(body: bytes) -> None:
    """Raises BadParquet, and Refusal with 413 for too much."""
    unpacked = unpacked_size(body)
    if unpacked > UNPACKED_LIMIT:
        raise Refusal(
            f"the file unpacks to {unpacked} bytes; at most {UNPACKED_LIMIT} are read",
            status=CONTENT_TOO_LARGE,
        )


def _floats(pyarrow: Any, column: Any) -> Floats:
    """Null is NaN."""
    if pyarrow.types.is_boolean(column.type):
        column = column.cast(pyarrow.uint8())
    found = column.cast(pyarrow.float64(), safe=False).to_numpy()
    return np.asarray(found, np.float64)


class ParquetWriter:
    """A column an output, under its name."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def write(self, answer: Answer) -> bytes:
        pyarrow = _pyarrow()
        columns = self._outputs.columns(answer.values)
        arrays = [pyarrow.array(_plain(values)) for values in columns]
        sink = pyarrow.BufferOutputStream()
        table = pyarrow.Table.from_arrays(arrays, names=list(self._outputs.names))
        pyarrow.parquet.write_table(table, sink)
        return bytes(sink.getvalue())


def _plain(values: Any) -> Any:
    """Labels of which some are texts become texts, for a column has one type."""
    return [str(value) for value in values.tolist()] if values.dtype == object else values
