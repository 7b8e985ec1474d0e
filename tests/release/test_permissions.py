"""What a model's own programs may do with the credentials that they are given."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.names import Names
from lambdas.build import BuildContext, settle_build
from lambdas.endpoint_rollback import settle_rollback
from lambdas.endpoint_rows import EndpointChange
from lambdas.handlers.deploy_model import hold_lease
from lambdas.handlers.refresh_data import refresh_data
from lambdas.object_copy import ObjectVersion, copy_version
from lambdas.stopping import stop_job
from lambdas.verdict import Failed, Succeeded
from lambdas.waiter_rows import Waiter
from lambdas.waiting import answer, close_late
from modelwharf.contracts.jobs import (
    APPROVAL,
    BUILD,
    ENDPOINT,
    PROCESSING,
    ROLLBACK,
    TRAINING,
    JobType,
)
from modelwharf.contracts.names import model_key, training_prefix
from modelwharf.contracts.rollback import EndpointOutcome, Rollback
from tests.release.laptop import PROJECT, Laptop
from tests.release.people import Person, person
from tests.release.roles import function_name, runtime_of, session_of
from tests.release.team import Team
from tests.waiting import until


def credentials_of(laptop: Laptop, program: str) -> dict[str, str]:
    """What the newest of the programs with this command line finds in its environment."""

    def variables() -> dict[str, str] | None:
        found = [pid for pid, line in laptop.children().items() if line.endswith(program)]
        if not found:
            return None
        lines = Path(f"/proc/{max(found)}/environ").read_text().split("\0")
        return dict(line.split("=", 1) for line in lines if "=" in line)

    return until(variables, f"a running {program}")


def storage(laptop: Laptop, variables: dict[str, str]) -> Any:
    """S3 with a program's own credentials."""
    return boto3.client(
        "s3",
        endpoint_url=laptop.state.url,
        region_name=laptop.state.region,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables["AWS_SESSION_TOKEN"],
    )


def champion(team: Team) -> dict[str, str]:
    """Bucket and key of the model that serves."""
    sagemaker, endpoint = team.laptop.client("sagemaker"), team.outputs["EndpointName"]
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    address = urlsplit(model["PrimaryContainer"]["ModelDataUrl"])
    return {"Bucket": address.netloc, "Key": address.path[1:]}


def assert_refused(laptop: Laptop, action: str, call: Any, **request: Any) -> None:
    with pytest.raises(ClientError) as refused:
        call(**request)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert f"is not authorized to perform: {action}" in str(refused.value)
    laptop.refusals.append(refused.value.response["Error"]["Message"])


def test_the_endpoint_may_read_the_champion_s_model_and_write_neither_it_nor_any_release(
    team: Team, laptop: Laptop
) -> None:
    s3, served = storage(laptop, credentials_of(laptop, "program.py serve")), champion(team)

    assert s3.get_object(**served)["ContentLength"]
    assert_refused(laptop, "s3:PutObject", s3.put_object, **served, Body=b"another model")
    assert_refused(laptop, "s3:DeleteObject", s3.delete_object, **served)
    for key in ("releases/r-1/training/x", "releases/r-1/data/x", "releases/r-1/raw/x"):
        elsewhere = {"Bucket": served["Bucket"], "Key": key}
        assert_refused(laptop, "s3:PutObject", s3.put_object, **elsewhere, Body=b"")
        assert_refused(laptop, "s3:GetObject", s3.get_object, **elsewhere)


def test_a_training_job_may_write_over_no_model_that_serves(
    team: Team, laptop: Laptop, tmp_path: Path
) -> None:
    gate, served = tmp_path / "gate", champion(team)
    team.configure("training", hyperparameters={"gate": str(gate)})
    name = team.started_by(lambda: team.request("a job that reaches beyond"))
    s3 = storage(laptop, credentials_of(laptop, "program.py train"))

    assert_refused(laptop, "s3:PutObject", s3.put_object, **served, Body=b"another model")
    assert_refused(laptop, "s3:DeleteObject", s3.delete_object, **served)

    gate.touch()
    team.configure("training", hyperparameters=None)
    assert team.end(name).status == "SUCCEEDED"


