"""What the tests need of the CDK and of the app, imported when a test first asks for it.

To import the CDK takes seconds and starts a Node: every worker of xdist imports every file of tests
to list them, and one alone runs those of this folder.
"""

from importlib import import_module
from typing import Any

PLACES = {
    "Topic": "aws_cdk.aws_sns",
    "RemovalPolicy": "aws_cdk",
    "application": "infra.application",
    "DEFINITION": "infra.workflow",
    "Grant": "infra.grant",
    "KEPT_IMAGES": "infra.images",
    "KEPT_VERSIONS": "infra.storage",
    "LOG_RETENTIONS": "infra.settings",
    "Settings": "infra.settings",
    "provide_node": "infra.node",
}


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(name)
    return getattr(import_module(PLACES[name]), name)
