from typing import Any

from inference.refusal import Refusal
from inference.table.columns import Columns
from inference.table.exchange import Question


class Shapes:
    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def question(self, document: Any) -> Question:
        raise Refusal('the body is no list of rows under "instances" or "inputs"')