def test_what_a_later_job_writes_over_an_earlier_one_s_output_is_not_what_serves(
    team: Team, laptop: Laptop, tmp_path: Path
) -> None:
    """All training jobs share a role; what is registered is a copy that it cannot write."""
    release = team.release()
    assert release.document is not None and release.document.training is not None
    left = urlsplit(release.document.training.artifact)
    assert left.path[1:].startswith(training_prefix(release.name))

    laptop.client("s3").put_object(Bucket=left.netloc, Key=left.path[1:], Body=b"another model")

    assert champion(team)["Key"] == model_key(release.name)
    kept = laptop.client("s3").get_object(**champion(team))["Body"].read()
    assert kept != b"another model"


@pytest.fixture(scope="module")
def viewer(team: Team, laptop: Laptop) -> Person:
    return person(laptop, "viewer")


@pytest.fixture(scope="module")
def operator(team: Team, laptop: Laptop) -> Person:
    return person(laptop, "operator")


def test_a_viewer_may_look_at_everything(team: Team, viewer: Person, assembly: Path) -> None:
    first = team.executions()[-1]

    assert first in viewer.does("releases", "--limit", "100")
    assert "SUCCEEDED" in viewer.does("show", first, "--json")
    assert "accuracy=" in viewer.does("logs", first)
    assert "accuracy" in viewer.does("config", "show", "quality")
    found = json.loads(viewer.wharf("preflight", "--assembly", str(assembly), "--json").stdout)
    assert [one for one in found["findings"] if "not authorized" in one["seen"]] == []


def test_a_viewer_changes_nothing(
    team: Team, laptop: Laptop, viewer: Person, tmp_path: Path
) -> None:
    first, file = team.executions()[-1], tmp_path / "quality.json"
    file.write_text(json.dumps(team.parameters["quality"]))
    before = set(team.executions())
    project = tmp_path / "modelwharf.toml"
    viewer.does("config", "pull", str(project))
    project.write_text(f"{project.read_text()}[notifications]\noutcomes = []\n")
    assert "notifications.outcomes" in viewer.wharf("config", "diff", str(project)).stdout

    for action, *words in (
        ("sns:Publish", "start"),
        ("sagemaker:InvokeEndpoint", "invoke", "{}"),
        ("ssm:PutParameter", "config", "put", "quality", str(file)),
        ("ssm:PutParameter", "config", "apply", str(project), "--yes"),
        ("s3:PutObject", "data", "put", "numbers", str(file)),
        ("cloudformation:GetTemplate", "destroy", "--yes"),
    ):
        viewer.is_refused(laptop, action, *words)
    viewer.is_refused(laptop, "sqs:ReceiveMessage", "redrive")
    assert viewer.wharf("approve", first).exit_code == 1  # it waits for nothing
    assert set(team.executions()) == before


def test_an_operator_runs_the_project(team: Team, operator: Person, tmp_path: Path) -> None:
    file, empty = tmp_path / "section.json", tmp_path / "empty.json"
    empty.write_text("{}")
    file.write_text(json.dumps({**team.parameters["deployment"], "approval": "manual"}))
    operator.does("config", "put", "deployment", str(file))
    operator.does("config", "put", "notifications", str(empty))
    project = tmp_path / "modelwharf.toml"
    project.write_text("")
    foreign = operator.wharf("config", "apply", str(project), "--yes")
    assert "another person set what this would replace" in foreign.stderr
    operator.does("config", "pull", str(project))
    operator.does("config", "diff", str(project))
    project.write_text(f"{project.read_text()}[notifications]\noutcomes = ['failed']\n")
    assert "wrote " in operator.does("config", "apply", str(project), "--yes")
    operator.does("config", "put", "notifications", str(empty))
    name = json.loads(operator.does("start", "--reason", "by an operator", "--json"))["release"]
    until(lambda: "Approve" in team.entered(name), "its question")
    until(lambda: operator.wharf("reject", name, "--note", "no").exit_code == 0, "its decision")
    assert team.end(name).error == "ApprovalRejected"
    assert '"sum"' in operator.does("invoke", '{"add": 1}')
    operator.does("redrive")

    file.write_text(json.dumps(team.parameters["deployment"]))
    operator.does("config", "put", "deployment", str(file))
    team.commit("Of an operator", {"README.md": "by an operator\n"})
    pushed = operator.does("push", "--directory", str(team.repository), "--json")
    if json.loads(pushed)["release"]:  # where it is not the documentation alone that is new
        team.end(json.loads(pushed)["release"])


