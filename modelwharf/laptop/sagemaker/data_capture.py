"""Data capture: write an endpoint's requests and responses to S3, as SageMaker does.

Stock moto stores a DataCaptureConfig and captures nothing. The format of lines and keys is in the
developer guide, "Capture data from real-time endpoint". ``customAttributes`` is a list because
"Preprocessing and Postprocessing" there reads a list. Only requests that the model answered with
2xx are captured: this is our choice, because the guide does not say.
"""

import base64
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker import rules
from modelwharf.laptop.sagemaker.s3_transfers import join_uri, split_uri

FLUSH = 2.0  # seconds from a request to its line in S3; SageMaker takes up to minutes
OBJECT_SIZE = 4 * 1024 * 1024  # bytes captured, beyond which an object is written at once
WAITING = 64 * 1024 * 1024  # bytes that may wait; SageMaker, too, drops rather than slow down
CREDENTIALS = 45 * 60.0  # seconds between requests for a role's credentials; they last 60 min
CLOSING = 30.0  # seconds that an endpoint's end waits for unwritten requests
CONTENT_TYPES = 10  # in each list of CaptureContentTypeHeader
INPUT, OUTPUT = "Input", "Output"
MODES: Mapping[str, frozenset[str]] = {
    INPUT: frozenset({INPUT}),
    OUTPUT: frozenset({OUTPUT}),
    "InputAndOutput": frozenset({INPUT, OUTPUT}),
}
REQUIRED = ("InitialSamplingPercentage", "DestinationS3Uri", "CaptureOptions")


@dataclass(frozen=True)
class CapturePlan:
    """The settings of an active DataCaptureConfig."""

    uri: str
    percent: int
    modes: frozenset[str]
    csv_types: tuple[str, ...]
    json_types: tuple[str, ...]
    key: str
    """A KMS key; "" for the bucket's own encryption."""

    def summary(self) -> dict[str, Any]:
        """DataCaptureConfigSummary of DescribeEndpoint."""
        return {
            "EnableCapture": True,
            "CaptureStatus": "Started",
            "CurrentSamplingPercentage": self.percent,
            "DestinationS3Uri": self.uri,
            "KmsKeyId": self.key,
        }


def require_capture(request: Mapping[str, Any]) -> None:
    """Raise ValidationException for a CreateEndpointConfig with invalid capture settings."""
    config = request.get("DataCaptureConfig")
    if not config:
        return
    if any(variant.get("ServerlessConfig") for variant in request.get("ProductionVariants", ())):
        raise rules.invalid(
            "DataCaptureConfig: serverless endpoints have no data capture; give the variants an "
            "InstanceType, or leave DataCaptureConfig out"
        )
    missing = [key for key in REQUIRED if config.get(key) is None]
    if missing:
        raise rules.invalid(f"DataCaptureConfig.{missing[0]} is missing")
    percent = config["InitialSamplingPercentage"]
    if not 0 <= percent <= 100:
        raise rules.invalid(
            f"DataCaptureConfig.InitialSamplingPercentage is {percent}; it must be 0 to 100"
        )
    uri = config["DestinationS3Uri"]
    if not uri.startswith("s3://") or not split_uri(uri)[0]:
        raise rules.invalid(
            f"DataCaptureConfig.DestinationS3Uri is {uri!r}; write s3://bucket/prefix"
        )
    for option in config["CaptureOptions"]:
        if option.get("CaptureMode") not in MODES:
            raise rules.invalid(
                f"DataCaptureConfig.CaptureOptions: {option.get('CaptureMode')!r} is not a "
                f"CaptureMode; allowed: {', '.join(MODES)}"
            )
    for name, types in (config.get("CaptureContentTypeHeader") or {}).items():
        if len(types) > CONTENT_TYPES:
            raise rules.invalid(f"{name} has {len(types)} content types; at most {CONTENT_TYPES}")


def capture_plan(config: Mapping[str, Any] | None) -> CapturePlan | None:
    """The plan from a DataCaptureConfig; None when it captures nothing."""
    if not config or not config.get("EnableCapture", True):
        return None
    headers = config.get("CaptureContentTypeHeader") or {}
    modes = [MODES[option["CaptureMode"]] for option in config["CaptureOptions"]]
    return CapturePlan(
        uri=config["DestinationS3Uri"],
        percent=int(config["InitialSamplingPercentage"]),
        modes=frozenset().union(*modes),
        csv_types=_media_types(headers, "CsvContentTypes"),
        json_types=_media_types(headers, "JsonContentTypes"),
        key=config.get("KmsKeyId") or "",
    )


