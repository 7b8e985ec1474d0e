"""The states of a selftest's release: it approves itself.

The names are of the committed state machine; a test compares them.
"""

PATH = (
    "Resolve",
    "BuildImages",
    "PrepareData",
    "Train",
    "CheckQuality",
    "Register",
    "Deploy",
    "Verify",
    "Promote",
    "NotifySuccess",
)
BUILDS = {"training": "BuildTrainingImage", "inference": "BuildInferenceImage"}
WAITING = (*BUILDS.values(), "PrepareData", "Train", "Deploy")
"""Those that wait for the answer to a token."""
