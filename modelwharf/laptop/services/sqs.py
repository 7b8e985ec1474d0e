"""SQS: queues with visibility, delays, dead letters and policies."""

from modelwharf.laptop.services.call_resources import any_resource, each, queue
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "sqs",
    target="AmazonSQS",
    moto=operations(
        "AddPermission ChangeMessageVisibility ChangeMessageVisibilityBatch CreateQueue "
        "DeleteMessage DeleteMessageBatch DeleteQueue GetQueueAttributes GetQueueUrl "
        "ListDeadLetterSourceQueues ListQueueTags ListQueues PurgeQueue ReceiveMessage "
        "RemovePermission SendMessage SendMessageBatch SetQueueAttributes TagQueue "
        "UntagQueue"
    ),
    permissions={
        **each(
            queue,
            "SendMessage SendMessageBatch ReceiveMessage DeleteMessage "
            "GetQueueAttributes ChangeMessageVisibility PurgeQueue",
        ),
        **each(
            lambda parameters, place: [place.arn("sqs", str(parameters["QueueName"]))],
            "GetQueueUrl",
        ),
        **each(any_resource, "ListQueues"),
    },
)
