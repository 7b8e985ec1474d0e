"""The model is in /opt/ml/model."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.contracts.model_archive import ADVICE, in_words, printable
from modelwharf.doctor.check import Check
from modelwharf.doctor.training_run import files_in
from modelwharf.doctor.training_runs import TrainingRuns

CHECK = Check(
    "train-writes-model",
    ImageRole.TRAINING,
    "what is in /opt/ml/model becomes model.tar.gz; what is neither there nor in "
    '/opt/ml/output/data is thrown away with the container (developer guide, "How Amazon '
    'SageMaker AI Processes Training Output")',
)


def examine(runs: TrainingRuns) -> Finding:
    faults = runs.sample.model_faults
    if faults:
        return CHECK.failed(
            f"in /opt/ml/model {in_words(faults)}", change=ADVICE, log=runs.sample.lines
        )
    found = runs.sample.model_files
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        return CHECK.passed(f"{', '.join(map(printable, found[:3]))}{more}")
    elsewhere = [
        f"/opt/ml/{printable(name)}"
        for name in files_in(runs.sample.tree)
        if not name.startswith(("input/", "checkpoints/"))
    ]
    there = f"; there is {', '.join(elsewhere[:3])}" if elsewhere else ""
    return CHECK.failed(
        f"train ended with success, but /opt/ml/model is empty{there}",
        change="write the model below /opt/ml/model (SM_MODEL_DIR in SageMaker's own toolkits), in "
        "the foreground: what train leaves running ends with it",
        log=runs.sample.lines,
    )
