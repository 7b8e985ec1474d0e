"""Counts restarts of the serving container, which the laptop's SageMaker logs.

AWS restarts a container without a log line; there the alarms on the endpoint's errors report it.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from modelwharf.artifact.contract import Contract
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack
from modelwharf.contracts.jobs import ENDPOINT

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilterLogEventsRequestTypeDef

LOOKED_AT = timedelta(hours=1)
MARK = "starting it again"  # modelwharf/laptop/sagemaker/model_server.py writes it
PREFIX = "[laptop] the server "


class Restarts(Contract):
    """``count`` in the last hour, and how the server ended ``last``."""

    count: int
    last: str

    def in_words(self, release: str) -> str:
        times = "once" if self.count == 1 else f"{self.count} times"
        return (
            f"the server was started again {times} in the last hour; the last time because it "
            f"{self.last}: wharf logs {release} --step serve"
        )


def find_restarts(services: Services, stack: Stack) -> Restarts | None:
    """Return the restarts of the endpoint's servers on the laptop; None when there were none."""
    request: FilterLogEventsRequestTypeDef = {
        "logGroupName": ENDPOINT.log_group(stack.endpoint),
        "startTime": int((services.now() - LOOKED_AT).timestamp() * 1000),
        "filterPattern": f'"{MARK}"',
    }
    found: list[str] = []
    client = services.client("logs")
    while True:
        try:
            page = client.filter_log_events(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        found += [event["message"] for event in page["events"]]
        if not page.get("nextToken"):
            break
        request["nextToken"] = page["nextToken"]
    if not found:
        return None
    last = found[-1].removeprefix(PREFIX).partition(f"; {MARK}")[0]
    return Restarts(count=len(found), last=last)
