"""What the endpoint serves at this moment, whatever a release came to."""

import re

from botocore.exceptions import ClientError

from cli.services import Services
from contracts.model import Contract

RELEASE = re.compile(r"-(r-[0-9a-f]{16})-")  # in the names that a release gives
SERVES = frozenset(
    {"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"}
)


class Serving(Contract):
    """The endpoint now. ``config`` is null when nothing serves."""

    endpoint: str
    config: str | None
    status: str | None
    """SageMaker's EndpointStatus; null when there is no endpoint."""

    @property
    def release(self) -> str | None:
        """The release whose configuration serves; None where none of ours does."""
        found = RELEASE.search(self.config or "")
        return found[1] if found else None

    def in_words(self) -> str:
        if self.config:
            state = "" if self.status == "InService" else f" ({self.status})"
            return f"{self.endpoint} serves {self.config}{state}"
        if self.status:
            return f"nothing serves: endpoint {self.endpoint} is {self.status}"
        return f"nothing serves yet: there is no endpoint {self.endpoint}"


def serving_now(services: Services, endpoint: str) -> Serving:
    """Ask SageMaker's DescribeEndpoint."""
    try:
        found = services.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if "could not find" not in str(error).lower():
            raise
        return Serving(endpoint=endpoint, config=None, status=None)
    status = found["EndpointStatus"]
    config = found.get("EndpointConfigName") if status in SERVES else None
    return Serving(endpoint=endpoint, config=config, status=status)
