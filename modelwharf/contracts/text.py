"""Limits of texts that people and other programs write."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

FREE_TEXT_LIMIT = 1024
"""Characters of a reason or a note: SageMaker's own limit on ``ApprovalDescription``. The text
goes into the state machine's input, which holds at most 262,144 bytes for everything
(Step Functions developer guide, "Quotas related to state machine executions")."""
NAME_LIMIT = 256  # characters of a branch's name in CodeCommit (API reference, GetBranch)
KEY_LIMIT = 1024  # bytes of an object's key (S3 user guide, "Naming Amazon S3 objects")
COMMIT_PATTERN = r"^[0-9a-f]{40}$"
ALLOWED_CONTROLS = "\t\n\r"


def without_controls(text: str) -> str:
    """Return the text. Raises ValueError for a control character."""
    for place, character in enumerate(text):
        if (ord(character) < 32 and character not in ALLOWED_CONTROLS) or ord(character) == 127:
            raise ValueError(
                f"character {place + 1} is the control character {character!r}; of those only "
                "tabs and line ends are allowed"
            )
    return text


FreeText = Annotated[
    str, StringConstraints(max_length=FREE_TEXT_LIMIT), AfterValidator(without_controls)
]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=NAME_LIMIT), AfterValidator(without_controls)
]
Commit = Annotated[str, StringConstraints(pattern=COMMIT_PATTERN)]
"""A commit's full id: not a branch, ``HEAD`` or a shortened id."""
