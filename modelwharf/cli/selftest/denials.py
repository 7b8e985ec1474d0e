"""The calls that AWS denied to the function that resumes a release."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack, function_names

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilterLogEventsRequestTypeDef

FUNCTION = "resume-release"
PAGES = 20


def denials(services: Services, stack: Stack) -> Iterator[str]:
    """Yield the lines of its log that contain AccessDenied."""
    (name,) = [one for one in function_names(services, stack.project) if one.endswith(FUNCTION)]
    request: FilterLogEventsRequestTypeDef = {
        "logGroupName": f"/aws/lambda/{name}",
        "filterPattern": "AccessDenied",
    }
    client = services.client("logs")
    for _ in range(PAGES):
        page = client.filter_log_events(**request)
        yield from (event["message"] for event in page["events"])
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]
