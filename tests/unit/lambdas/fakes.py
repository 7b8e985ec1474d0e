"""Stand-ins for AWS services: they hold states, count calls and fail as the services do."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore.exceptions import ClientError

from lambdas.archive import split_uri
from modelwharf.contracts.quotas import (
    BUILDS,
    CODEBUILD,
    ENDPOINT,
    PROCESSING,
    SAGEMAKER,
    TRAINING,
    instances_of,
)

CREATED = datetime(2026, 11, 1, 12, tzinfo=UTC)


def client_error(code: str, message: str = "", status: int = 400, **extra: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **extra,
    }
    return ClientError(response, "Operation")


class FakeStepFunctions:
    """Tokens are answered once; executions have a name each."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        self.executions: dict[str, dict[str, Any]] = {}
        self.dead_tokens: set[str] = set()
        self.histories: dict[str, list[dict[str, Any]]] = {}
        """Release → its events; three come in a page."""

    def get_execution_history(
        self,
        *,
        executionArn: str,  # noqa: N803
        nextToken: str = "0",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        release = executionArn.rsplit(":", 1)[1]
        if release not in self.histories:
            raise client_error("ExecutionDoesNotExist", f"Execution Does Not Exist: {executionArn}")
        begin, events = int(nextToken), self.histories[release]
        more = {"nextToken": str(begin + 3)} if begin + 3 < len(events) else {}
        return {"events": events[begin : begin + 3], **more}

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803
        self._answer(taskToken, {"output": json.loads(output)})

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> None:  # noqa: N803
        self._answer(taskToken, {"error": error, "cause": cause})

    def _answer(self, token: str, answer: dict[str, Any]) -> None:
        if token in self.dead_tokens:
            raise client_error("TaskTimedOut", "Task Timed Out: the token is dead")
        if token in self.answers:
            raise client_error("TaskDoesNotExist", "Task does not exist")
        self.answers[token] = answer

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:  # noqa: N803
        if name in self.executions:
            raise client_error("ExecutionAlreadyExists", f"Execution Already Exists: {name}")
        self.executions[name] = {"status": "RUNNING", "input": json.loads(input)}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        name = executionArn.rsplit(":", 1)[1]
        if name not in self.executions:
            raise client_error("ExecutionDoesNotExist", f"Execution Does Not Exist: {name}")
        execution = self.executions[name]
        return {**execution, "input": json.dumps(execution.get("input", {}))}


class FakeSageMaker:
    """Jobs stay InProgress, endpoints Updating, until a test decides how they end."""

    s3: Any
    """Where a training job that ends leaves its model."""

    def __init__(self) -> None:
        self.training: dict[str, dict[str, Any]] = {}
        self.processing: dict[str, dict[str, Any]] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.packages: dict[str, dict[str, Any]] = {}
        self.updates: list[str] = []

    @property
    def meta(self) -> Any:
        """A client's own, with the API's enumerations."""
        model = botocore.session.get_session().get_service_model("sagemaker")
        return SimpleNamespace(service_model=model)

    # Jobs

    def create_training_job(self, **job: Any) -> None:
        self._create_job(self.training, "TrainingJob", job)

    def create_processing_job(self, **job: Any) -> None:
        self._create_job(self.processing, "ProcessingJob", job)

    def _create_job(self, jobs: dict[str, Any], kind: str, job: dict[str, Any]) -> None:
        name = job[f"{kind}Name"]
        if name in jobs:
            raise client_error("ResourceInUse", f"Job name {name} must be unique")
        jobs[name] = {**job, f"{kind}Status": "InProgress", "SecondaryStatus": "Training"}

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        return self._describe(self.training, TrainingJobName)

    def describe_processing_job(self, *, ProcessingJobName: str) -> dict[str, Any]:  # noqa: N803
        return self._describe(self.processing, ProcessingJobName)

    def _describe(self, jobs: dict[str, Any], name: str) -> dict[str, Any]:
        if name not in jobs:
            raise client_error("ValidationException", "Requested resource not found.")
        found: dict[str, Any] = jobs[name]
        return found

    def stop_training_job(self, *, TrainingJobName: str) -> None:  # noqa: N803
        self._stop(self.training, "TrainingJobStatus", TrainingJobName)

    def stop_processing_job(self, *, ProcessingJobName: str) -> None:  # noqa: N803
        self._stop(self.processing, "ProcessingJobStatus", ProcessingJobName)

    def _stop(self, jobs: dict[str, Any], status: str, name: str) -> None:
        if jobs.get(name, {}).get(status) != "InProgress":
            raise client_error("ValidationException", "The job is not in progress")
        jobs[name][status] = "Stopped"

    def finish_training(self, name: str, **facts: Any) -> None:
        prefix = self.training[name]["OutputDataConfig"]["S3OutputPath"]
        artifact = f"{prefix}/{name}/output/model.tar.gz"
        bucket, key = split_uri(artifact)
        self.s3.put_object(Bucket=bucket, Key=key, Body=b"model")
        self.training[name] |= {
            "TrainingJobStatus": "Completed",
            "ModelArtifacts": {"S3ModelArtifacts": artifact},
            "TrainingTimeInSeconds": 42,
            **facts,
        }

    def finish_processing(self, name: str, status: str = "Completed", **facts: Any) -> None:
        self.processing[name] |= {
            "ProcessingJobStatus": status,
            "ProcessingStartTime": CREATED,
            "ProcessingEndTime": CREATED + timedelta(seconds=10),
            **facts,
        }

    # Models and endpoints

    def create_model(self, **model: Any) -> None:
        self._create(self.models, "model", model["ModelName"], model)

    def describe_model(self, *, ModelName: str) -> dict[str, Any]:  # noqa: N803
        return self._find(self.models, "model", ModelName)

    def delete_model(self, *, ModelName: str) -> None:  # noqa: N803
        self._find(self.models, "model", ModelName)
        del self.models[ModelName]

    def create_endpoint_config(self, **config: Any) -> None:
        name = config["EndpointConfigName"]
        self._create(self.configs, "endpoint configuration", name, config)

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803
        return self._find(self.configs, "endpoint configuration", EndpointConfigName)

    def delete_endpoint_config(self, *, EndpointConfigName: str) -> None:  # noqa: N803
        self._find(self.configs, "endpoint configuration", EndpointConfigName)
        in_use = [
            e for e in self.endpoints.values() if e["EndpointConfigName"] == EndpointConfigName
        ]
        assert not in_use, "a configuration that serves must never be deleted"
        del self.configs[EndpointConfigName]

    def create_endpoint(self, **endpoint: Any) -> None:
        name = endpoint["EndpointName"]
        self._create(self.endpoints, "endpoint", name, {**endpoint, "EndpointStatus": "Creating"})

    def update_endpoint(self, *, EndpointName: str, EndpointConfigName: str) -> None:  # noqa: N803
        endpoint = self._find(self.endpoints, "endpoint", EndpointName)
        self._find(self.configs, "endpoint configuration", EndpointConfigName)
        if endpoint["EndpointStatus"] in ("Creating", "Updating"):
            raise client_error("ValidationException", "Cannot update in-progress endpoint")
        self.updates.append(EndpointConfigName)
        endpoint |= {
            "EndpointStatus": "Updating",
            "PendingDeploymentSummary": {"EndpointConfigName": EndpointConfigName},
        }

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        return dict(self._find(self.endpoints, "endpoint", EndpointName))

    def delete_endpoint(self, *, EndpointName: str) -> None:  # noqa: N803
        self._find(self.endpoints, "endpoint", EndpointName)
        del self.endpoints[EndpointName]

    def serve(self, name: str, config: str, *, instances: int = 1) -> None:
        """An endpoint that has served ``config`` since before the test."""
        variant = {
            "VariantName": "champion",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": instances,
        }
        self.configs[config] = {"EndpointConfigName": config, "ProductionVariants": [variant]}
        self.endpoints[name] = {"EndpointStatus": "InService", "EndpointConfigName": config}

    def finish_update(self, name: str, *, reason: str = "") -> None:
        """End the creation or update; with a reason it goes back, as SageMaker does."""
        endpoint = self.endpoints[name]
        pending = endpoint.pop("PendingDeploymentSummary", None)
        if reason and pending is None:
            endpoint |= {"EndpointStatus": "Failed", "FailureReason": reason}
        elif reason:
            endpoint |= {"EndpointStatus": "InService", "FailureReason": reason}
        else:
            endpoint["EndpointStatus"] = "InService"
            if pending is not None:
                endpoint["EndpointConfigName"] = pending["EndpointConfigName"]

    def _create(self, things: dict[str, Any], kind: str, name: str, thing: dict[str, Any]) -> None:
        if name in things:
            raise client_error(
                "ValidationException", f'Cannot create already existing {kind} "arn:…/{name}".'
            )
        things[name] = thing

    def _find(self, things: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
        if name not in things:
            raise client_error("ValidationException", f'Could not find {kind} "arn:…/{name}".')
        found: dict[str, Any] = things[name]
        return found

    # The registry

    def create_model_package(self, *, ClientToken: str, **package: Any) -> dict[str, str]:  # noqa: N803
        for arn, known in self.packages.items():
            if known["ClientToken"] == ClientToken:
                return {"ModelPackageArn": arn}
        group = package["ModelPackageGroupName"]
        arn = (
            f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/{group}/"
            f"{len(self.packages) + 1}"
        )
        self.packages[arn] = {**package, "ClientToken": ClientToken}
        return {"ModelPackageArn": arn}

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        if ModelPackageName not in self.packages:
            raise client_error(
                "ValidationException", f"ModelPackage {ModelPackageName} does not exist."
            )
        return self.packages[ModelPackageName]


class FakeRuntime:
    """InvokeEndpoint: what ``model`` returns for each request of a JSON array."""

    def __init__(self) -> None:
        self.answer: Any = lambda body: body
        self.bodies: list[str] = []
        self.calls: list[dict[str, Any]] = []

    def invoke_endpoint(self, *, Body: bytes, **call: Any) -> dict[str, Any]:  # noqa: N803
        text = Body.decode(errors="replace")
        self.bodies.append(text)
        self.calls.append({**call, "Body": Body})
        answer = self.answer(text)
        return {"Body": io.BytesIO(answer if isinstance(answer, bytes) else answer.encode())}


class FakeRegistry:
    """ECR: tags and their digests, the newest last; lists are given out two at a time."""

    def __init__(self) -> None:
        self.tags: dict[tuple[str, str], str] = {}
        self.denied = False

    def describe_images(
        self,
        *,
        repositoryName: str,  # noqa: N803
        imageIds: list[Any] | None = None,  # noqa: N803
        filter: dict[str, str] | None = None,
        nextToken: str = "0",  # noqa: N803
    ) -> dict[str, Any]:
        if imageIds is None:
            assert filter == {"tagStatus": "TAGGED"}
            return self._page(repositoryName, int(nextToken))
        tag = imageIds[0]["imageTag"]
        if (repositoryName, tag) not in self.tags:
            raise client_error("ImageNotFoundException", f"no image with tag {tag}")
        return {"imageDetails": [{"imageDigest": self.tags[repositoryName, tag]}]}

    def _page(self, repository: str, start: int) -> dict[str, Any]:
        if self.denied:
            raise client_error("AccessDeniedException", "ecr:DescribeImages", status=403)
        details = [
            {"imageTags": [tag], "imagePushedAt": CREATED + timedelta(seconds=age)}
            for age, (name, tag) in enumerate(self.tags)
            if name == repository
        ]
        details.reverse()  # ECR promises no order
        more = {"nextToken": str(start + 2)} if start + 2 < len(details) else {}
        return {"imageDetails": details[start : start + 2], **more}


class FakeCodeBuild:
    """Builds are IN_PROGRESS until a test ends them; a token repeated gives the first build."""

    def __init__(self) -> None:
        self.builds: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}

    def start_build(self, *, idempotencyToken: str, **call: Any) -> dict[str, Any]:  # noqa: N803
        known = self.builds.get(self.tokens.get(idempotencyToken, ""))
        if known is not None and known["call"] != call:
            raise client_error("InvalidInputException", "the token was used with other parameters")
        if idempotencyToken not in self.tokens:
            build_id = f"{call['projectName']}:{len(self.builds) + 1}"
            self.tokens[idempotencyToken] = build_id
            self.builds[build_id] = {
                "id": build_id,
                "buildStatus": "IN_PROGRESS",
                "environment": {"environmentVariables": call["environmentVariablesOverride"]},
                "logs": {"groupName": "/aws/codebuild/images", "streamName": "stream"},
                "call": call,
            }
        return {"build": self.builds[self.tokens[idempotencyToken]]}

    def batch_get_builds(self, *, ids: list[str]) -> dict[str, Any]:
        return {"builds": [self.builds[one] for one in ids if one in self.builds]}

    def stop_build(self, *, id: str) -> None:
        self.builds[id]["buildStatus"] = "STOPPED"


class FakeLogs:
    """CloudWatch Logs: the same lines in every stream."""

    def __init__(self) -> None:
        self.lines = ["Step 4/9 : RUN pip install", "ERROR: no such package\n"]

    def get_log_events(self, **call: Any) -> dict[str, Any]:
        return {"events": [{"message": line} for line in self.lines]}


class FakeQuotas:
    """Service Quotas, two a page: ``applied`` over ``defaults``, by service and name."""

    def __init__(self) -> None:
        names = (instances_of("ml.m5.large", usage) for usage in (TRAINING, PROCESSING, ENDPOINT))
        self.defaults: dict[tuple[str, str], float] = {
            (CODEBUILD, BUILDS): 20,
            **{(SAGEMAKER, name): 20 for name in names},
        }
        self.applied: dict[tuple[str, str], float] = {}
        self.refusal: Exception | None = None
        self.pages = 0

    def code(self, name: str) -> str:
        return f"L-{len(name):08}"

    def get_paginator(self, operation: str) -> "FakeQuotas._Paginator":
        asked = self.applied if operation == "list_service_quotas" else self.defaults
        return FakeQuotas._Paginator(self, asked)

    @dataclass
    class _Paginator:
        quotas: "FakeQuotas"
        asked: dict[tuple[str, str], float]

        def paginate(self, *, ServiceCode: str) -> Iterator[dict[str, Any]]:  # noqa: N803
            if self.quotas.refusal:
                raise self.quotas.refusal
            listed = [
                {"QuotaName": name, "QuotaCode": self.quotas.code(name), "Value": value}
                for (service, name), value in self.asked.items()
                if service == ServiceCode
            ]
            for start in range(0, len(listed) or 1, 2):
                self.quotas.pages += 1
                yield {"Quotas": listed[start : start + 2]}


class FakeSns:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, **notification: Any) -> None:
        self.published.append(notification)

    @property
    def last(self) -> dict[str, Any]:
        return self.published[-1]


