"""The settings of a CreateTransformJob, all checked before anything starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelwharf.laptop.sagemaker import rules
from modelwharf.laptop.sagemaker.s3_transfers import DataError, split_uri
from modelwharf.laptop.sagemaker.transform.association import CODECS, TYPES, Association, media_type
from modelwharf.laptop.sagemaker.transform.json_path import ROOT, JsonPath, PathError

MOST_MB = 100  # MaxConcurrentTransforms × MaxPayloadInMB (CreateTransformJob)
VARIABLES = 16  # entries of Environment (CreateTransformJob)
VARIABLE_KEY = 1024  # characters
VARIABLE_VALUE = 10240  # characters
FILTER = 63  # characters of a filter (DataProcessing)
TIMEOUT = 600  # seconds for an answer (ModelClientConfig)
RETRIES = 3  # of a failed request (ModelClientConfig)

REQUIRED = ("ModelName", "TransformInput", "TransformOutput", "TransformResources")
UNSUPPORTED = ("DataCaptureConfig", "ExperimentConfig")
CHOICES = {
    "TransformInput.SplitType": ("None", "Line", "RecordIO", "TFRecord"),
    "TransformInput.CompressionType": ("None", "Gzip"),
    "TransformInput.DataSource.S3DataSource.S3DataType": ("S3Prefix", "ManifestFile"),
    "TransformOutput.AssembleWith": ("None", "Line"),
    "DataProcessing.JoinSource": ("None", "Input"),
    "BatchStrategy": ("MultiRecord", "SingleRecord"),
}
RANGES = {
    "MaxConcurrentTransforms": (0, MOST_MB),
    "MaxPayloadInMB": (0, MOST_MB),
    "ModelClientConfig.InvocationsTimeoutInSeconds": (1, 3600),
    "ModelClientConfig.InvocationsMaxRetries": (0, 3),
}

Request = Mapping[str, Any]


@dataclass(frozen=True)
class TransformPlan:
    """A checked request. ``concurrency``, ``payload_mb`` and ``single`` are None if not given."""

    manifest: bool
    source: str
    content_type: str | None
    gzip: bool
    split: str
    target: str
    accept: str | None
    assemble_lines: bool
    key_id: str | None
    association: Association
    timeout: float
    retries: int
    concurrency: int | None
    payload_mb: int | None
    single: bool | None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of each request to the model."""
        given = {"Content-Type": self.content_type, "Accept": self.accept}
        return {name: value for name, value in given.items() if value}


def plan_of(request: Request) -> TransformPlan:
    """Check a request. Raises ValidationException, which names all faults."""
    rules.require_fields(request, REQUIRED)
    rules.refuse_keys("", request, UNSUPPORTED)
    rules.require_one_instance(
        "TransformResources", request["TransformResources"].get("InstanceCount", 1)
    )
    faults = [*_faults(request)]
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    association, wrong = _association(request)
    if faults or wrong:
        raise rules.invalid("; ".join([*faults, *wrong]))
    given, put = request["TransformInput"], request["TransformOutput"]
    client = request.get("ModelClientConfig") or {}
    strategy = request.get("BatchStrategy")
    return TransformPlan(
        manifest=source["S3DataType"] == "ManifestFile",
        source=source["S3Uri"],
        content_type=given.get("ContentType"),
        gzip=given.get("CompressionType") == "Gzip",
        split=given.get("SplitType") or "None",
        target=put["S3OutputPath"],
        accept=put.get("Accept"),
        assemble_lines=put.get("AssembleWith") == "Line",
        key_id=put.get("KmsKeyId") or None,
        association=association,
        timeout=float(client.get("InvocationsTimeoutInSeconds", TIMEOUT)),
        retries=int(client.get("InvocationsMaxRetries", RETRIES)),
        concurrency=request.get("MaxConcurrentTransforms") or None,
        payload_mb=request.get("MaxPayloadInMB"),
        single=None if strategy is None else strategy == "SingleRecord",
    )


