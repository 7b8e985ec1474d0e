"""Training on several instances: all hosts succeed and together write one model."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.host_runs import HostRuns
from modelwharf.doctor.training_runs import TrainingRuns
from modelwharf.engines.engine import host_label
from modelwharf.engines.host_folders import in_words

CHECK = Check(
    "train-hosts",
    ImageRole.TRAINING,
    "every instance runs train, resourceconfig.json names them all, and SageMaker makes one "
    "archive of what all wrote to /opt/ml/model, where no names may clash (developer guide, "
    '"How Amazon SageMaker AI Processes Training Output")',
)


def examine(runs: TrainingRuns) -> Finding:
    found = runs.on_hosts
    if found.refused:
        return CHECK.skipped(found.refused)
    if found.failed is not None:
        return _failed(found, found.failed)
    late = [number for number, run in enumerate(found.runs) if run.code is None]
    if late:
        return CHECK.failed(
            f"{len(found.runs)} hosts: {found.runs[0].ending}",
            change="do they wait for one another? Their names are `hosts` in "
            "/opt/ml/input/config/resourceconfig.json; or try more time by --timeout",
            log=found.runs[late[0]].lines,
        )
    if found.clashes:
        return CHECK.failed(
            f"/opt/ml/model: {in_words(found.clashes)}",
            change="write the model on one host alone (the first of `hosts` in "
            "/opt/ml/input/config/resourceconfig.json), or under a name of each host's own",
        )
    files = ", ".join(found.model_files[:3])
    more = f" and {len(found.model_files) - 3} more" if len(found.model_files) > 3 else ""
    return CHECK.passed(f"{len(found.runs)} hosts: {found.runs[0].ending}; {files}{more}")


def _failed(found: HostRuns, number: int) -> Finding:
    run = found.runs[number]
    said = f"; /opt/ml/output/failure says: {run.failure[:300]}" if run.failure else ""
    return CHECK.failed(
        f"{host_label(number)} of {len(found.runs)} hosts: {run.ending}{said}",
        change="with one host it trains: what does it do with `hosts` and `current_host` of "
        "/opt/ml/input/config/resourceconfig.json?",
        log=run.lines,
    )
