"""What a release document lacks that a state needs."""

from pydantic import ValidationError

from lambdas.errors import IncompleteRelease
from modelwharf.contracts.release import ReleaseDocument


def lacks(error: ValidationError) -> IncompleteRelease | None:
    """Return the error that names the section which no state has written; None for other faults."""
    for fault in error.errors(include_url=False, include_context=False):
        name = str(fault["loc"][-1]) if fault["loc"] else ""
        absent = fault["type"] == "missing" or fault["input"] is None
        if absent and name in ReleaseDocument.model_fields:
            return IncompleteRelease(f"the release document has no {name!r} yet")
    return None
