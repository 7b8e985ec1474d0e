"""What Step Functions says of a release's execution."""

from botocore.exceptions import ClientError

from lambdas.errors import code_of
from lambdas.site import Site

RUNNING = "RUNNING"


def status_of(site: Site, release: str) -> str | None:
    """DescribeExecution's status; None when there is no execution of that release."""
    try:
        execution = site.clients.stepfunctions.describe_execution(
            executionArn=site.environment.execution_arn(release)
        )
    except ClientError as error:
        if code_of(error) != "ExecutionDoesNotExist":
            raise
        return None
    return str(execution["status"])
