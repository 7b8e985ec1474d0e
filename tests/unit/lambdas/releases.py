"""Release documents as far as a test needs them."""

from typing import Any, Literal, TypeVar, overload

from lambdas.handlers.resolve import timeouts
from modelwharf.contracts.parameters import Parameters
from modelwharf.contracts.release import (
    DeploymentResult,
    Image,
    ImageKind,
    ImagePlan,
    ImagePlans,
    Images,
    ModelPackage,
    Plan,
    PreparedData,
    QualityVerdict,
    ReleaseDocument,
    TrainingResult,
    Trigger,
    Verification,
)
from modelwharf.contracts.request import TriggerSource
from modelwharf.contracts.stages import (
    BuiltRelease,
    DeployedRelease,
    PlannedRelease,
    PreparedRelease,
    RegisteredRelease,
    TrainedRelease,
    VerifiedRelease,
)
from modelwharf.contracts.task import BuildTask, WaitingTask

Release = TypeVar("Release", bound=ReleaseDocument)

RELEASE = "r-0123456789abcdef"
TOKEN = "token"
OTHER = "r-fedcba9876543210"
COMMIT = "c" * 40
TRAINING_JOB = f"oil-price-{RELEASE}-train"
PROCESSING_JOB = f"oil-price-{RELEASE}-prepare"
CONFIG = f"oil-price-{RELEASE}-config"
MODEL = f"oil-price-{RELEASE}-model"
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/oil-price/1"
KEPT = f"s3://artifacts/models/{RELEASE}/model.tar.gz"
OUTPUT = f"s3://artifacts/releases/{RELEASE}/training/{TRAINING_JOB}/output/output.tar.gz"


def trigger(**change: Any) -> Trigger:
    facts: dict[str, Any] = {
        "source": TriggerSource.PUSH,
        "commit": COMMIT,
        "branch": "main",
        "data_versions": {"wti": "v1"},
        "parameter_versions": {},
    }
    return Trigger(**facts | change)


def plan(**sections: Any) -> Plan:
    parameters = Parameters(**sections)
    return Plan(
        **{name: getattr(parameters, name) for name in Parameters.model_fields},
        images=ImagePlans(training=_image_plan("training"), inference=_image_plan("inference")),
        timeouts=timeouts(parameters),
    )


def _image_plan(kind: str) -> ImagePlan:
    return ImagePlan(
        repository=f"modelwharf/oil-price/{kind}",
        dockerfile=f"containers/{kind}/Dockerfile",
        tag=f"src-{kind}",
        base_image="python:3.12-slim",
        platform="linux/amd64",
    )


def image(kind: str) -> Image:
    digest = f"sha256:{kind}"
    uri = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/modelwharf/oil-price/{kind}@{digest}"
    return Image(uri=uri, digest=digest, tag=f"src-{kind}", built=True)


STAGES: dict[str, type[ReleaseDocument]] = {
    "Start": ReleaseDocument,
    "Resolve": PlannedRelease,
    "BuildImages": BuiltRelease,
    "PrepareData": PreparedRelease,
    "Train": TrainedRelease,
    "CheckQuality": TrainedRelease,
    "Register": RegisteredRelease,
    "Deploy": DeployedRelease,
    "Verify": VerifiedRelease,
}


@overload
def document(
    release: str = ..., *, upto: Literal["Resolve"] = ..., **change: Any
) -> PlannedRelease: ...


@overload
def document(
    release: str = ..., *, upto: Literal["BuildImages"], **change: Any
) -> BuiltRelease: ...


@overload
def document(
    release: str = ..., *, upto: Literal["PrepareData"], **change: Any
) -> PreparedRelease: ...


@overload
def document(
    release: str = ..., *, upto: Literal["Train", "CheckQuality"], **change: Any
) -> TrainedRelease: ...


@overload
def document(
    release: str = ..., *, upto: Literal["Register"], **change: Any
) -> RegisteredRelease: ...


@overload
def document(release: str = ..., *, upto: Literal["Deploy"], **change: Any) -> DeployedRelease: ...


@overload
def document(release: str = ..., *, upto: Literal["Verify"], **change: Any) -> VerifiedRelease: ...


@overload
def document(release: str = ..., *, upto: str, **change: Any) -> ReleaseDocument: ...


def document(release: str = RELEASE, *, upto: str = "Resolve", **change: Any) -> ReleaseDocument:
    """The document after the state ``upto``, with ``change`` on top."""
    sections: dict[str, dict[str, Any]] = {
        "Start": {},
        "Resolve": {"plan": plan()},
        "BuildImages": {"images": Images(training=image("training"), inference=image("inference"))},
        "PrepareData": {
            "data": PreparedData(
                uri=f"s3://artifacts/releases/{release}/data/",
                job=f"oil-price-{release}-prepare",
                fingerprint="f1",
            )
        },
        "Train": {
            "training": TrainingResult(
                job=f"oil-price-{release}-train",
                artifact=f"s3://artifacts/releases/{release}/training/model.tar.gz",
                artifact_version="v1",
                output=OUTPUT,
                metrics={"holdout:skill": 0.1},
                seconds=42,
            )
        },
        "CheckQuality": {
            "quality": QualityVerdict(
                passed=True, metrics={"skill": 0.012}, reasons=("skill 0.012 ≥ -0.05",)
            )
        },
        "Register": {"model_package": ModelPackage(arn=PACKAGE, version=1, artifact=KEPT)},
        "Deploy": {
            "deployment": DeploymentResult(
                endpoint="oil-price",
                config=f"oil-price-{release}-config",
                model=f"oil-price-{release}-model",
                previous_config=None,
            )
        },
        "Verify": {
            "verification": Verification(
                requests=1, largest_difference=0.0, tolerance=1e-6, checked="holdout"
            )
        },
    }
    facts: dict[str, Any] = {}
    for state, section in sections.items():
        facts |= section
        if state == upto:
            break
    return STAGES[upto](
        **{"release_id": release, "project": "oil-price", "trigger": trigger()} | facts | change
    )


def task(doc: Release, token: str = TOKEN) -> WaitingTask[Release]:
    return WaitingTask(release=doc, task_token=token)


def build_task(
    doc: PlannedRelease, kind: ImageKind = ImageKind.TRAINING, token: str = TOKEN
) -> BuildTask:
    return BuildTask(release=doc, task_token=token, kind=kind)
