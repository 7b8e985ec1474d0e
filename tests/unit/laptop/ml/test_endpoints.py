"""Endpoints are real servers, and the old one answers until the new one is healthy."""

import contextlib
import io
import json
import os
import signal
import tarfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.laptop.sagemaker.variants import STARTUP_VARIABLE
from tests.unit.laptop.ml.laptops import EVERYTHING, Laptop
from tests.waiting import until

PROGRAM = """
import http.server, json, os, pathlib, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
mode = os.environ.get("MODE", "good")
if mode == "dies":
    sys.exit("the model is broken")
text = (base / "model" / "model.txt").read_text()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Amzn-SageMaker-Custom-Attributes",
                         self.headers.get("X-Amzn-SageMaker-Custom-Attributes", ""))
        self.end_headers()
        self.wfile.write(body)
    pings = 0
    def do_GET(self):
        Handler.pings += 1
        if mode == "brief" and Handler.pings == 3:
            print("the third ping", flush=True)
            os._exit(4)
        if mode == "slow":
            time.sleep(3)  # SageMaker waits 2
        self.reply(500 if mode == "sick" else 200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"bad":
            return self.reply(400, b"the product is unknown")
        if body == b"busy":
            return self.reply(503, b"too many requests wait")
        if body == b"headers":
            return self.reply(200, json.dumps(dict(self.headers)).encode())
        if body.startswith(b"hold "):
            folder = pathlib.Path(body[5:].decode())
            (folder / "asked").touch()
            while not (folder / "go").exists():
                time.sleep(0.02)
        self.reply(200, f"{text} {os.getpid()} {self.headers.get('Content-Type')} "
                        f"{self.headers.get('Accept')} ".encode() + body)
host, port = os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
print("serving", text, sys.argv[1:], flush=True)
http.server.ThreadingHTTPServer((host, port), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def image(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> str:
    for name in ("one", "two"):
        laptop.put("models", {f"{name}.tar.gz": _archive({"model.txt": name})})
    return laptop.image(tmp_path_factory.mktemp("serve"), PROGRAM, "serve")


def _archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _linked() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("latest.bin")
        member.type, member.linkname = tarfile.SYMTYPE, "model.txt"
        archive.addfile(member)
    return buffer.getvalue()


def config(
    laptop: Laptop,
    image: str,
    name: str,
    startup: int | None = 60,
    **variants: tuple[str, str, float],
) -> str:
    """A configuration whose variants are (model, mode, weight).

    ``startup``: seconds until a server must be healthy; None takes the laptop's setting.
    """
    limit = {} if startup is None else {"ContainerStartupHealthCheckTimeoutInSeconds": startup}
    client = laptop.client("sagemaker")
    production = []
    for variant, (model, mode, weight) in variants.items():
        client.create_model(
            ModelName=f"{name}-{variant}",
            ExecutionRoleArn=laptop.role,
            PrimaryContainer={
                "Image": image,
                "ModelDataUrl": f"s3://models/{model}.tar.gz",
                "Environment": {"MODE": mode},
            },
        )
        production.append(
            {
                "VariantName": variant,
                "ModelName": f"{name}-{variant}",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m7i.large",
                "InitialVariantWeight": weight,
                **limit,
            }
        )
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=production)
    return name


def settled(laptop: Laptop, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = laptop.client("sagemaker").describe_endpoint(EndpointName=name)
        return found if found["EndpointStatus"] in ("InService", "Failed") else None

    result: dict[str, Any] = until(look, f"{name} in service or failed")
    return result


def create(laptop: Laptop, name: str, config_name: str) -> dict[str, Any]:
    laptop.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=config_name)
    return settled(laptop, name)


def update(laptop: Laptop, name: str, config_name: str) -> dict[str, Any]:
    laptop.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=config_name)
    return settled(laptop, name)


def ask(laptop: Laptop, name: str, body: bytes = b"x", **more: Any) -> str:
    answer = laptop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, Body=body, **more
    )
    return str(answer["Body"].read().decode())


@pytest.fixture(scope="module")
def live(laptop: Laptop, image: str) -> str:
    """An endpoint that serves model one."""
    found = create(laptop, "live", config(laptop, image, "live-1", champion=("one", "good", 1.0)))
    assert found["EndpointStatus"] == "InService", found
    return "live"


def test_an_endpoint_answers_with_its_model(laptop: Laptop, live: str) -> None:
    answer = laptop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=live,
        Body=b"wti",
        ContentType="text/csv",
        Accept="text/plain",
        CustomAttributes="trace=1",
    )
    model, _, content_type, accept, body = answer["Body"].read().decode().split()
    assert (model, content_type, accept, body) == ("one", "text/csv", "text/plain", "wti")
    assert answer["InvokedProductionVariant"] == "champion"
    assert answer["ContentType"] == "text/plain"
    assert answer["CustomAttributes"] == "trace=1"


def test_an_invocation_is_in_the_metrics_of_its_variant(laptop: Laptop, live: str) -> None:
    ask(laptop, live)
    listed = laptop.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker")["Metrics"]
    dimensions = [{d["Name"]: d["Value"] for d in one["Dimensions"]} for one in listed]
    assert live in [found["EndpointName"] for found in dimensions]


def test_a_body_need_not_be_text(laptop: Laptop, live: str) -> None:
    answer = laptop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=live, Body=b"\xff\x00\x80", ContentType="application/x-npy"
    )
    assert answer["Body"].read().endswith(b"\xff\x00\x80")


def test_describing_tells_what_really_serves(laptop: Laptop, live: str, image: str) -> None:
    found = laptop.client("sagemaker").describe_endpoint(EndpointName=live)
    variant = found["ProductionVariants"][0]
    assert (variant["VariantName"], variant["CurrentWeight"]) == ("champion", 1.0)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == image
    assert "@sha256:" in variant["DeployedImages"][0]["ResolvedImage"]


@pytest.mark.usefixtures("live")
def test_descriptions_leave_out_what_is_not_there(laptop: Laptop) -> None:
    client = laptop.client("sagemaker")
    endpoint = client.describe_endpoint(EndpointName="live")
    config = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = client.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])

    for described in (endpoint, config, model):
        assert [key for key, value in described.items() if value in ({}, [])] == []
    assert "VpcConfig" not in model and "DataCaptureConfig" not in config


def test_a_models_refusal_comes_back_as_a_model_error(laptop: Laptop, live: str) -> None:
    with pytest.raises(ClientError) as caught:
        ask(laptop, live, b"bad")
    answer: Mapping[str, Any] = caught.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == 400
    assert answer["OriginalMessage"] == "the product is unknown"
    assert "log-stream:champion/i-" in answer["LogStreamArn"]
    assert "Received client error (400)" in answer["Error"]["Message"]


def test_a_container_s_503_is_a_model_error_like_any_other(laptop: Laptop, live: str) -> None:
    with pytest.raises(ClientError) as caught:
        ask(laptop, live, b"busy")
    answer: Mapping[str, Any] = caught.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == 503
    assert answer["OriginalMessage"] == "too many requests wait"


def test_a_container_gets_the_caller_s_ids_and_nothing_that_the_caller_did_not_send(
    laptop: Laptop, live: str
) -> None:
    sent = {"InferenceId": "order 7", "CustomAttributes": "trace=1", "Accept": "text/csv"}
    seen = json.loads(ask(laptop, live, b"headers", **sent))
    assert seen["X-Amzn-SageMaker-Inference-Id"] == "order 7"
    assert seen["X-Amzn-SageMaker-Custom-Attributes"] == "trace=1"
    assert seen["Accept"] == "text/csv"
    bare = json.loads(ask(laptop, live, b"headers"))
    assert not [name for name in bare if name.lower().startswith(("x-amzn", "authorization"))]


@pytest.mark.parametrize(
    ("name", "value"), [("InferenceId", "i" * 65), ("CustomAttributes", "c" * 1025)]
)
def test_an_id_that_sagemaker_refuses_is_refused(
    laptop: Laptop, live: str, name: str, value: str
) -> None:
    with pytest.raises(ClientError, match=rf"(?i)'{name}' failed to satisfy") as caught:
        given: dict[str, Any] = {name: value}
        ask(laptop, live, **given)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_endpoint_that_does_not_exist_is_reported(laptop: Laptop) -> None:
    with pytest.raises(ClientError, match="Endpoint ghost of account 123456789012 not found"):
        ask(laptop, "ghost")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        laptop.client("sagemaker").describe_endpoint(EndpointName="ghost")


def test_a_body_over_25_mb_is_refused(laptop: Laptop, live: str) -> None:
    with pytest.raises(ClientError) as caught:
        ask(laptop, live, b"x" * (25 * 1024 * 1024 + 1))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_an_update_moves_to_the_new_model_and_stops_the_old_server(
    laptop: Laptop, image: str
) -> None:
    create(laptop, "moving", config(laptop, image, "moving-1", champion=("one", "good", 1.0)))
    before = int(ask(laptop, "moving").split()[1])
    found = update(
        laptop, "moving", config(laptop, image, "moving-2", champion=("two", "good", 1.0))
    )
    assert found["EndpointConfigName"] == "moving-2"
    assert ask(laptop, "moving").startswith("two ")
    until(lambda: not _alive(before), "the end of the old server")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_failing_update_leaves_the_old_model_serving(
    laptop: Laptop, image: str, live: str
) -> None:
    bad = config(laptop, image, "live-bad", champion=("two", "dies", 1.0))
    found = update(laptop, live, bad)
    assert found["EndpointStatus"] == "InService"
    assert found["EndpointConfigName"] == "live-1"
    assert found["FailureReason"] == (
        "The primary container for production variant champion did not pass the ping health "
        "check. Please check CloudWatch logs for this endpoint. "
        "(the server ended with exit code 1 before it was healthy)"
    )
    assert ask(laptop, live).startswith("one ")
    log = laptop.log("/aws/sagemaker/Endpoints/live", "champion/")
    assert "the model is broken" in log


def test_the_old_model_answers_while_the_new_one_starts(
    laptop: Laptop, image: str, live: str
) -> None:
    client = laptop.client("sagemaker")
    sick = config(laptop, image, "live-sick", champion=("two", "sick", 1.0))
    client.update_endpoint(EndpointName=live, EndpointConfigName=sick)
    until(lambda: "serving two ['serve']" in laptop.log("/aws/sagemaker/Endpoints/live"))
    described = client.describe_endpoint(EndpointName=live)
    assert described["EndpointStatus"] == "Updating"
    assert described["PendingDeploymentSummary"]["EndpointConfigName"] == "live-sick"
    assert ask(laptop, live).startswith("one ")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        client.update_endpoint(EndpointName=live, EndpointConfigName="live-1")
    # The new server is never healthy: end it rather than wait for its time.
    _kill(laptop, client.describe_endpoint(EndpointName=live), serving=ask(laptop, live))
    assert settled(laptop, live)["EndpointConfigName"] == "live-1"


def _kill(laptop: Laptop, described: dict[str, Any], serving: str) -> None:
    """End every server of this machine's cloud but the one that just answered."""
    for child in list(laptop.cloud.processes._children):
        if child.pid != int(serving.split()[1]):
            os.kill(child.pid, signal.SIGKILL)


