"""The rules that the stack is checked against are on."""

from pathlib import Path

import pytest

from tests.infra import cdk


def test_a_finding_that_is_not_acknowledged_stops_the_synthesis(tmp_path: Path) -> None:
    app = cdk.application(cdk.Settings(), directory=str(tmp_path))
    stack = app.node.find_child("modelwharf-oil-price")
    cdk.Topic(stack, "WithoutTls")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    assert "AwsSolutions-SNS3" in (tmp_path / "validation-report.json").read_text()