# What follows happens seldom in a release: each function's own code, with its role's credentials.

ANSWERING = (
    *("build_image", "prepare_data", "train_model", "request_approval", "deploy_model"),
    *("roll_back", "resume_release"),
)


def row(kind: JobType, subject: str, release: str = "r-0000000000000000") -> Waiter:
    """What a release waits for."""
    return Waiter(
        job=f"{kind}/{subject}",
        release_id=release,
        state="Test",
        token="nobody waits",
        kind=kind,
        subject=subject,
        started=0,
        next_check=2**31,  # the sweep lets it alone
        expires=2**31,
    )


@pytest.mark.parametrize("module", ANSWERING)
def test_each_function_that_others_wait_for_may_answer_both_ways(
    team: Team, laptop: Laptop, module: str
) -> None:
    runtime = runtime_of(laptop, module)
    assert not answer(
        runtime, "nobody waits", Succeeded(output=Rollback(endpoint=EndpointOutcome.KEPT))
    )
    assert not answer(runtime, "nobody waits", Failed(error="Wrong", cause="on purpose"))


@pytest.mark.parametrize("module", ["roll_back", "resume_release"])
def test_who_undoes_a_release_may_stop_each_kind_of_its_jobs(
    team: Team, laptop: Laptop, module: str
) -> None:
    """Each is over already, or was never made: that is not an error, a refusal would be one."""
    build = laptop.client("codebuild").list_builds()["ids"][0]
    job = laptop.client("sagemaker").list_training_jobs()["TrainingJobSummaries"][0]
    runtime = runtime_of(laptop, module)

    assert stop_job(runtime, row(BUILD, build))
    assert not stop_job(runtime, row(TRAINING, job["TrainingJobName"]))
    assert not stop_job(runtime, row(PROCESSING, f"{PROJECT}-r-0-prepare"))


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("build_image", BUILD),
        ("prepare_data", PROCESSING),
        ("train_model", TRAINING),
        ("request_approval", APPROVAL),
        ("deploy_model", ENDPOINT),
    ],
)
def test_who_comes_late_to_a_stopped_release_may_stop_what_an_earlier_attempt_submitted(
    team: Team, laptop: Laptop, module: str, kind: JobType
) -> None:
    runtime, subject = runtime_of(laptop, module), f"{PROJECT}-r-0-none"
    if kind is BUILD:
        subject = laptop.client("codebuild").list_builds()["ids"][0]
    waiter = row(kind, subject)
    runtime.ledger.put_waiter(waiter)

    close_late(runtime, waiter)

    left = runtime_of(laptop, "resume_release").ledger.waiters(waiter.job)
    assert left == []


def test_who_deploys_may_see_whether_the_lease_s_owner_still_runs(
    team: Team, laptop: Laptop
) -> None:
    runtime, first = runtime_of(laptop, "deploy_model"), team.executions()[-1]
    endpoint, now = runtime.environment.endpoint, runtime.now()
    runtime.ledger.take_lease(endpoint, first, now=now, until=now + 600, over="")

    assert hold_lease(runtime, "r-0000000000000000", seconds=60) == first

    runtime.ledger.release_lease(endpoint, "r-0000000000000000")


def test_who_resolves_may_ask_for_quotas_that_the_account_never_changed(
    team: Team, laptop: Laptop
) -> None:
    quotas = runtime_of(laptop, "resolve").clients.service_quotas
    assert quotas.list_aws_default_service_quotas(ServiceCode="sagemaker")["Quotas"]