def test_an_endpoint_whose_first_server_dies_has_failed(laptop: Laptop, image: str) -> None:
    bad = config(laptop, image, "stillborn-1", champion=("one", "dies", 1.0))
    found = create(laptop, "stillborn", bad)
    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]
    with pytest.raises(ClientError, match="Endpoint stillborn of account"):
        ask(laptop, "stillborn")


@pytest.mark.parametrize(
    ("mode", "last"), [("slow", "got no answer within 2 s"), ("sick", "got 500")]
)
def test_a_server_that_never_becomes_healthy_is_reported_with_its_last_ping(
    laptop: Laptop, image: str, monkeypatch: pytest.MonkeyPatch, mode: str, last: str
) -> None:
    monkeypatch.setenv(STARTUP_VARIABLE, "3")
    name = f"never-{mode}"
    found = create(laptop, name, config(laptop, image, name, a=("one", mode, 1.0), startup=None))
    assert f"(/ping did not answer 200 within 3 s; the last ping {last})" in found["FailureReason"]


def test_a_server_that_dies_later_is_started_again(laptop: Laptop, image: str) -> None:
    create(laptop, "tough", config(laptop, image, "tough-1", champion=("one", "good", 1.0)))
    before = ask(laptop, "tough").split()[1]
    os.kill(int(before), signal.SIGKILL)

    def again() -> bool:
        try:
            return ask(laptop, "tough").split()[1] != before
        except ClientError:
            return False

    until(again, "the new server's answer")
    log = "\n".join(laptop.log("/aws/sagemaker/Endpoints/tough"))
    assert "ended with exit code 137 (SIGKILL); starting it again" in log