def _media_types(headers: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(one.lower() for one in headers.get(name) or ())


@dataclass(frozen=True)
class Invocation:
    """A request and the model's response."""

    body: bytes
    content_type: str
    answer: bytes
    answer_type: str
    inference_id: str = ""
    custom_attributes: str = ""
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def size(self) -> int:
        return len(self.body) + len(self.answer)

    def line(self, plan: CapturePlan) -> str:
        """One line of the object, without its line end."""
        data = {}
        if INPUT in plan.modes:
            data["endpointInput"] = _side("INPUT", self.body, self.content_type, plan)
        if OUTPUT in plan.modes:
            data["endpointOutput"] = _side("OUTPUT", self.answer, self.answer_type, plan)
        metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        if self.custom_attributes:
            metadata["customAttributes"] = [self.custom_attributes]
        if self.inference_id:
            metadata["inferenceId"] = self.inference_id
        metadata["inferenceTime"] = f"{self.time:%Y-%m-%dT%H:%M:%SZ}"
        event = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _side(mode: str, body: bytes, content_type: str, plan: CapturePlan) -> dict[str, str]:
    encoding, data = _encoded(body, content_type, plan)
    return {
        "observedContentType": content_type,
        "mode": mode,
        "data": data,
        "encoding": encoding,
    }


def _encoded(body: bytes, content_type: str, plan: CapturePlan) -> tuple[str, str]:
    """The encoding ``CSV`` or ``JSON`` with the text, or ``BASE64`` for every other body."""
    media_type = content_type.partition(";")[0].strip().lower()
    for encoding, types in (("CSV", plan.csv_types), ("JSON", plan.json_types)):
        if media_type in types:
            try:
                return encoding, body.decode()
            except UnicodeDecodeError:
                break
    return "BASE64", base64.b64encode(body).decode()


class Capturer:
    """Writes one variant's invocations, in its own thread and with the variant's role.

    The threads that answer requests only pass them on. The endpoint's log shows S3's refusals.
    """

    def __init__(
        self,
        cloud: Cloud,
        plan: CapturePlan,
        *,
        endpoint: str,
        variant: str,
        role: str,
        log: Callable[[str], None],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._cloud = cloud
        self._plan = plan
        self._prefix = join_uri(plan.uri, endpoint, variant)
        self._role = role
        self._session = f"SageMaker-{endpoint}"
        self._log = log
        self._draw = draw
        self._changed = threading.Condition()
        self._kept: list[Invocation] = []
        self._size = 0  # bytes of the kept requests
        self._dropped = 0
        self._closed = False
        self._s3: Any = None
        self._s3_until = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def offer(self, invocation: Invocation) -> None:
        """Keep the request if the sampling selects it. This never waits for S3."""
        if self._draw() * 100 >= self._plan.percent:
            return
        with self._changed:
            if self._closed:
                return
            if self._size + invocation.size > WAITING:
                self._dropped += 1
                return
            self._kept.append(invocation)
            self._size += invocation.size
            if len(self._kept) == 1 or self._size >= OBJECT_SIZE:
                self._changed.notify_all()

    def close(self) -> None:
        """Write the kept requests and end. Requests that S3 does not accept in time may be lost."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(CLOSING)

    def _run(self) -> None:
        closed = False
        while not closed:
            with self._changed:
                self._changed.wait_for(lambda: self._kept or self._closed)
                self._changed.wait_for(lambda: self._size >= OBJECT_SIZE or self._closed, FLUSH)
                kept, self._kept, self._size = self._kept, [], 0
                dropped, self._dropped = self._dropped, 0
                closed = self._closed
            if dropped:
                self._log(
                    f"[laptop] data capture: {dropped} requests were not captured, for "
                    f"{WAITING // 1024**2} MiB waited to be written"
                )
            for hour in sorted({_hour(one) for one in kept}):
                self._write([one for one in kept if _hour(one) == hour])

    def _write(self, kept: Sequence[Invocation]) -> None:
        """Write one object. A failure is logged and stops nothing."""
        first = kept[0].time
        name = f"{first:%M-%S}-{first.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
        uri = join_uri(self._prefix, _hour(kept[0]), name)
        bucket, key = split_uri(uri)
        text = "".join(f"{one.line(self._plan)}\n" for one in kept)
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._plan.key}
            if self._plan.key
            else {}
        )
        try:
            self._client().put_object(Bucket=bucket, Key=key, Body=text.encode(), **encryption)
        except (ClientError, BotoCoreError, KeyError) as error:
            self._log(
                f"[laptop] data capture: {len(kept)} requests could not be written to "
                f"{uri}: {error}"
            )

    def _client(self) -> Any:
        if time.monotonic() >= self._s3_until:
            self._s3 = self._cloud.client("s3", role=self._role, session=self._session)
            self._s3_until = time.monotonic() + CREDENTIALS
        return self._s3


def _hour(invocation: Invocation) -> str:
    """The folder of the request's object: ``yyyy/mm/dd/hh``, in UTC."""
    return f"{invocation.time:%Y/%m/%d/%H}"
