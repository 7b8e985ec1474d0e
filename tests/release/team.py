"""A team at work: a git repository, parameters, data, and a view of the releases of a push."""

import json
import shutil
import subprocess
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.release import Failure, ReleaseDocument
from tests.release.laptop import PROJECT, ROOT, Laptop
from tests.waiting import HUNG, until

MEAN_MODEL = Path(__file__).parent / "mean_model"
NUMBERS = "value\n1\n2\n3\n"
PARAMETERS: dict[str, dict[str, Any]] = {
    "source": {
        kind: {
            "dockerfile": f"containers/{kind.removesuffix('_image')}/Dockerfile",
            "inputs": [kind.removesuffix("_image")],
        }
        for kind in ("training_image", "inference_image")
    },
    "data": {"inputs": {"numbers": {"key": "series/numbers.csv"}}, "prepare": False},
    "training": {
        "metric_definitions": [{"name": "accuracy", "regex": "accuracy=([0-9.]+)"}],
    },
    "quality": {"rules": [{"metric": "accuracy", "minimum": 0.5}]},
    "deployment": {"instance_type": "ml.t2.medium"},
}


def states(events: list[dict[str, Any]]) -> list[str]:
    """Names of the states entered, in order."""
    entered = [event.get("stateEnteredEventDetails") for event in events]
    return [details["name"] for details in entered if details]


@dataclass(frozen=True)
class Execution:
    """A release that has ended."""

    arn: str
    name: str
    status: str
    error: str
    cause: str
    document: ReleaseDocument | None
    events: list[dict[str, Any]]

    @property
    def reason(self) -> str:
        """The cause as a person reads it."""
        return Failure(Error=self.error, Cause=self.cause).message()

    @property
    def states(self) -> list[str]:
        return states(self.events)


