"""The CDK application: the stack, and the rules it is checked against."""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.settings import Settings
from infra.stack import ModelwharfStack

DESCRIPTION = "Modelwharf: continuous delivery of a model to Amazon SageMaker"


def application(settings: Settings, *, directory: str) -> App:
    """The application, to be synthesised into ``directory``."""
    app = App(outdir=directory)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    ModelwharfStack(app, settings=settings, description=DESCRIPTION)
    return app
