"""Requests and answers of an endpoint in S3, in SageMaker's own format."""

import base64
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.laptop.sagemaker import data_capture
from modelwharf.laptop.sagemaker.data_capture import CapturePlan, Capturer, Invocation
from tests.unit.laptop.ml.laptops import EVERYTHING, Laptop
from tests.waiting import until

PROGRAM = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def reply(self, status, body, content_type):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.reply(200, b"", "text/plain")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(400 if body == b"bad" else 200, b"1.5\\n", "text/csv; charset=utf-8")
address = (os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
print("serving", flush=True)
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
KEY = r"seen/{}/champion/\d{{4}}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl"
CAPTURE: dict[str, Any] = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://captures/seen",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {
        "CsvContentTypes": ["text/csv"],
        "JsonContentTypes": ["application/json"],
    },
}


@pytest.fixture(scope="module")
def image(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> str:
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w:gz"):
        pass
    laptop.put("models", {"model.tar.gz": empty.getvalue()})
    laptop.put("captures", {})
    return laptop.image(tmp_path_factory.mktemp("serve"), PROGRAM, "captured")


def configure(laptop: Laptop, image: str, name: str, capture: dict[str, Any]) -> None:
    client = laptop.client("sagemaker")
    client.create_model(
        ModelName=name,
        ExecutionRoleArn=laptop.role,
        PrimaryContainer={"Image": image, "ModelDataUrl": "s3://models/model.tar.gz"},
    )
    variant = {
        "VariantName": "champion",
        "ModelName": name,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    client.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[variant],
        **({"DataCaptureConfig": capture} if capture else {}),
    )


def endpoint(laptop: Laptop, image: str, name: str, capture: dict[str, Any]) -> str:
    configure(laptop, image, name, capture)
    laptop.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name)
    until(lambda: described(laptop, name)["EndpointStatus"] == "InService", f"{name} in service")
    return name


def described(laptop: Laptop, name: str) -> dict[str, Any]:
    found: dict[str, Any] = laptop.client("sagemaker").describe_endpoint(EndpointName=name)
    return found


@pytest.fixture(scope="module")
def live(laptop: Laptop, image: str) -> str:
    """An endpoint that captures every request."""
    laptop.allow(EVERYTHING)
    return endpoint(laptop, image, "watched", CAPTURE)


def ask(laptop: Laptop, name: str, body: bytes, **more: Any) -> bytes:
    client = laptop.client("sagemaker-runtime")
    answer = client.invoke_endpoint(EndpointName=name, Body=body, **more)
    return bytes(answer["Body"].read())


def objects(laptop: Laptop, name: str) -> dict[str, str]:
    """Key → text of what was captured of an endpoint."""
    s3 = laptop.client("s3")
    listed = s3.list_objects_v2(Bucket="captures", Prefix=f"seen/{name}/").get("Contents", [])
    return {
        item["Key"]: s3.get_object(Bucket="captures", Key=item["Key"])["Body"].read().decode()
        for item in listed
    }


def events(laptop: Laptop, name: str) -> list[dict[str, Any]]:
    texts = objects(laptop, name).values()
    return [json.loads(line) for text in texts for line in text.splitlines()]


