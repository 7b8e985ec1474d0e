"""The rules that the stack is checked against are on."""

from pathlib import Path
from typing import cast

import pytest
from aws_cdk.aws_sns import Topic
from constructs import Construct

from infra.application import application
from infra.settings import Settings


def test_a_finding_that_nobody_acknowledged_stops_the_synthesis(tmp_path: Path) -> None:
    app = application(Settings(), directory=str(tmp_path))
    stack = cast(Construct, app.node.find_child("modelwharf-oil-price"))
    Topic(stack, "WithoutTls")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    assert "AwsSolutions-SNS3" in (tmp_path / "validation-report.json").read_text()
