"""The configured metric definitions match values in the log."""

from collections.abc import Sequence

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.contracts.log_metrics import LogFigure, advice, figures_in
from modelwharf.contracts.parameters import MetricDefinition
from modelwharf.doctor.check import Check
from modelwharf.doctor.training_runs import TrainingRuns

CHECK = Check(
    "train-metrics",
    ImageRole.TRAINING,
    "SageMaker reads metrics out of the log by these expressions, and drops in silence what they "
    "do not find (CreateTrainingJob, MetricDefinitions); without an evaluation report the quality "
    "gate has nothing else",
)


def examine(runs: TrainingRuns) -> Finding:
    definitions = runs.settings.metric_definitions
    if not definitions:
        return CHECK.skipped("no metric definitions", '--metrics \'[{"name": …, "regex": …}]\'')
    found = {one.name: figure(one, runs.sample.lines) for one in definitions}
    missing = [one for one in definitions if found[one.name] is None]
    cut = [one for one in definitions if (read := found[one.name]) is not None and read.printed]
    if cut:
        return CHECK.failed(
            "; ".join(f"{one.name} {_cut(found[one.name])}" for one in cut),
            change="; ".join(advice(one.regex) for one in cut) + " (training.metric_definitions)",
            log=runs.sample.lines,
        )
    if not missing:
        read_as = (f"{name} {read.value:g}" for name, read in found.items() if read is not None)
        return CHECK.passed(", ".join(read_as))
    details = "; ".join(f"{one.name} by {one.regex}" for one in missing)
    if runs.settings.definitions_given:
        return CHECK.failed(
            f"not in the log: {details}",
            change="print a line that the expression finds, or mend the expression "
            "(training.metric_definitions)",
            log=runs.sample.lines,
        )
    return CHECK.warned(
        f"not in the log: {details}; these are only the defaults of training.metric_definitions",
        change="give yours by --metrics; without them and without an evaluation report the quality "
        "gate refuses the model",
        log=runs.sample.lines,
    )


def figure(definition: MetricDefinition, lines: Sequence[str]) -> LogFigure | None:
    """Return the last value that the expression matches, as SageMaker reads it."""
    found = [read for line in lines for read in figures_in(definition.regex, line)]
    return found[-1] if found else None


def _cut(read: LogFigure | None) -> str:
    return "" if read is None else f"is read as {read.value:g}, but {read.printed} was printed"