def captured(laptop: Laptop, name: str, inference_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        for event in events(laptop, name):
            if event["eventMetadata"].get("inferenceId") == inference_id:
                return event
        return None

    found: dict[str, Any] = until(look, f"{inference_id} captured")
    return found


@pytest.fixture(scope="module")
def asked(laptop: Laptop, live: str) -> str:
    """The endpoint after every request: what is captured is written a while later, in order."""
    csv = {"ContentType": "text/csv"}
    ask(laptop, live, b"1,2\n", InferenceId="table", CustomAttributes="trace=1", **csv)
    ask(laptop, live, b"\x93NUMPY\xff", ContentType="application/x-npy", InferenceId="npy")
    with pytest.raises(ClientError):
        ask(laptop, live, b"bad", InferenceId="refused")
    ask(laptop, live, b"good", InferenceId="after")
    captured(laptop, live, "after")
    return live


def test_a_request_and_its_answer_are_a_line_in_sagemakers_format(
    laptop: Laptop, asked: str
) -> None:
    event = captured(laptop, asked, "table")
    assert event["captureData"] == {
        "endpointInput": {
            "observedContentType": "text/csv",
            "mode": "INPUT",
            "data": "1,2\n",
            "encoding": "CSV",
        },
        "endpointOutput": {
            "observedContentType": "text/csv; charset=utf-8",
            "mode": "OUTPUT",
            "data": "1.5\n",
            "encoding": "CSV",
        },
    }
    assert event["eventVersion"] == "0"
    metadata = event["eventMetadata"]
    assert metadata.keys() == {"eventId", "inferenceId", "customAttributes", "inferenceTime"}
    assert metadata["customAttributes"] == ["trace=1"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["inferenceTime"])


def test_the_objects_lie_under_endpoint_variant_and_hour(laptop: Laptop, asked: str) -> None:
    assert all(re.fullmatch(KEY.format(asked), key) for key in objects(laptop, asked))


def test_a_body_of_another_type_is_kept_in_base64(laptop: Laptop, asked: str) -> None:
    side = captured(laptop, asked, "npy")["captureData"]["endpointInput"]
    assert side["encoding"] == "BASE64"
    assert base64.b64decode(side["data"]) == b"\x93NUMPY\xff"


def test_what_the_model_refused_is_not_captured(laptop: Laptop, asked: str) -> None:
    ids = [event["eventMetadata"].get("inferenceId") for event in events(laptop, asked)]
    assert ids == ["table", "npy", "after"]


def test_describing_the_endpoint_tells_of_the_capture(laptop: Laptop, live: str) -> None:
    assert described(laptop, live)["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captures/seen",
        "KmsKeyId": "",
    }


def test_the_last_requests_are_written_before_the_endpoint_is_gone(
    laptop: Laptop, image: str
) -> None:
    name = endpoint(laptop, image, "brief", CAPTURE)
    for _ in range(3):
        ask(laptop, name, b"1\n", ContentType="text/csv")
    laptop.client("sagemaker").delete_endpoint(EndpointName=name)

    def gone() -> bool:
        try:
            described(laptop, name)
        except ClientError:
            return True
        return False

    until(gone, "the end of the endpoint")
    assert len(events(laptop, name)) == 3


def test_a_role_that_may_not_write_costs_no_answer_and_is_reported_in_the_log(
    laptop: Laptop, image: str
) -> None:
    name = endpoint(laptop, image, "denied", CAPTURE)
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"})
    assert ask(laptop, name, b"1\n", ContentType="text/csv") == b"1.5\n"

    def told() -> str | None:
        lines = laptop.log(f"/aws/sagemaker/Endpoints/{name}", "champion/")
        return next((line for line in lines if "data capture" in line), None)

    line = until(told, "the refusal in the endpoint's log")
    assert "1 requests could not be written to s3://captures/seen/denied/champion/" in line
    assert "AccessDenied" in line and "s3:PutObject" in line
    assert objects(laptop, name) == {}


@pytest.mark.parametrize("capture", [{}, {**CAPTURE, "EnableCapture": False}])
def test_an_endpoint_that_captures_nothing_says_nothing_of_it(
    laptop: Laptop, image: str, capture: dict[str, Any]
) -> None:
    name = endpoint(laptop, image, f"private-{len(capture)}", capture)
    ask(laptop, name, b"1\n", ContentType="text/csv")
    assert "DataCaptureConfig" not in described(laptop, name)
    laptop.client("sagemaker").delete_endpoint(EndpointName=name)
    assert objects(laptop, name) == {}


def test_a_serverless_endpoint_is_refused_by_name(laptop: Laptop) -> None:
    serverless = {
        "VariantName": "champion",
        "ModelName": "any",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    with pytest.raises(ClientError, match="serverless endpoints have no data capture"):
        laptop.client("sagemaker").create_endpoint_config(
            EndpointConfigName="serverless",
            ProductionVariants=[serverless],
            DataCaptureConfig=CAPTURE,
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"InitialSamplingPercentage": 101}, "InitialSamplingPercentage is 101"),
        ({"DestinationS3Uri": "https://captures"}, "write s3://bucket/prefix"),
        ({"CaptureOptions": [{"CaptureMode": "Both"}]}, "'Both' is not a CaptureMode"),
        (
            {"CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"] * 11}},
            "CsvContentTypes has 11 content types",
        ),
    ],
)
def test_a_capture_that_sagemaker_refuses_is_refused(
    laptop: Laptop, image: str, change: dict[str, Any], words: str
) -> None:
    name = f"refused-{next(iter(change))}"
    with pytest.raises(ClientError, match=words):
        configure(laptop, image, name, {**CAPTURE, **change})


