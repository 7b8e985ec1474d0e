"""``train`` exists and starts."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.start_faults import start_fault
from modelwharf.doctor.training_runs import TrainingRuns

CHECK = Check(
    "train-starts",
    ImageRole.TRAINING,
    'SageMaker runs `docker run IMAGE train` and nothing else (developer guide, "How Amazon '
    'SageMaker AI Runs Your Training Image")',
)


def examine(runs: TrainingRuns) -> Finding:
    run = runs.first
    if run.started and run.code is None:  # It ran longer than it should.
        return CHECK.passed("started")
    fault = start_fault(runs.image, "train", run.code, run.lines, runs.find_program)
    if fault is None:
        return CHECK.passed("started")
    return CHECK.failed(fault.seen, change=fault.change, log=run.lines)