def test_a_server_that_ends_while_the_update_goes_on_has_failed_it(
    laptop: Laptop, image: str, live: str
) -> None:
    before = laptop.client("sagemaker").describe_endpoint(EndpointName=live)
    found = update(laptop, live, config(laptop, image, "live-brief", a=("two", "brief", 1.0)))
    assert found["EndpointConfigName"] == before["EndpointConfigName"]
    assert "(the server ended with exit code 4 after it had been healthy)" in found["FailureReason"]
    assert ask(laptop, live).startswith("one ")


def test_a_server_that_ends_again_and_again_is_reported_and_started_later_and_later(
    laptop: Laptop, image: str
) -> None:
    create(laptop, "loops", config(laptop, image, "loops-1", a=("one", "good", 1.0)))

    def killed_and_back(before: str) -> str:
        os.kill(int(before), signal.SIGKILL)

        def again() -> str | None:
            with contextlib.suppress(ClientError):
                pid = ask(laptop, "loops").split()[1]
                return pid if pid != before else None
            return None

        return until(again, "the new server's answer")

    pid = ask(laptop, "loops").split()[1]
    for _ in range(2):
        pid = killed_and_back(pid)
    log = "\n".join(laptop.log("/aws/sagemaker/Endpoints/loops"))
    assert "starting it again in 1 s: it has ended 2 times in a row within 60 s" in log


