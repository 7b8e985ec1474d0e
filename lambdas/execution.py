"""What Step Functions says of a release's execution."""

from typing import Any

from botocore.exceptions import ClientError

from lambdas.errors import code_of
from lambdas.site import Site

RUNNING = "RUNNING"


def describe(site: Site, release: str) -> dict[str, Any] | None:
    """DescribeExecution's answer; None when there is no execution of that release."""
    try:
        execution: dict[str, Any] = site.clients.stepfunctions.describe_execution(
            executionArn=site.environment.execution_arn(release)
        )
    except ClientError as error:
        if code_of(error) != "ExecutionDoesNotExist":
            raise
        return None
    return execution


def status_of(site: Site, release: str) -> str | None:
    execution = describe(site, release)
    return None if execution is None else str(execution["status"])
