"""The shapes of rows in clients' JSON documents."""

from typing import Any

from modelwharf.serving.refusal import Refusal, shown
from modelwharf.serving.table.columns import Columns, Floats
from modelwharf.serving.table.exchange import Question
from modelwharf.serving.table.json_text import Aside
from modelwharf.serving.table.lists import FEATURES, SCALARS, RowLists, columns_to_rows, is_nested
from modelwharf.serving.table.v2 import V2, is_v2

# Keys that hold the rows, and other keys of their protocols: SageMaker's, TensorFlow Serving's,
# MLflow's (2 and later) and V2's.
ROWS = ("instances", "inputs", "dataframe_split", "dataframe_records")
OTHER_KEYS = ("params", "signature_name", "id", "parameters", "outputs")
SHAPES = (
    '{"instances": [[…], …]}, {"inputs": …}, {"dataframe_split": …}, {"dataframe_records": …}, a '
    "V2 request, or a list"
)


class Shapes:
    """Finds the rows in a document."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._lists = RowLists(columns)
        self._v2 = V2(columns, self._lists)

    def question(self, document: Any) -> Question:
        """Return the rows of a document. Raises Refusal."""
        if type(document) in (list, Aside):
            return Question(self._bare(document))
        if type(document) is not dict:
            raise Refusal(f"the body is {shown(document)}; rows come as {SHAPES}")
        keys = [key for key in ROWS if key in document]
        if not keys:
            return Question(self._one_object(document))
        if len(keys) > 1:
            raise Refusal(f'rows stand under "{keys[0]}" and under "{keys[1]}"; send one of them')
        key = keys[0]
        self._check_other_keys(document, key)
        rows = document[key]
        if key == "inputs" and is_v2(rows):
            return self._v2.question(document)
        return Question(self._rows(key, rows))

    def _bare(self, document: Any) -> Floats:
        """Read a list of rows, or of one row's numbers."""
        if self._columns.count > 1 and self._is_one_row(document):
            return self._lists.row(document)
        return self._lists.rows(document)

    def _is_one_row(self, document: Any) -> bool:
        if isinstance(document, Aside):
            return not is_nested(document)
        return bool(document) and set(map(type, document)) <= SCALARS

    def _one_object(self, document: dict[str, Any]) -> Floats:
        known = [name for name in document if name in self._columns.names]
        if known or document.keys() == {FEATURES}:
            return self._lists.row(document)
        keys = ", ".join(map(shown, list(document)[:3])) or "nothing"
        raise Refusal(f"the body is an object of {keys}; rows come as {SHAPES}")

    def _check_other_keys(self, document: dict[str, Any], key: str) -> None:
        for name in document:
            if name != key and name not in OTHER_KEYS:
                allowed = ", ".join(OTHER_KEYS)
                raise Refusal(f'unknown key {shown(name)} beside "{key}"; known ones: {allowed}')

    def _rows(self, key: str, rows: Any) -> Floats:
        if key == "dataframe_split":
            return self._split(rows)
        if key == "inputs" and type(rows) is dict:
            return self._by_column(rows)
        return self._lists.rows(rows)

    def _split(self, frame: Any) -> Floats:
        """Read pandas' ``to_dict(orient="split")``: columns, data and index."""
        if type(frame) is not dict or "data" not in frame:
            raise Refusal('"dataframe_split" is an object of "columns" and "data"')
        for name in frame:
            if name not in ("columns", "data", "index"):
                raise Refusal(
                    f'unknown key {shown(name)} in "dataframe_split"; known ones: columns, data, '
                    "index"
                )
        names = frame.get("columns", list(self._columns.names))
        if type(names) is not list or not all(type(name) is str for name in names):
            raise Refusal('"columns" in "dataframe_split" is a list of names')
        order = self._columns.order(names, '"columns"')
        return self._columns.ordered(self._lists.rows(frame["data"]), order)

    def _by_column(self, found: dict[str, Any]) -> Floats:
        """Read ``{"inputs": {"a": [1, 2], "b": [3, 4]}}``, or one row of numbers by name."""
        self._columns.check_names(tuple(found), '"inputs"')
        if set(map(type, found.values())) <= SCALARS:
            return self._lists.row(found)
        values = [
            self._lists.scalars(found[name], place)
            for place, name in enumerate(self._columns.names)
        ]
        return columns_to_rows(self._columns, values)