def test_requests_are_split_by_weight_and_can_name_a_variant(laptop: Laptop, image: str) -> None:
    both = config(
        laptop, image, "split-1", champion=("one", "good", 1.0), challenger=("two", "good", 0.0)
    )
    create(laptop, "split", both)
    assert {ask(laptop, "split").split()[0] for _ in range(10)} == {"one"}
    assert ask(laptop, "split", TargetVariant="challenger").startswith("two ")
    with pytest.raises(ClientError, match="Variant nobody not found"):
        ask(laptop, "split", TargetVariant="nobody")


def test_a_running_request_is_answered_although_its_server_is_replaced(
    laptop: Laptop, image: str, tmp_path: Path
) -> None:
    create(laptop, "drain", config(laptop, image, "drain-1", champion=("one", "good", 1.0)))
    answers: list[str] = []
    body = b"hold " + bytes(tmp_path)
    slow = threading.Thread(target=lambda: answers.append(ask(laptop, "drain", body)))
    slow.start()
    until((tmp_path / "asked").exists, "the request at the old server")
    update(laptop, "drain", config(laptop, image, "drain-2", champion=("two", "good", 1.0)))
    assert ask(laptop, "drain").startswith("two ")
    (tmp_path / "go").touch()
    slow.join()
    assert answers[0].startswith("one ")


