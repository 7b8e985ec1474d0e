"""The ledger: one table, and every read and write of it. Each write is safe to repeat."""

from lambdas.build_rows import BuildRows
from lambdas.endpoint_rows import EndpointRows
from lambdas.release_rows import ReleaseRows
from lambdas.training_rows import TrainingRows
from lambdas.waiter_rows import WaiterRows


class Ledger(ReleaseRows, WaiterRows, BuildRows, EndpointRows, TrainingRows):
    """All rows of the table. ``table`` is a boto3 DynamoDB Table."""