# The capturer alone.


def plan(**changes: Any) -> CapturePlan:
    facts: dict[str, Any] = {
        "uri": "s3://captures/seen",
        "percent": 100,
        "modes": frozenset({"Input", "Output"}),
        "csv_types": ("text/csv",),
        "json_types": ("application/json",),
        "key": "",
    }
    return CapturePlan(**facts | changes)


def invocation(body: bytes = b"1", content_type: str = "text/csv", **more: Any) -> Invocation:
    return Invocation(body, content_type, b"2", "application/json", **more)


NewCapturer = Callable[..., Capturer]


@pytest.fixture
def new(laptop: Laptop, image: str) -> Iterator[NewCapturer]:
    made: list[Capturer] = []

    def make(endpoint: str, log: list[str], draw: float = 0.0, **changes: Any) -> Capturer:
        made.append(
            Capturer(
                laptop.cloud,
                plan(**changes),
                endpoint=endpoint,
                variant="champion",
                role=laptop.role,
                log=log.append,
                draw=lambda: draw,
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("draw", "percent", "lines"), [(0.29, 30, 1), (0.3, 30, 0), (0.0, 0, 0), (0.999, 100, 1)]
)
def test_the_percentage_is_drawn_for(
    laptop: Laptop, new: NewCapturer, draw: float, percent: int, lines: int
) -> None:
    name = f"drawn-{percent}-{draw}"
    capturer = new(name, [], draw, percent=percent)
    capturer.offer(invocation())
    capturer.close()
    assert len(events(laptop, name)) == lines


def test_each_hour_has_objects_of_its_own(laptop: Laptop, new: NewCapturer) -> None:
    capturer = new("hours", [])
    for hour in (9, 10):
        capturer.offer(invocation(time=datetime(2026, 1, 2, hour, 5, 6, 789000, tzinfo=UTC)))
    capturer.close()
    folders = [key.rsplit("/", 1)[0] for key in objects(laptop, "hours")]
    assert folders == [f"seen/hours/champion/2026/01/02/{hour}" for hour in ("09", "10")]
    assert all("/05-06-789-" in key for key in objects(laptop, "hours"))


def test_more_than_may_wait_is_dropped_and_reported(laptop: Laptop, new: NewCapturer) -> None:
    log: list[str] = []
    capturer = new("full", log)
    capturer.offer(invocation(b"x" * data_capture.WAITING))
    capturer.close()
    assert log == [
        "[laptop] data capture: 1 requests were not captured, for 64 MiB waited to be written"
    ]


def test_a_side_that_is_not_asked_for_is_left_out() -> None:
    event = json.loads(invocation().line(plan(modes=frozenset({"Output"}))))
    assert event["captureData"].keys() == {"endpointOutput"}


def test_without_a_list_of_types_everything_is_in_base64() -> None:
    event = json.loads(invocation().line(plan(csv_types=(), json_types=())))
    assert {side["encoding"] for side in event["captureData"].values()} == {"BASE64"}


def test_csv_that_is_not_text_is_in_base64() -> None:
    event = json.loads(invocation(b"\xff").line(plan()))
    assert event["captureData"]["endpointInput"]["encoding"] == "BASE64"


def test_types_are_named_in_capitals_too() -> None:
    header = {"CsvContentTypes": ["Text/CSV"], "JsonContentTypes": ["application/JSON"]}
    read = data_capture.capture_plan({**CAPTURE, "CaptureContentTypeHeader": header})
    assert read is not None
    line = json.loads(invocation(content_type="text/CSV; charset=utf-8").line(read))
    assert line["captureData"]["endpointInput"]["encoding"] == "CSV"
    assert line["captureData"]["endpointOutput"]["encoding"] == "JSON"
