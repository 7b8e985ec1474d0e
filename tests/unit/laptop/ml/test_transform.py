"""Batch transform: each object under a prefix goes through the model's server."""

import gzip
import io
import json
import tarfile
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.ml.laptops import EVERYTHING, Laptop
from tests.waiting import until

PROGRAM = """
import http.server, json, os, threading, time
state = {"open": 0, "most": 0, "failed": set()}
lock = threading.Lock()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size); self.rfile.readline()
        self.rfile.readline()
        return b"chunked:" + found
    def do_GET(self):
        if self.path == "/ping":
            return self.reply(500 if os.environ.get("SICK") else 200, b"")
        wished = os.environ.get("PARAMETERS")
        self.reply(200 if wished else 404, (wished or "").encode())
    def do_POST(self):
        body = self.body()
        with lock:
            state["open"] += 1
            state["most"] = max(state["most"], state["open"])
        try:
            self.reply(*self.answer(body))
        finally:
            with lock:
                state["open"] -= 1
    def answer(self, body):
        if b"bad" in body:
            return 400, b"the product is unknown"
        if b"worse" in body:
            return 500, b"no such column"
        if b"dies" in body:
            os._exit(3)
        if b"flaky" in body and body not in state["failed"]:
            state["failed"].add(body)
            return 503, b"come again"
        if b"hold" in body:
            print("held", flush=True)
            time.sleep(600)
        if b"slow" in body:
            time.sleep(0.3)
        if b"variables" in body:
            return 200, json.dumps({k: v for k, v in os.environ.items()
                                    if k.startswith("SAGEMAKER_") or k == "COLOUR"}).encode()
        if b"headers" in body:
            return 200, json.dumps(dict(self.headers)).encode()
        if b"most" in body:
            return 200, str(state["most"]).encode()
        if self.headers.get("Content-Type") == "text/csv":
            rows = body.decode().split("\\n")
            return 200, "\\n".join(str(sum(map(float, r.split(",")))) for r in rows).encode()
        if self.headers.get("Content-Type") == "application/jsonlines":
            rows = [json.loads(row) for row in body.decode().split("\\n")]
            return 200, "\\n".join(json.dumps({"sum": sum(row)}) for row in rows).encode()
        return 200, b"<" + body + b">"
host, port = os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
http.server.ThreadingHTTPServer((host, port), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def image(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> str:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    laptop.put("transform", {"model.tar.gz": buffer.getvalue()})
    return laptop.image(tmp_path_factory.mktemp("transform"), PROGRAM, "transform")


def create_model(laptop: Laptop, image: str, name: str, **environment: str) -> str:
    laptop.client("sagemaker").create_model(
        ModelName=name,
        ExecutionRoleArn=laptop.role,
        PrimaryContainer={
            "Image": image,
            "ModelDataUrl": "s3://transform/model.tar.gz",
            "Environment": environment,
        },
    )
    return name


@pytest.fixture(scope="module")
def model(laptop: Laptop, image: str) -> str:
    return create_model(laptop, image, "adder")


def request(name: str, model: str, **changes: Any) -> dict[str, Any]:
    """``source`` and ``target`` change the input and the output."""
    source, target = changes.pop("source", {}), changes.pop("target", {})
    data = changes.pop("data", f"s3://transform/{name}/in/")
    kind = "ManifestFile" if data.endswith(".manifest") else "S3Prefix"
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": data}},
            **source,
        },
        "TransformOutput": {"S3OutputPath": f"s3://transform/{name}/out", **target},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **changes,
    }


def described(laptop: Laptop, name: str) -> dict[str, Any]:
    job: dict[str, Any] = laptop.client("sagemaker").describe_transform_job(TransformJobName=name)
    return job


def finished(laptop: Laptop, name: str) -> dict[str, Any]:
    laptop.emitted.end("SageMaker Transform Job", name)
    return described(laptop, name)


def transform(
    laptop: Laptop, name: str, model: str, objects: dict[str, str | bytes], **changes: Any
) -> dict[str, Any]:
    laptop.put("transform", {f"{name}/in/{key}": body for key, body in objects.items()})
    laptop.client("sagemaker").create_transform_job(**request(name, model, **changes))
    return finished(laptop, name)


def outputs(laptop: Laptop, name: str) -> dict[str, str]:
    s3 = laptop.client("s3")
    prefix = f"{name}/out/"
    found = s3.list_objects_v2(Bucket="transform", Prefix=prefix).get("Contents", [])
    return {
        item["Key"].removeprefix(prefix): s3.get_object(Bucket="transform", Key=item["Key"])["Body"]
        .read()
        .decode()
        for item in found
    }


def data_log(laptop: Laptop, name: str) -> list[str]:
    group = "/aws/sagemaker/TransformJobs"
    streams = laptop.client("logs").describe_log_streams(
        logGroupName=group, logStreamNamePrefix=f"{name}/"
    )["logStreams"]
    (stream,) = [s["logStreamName"] for s in streams if s["logStreamName"].endswith("/data-log")]
    return [line.split("[sagemaker logs]: ", 1)[1] for line in laptop.log(group, stream)]


CSV = {"ContentType": "text/csv", "SplitType": "Line"}
CSV_OUT = {"Accept": "text/csv", "AssembleWith": "Line"}


def test_every_object_has_an_output_below_the_same_path(laptop: Laptop, model: str) -> None:
    objects: dict[str, str | bytes] = {"a.txt": "one", "deep/b.txt": "two"}
    job = transform(laptop, "paths", model, objects)
    assert job["TransformJobStatus"] == "Completed", job
    assert outputs(laptop, "paths") == {"a.txt.out": "<one>", "deep/b.txt.out": "<two>"}
    assert job["TransformEndTime"] >= job["TransformStartTime"]


def test_a_manifest_names_the_objects(laptop: Laptop, model: str) -> None:
    laptop.put(
        "transform",
        {
            "listed/in/x/a.txt": "one",
            "listed/in/b.txt": "left out",
            "listed/inputs.manifest": json.dumps(
                [{"prefix": "s3://transform/listed/in/"}, "x/a.txt"]
            ),
        },
    )
    data = "s3://transform/listed/inputs.manifest"
    transform(laptop, "listed", model, {}, data=data)
    assert outputs(laptop, "listed") == {"x/a.txt.out": "<one>"}


def test_lines_are_sent_together_or_one_by_one(laptop: Laptop, model: str) -> None:
    source = {"SplitType": "Line"}
    for name, strategy, found in (
        ("together", "MultiRecord", "<1\n2>"),
        ("one-by-one", "SingleRecord", "<1><2>"),
    ):
        transform(laptop, name, model, {"a": "1\n2\n"}, source=source, BatchStrategy=strategy)
        assert outputs(laptop, name) == {"a.out": found}


def test_line_assembly_ends_every_answer_with_a_line(laptop: Laptop, model: str) -> None:
    transform(
        laptop,
        "assembled",
        model,
        {"a.csv": "1,2\n3,4\n"},
        source=CSV,
        target=CSV_OUT,
        BatchStrategy="SingleRecord",
    )
    assert outputs(laptop, "assembled") == {"a.csv.out": "3.0\n7.0\n"}


def test_a_request_holds_no_more_than_the_payload(laptop: Laptop, model: str) -> None:
    line = "x" * 400_000 + "\n"
    transform(
        laptop, "full", model, {"a": line * 5}, source={"SplitType": "Line"}, MaxPayloadInMB=1
    )
    pieces = outputs(laptop, "full")["a.out"].removeprefix("<").removesuffix(">").split("><")
    assert [piece.count("\n") + 1 for piece in pieces] == [2, 2, 1]


def test_a_record_beyond_the_payload_fails_its_object_alone(laptop: Laptop, model: str) -> None:
    objects: dict[str, str | bytes] = {"large": "x" * 1_100_000, "small": "y"}
    job = transform(laptop, "large", model, objects, MaxPayloadInMB=1)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert outputs(laptop, "large") == {"small.out": "<y>"}
    assert any("Too much data for max payload size" in line for line in data_log(laptop, "large"))


def test_payload_zero_streams_in_chunks(laptop: Laptop, model: str) -> None:
    transform(laptop, "chunks", model, {"a": "one"}, MaxPayloadInMB=0)
    assert outputs(laptop, "chunks") == {"a.out": "<chunked:one>"}


def test_gzip_is_unpacked_before_it_is_sent(laptop: Laptop, model: str) -> None:
    objects: dict[str, str | bytes] = {"a.gz": gzip.compress(b"one"), "b.gz": b"no gzip"}
    job = transform(laptop, "packed", model, objects, source={"CompressionType": "Gzip"})
    assert outputs(laptop, "packed") == {"a.gz.out": "<one>"}
    assert job["TransformJobStatus"] == "Failed"


def test_a_refused_record_fails_the_job_and_no_other_object(laptop: Laptop, model: str) -> None:
    job = transform(laptop, "refused", model, {"a": "good", "b": "bad", "c": "good"})
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert set(outputs(laptop, "refused")) == {"a.out", "c.out"}
    assert data_log(laptop, "refused") == [
        "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD",
        "transform/refused/in/b: ClientError: 400",
        "transform/refused/in/b: ",
        "transform/refused/in/b: Message:",
        "transform/refused/in/b: the product is unknown",
    ]


def test_an_error_of_the_model_is_the_algorithms(laptop: Laptop, model: str) -> None:
    client = {"InvocationsMaxRetries": 0}
    job = transform(laptop, "worse", model, {"a": "worse"}, ModelClientConfig=client)
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    head = "transform/worse/in/a: Bad HTTP status received from algorithm: 500"
    assert head in data_log(laptop, "worse")


def test_a_passing_error_is_asked_again(laptop: Laptop, model: str) -> None:
    job = transform(laptop, "flaky", model, {"a": "flaky"})
    assert job["TransformJobStatus"] == "Completed"
    assert outputs(laptop, "flaky") == {"a.out": "<flaky>"}


def test_an_answer_has_its_time(laptop: Laptop, model: str) -> None:
    client = {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 1}
    job = transform(laptop, "late", model, {"a": "hold"}, ModelClientConfig=client)
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    told = "Model server did not respond to /invocations request within 1 seconds"
    assert f"transform/late/in/a: {told}" in data_log(laptop, "late")


def test_a_server_that_dies_fails_what_it_did_not_answer(laptop: Laptop, model: str) -> None:
    job = transform(laptop, "dead", model, {"a": "good", "b": "dies"})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    told = "transform/dead/in/b: Unable to get response from algorithm"
    assert told in data_log(laptop, "dead")
    assert outputs(laptop, "dead") == {"a.out": "<good>"}


def test_a_server_that_is_never_healthy_fails_the_job(
    laptop: Laptop, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHARF_STARTUP_TIMEOUT", "1")
    job = transform(laptop, "sick", create_model(laptop, image, "sick", SICK="1"), {"a": "x"})
    assert job["FailureReason"].startswith(
        "AlgorithmError: Model container failed to respond to ping."
    )


def test_a_container_is_told_that_it_is_a_batch(laptop: Laptop, model: str) -> None:
    transform(
        laptop,
        "told",
        model,
        {"a": "variables"},
        Environment={"COLOUR": "blue"},
        MaxPayloadInMB=5,
        BatchStrategy="SingleRecord",
    )
    found = json.loads(outputs(laptop, "told")["a.out"])
    assert found["SAGEMAKER_BATCH"] == "true"
    assert found["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "5"
    assert found["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"
    assert found["COLOUR"] == "blue"
    assert "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS" not in found


def test_requests_carry_type_and_accept(laptop: Laptop, model: str) -> None:
    source, target = {"ContentType": "text/plain"}, {"Accept": "text/html"}
    transform(laptop, "typed", model, {"a": "headers"}, source=source, target=target)
    found = json.loads(outputs(laptop, "typed")["a.out"])
    assert (found["Content-Type"], found["Accept"]) == ("text/plain", "text/html")


def test_the_container_says_how_it_wants_to_be_asked(laptop: Laptop, image: str) -> None:
    wished = {"MaxConcurrentTransforms": 3, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}
    parallel = create_model(laptop, image, "parallel", PARAMETERS=json.dumps(wished))
    lines = "slow\n" * 6 + "most\n"
    transform(laptop, "wished", parallel, {"a": lines}, source={"SplitType": "Line"})
    assert data_log(laptop, "wished") == [
        "MaxConcurrentTransforms=3, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD"
    ]
    assert outputs(laptop, "wished")["a.out"].endswith("<slow>3")


def test_csv_is_filtered_and_joined(laptop: Laptop, model: str) -> None:
    transform(
        laptop,
        "joined",
        model,
        {"a.csv": 'x,1,2\n"y, z",3,4\n'},
        source=CSV,
        target=CSV_OUT,
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    )
    assert outputs(laptop, "joined") == {"a.csv.out": 'x,3.0\n"y, z",7.0\n'}


def test_json_lines_are_filtered_and_joined(laptop: Laptop, model: str) -> None:
    transform(
        laptop,
        "json",
        model,
        {"a.jsonl": '{"id":7,"features":[1,2]}\n{"id":8,"features":[3]}\n'},
        source={"ContentType": "application/jsonlines", "SplitType": "Line"},
        target={"Accept": "application/jsonlines", "AssembleWith": "Line"},
        DataProcessing={
            "InputFilter": "$.features",
            "JoinSource": "Input",
            "OutputFilter": "$['id','SageMakerOutput']",
        },
    )
    rows = [json.loads(row) for row in outputs(laptop, "json")["a.jsonl.out"].splitlines()]
    assert rows == [
        {"id": 7, "SageMakerOutput": {"sum": 3}},
        {"id": 8, "SageMakerOutput": {"sum": 3}},
    ]


def test_data_is_read_and_written_with_the_models_role(laptop: Laptop, model: str) -> None:
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    laptop.allow(EVERYTHING, deny)
    job = transform(laptop, "no-write", model, {"a": "x"})
    assert job["FailureReason"].startswith(
        "ClientError: Failed to upload s3://transform/no-write/out/a.out. PutObject failed: "
        "AccessDenied: User: "
    )
    laptop.allow(EVERYTHING, {**deny, "Action": "s3:ListBucket"})
    job = transform(laptop, "no-list", model, {"a": "x"})
    assert "ListObjectsV2 failed for s3://transform/no-list/in/" in job["FailureReason"]
    laptop.allow(EVERYTHING, {**deny, "Action": "ecr:BatchGetImage"})
    job = transform(laptop, "no-pull", model, {"a": "x"})
    assert "does not have BatchGetImage permission" in job["FailureReason"]


def test_nothing_to_read_is_reported(laptop: Laptop, model: str) -> None:
    job = transform(laptop, "nothing", model, {})
    assert job["FailureReason"].startswith("ClientError: No S3 objects found under S3 URL")


def test_a_stopped_job_ends_at_once_and_leaves_no_server(laptop: Laptop, model: str) -> None:
    client = laptop.client("sagemaker")
    laptop.put("transform", {"stopped/in/a": "hold"})
    client.create_transform_job(**request("stopped", model))
    until(lambda: _held(laptop), "a request that is under way")
    client.stop_transform_job(TransformJobName="stopped")
    assert finished(laptop, "stopped")["TransformJobStatus"] == "Stopped"
    assert outputs(laptop, "stopped") == {}
    assert not laptop.cloud.processes._children
    folder = laptop.cloud.directory / "transform" / "stopped"
    until(lambda: not folder.exists(), "its folder to go")


def _held(laptop: Laptop) -> bool:
    try:
        return "held" in laptop.log("/aws/sagemaker/TransformJobs", "stopped/")
    except ClientError:  # The log group comes with the first line.
        return False


def test_events_tell_the_beginning_and_the_end(laptop: Laptop, model: str) -> None:
    tags = [{"Key": "team", "Value": "oil"}]
    transform(laptop, "events", model, {"a": "x"}, Tags=tags)
    told = until(
        lambda: laptop.emitted.up_to("SageMaker Transform Job", "events", "Completed"),
        "the event of its end",
    )
    assert [detail["TransformJobStatus"] for detail in told] == ["InProgress", "Completed"]
    assert told[-1]["ModelName"] == "adder"
    assert told[-1]["Tags"] == {"team": "oil"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TransformJobName": "a_b"}, "regular expression"),
        ({"ModelName": "nobody"}, "Could not find model"),
        ({"MaxConcurrentTransforms": 20, "MaxPayloadInMB": 6}, "must not exceed 100 MB"),
        ({"MaxPayloadInMB": 101}, "MaxPayloadInMB is 101; it must be 0 to 100"),
        ({"ModelClientConfig": {"InvocationsTimeoutInSeconds": 3601}}, "1 to 3600"),
        ({"Environment": {f"V{n}": "1" for n in range(17)}}, "17 entries; at most 16"),
        ({"DataProcessing": {"InputFilter": "$..a"}, "source": CSV}, "allowed: "),
        ({"DataProcessing": {"JoinSource": "Input"}, "source": CSV}, "needs TransformOutput"),
        ({"DataProcessing": {"InputFilter": "$[1:]"}}, "needs TransformInput.ContentType"),
        ({"data": "https://bucket/key"}, "is not an S3 URI"),
    ],
)
def test_what_cannot_be_done_is_refused(
    laptop: Laptop, model: str, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words) as refused:
        asked = request("never", model, **{k: v for k, v in changes.items() if k in _OURS})
        asked |= {k: v for k, v in changes.items() if k not in _OURS}
        laptop.client("sagemaker").create_transform_job(**asked)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


_OURS = ("source", "target", "data")


def test_all_faults_are_reported_at_once(laptop: Laptop, model: str) -> None:
    asked = request("never", model, MaxPayloadInMB=101, data="nowhere")
    with pytest.raises(ClientError, match=r"MaxPayloadInMB is 101.*not an S3 URI"):
        laptop.client("sagemaker").create_transform_job(**asked)


def test_a_name_is_used_once(laptop: Laptop, model: str) -> None:
    transform(laptop, "once", model, {"a": "x"})
    with pytest.raises(ClientError, match=r"ResourceInUse.*already exists"):
        laptop.client("sagemaker").create_transform_job(**request("once", model))


def test_a_job_that_is_not_there_is_not_stopped(laptop: Laptop) -> None:
    with pytest.raises(ClientError, match="Could not find transform job"):
        laptop.client("sagemaker").stop_transform_job(TransformJobName="nobody")


def listed(laptop: Laptop, **asked: Any) -> list[str]:
    pages = laptop.client("sagemaker").get_paginator("list_transform_jobs").paginate(**asked)
    return [job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"]]


def test_jobs_are_listed_newest_first_in_pages(laptop: Laptop, model: str) -> None:
    for name in ("list-b", "list-a", "list-c"):
        transform(laptop, name, model, {"a": "bad" if name == "list-a" else "x"})
    names = ["list-c", "list-a", "list-b"]
    page = {"PageSize": 1}
    assert listed(laptop, NameContains="list-", PaginationConfig=page) == names
    assert listed(laptop, NameContains="list-", SortBy="Name", SortOrder="Ascending") == [
        *("list-a", "list-b", "list-c")
    ]
    assert listed(laptop, NameContains="list-", StatusEquals="Failed") == ["list-a"]
    before = described(laptop, "list-b")["CreationTime"] - timedelta(minutes=1)
    assert listed(laptop, NameContains="list-", CreationTimeAfter=before) == names
    assert listed(laptop, NameContains="list-", CreationTimeBefore=before) == []