def _faults(request: Request) -> list[str]:
    faults = []
    for place, allowed in CHOICES.items():
        value = _at(request, place)
        if value is not None and value not in allowed:
            faults.append(f"{place} is {value!r}; allowed here: {', '.join(allowed)}")
    for place, (least, most) in RANGES.items():
        value = _at(request, place)
        if value is not None and not least <= value <= most:
            faults.append(f"{place} is {value}; it must be {least} to {most}")
    concurrent, size = request.get("MaxConcurrentTransforms"), request.get("MaxPayloadInMB")
    if concurrent and size and concurrent * size > MOST_MB:
        faults.append(
            f"MaxConcurrentTransforms × MaxPayloadInMB is {concurrent} × {size} = "
            f"{concurrent * size} MB; it must not exceed {MOST_MB} MB"
        )
    for place in ("TransformInput.DataSource.S3DataSource.S3Uri", "TransformOutput.S3OutputPath"):
        try:
            split_uri(_at(request, place) or "")
        except DataError as error:
            faults.append(f"{place}: {error}")
    environment = request.get("Environment") or {}
    if len(environment) > VARIABLES:
        faults.append(f"Environment has {len(environment)} entries; at most {VARIABLES}")
    for name, value in environment.items():
        if len(name) > VARIABLE_KEY or len(value) > VARIABLE_VALUE:
            faults.append(
                f"Environment: {name[:40]} is too long; a key has at most {VARIABLE_KEY} "
                f"characters, a value {VARIABLE_VALUE}"
            )
    return faults


def _at(request: Request, place: str) -> Any:
    found: Any = request
    for name in place.split("."):
        found = (found or {}).get(name)
    return found


def _association(request: Request) -> tuple[Association, list[str]]:
    """The association and its faults: SageMaker filters and joins only CSV and JSON."""
    processing = request.get("DataProcessing") or {}
    faults: list[str] = []
    paths = [_path(processing, name, faults) for name in ("InputFilter", "OutputFilter")]
    joins = processing.get("JoinSource") == "Input"
    split = _at(request, "TransformInput.SplitType") or "None"
    inward = media_type(_at(request, "TransformInput.ContentType"))
    outward = media_type(_at(request, "TransformOutput.Accept"))
    shapes_output = joins or not paths[1].is_root
    shapes = shapes_output or not paths[0].is_root
    if shapes and inward not in TYPES:
        faults.append(
            f"DataProcessing needs TransformInput.ContentType {', '.join(TYPES)}; it is {inward!r}"
        )
    if shapes_output and outward not in TYPES:
        faults.append(
            f"DataProcessing needs TransformOutput.Accept {', '.join(TYPES)}; it is {outward!r}"
        )
    codec = CODECS.get(inward) if shapes else None
    if shapes_output and codec and outward in TYPES and CODECS[outward].name != codec.name:
        faults.append(f"DataProcessing cannot join {inward} with {outward}; use one format")
    assembly = _at(request, "TransformOutput.AssembleWith")
    if codec is not None and codec.name == "CSV" and split != "Line":
        faults.append("DataProcessing of CSV needs TransformInput.SplitType Line")
    if shapes_output and codec is not None and codec.name == "CSV" and assembly != "Line":
        faults.append("DataProcessing of CSV needs TransformOutput.AssembleWith Line")
    if shapes and split in ("RecordIO", "TFRecord"):
        faults.append(f"DataProcessing is not for records of SplitType {split}")
    return Association(paths[0], paths[1], joins, split == "Line", codec), faults


def _path(processing: Request, name: str, faults: list[str]) -> JsonPath:
    text = processing.get(name) or ROOT
    if len(text) > FILTER:
        faults.append(f"DataProcessing.{name} has {len(text)} characters; at most {FILTER}")
    try:
        return JsonPath.parse(text)
    except PathError as error:
        faults.append(f"DataProcessing.{name}: {error}")
        return JsonPath.parse(ROOT)
