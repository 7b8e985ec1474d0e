"""The release as a state machine: authored here, committed as ``release.asl.json``.

Deployed code, the template and the laptop read only the JSON. Nothing but this folder imports
the Step Functions Data Science SDK, because importing it changes the whole process.
"""
