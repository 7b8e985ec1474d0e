"""Messages that AWS's services send to queues themselves, if the queue's policy allows it."""

from collections.abc import Mapping

from moto.sqs.models import sqs_backends

from modelwharf.laptop import iam
from modelwharf.laptop.cloud import Cloud


def send_for_service(
    cloud: Cloud,
    queue: str,
    body: str,
    *,
    principal: str,
    source_arn: str,
    attributes: Mapping[str, str] | None = None,
    group_id: str | None = None,
) -> None:
    """Send to the queue with this ARN. Raises AccessDenied, and moto's errors of SQS."""
    iam.require_service_access(cloud, principal, "sqs:SendMessage", queue, source_arn=source_arn)
    sqs_backends[cloud.account][cloud.region].send_message(
        queue_name=queue.rsplit(":", 1)[-1],
        message_body=body,
        group_id=group_id,
        message_attributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in (attributes or {}).items()
        },
    )