@dataclass
class Team:
    laptop: Laptop
    repository: Path
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def serving(cls, laptop: Laptop, repository: Path) -> Self:
        """One whose first model serves already."""
        team = cls(laptop, repository)
        team.set_up()
        team.commit("The mean model")
        first = team.end(team.started_by(team.push))
        said = laptop.log.read_text()[-3000:]
        assert first.status == "SUCCEEDED", (first.error, first.cause, said)
        return team

    @cached_property
    def outputs(self) -> dict[str, str]:
        return self.laptop.outputs()

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Team", "-c", "user.email=team@example.com")
        return subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.repository,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def set_up(self) -> None:
        """The mean model's repository, its parameters and its data."""
        shutil.copytree(MEAN_MODEL, self.repository, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "containers/buildspec.yml", self.repository / "containers")
        self.git("init", "--quiet", "--initial-branch", "main")
        self.prepare()

    def prepare(self) -> None:
        """What a new cloud needs beside the repository."""
        for section, document in PARAMETERS.items():
            self.configure(section, **document)
        self.upload("series/numbers.csv", NUMBERS)
        self.listen()

    def configure(self, section: str, **changes: Any) -> None:
        """Change keys of a section; a key set to None goes back to its default."""
        document = {**self.parameters.get(section, {}), **changes}
        self.parameters[section] = {k: v for k, v in document.items() if v is not None}
        self.write_parameter(section, json.dumps(self.parameters[section]))

    def write_parameter(self, section: str, text: str) -> None:
        self.laptop.client("ssm").put_parameter(
            Name=parameter_path(PROJECT, section), Value=text, Type="String", Overwrite=True
        )

    def upload(self, key: str, text: str) -> None:
        self.laptop.client("s3").put_object(
            Bucket=self.outputs["DataBucket"], Key=key, Body=text.encode()
        )

    def commit(self, message: str, files: Mapping[str, str] | None = None) -> str:
        for name, text in (files or {}).items():
            (self.repository / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self) -> str:
        """Push as anybody does; return what git shows of it."""
        remote = self.laptop.state.repository
        done = subprocess.run(
            ["git", "push", remote, "HEAD:refs/heads/main"],
            cwd=self.repository,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stderr

    def release(self, reason: str = "", *, seconds: float = 180) -> Execution:
        """Ask for a release of what is pushed and wait for its end."""
        name = self.started_by(lambda: self.request(reason or uuid.uuid4().hex))
        return self.end(name, seconds=seconds)

    def started_by(self, act: Callable[[], object]) -> str:
        """Do what starts one release, and name that release."""
        before = set(self.executions())
        act()
        return until(lambda: next(iter(set(self.executions()) - before), None), "a new release")

    def request(self, reason: str) -> None:
        self.laptop.client("sns").publish(
            TopicArn=self.outputs["ChangesTopicArn"],
            Message=json.dumps({"source": "request", "reason": reason, "requested_by": "test"}),
        )

    def executions(self, status: str = "") -> list[str]:
        """Names, the newest first; with ``status`` (``RUNNING``) only those."""
        asked = {"stateMachineArn": self.outputs["StateMachineArn"]}
        if status:
            asked["statusFilter"] = status
        pages = self.laptop.client("stepfunctions").get_paginator("list_executions")
        return [one["name"] for page in pages.paginate(**asked) for one in page["executions"]]

    def arn(self, name: str) -> str:
        return self.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{name}"

    def end(self, name: str, *, seconds: float = 180) -> Execution:
        client = self.laptop.client("stepfunctions")
        arn = self.arn(name)

        def ended() -> dict[str, Any] | None:
            described: dict[str, Any] = client.describe_execution(executionArn=arn)
            return described if described["status"] != "RUNNING" else None

        described = until(ended, f"the end of release {name}", seconds=seconds)
        pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
        output = described.get("output")
        return Execution(
            arn=arn,
            name=name,
            status=described["status"],
            error=described.get("error", ""),
            cause=described.get("cause", ""),
            document=ReleaseDocument.model_validate_json(output) if output else None,
            events=[event for page in pages for event in page["events"]],
        )

    def status(self, name: str) -> str:
        client = self.laptop.client("stepfunctions")
        return str(client.describe_execution(executionArn=self.arn(name))["status"])

    def entered(self, name: str) -> list[str]:
        """The states that a running release has entered so far."""
        client = self.laptop.client("stepfunctions")
        return states(client.get_execution_history(executionArn=self.arn(name))["events"])

    def listen(self) -> None:
        """Subscribe a queue to the notifications, as a person would subscribe an address."""
        queue = self.laptop.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
        arn = f"arn:aws:sqs:{self.laptop.state.region}:{self.laptop.state.account}:inbox"
        self.laptop.client("sns").subscribe(
            TopicArn=self.outputs["NotificationsTopicArn"],
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"},
        )
        self._queue = queue

    def find_notification(self, about: str) -> str | None:
        """A notification that contains ``about``, if one has come; others are passed over."""
        client = self.laptop.client("sqs")
        received = client.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        for message in received.get("Messages", []):
            client.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            if about in message["Body"]:
                return str(message["Body"])
        return None

    def notifications(self) -> list[str]:
        """Everything that has come since one looked last."""
        client, found = self.laptop.client("sqs"), []
        while messages := client.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                client.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(str(message["Body"]))
        return found

    def notification(self, about: str, *, seconds: float = 60) -> str:
        """The next notification that contains ``about``; others are read and passed over."""
        return until(
            lambda: self.find_notification(about),
            f"a notification about {about!r}",
            seconds=seconds,
        )

    def ask(self, request: Any) -> Any:
        answered = self.laptop.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.outputs["EndpointName"],
            ContentType="application/json",
            Body=json.dumps(request),
        )
        return json.loads(answered["Body"].read())

    def wharf(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["wharf", *arguments],
            cwd=self.repository,
            env=self.laptop.environment(),
            capture_output=True,
            text=True,
            timeout=HUNG,
        )
