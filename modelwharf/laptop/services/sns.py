"""SNS: topics, and subscriptions of functions, queues and HTTP endpoints."""

from modelwharf.laptop.services.call_resources import any_resource, each, named
from modelwharf.laptop.services.service import Service, operations

SERVICE = Service(
    "sns",
    ours=operations("Publish PublishBatch"),
    moto=operations(
        "AddPermission ConfirmSubscription CreateTopic DeleteTopic "
        "GetSubscriptionAttributes GetTopicAttributes ListSubscriptions "
        "ListSubscriptionsByTopic ListTagsForResource ListTopics RemovePermission "
        "SetSubscriptionAttributes SetTopicAttributes Subscribe TagResource Unsubscribe "
        "UntagResource"
    ),
    empty=operations(
        "ListOriginationNumbers ListPhoneNumbersOptedOut ListPlatformApplications "
        "ListSMSSandboxPhoneNumbers"
    ),
    refused={
        "CreatePlatformApplication": (
            "no push service takes a message; subscribe a queue or a function"
        ),
        "SetSMSAttributes": "no text message is sent; subscribe a queue or a function",
    },
    permissions={
        **each(
            named("sns", "", "TopicArn", "TargetArn"),
            "Publish PublishBatch Subscribe "
            "GetTopicAttributes ListSubscriptionsByTopic SetTopicAttributes",
        ),
        **each(any_resource, "GetSubscriptionAttributes ListTopics ListSubscriptions"),
    },
)
