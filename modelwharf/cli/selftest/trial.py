"""The selftest's release: checks that the project is unused, creates its resources, and deletes
them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from modelwharf.cli.errors import CommandError
from modelwharf.cli.parameters import put_section
from modelwharf.cli.release import RUNNING, describe, read_release, recent_executions
from modelwharf.cli.requested_release import DEADLINE, watch
from modelwharf.cli.selftest.denials import denials
from modelwharf.cli.selftest.listener import Listener
from modelwharf.cli.selftest.repository import BRANCH, push_model
from modelwharf.cli.services import Services
from modelwharf.cli.serving import serving_now
from modelwharf.cli.stack import Stack
from modelwharf.contracts.ledger import endpoint_key
from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.parameters import SECTIONS

KEY = "selftest/numbers.csv"
NUMBERS = b"value\n1\n2\n3\n"
INSTANCE = "ml.m5.large"
IMAGE = {"dockerfile": "Dockerfile", "inputs": ["program.py"]}
PARAMETERS: dict[str, dict[str, Any]] = {
    "source": {"branch": BRANCH, "training_image": IMAGE, "inference_image": IMAGE},
    "data": {"inputs": {"numbers": {"key": KEY}}, "instance_type": INSTANCE},
    "training": {
        "instance_type": INSTANCE,
        "metric_definitions": [{"name": "rows", "regex": "rows=([0-9]+)"}],
    },
    "quality": {"rules": [{"metric": "rows", "minimum": 3}]},
    "deployment": {"instance_type": INSTANCE},
}
START = 4 * DEADLINE  # seconds; the first call of each function is a cold start
INTERVAL = 2.0  # seconds between two polls
DENIALS_EVERY = timedelta(minutes=1)
GONE_AFTER = 20 * 60  # seconds that SageMaker may take to delete an endpoint
Step = tuple[str, Callable[[], object]]


@dataclass
class Trial:
    """The selftest's release. ``tell`` gets each step."""

    services: Services
    stack: Stack
    tell: Callable[[str], None]
    listener: Listener = field(init=False)
    release: str | None = None
    put: list[str] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = Listener(self.services, self.stack, f"wharf-selftest-{self.stack.project}")

    def refuse_in_use(self) -> None:
        """Check that the project is unused. Raises CommandError with all signs of use at once."""
        found = list(self._signs_of_use())
        if found:
            raise CommandError(
                f"{self.stack.project} is in use: {'; '.join(found)}\n"
                "A selftest releases a model of its own. Deploy a project for it alone: "
                "WHARF_PROJECT=selftest npx aws-cdk@2.1148.1 deploy, then "
                "wharf selftest --project selftest"
            )

    def _signs_of_use(self) -> Iterator[str]:
        services, stack = self.services, self.stack
        key = {"pk": {"S": endpoint_key(stack.endpoint)}, "sk": {"S": "champion"}}
        row = services.client("dynamodb").get_item(TableName=stack.ledger_table, Key=key)
        if "Item" in row:
            yield f"release {row['Item']['release_id']['S']} is its champion"
        serving = serving_now(services, stack.endpoint)
        if serving.status:
            yield f"endpoint {stack.endpoint} is {serving.status}"
        releases = recent_executions(services, stack, limit=1)
        if releases:
            yield f"it has releases, such as {releases[0]['name']}"
        client = services.client("codecommit")
        if client.list_branches(repositoryName=stack.repository)["branches"]:
            yield f"its repository {stack.repository} has commits"
        paths = [parameter_path(stack.project, section) for section in SECTIONS]
        there = services.client("ssm").get_parameters(Names=paths)["Parameters"]
        if there:
            yield f"it is configured: {', '.join(one['Name'] for one in there)}"

    def start(self) -> None:
        """Write data, parameters and code, which start a release. Raises CommandError when none
        starts.
        """
        self.tell("listens to events and notifications")
        self.listener.open()
        self.tell(f"puts s3://{self.stack.data_bucket}/{KEY} and {len(PARAMETERS)} parameters")
        # The data come before the section that names them: unnamed data start no release.
        self.services.client("s3").put_object(Bucket=self.stack.data_bucket, Key=KEY, Body=NUMBERS)
        for section, document in PARAMETERS.items():
            put_section(self.services, self.stack.project, section, json.dumps(document))
            self.put.append(parameter_path(self.stack.project, section))
        before = watch(self.services, self.stack)
        self.tell("pushes its model")
        push_model(self.services, self.stack)
        requested = before.outcome(
            lambda trigger: True, lambda skip: skip.commit != "-", deadline=START
        )
        if requested.release is None:
            raise CommandError(requested.skipped or f"no release started within {START:.0f} s")
        self.release = requested.release
        self.tell(f"release {self.release} started: wharf show {self.release} --follow")

    def wait(self, minutes: float) -> None:
        """Wait until the release is over and all messages have arrived, or until waiting is of no
        use.
        """
        until, last = self.services.now() + timedelta(minutes=minutes), ""
        look = self.services.now() + DENIALS_EVERY
        while self.release and self.services.now() < until:
            self.listener.hear()
            view = read_release(self.services, self.stack, self.release)
            state = view.states[-1].name if view.states else ""
            if state != last:
                last = state
                self.tell(f"  {state}")
            if view.is_over:
                break
            if self.services.now() > look:
                if self._is_denied():
                    self.tell("the function that resumes it is denied something: it would hang")
                    break
                look = self.services.now() + DENIALS_EVERY
            self.services.sleep(INTERVAL)
        for _ in range(5):  # the last messages arrive a moment later
            self.services.sleep(INTERVAL)
            self.listener.hear()

    def _is_denied(self) -> bool:
        try:
            return any(denials(self.services, self.stack))
        except ClientError:
            return False  # without permission to read the log, wait to the end

    def leave(self) -> None:
        """Delete the created resources. ``stays`` lists those that were not deleted."""
        for what, step in self._steps():
            try:
                step()
            except (ClientError, BotoCoreError, CommandError) as error:
                self.stays.append(f"{what}: {error}")
        self.stays += [
            f"a commit in {self.stack.repository}, two images, the release's objects in S3, its "
            "model package and its rows in the ledger: no charge but for storage; to delete all: "
            f"wharf destroy --everything --project {self.stack.project}",
        ]

    def _steps(self) -> Iterator[Step]:
        services, stack = self.services, self.stack
        if self.release:
            yield "the running release", self._stop
            yield f"endpoint {stack.endpoint}, WHICH COSTS BY THE HOUR", self._delete_endpoint
            sagemaker, names = services.client("sagemaker"), f"{stack.project}-{self.release}"
            yield (
                "endpoint configuration",
                lambda: _unless_gone(
                    lambda: sagemaker.delete_endpoint_config(EndpointConfigName=f"{names}-config")
                ),
            )
            yield (
                "model",
                lambda: _unless_gone(lambda: sagemaker.delete_model(ModelName=f"{names}-model")),
            )
        for path in self.put:
            yield path, partial(services.client("ssm").delete_parameter, Name=path)
        s3 = services.client("s3")
        yield KEY, lambda: s3.delete_object(Bucket=stack.data_bucket, Key=KEY)
        yield from self.listener.close()

    def _stop(self) -> None:
        execution = describe(self.services, self.stack, self.release or "")
        if execution["status"] == RUNNING:
            self.services.client("stepfunctions").stop_execution(
                executionArn=execution["executionArn"], error="selftest", cause="its time is over"
            )

    def _delete_endpoint(self) -> None:
        if serving_now(self.services, self.stack.endpoint).status is None:
            return
        self.tell(f"deletes endpoint {self.stack.endpoint}")
        self.services.client("sagemaker").delete_endpoint(EndpointName=self.stack.endpoint)
        until = self.services.now() + timedelta(seconds=GONE_AFTER)
        while serving_now(self.services, self.stack.endpoint).status is not None:
            if self.services.now() > until:
                raise CommandError(f"it is not gone after {GONE_AFTER / 60:.0f} min")
            self.services.sleep(INTERVAL)


def _unless_gone(delete: Callable[[], object]) -> None:
    try:
        delete()
    except ClientError as error:
        if "could not find" not in str(error).lower():
            raise
