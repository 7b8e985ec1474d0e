"""Select and order the checks, and skip those that earlier findings make meaningless."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from modelwharf.artifact.evaluation import HOLDOUT_FILE, HoldoutRow
from modelwharf.contracts.examination import Examination, Finding, ImageRole, Verdict
from modelwharf.doctor.check import Check
from modelwharf.doctor.examinations import (
    image_user,
    ping_quick,
    ping_waits_for_model,
    platform,
    serve_answers,
    serve_conditions,
    serve_large_body,
    serve_loads_model,
    serve_refuses_garbage,
    serve_refuses_unknown_type,
    serve_sigterm,
    serve_starts,
    train_bad_data,
    train_checkpoints,
    train_conditions,
    train_failure_file,
    train_hosts,
    train_hyperparameters,
    train_metrics,
    train_sigterm,
    train_starts,
    train_succeeds,
    train_writes_model,
)
from modelwharf.doctor.images import Wanted, ready
from modelwharf.doctor.servers import Artifact, Servers
from modelwharf.doctor.settings import Sample, Settings
from modelwharf.doctor.training_runs import TrainingRuns
from modelwharf.engines.engine import Engine

OnFinding = Callable[[Finding], None]
Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Step(Generic[Subject]):
    """One check. It is skipped unless all ``needs`` passed and no ``unless`` failed."""

    check: Check
    examine: Callable[[Subject], Finding]
    needs: tuple[Check, ...] = ()
    unless: tuple[Check, ...] = ()


_TRAINED = (train_writes_model.CHECK,)
TRAINING: tuple[Step[TrainingRuns], ...] = (
    Step(
        platform.TRAINING,
        lambda runs: platform.examine(
            platform.TRAINING, runs.image, runs.settings.platform, runs.unsupported
        ),
    ),
    Step(
        image_user.TRAINING,
        lambda runs: image_user.examine(image_user.TRAINING, runs.image, runs.unsupported),
        unless=(platform.TRAINING,),
    ),
    Step(train_starts.CHECK, train_starts.examine, unless=(platform.TRAINING,)),
    Step(train_hyperparameters.CHECK, train_hyperparameters.examine, needs=(train_starts.CHECK,)),
    Step(
        train_succeeds.CHECK,
        train_succeeds.examine,
        needs=(train_starts.CHECK,),
        unless=(train_hyperparameters.CHECK,),
    ),
    Step(train_writes_model.CHECK, train_writes_model.examine, needs=(train_succeeds.CHECK,)),
    Step(train_metrics.CHECK, train_metrics.examine, needs=(train_succeeds.CHECK,)),
    Step(
        train_bad_data.CHECK,
        train_bad_data.examine,
        needs=(train_starts.CHECK,),
        unless=(train_hyperparameters.CHECK, train_succeeds.CHECK),
    ),
    Step(train_failure_file.CHECK, train_failure_file.examine, needs=(train_bad_data.CHECK,)),
    Step(train_sigterm.CHECK, train_sigterm.examine, needs=(train_succeeds.CHECK,)),
    Step(train_checkpoints.CHECK, train_checkpoints.examine, needs=(train_succeeds.CHECK,)),
    *(
        Step(check, partial(train_conditions.examine, what=what), needs=_TRAINED)
        for what, check in train_conditions.CHECKS.items()
    ),
)
# Added when the settings have several instances.
HOSTS: tuple[Step[TrainingRuns], ...] = (
    Step(train_hosts.CHECK, train_hosts.examine, needs=_TRAINED),
)

_HEALTHY = (serve_loads_model.CHECK,)
_ASKED = (serve_answers.CHECK,)
SERVING: tuple[Step[Servers], ...] = (
    Step(
        platform.INFERENCE,
        lambda servers: platform.examine(
            platform.INFERENCE, servers.image, servers.settings.platform, servers.unsupported
        ),
    ),
    Step(
        image_user.INFERENCE,
        lambda servers: image_user.examine(
            image_user.INFERENCE, servers.image, servers.unsupported
        ),
        unless=(platform.INFERENCE,),
    ),
    Step(serve_starts.CHECK, serve_starts.examine, unless=(platform.INFERENCE,)),
    Step(serve_loads_model.CHECK, serve_loads_model.examine, needs=(serve_starts.CHECK,)),
    Step(serve_answers.CHECK, serve_answers.examine, needs=_HEALTHY),
    Step(ping_waits_for_model.CHECK, ping_waits_for_model.examine, needs=_ASKED),
    Step(ping_quick.CHECK, ping_quick.examine, needs=_HEALTHY),
    Step(serve_refuses_garbage.CHECK, serve_refuses_garbage.examine, needs=_ASKED),
    Step(serve_refuses_unknown_type.CHECK, serve_refuses_unknown_type.examine, needs=_ASKED),
    Step(serve_large_body.CHECK, serve_large_body.examine, needs=_ASKED),
    Step(serve_sigterm.CHECK, serve_sigterm.examine, needs=_HEALTHY),
    *(
        Step(check, partial(serve_conditions.examine, what=what), needs=_HEALTHY)
        for what, check in serve_conditions.CHECKS.items()
    ),
)


def examine(
    engine: Engine,
    wanted: Mapping[ImageRole, Wanted],
    settings: Settings,
    folder: Path,
    on_finding: OnFinding = lambda finding: None,
) -> Examination:
    """Check one image or a pair.

    The doctor keeps its files in ``folder``; ``on_finding`` receives each finding.

    Raises CannotExamine when an image is not available, EngineLost when the engine goes away.
    """
    images = {
        role: ready(engine, one, role, settings.platform, folder / f"{role.value}-context")
        for role, one in wanted.items()
    }
    findings: list[Finding] = []
    artifact, samples = _given(settings), settings.samples
    if ImageRole.TRAINING in images:
        runs = TrainingRuns(engine, images[ImageRole.TRAINING], settings, folder / "training")
        steps = TRAINING + (HOSTS if settings.instances > 1 else ())
        findings += _take(steps, runs, on_finding)
        if _went_well(findings, train_writes_model.CHECK):
            artifact = artifact or Artifact(runs.sample.tree / "model", "what train wrote")
            samples = samples or held_out(runs.sample.tree / "output" / "data")
    if ImageRole.INFERENCE in images:
        image, place = images[ImageRole.INFERENCE], folder / "serving"
        with closing(Servers(engine, image, settings, place, artifact, samples)) as servers:
            findings += _take(SERVING, servers, on_finding)
    examined = tuple(image.examined for image in images.values())
    return Examination(engine=engine.description, images=examined, findings=tuple(findings))


def _given(settings: Settings) -> Artifact | None:
    return Artifact(settings.model, str(settings.model)) if settings.model else None


def _take(steps: Sequence[Step[Subject]], subject: Subject, on_finding: OnFinding) -> list[Finding]:
    findings: list[Finding] = []
    for step in steps:
        begun = time.monotonic()
        finding = _blocked(step, findings) or step.examine(subject)
        finding = finding.model_copy(update={"seconds": round(time.monotonic() - begun, 2)})
        findings.append(finding)
        on_finding(finding)
    return findings


def _blocked(step: Step[Subject], findings: Sequence[Finding]) -> Finding | None:
    for need in step.needs:
        if not _went_well(findings, need):
            return step.check.skipped(f"makes no sense before {need.id} is well")
    for other in step.unless:
        if _verdict(findings, other) is Verdict.FAIL:
            return step.check.skipped(f"makes no sense before {other.id} is well")
    return None


def _went_well(findings: Sequence[Finding], check: Check) -> bool:
    return _verdict(findings, check) in (Verdict.PASS, Verdict.WARN)


def _verdict(findings: Sequence[Finding], check: Check) -> Verdict | None:
    return next((one.verdict for one in findings if one.id == check.id), None)


def held_out(folder: Path) -> tuple[Sample, ...]:
    """Return the first request of the holdout, if training wrote one: a ready-made sample."""
    path = folder / HOLDOUT_FILE
    if not path.is_file():
        return ()
    with path.open() as file:
        line = file.readline()
    try:
        row = HoldoutRow.model_validate_json(line)
    except ValidationError:
        return ()
    return (Sample("application/json", json.dumps(row.request).encode()),)
