"""The CDK application: the stack, and the rules it is checked against."""

import json
from pathlib import Path
from typing import Any

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.function_files import ROOT
from infra.settings import Settings
from infra.stack import ModelwharfStack

DESCRIPTION = "Modelwharf: continuous delivery of a model to Amazon SageMaker"
CDK_SETTINGS = ROOT / "cdk.json"


def application(settings: Settings, *, directory: str) -> App:
    """The application, to be synthesised into ``directory``.

    It reads the feature flags of ``cdk.json`` itself, as the ``cdk`` program does: without
    them, other callers would get another template.
    """
    app = App(outdir=directory, context=_feature_flags(CDK_SETTINGS))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    ModelwharfStack(app, settings=settings, description=DESCRIPTION)
    return app


def _feature_flags(settings: Path) -> dict[str, Any]:
    context: dict[str, Any] = json.loads(settings.read_text())["context"]
    return context
