"""The dead-letter queue: events that no function handled, until `wharf redrive`."""

from aws_cdk import Duration
from aws_cdk.aws_sqs import Queue, QueueEncryption
from constructs import Construct

from infra.acknowledge import acknowledge

KEPT = Duration.days(14)  # SQS's maximum


class DeadLetters(Construct):
    """One queue for the three ways to lose an event (docs/decisions/0056).

    SQS encrypts it, so no sender needs a grant on a key. The name is generated: SQS blocks a
    deleted queue's name for a minute, and `cdk deploy` may follow `wharf destroy` sooner.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.sqs_queue = Queue(
            self,
            "Queue",
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=KEPT,
        )
        acknowledge(
            self.sqs_queue,
            "AwsSolutions-SQS3",
            "It is the dead-letter queue; nothing consumes it but `wharf redrive`, which deletes "
            "a message only after a function took it.",
        )