class FakeCodeCommit:
    """Commits as {path: content id}; a folder's id is made of what lies below it."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, str]] = {}
        self.branches: dict[str, str] = {}
        self.contents: dict[str, bytes] = {}
        self.executable: set[str] = set()
        self.links: set[str] = set()
        self.calls = 0

    def get_branch(self, *, branchName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if branchName not in self.branches:
            raise client_error("BranchDoesNotExistException", "no such branch")
        return {"branch": {"commitId": self.branches[branchName]}}

    def get_folder(self, *, commitSpecifier: str, folderPath: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        files = self._files(commitSpecifier)
        prefix = "" if folderPath == "/" else folderPath.strip("/") + "/"
        inside = {
            path[len(prefix) :]: blob for path, blob in files.items() if path.startswith(prefix)
        }
        if not inside:
            raise client_error("FolderDoesNotExistException", folderPath)
        folders: dict[str, list[str]] = {}
        for path, blob in inside.items():
            if "/" in path:
                folders.setdefault(path.split("/")[0], []).append(f"{path}={blob}")
        return {
            "subFolders": [
                {"absolutePath": prefix + name, "treeId": "tree:" + ";".join(sorted(paths))}
                for name, paths in folders.items()
            ],
            "files": [
                {
                    "absolutePath": prefix + path,
                    "blobId": blob,
                    "fileMode": "EXECUTABLE" if prefix + path in self.executable else "NORMAL",
                }
                for path, blob in inside.items()
                if "/" not in path
            ],
        }

    def get_file(self, *, commitSpecifier: str, filePath: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        files = self._files(commitSpecifier)
        if filePath not in files:
            raise client_error("FileDoesNotExistException", filePath)
        mode = "SYMLINK" if filePath in self.links else "NORMAL"
        return {"fileContent": self.contents.get(filePath, b""), "fileMode": mode}

    def get_differences(
        self,
        *,
        beforeCommitSpecifier: str,  # noqa: N803
        afterCommitSpecifier: str,  # noqa: N803
        NextToken: str = "0",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        before, after = self._files(beforeCommitSpecifier), self._files(afterCommitSpecifier)
        paths = sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
        start = int(NextToken)
        page = [
            {"afterBlob": {"path": path}} if path in after else {"beforeBlob": {"path": path}}
            for path in paths[start : start + 2]
        ]
        more = {"NextToken": str(start + 2)} if start + 2 < len(paths) else {}
        return {"differences": page, **more}

    def _files(self, commit: str) -> dict[str, str]:
        if commit not in self.commits:
            raise client_error("CommitDoesNotExistException", commit)
        return self.commits[commit]
