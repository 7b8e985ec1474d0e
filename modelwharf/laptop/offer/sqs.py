"""SQS: queues with visibility, delays, dead letters and policies."""

from modelwharf.laptop.offer.service import Service, operations

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
)