@pytest.mark.parametrize("module", ["resolve", "verify_endpoint"])
def test_who_checks_and_who_sends_a_probe_may_read_its_file(
    team: Team, laptop: Laptop, module: str
) -> None:
    runtime, commit = runtime_of(laptop, module), team.git("rev-parse", "HEAD")
    file = runtime.clients.codecommit.get_file(
        repositoryName=runtime.environment.code_repository,
        commitSpecifier=commit,
        filePath="containers/buildspec.yml",
    )
    assert file["fileContent"]


def test_who_prepares_and_who_registers_may_copy_in_parts_and_go_on_with_it(
    team: Team, laptop: Laptop
) -> None:
    part = 5 * 1024**2  # bytes; S3 takes none smaller but the last
    s3, bucket = laptop.client("s3"), team.outputs["ArtifactBucket"]
    body = b"0" * (part + 1)
    for module, source, key, target in (
        ("prepare_data", team.outputs["DataBucket"], "large.bin", "releases/r-0/raw/large.bin"),
        ("register_model", bucket, "releases/r-0/training/m.tar.gz", "models/r-0/model.tar.gz"),
    ):
        version = s3.put_object(Bucket=source, Key=key, Body=body)["VersionId"]
        s3.create_multipart_upload(Bucket=bucket, Key=target)  # what a call before this one began

        copy_version(
            runtime_of(laptop, module),
            ObjectVersion(source, key, version),
            bucket,
            target,
            part=part,
        )

        assert s3.head_object(Bucket=bucket, Key=target)["ContentLength"] == len(body)
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix=target)


READERS = (
    *(("resolve", "data"), ("start_release", "data"), ("refresh_data", "data")),
    *(("prepare_data", "artifacts"), ("train_model", "artifacts"), ("check_quality", "artifacts")),
    *(("register_model", "artifacts"), ("verify_endpoint", "artifacts")),
    ("resume_release", "artifacts"),
)


@pytest.mark.parametrize(("module", "bucket"), READERS)
def test_to_who_reads_it_an_object_that_is_not_there_is_missing_and_not_forbidden(
    team: Team, laptop: Laptop, module: str, bucket: str
) -> None:
    runtime = runtime_of(laptop, module)
    keys = {"prepare_data": "raw/x", "register_model": "training/x"}
    key = f"releases/r-0/{keys.get(module, 'training/x')}"
    name = {
        "data": runtime.environment.data_bucket,
        "artifacts": runtime.environment.artifact_bucket,
    }[bucket]
    version: dict[str, Any] = (
        {"VersionId": "none"} if module in ("resolve", "register_model") else {}
    )
    with pytest.raises(ClientError) as missing:
        runtime.clients.s3.head_object(Bucket=name, Key=key, **version)

    assert missing.value.response["Error"]["Code"] == "404"


def test_who_waits_for_a_build_that_failed_tells_its_log(team: Team, laptop: Laptop) -> None:
    codebuild = laptop.client("codebuild")
    build = codebuild.start_build(projectName=team.outputs["BuildProject"])["build"]["id"]
    until(
        lambda: codebuild.batch_get_builds(ids=[build])["builds"][0]["buildComplete"],
        "the end of a build that was told nothing",
    )
    repository = "modelwharf/oil-price/training"
    context = BuildContext(repository=repository, tag="src-0").model_dump_json()
    for module in ("build_image", "resume_release"):
        waiter = row(BUILD, build).model_copy(update={"context": context})

        verdict = settle_build(runtime_of(laptop, module), waiter)

        assert isinstance(verdict, Failed)
        assert "\n| " in verdict.cause, verdict.cause


@pytest.mark.parametrize("module", ["start_release", "resume_release", "refresh_data"])
def test_an_event_that_a_function_fails_on_is_kept_with_the_function_s_own_role(
    team: Team, laptop: Laptop, module: str
) -> None:
    sqs, queue = laptop.client("sqs"), team.outputs["DeadLetterQueueUrl"]
    nonsense = json.dumps(["no event of any kind"]).encode()
    laptop.client("lambda").invoke(
        FunctionName=function_name(module), InvocationType="Event", Payload=nonsense
    )

    def kept() -> bool:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return any(function_name(module) in message["Body"] for message in found)

    until(kept, "the lost event in the queue")


