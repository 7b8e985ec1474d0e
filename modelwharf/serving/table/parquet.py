"""``application/x-parquet``: columns by name. pyarrow is imported at the first such body."""

from typing import Any

import numpy as np

from modelwharf.serving.refusal import Refusal
from modelwharf.serving.table.columns import CONTENT_TOO_LARGE, VALUE_LIMIT, Columns, Floats
from modelwharf.serving.table.exchange import Answer, Question
from modelwharf.serving.table.lists import columns_to_rows
from modelwharf.serving.table.outputs import Outputs
from modelwharf.serving.table.parquet_pages import unpacked_size

PANDAS_INDEX = "__index_level_"  # columns that pandas adds for an index without a name
UNPACKED_LIMIT = 16 * VALUE_LIMIT  # bytes, by the footer and the page headers


def _pyarrow() -> Any:
    import pyarrow
    import pyarrow.parquet

    # pyarrow's own pools keep the memory of one large body.
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    return pyarrow


class ParquetReader:
    """Reads files of one or several row groups, with numbers and booleans."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def parse(self, body: bytes) -> Question:
        """Parse a body. Raises Refusal."""
        pyarrow = _pyarrow()
        try:
            _check_unpacked(body)
            file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(body), pre_buffer=False)
            fields = self._check(pyarrow, file)
            # Without threads: they do not survive a fork, and the cores are busy.
            table = file.read(columns=fields, use_threads=False)
            values = [_floats(pyarrow, table.column(name)) for name in self._columns.names]
        except (Refusal, MemoryError):
            raise
        except Exception as error:  # a damaged file may make pyarrow raise anything
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise Refusal(f"the body is not a readable Parquet file: {reason}") from None
        return Question(columns_to_rows(self._columns, values))

    def _check(self, pyarrow: Any, file: Any) -> list[str]:
        """Return the names of the columns to read. Raises Refusal."""
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
    """Check the unpacked size. Raises BadParquet, and Refusal with 413 for too much."""
    unpacked = unpacked_size(body)
    if unpacked > UNPACKED_LIMIT:
        raise Refusal(
            f"the file unpacks to {unpacked} bytes; at most {UNPACKED_LIMIT} are read",
            status=CONTENT_TOO_LARGE,
        )


def _floats(pyarrow: Any, column: Any) -> Floats:
    """Convert a column to floats; null becomes NaN."""
    if pyarrow.types.is_boolean(column.type):
        column = column.cast(pyarrow.uint8())
    found = column.cast(pyarrow.float64(), safe=False).to_numpy()
    return np.asarray(found, np.float64)


class ParquetWriter:
    """Writes one column per output, under its name."""

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
    """Convert labels of mixed types to strings, because a column has one type."""
    return [str(value) for value in values.tolist()] if values.dtype == object else values