def test_deleting_stops_the_server(laptop: Laptop, image: str) -> None:
    create(laptop, "brief", config(laptop, image, "brief-1", champion=("one", "good", 1.0)))
    pid = int(ask(laptop, "brief").split()[1])
    laptop.client("sagemaker").delete_endpoint(EndpointName="brief")

    def gone() -> bool:
        try:
            laptop.client("sagemaker").describe_endpoint(EndpointName="brief")
        except ClientError:
            return True
        return False

    until(gone, "the end of the endpoint")
    assert not _alive(pid)


def test_each_change_is_reported_in_sagemakers_shape(laptop: Laptop, image: str) -> None:
    create(laptop, "told", config(laptop, image, "told-1", champion=("one", "good", 1.0)))
    details = until(
        lambda: laptop.emitted.up_to("SageMaker Endpoint", "told", "IN_SERVICE"),
        "the event of its service",
    )
    assert [detail["EndpointStatus"] for detail in details] == ["CREATING", "IN_SERVICE"]
    assert details[-1]["EndpointConfigName"] == "told-1"


def test_names_are_used_once(laptop: Laptop, image: str, live: str) -> None:
    client = laptop.client("sagemaker")
    with pytest.raises(ClientError, match="Cannot create already existing endpoint "):
        client.create_endpoint(EndpointName=live, EndpointConfigName="live-1")
    with pytest.raises(ClientError, match="Cannot create already existing model "):
        config(laptop, image, "live-1", champion=("two", "good", 1.0))
    with pytest.raises(ClientError, match="already existing endpoint configuration"):
        client.create_endpoint_config(
            EndpointConfigName="live-1",
            ProductionVariants=[
                {"VariantName": "v", "ModelName": "live-1-champion", "InstanceType": "ml.m5.large"}
            ],
        )


def test_a_model_without_its_data_is_refused(laptop: Laptop, image: str) -> None:
    with pytest.raises(ClientError, match=r"Could not access model data at s3://models/none"):
        config(laptop, image, "dataless", champion=("none", "good", 1.0))


def test_model_data_is_read_with_the_roles_leave(laptop: Laptop, image: str) -> None:
    name = config(laptop, image, "denied-1", champion=("one", "good", 1.0))
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"})
    found = create(laptop, "denied", name)
    assert found["EndpointStatus"] == "Failed"
    assert "Failed to download model data" in found["FailureReason"]


def test_a_strategy_that_the_laptop_lacks_is_refused(laptop: Laptop, live: str) -> None:
    policy = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 60,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            }
        }
    }
    with pytest.raises(ClientError, match="CANARY is not supported"):
        laptop.client("sagemaker").update_endpoint(
            EndpointName=live, EndpointConfigName="live-1", DeploymentConfig=policy
        )
    assert json.loads(json.dumps(policy))


def test_an_archive_with_a_link_fails_the_endpoint_by_its_name(laptop: Laptop, image: str) -> None:
    laptop.put("models", {"linked.tar.gz": _linked()})
    found = create(laptop, "linked", config(laptop, image, "linked", a=("linked", "good", 1.0)))
    assert found["EndpointStatus"] == "Failed"
    assert "latest.bin is a symbolic link to model.txt" in found["FailureReason"]


def test_each_instance_is_a_server_of_its_own(laptop: Laptop, image: str) -> None:
    client = laptop.client("sagemaker")
    name = config(laptop, image, "twins-1", a=("one", "good", 1.0))
    (variant,) = client.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    client.create_endpoint_config(
        EndpointConfigName="twins-2",
        ProductionVariants=[{**variant, "InitialInstanceCount": 2}],
    )
    found = create(laptop, "twins", "twins-2")
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    pids = {ask(laptop, "twins").split()[1] for _ in range(40)}
    assert len(pids) == 2