def test_each_work_of_sagemaker_may_give_up_an_upload_in_parts(team: Team, laptop: Laptop) -> None:
    """As S3's client does when a part fails."""
    roles, bucket = runtime_of(laptop, "prepare_data").environment, team.outputs["ArtifactBucket"]
    for role, key in (
        (roles.prepare_role_arn, "releases/r-0/data/x"),
        (roles.train_role_arn, "releases/r-0/training/x"),
        (roles.serve_role_arn, f"capture/{PROJECT}/x"),
    ):
        s3 = session_of(laptop, role).client("s3", endpoint_url=laptop.state.url)
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        left = laptop.client("s3").list_multipart_uploads(Bucket=bucket, Prefix=key)
        assert "Uploads" not in left


def test_a_pip_configuration_under_the_stack_s_own_key_reaches_the_build(
    team: Team, laptop: Laptop
) -> None:
    key = laptop.client("kms").list_keys()["Keys"][0]["KeyArn"]
    secret = {"Name": Names(PROJECT).pip_conf_parameter, "Type": "SecureString"}
    laptop.client("ssm").put_parameter(**secret, Value="[global]\n", KeyId=key)
    project = laptop.client("codebuild").batch_get_projects(names=[team.outputs["BuildProject"]])
    build = session_of(laptop, project["projects"][0]["serviceRole"])
    ssm = build.client("ssm", endpoint_url=laptop.state.url)

    found = ssm.get_parameter(Name=secret["Name"], WithDecryption=True)

    laptop.client("ssm").delete_parameter(Name=secret["Name"])
    assert found["Parameter"]["Value"] == "[global]\n"


def test_the_daily_refresh_may_read_its_key_and_write_new_prices(
    team: Team, laptop: Laptop, prices: str
) -> None:
    secret = {"Name": Names(PROJECT).eia_key_parameter, "Type": "SecureString"}
    laptop.client("ssm").put_parameter(**secret, Value="key")
    inputs = team.parameters["data"]["inputs"]
    eia = {"key": "other/wti.csv", "eia": {"series": "RWTC"}}
    team.configure("data", inputs={**inputs, "wti": eia})
    runtime = runtime_of(laptop, "refresh_data")
    asking = replace(
        runtime, environment=runtime.environment.model_copy(update={"eia_url": prices})
    )

    changed = [refresh_data(asking), refresh_data(asking)]

    team.configure("data", inputs=inputs)
    assert changed == [("wti",), ()]


@pytest.fixture
def prices() -> Iterator[str]:
    """An EIA of one day."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            rows = [{"period": "2020-04-17", "series": "RWTC", "value": "18.31"}]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"response": {"total": "1", "data": rows}}).encode())

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v2"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("module", ["roll_back", "resume_release"])
def test_who_undoes_the_first_release_may_delete_the_endpoint_that_it_made(
    team: Team, laptop: Laptop, module: str
) -> None:
    sagemaker, endpoint = laptop.client("sagemaker"), team.outputs["EndpointName"]
    served = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=served)["ProductionVariants"]
    release = f"r-{module.replace('_', '-')}"
    name = f"{PROJECT}-{release}"
    change = EndpointChange(endpoint=endpoint, config=name, model=name, previous_config=None)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=name)
    until(lambda: endpoint_status(laptop, endpoint) == "InService", "the release's own model")
    runtime = runtime_of(laptop, module)
    runtime.ledger.put_endpoint_change(release, change)

    verdict = settle_rollback(runtime, row(ROLLBACK, endpoint, release))

    assert isinstance(verdict, Succeeded)
    until(lambda: endpoint_status(laptop, endpoint) is None, "the end of the endpoint")
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=served)
    until(lambda: endpoint_status(laptop, endpoint) == "InService", "what served before")


def endpoint_status(laptop: Laptop, endpoint: str) -> str | None:
    found = laptop.client("sagemaker").list_endpoints()["Endpoints"]
    return next((one["EndpointStatus"] for one in found if one["EndpointName"] == endpoint), None)
