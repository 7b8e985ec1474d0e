"""How a job sends requests: settings of the request, else the container, else the defaults.

Developer guide, "Use Your Own Inference Code with Batch Transform": this is the order of
precedence, and GET /execution-parameters is optional.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelwharf.laptop.sagemaker.model_container import ModelContainer, ServerDown
from modelwharf.laptop.sagemaker.transform.plan import TransformPlan

DEFAULT_CONCURRENCY = 1
DEFAULT_PAYLOAD_MB = 6
MOST_CONCURRENT = 64  # concurrent requests, a limit of the laptop's
MIB = 1024 * 1024
SINGLE, MULTI = "SINGLE_RECORD", "MULTI_RECORD"
PARAMETERS_TIMEOUT = 2.0  # seconds, as for /ping


@dataclass(frozen=True)
class Settings:
    concurrency: int
    payload_mb: int
    """0 means no limit: the request is sent in HTTP chunks."""
    single: bool

    def __str__(self) -> str:
        return (
            f"MaxConcurrentTransforms={self.concurrency}, MaxPayloadInMB={self.payload_mb}, "
            f"BatchStrategy={SINGLE if self.single else MULTI}"
        )

    @property
    def limit(self) -> int | None:
        """The most bytes of a request; None without a limit."""
        return self.payload_mb * MIB or None


def variables_of(plan: TransformPlan) -> dict[str, str]:
    """The container's variables of batch transform. Those absent from the request are not set."""
    found = {"SAGEMAKER_BATCH": "true"}
    if plan.payload_mb is not None:
        found["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(plan.payload_mb)
    if plan.single is not None:
        found["SAGEMAKER_BATCH_STRATEGY"] = SINGLE if plan.single else MULTI
    if plan.concurrency is not None:
        found["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(plan.concurrency)
    return found


def settings_of(plan: TransformPlan, container: ModelContainer) -> Settings:
    wished = execution_parameters(container)
    concurrency = plan.concurrency or _positive(wished, "MaxConcurrentTransforms")
    payload_mb = plan.payload_mb
    if payload_mb is None:
        payload_mb = _positive(wished, "MaxPayloadInMB") or DEFAULT_PAYLOAD_MB
    single = plan.single
    if single is None:
        single = wished.get("BatchStrategy") == SINGLE
    return Settings(min(concurrency or DEFAULT_CONCURRENCY, MOST_CONCURRENT), payload_mb, single)


def execution_parameters(container: ModelContainer) -> Mapping[str, Any]:
    """The container's own settings; empty when it does not know the path."""
    try:
        answer = container.ask("GET", "/execution-parameters", PARAMETERS_TIMEOUT)
        found = json.loads(answer.body) if answer.status == 200 else {}
    except (ServerDown, TimeoutError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _positive(wished: Mapping[str, Any], name: str) -> int | None:
    value = wished.get(name)
    return value if isinstance(value, int) and value > 0 else None
