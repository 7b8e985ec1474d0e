"""The Step Functions Data Science SDK, imported without its side effects, and what it lacks.

Importing ``stepfunctions`` 2.3.0 sets the root logger to ERROR, replaces ``sys.excepthook`` and
warns about its own dependencies; writing an ARN, it asks the AWS configuration for a partition,
so the workflow's text would depend on the machine. This module undoes all of that.
"""

import logging
import os
import sys
import warnings

_hook = sys.excepthook
_level = logging.getLogger().level
os.environ["SAGEMAKER_SUPPRESS_V2_WARNING"] = "1"
os.environ.pop("AWS_PROFILE", None)  # sagemaker opens it, and fails when it is not there
logging.getLogger("stepfunctions").setLevel(logging.ERROR)
logging.disable(logging.WARNING)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from stepfunctions import steps  # type: ignore[import-untyped]
    from stepfunctions.steps import integration_resources  # type: ignore[import-untyped]
    from stepfunctions.workflow import Workflow  # type: ignore[import-untyped]
logging.disable(logging.NOTSET)
sys.excepthook = _hook
logging.getLogger().setLevel(_level)
integration_resources.get_aws_partition = lambda: "aws"

Catch = steps.Catch
Chain = steps.Chain
Choice = steps.Choice
ChoiceRule = steps.ChoiceRule
Graph = steps.Graph
LambdaStep = steps.LambdaStep
Retry = steps.Retry
State = steps.states.State
Succeed = steps.Succeed

__all__ = [
    "Catch",
    "Chain",
    "Choice",
    "ChoiceRule",
    "Fail",
    "Graph",
    "LambdaStep",
    "Parallel",
    "Retry",
    "State",
    "Succeed",
    "Workflow",
]


class Parallel(steps.Parallel):  # type: ignore[misc]
    """A Parallel state that may name its branches' results (ResultSelector, August 2020)."""

    def is_field_allowed(self, field_name: str) -> bool:
        return field_name == "result_selector" or bool(super().is_field_allowed(field_name))


class Fail(steps.Fail):  # type: ignore[misc]
    """A Fail state that may take error and cause from its input (ErrorPath, September 2023)."""

    def is_field_allowed(self, field_name: str) -> bool:
        paths = ("error_path", "cause_path")
        return field_name in paths or bool(super().is_field_allowed(field_name))
