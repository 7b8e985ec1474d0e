"""A release's execution in Step Functions."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.errors import code_of
from lambdas.runtime import Runtime

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

RUNNING = "RUNNING"


def describe(runtime: Runtime, release: str) -> "DescribeExecutionOutputTypeDef | None":
    """Return DescribeExecution's response; None when the release has no execution."""
    try:
        return runtime.clients.stepfunctions.describe_execution(
            executionArn=runtime.environment.execution_arn(release)
        )
    except ClientError as error:
        if code_of(error) != "ExecutionDoesNotExist":
            raise
        return None


def status_of(runtime: Runtime, release: str) -> str | None:
    execution = describe(runtime, release)
    return None if execution is None else str(execution["status"])
