"""The endpoint's current configuration, independent of any release's result."""

import re

from botocore.exceptions import ClientError

from modelwharf.artifact.contract import Contract
from modelwharf.cli.services import Services

RELEASE = re.compile(r"-(r-[0-9a-f]{16})-")  # in the names of a release's resources
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
        """The release whose configuration serves; None when no release's does."""
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
    """Return the endpoint's state from SageMaker's DescribeEndpoint."""
    try:
        found = services.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if "could not find" not in str(error).lower():
            raise
        return Serving(endpoint=endpoint, config=None, status=None)
    status = found["EndpointStatus"]
    config = found.get("EndpointConfigName") if status in SERVES else None
    return Serving(endpoint=endpoint, config=config, status=status)
