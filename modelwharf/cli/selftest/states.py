"""The states of a selftest's release. It approves itself, and no state fails."""

from modelwharf.contracts.states import (
    BUILD_IMAGES,
    NOTIFY_SUCCESS,
    RELEASE,
    ROLL_BACK,
    every_state,
)

_NOT_ENTERED = {ROLL_BACK.name, *(state.name for state in every_state() if state.only_if)}

PATH = (*(one.name for one in RELEASE if one.name not in _NOT_ENTERED), NOTIFY_SUCCESS.name)
BUILDS = {image: branch.name for image, branch in BUILD_IMAGES.branches.items()}
WAITING = tuple(
    state.name for state in every_state() if state.waits and state.name not in _NOT_ENTERED
)
"""The states that wait for the answer to a token."""
