"""A release's execution in Step Functions."""

from typing import Any

from botocore.exceptions import ClientError

from lambdas.errors import code_of
from lambdas.runtime import Runtime

RUNNING = "RUNNING"


def describe(runtime: Runtime, release: str) -> dict[str, Any] | None:
    """Return DescribeExecution's response; None when the release has no execution."""
    try:
        execution: dict[str, Any] = runtime.clients.stepfunctions.describe_execution(
            executionArn=runtime.environment.execution_arn(release)
        )
    except ClientError as error:
        if code_of(error) != "ExecutionDoesNotExist":
            raise
        return None
    return execution


def status_of(runtime: Runtime, release: str) -> str | None:
    execution = describe(runtime, release)
    return None if execution is None else str(execution["status"])
