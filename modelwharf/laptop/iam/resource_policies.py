"""The policies of resources themselves: buckets, topics, queues, functions and log groups."""

import json
from collections.abc import Callable, Mapping

from moto.awslambda.utils import get_backend as get_lambda_backend
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import PARTITION
from modelwharf.laptop.iam.policies import Document


def resource_documents(cloud: Cloud, arn: str) -> list[Document]:
    """The policy of the resource itself, if it has one."""
    parts = arn.split(":", 5)
    reader = _RESOURCE_POLICIES.get(parts[2]) if len(parts) == 6 else None
    return reader(cloud, parts[5]) if reader else []


def _bucket_policy(cloud: Cloud, resource: str) -> list[Document]:
    bucket = s3_backends[cloud.account][PARTITION].buckets.get(resource.split("/")[0])
    return [json.loads(bucket.policy)] if bucket is not None and bucket.policy else []


def _topic_policy(cloud: Cloud, resource: str) -> list[Document]:
    topics = sns_backends[cloud.account][cloud.region].topics
    topic = topics.get(cloud.arn("sns", resource))
    return [topic._policy_json] if topic is not None else []


def _queue_policy(cloud: Cloud, resource: str) -> list[Document]:
    queue = sqs_backends[cloud.account][cloud.region].queues.get(resource)
    policy = queue.policy if queue is not None else None
    return [json.loads(policy) if isinstance(policy, str) else policy] if policy else []


def _function_policy(cloud: Cloud, resource: str) -> list[Document]:
    name = resource.removeprefix("function:").split(":")[0]
    function = get_lambda_backend(cloud.account, cloud.region).get_function(name)
    return [{"Statement": function.policy.statements}] if function.policy.statements else []


def _log_policies(cloud: Cloud, resource: str) -> list[Document]:
    """The account's policies for log groups. Each names the groups to which it applies."""
    policies = logs_backends[cloud.account][cloud.region].resource_policies
    return [json.loads(policy.policy_document) for policy in policies.values()]


_RESOURCE_POLICIES: Mapping[str, Callable[[Cloud, str], list[Document]]] = {
    "s3": _bucket_policy,
    "sns": _topic_policy,
    "sqs": _queue_policy,
    "lambda": _function_policy,
    "logs": _log_policies,
}
