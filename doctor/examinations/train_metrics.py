"""The configured metric definitions find their figures in the log."""

import re
from collections.abc import Sequence

from contracts.examination import Finding, ImageRole
from contracts.parameters import MetricDefinition
from doctor.check import Check
from doctor.training_runs import TrainingRuns

CHECK = Check(
    "train-metrics",
    ImageRole.TRAINING,
    "SageMaker reads metrics out of the log by these expressions, and drops in silence what they "
    "do not find (CreateTrainingJob, MetricDefinitions); without an evaluation report the quality "
    "gate has nothing else",
)


def look(runs: TrainingRuns) -> Finding:
    definitions = runs.settings.metric_definitions
    if not definitions:
        return CHECK.skipped("no metric definitions", '--metrics \'[{"name": …, "regex": …}]\'')
    found = {one.name: figure(one, runs.sample.lines) for one in definitions}
    missing = [one for one in definitions if found[one.name] is None]
    if not missing:
        return CHECK.passed(", ".join(f"{name} {value:g}" for name, value in found.items()))
    told = "; ".join(f"{one.name} by {one.regex}" for one in missing)
    if runs.settings.definitions_given:
        return CHECK.failed(
            f"not in the log: {told}",
            change="print a line that the expression finds, or mend the expression "
            "(training.metric_definitions)",
            log=runs.sample.lines,
        )
    return CHECK.warned(
        f"not in the log: {told}; these are only the defaults of training.metric_definitions",
        change="give yours by --metrics; without them and without an evaluation report the quality "
        "gate refuses the model",
        log=runs.sample.lines,
    )


def figure(definition: MetricDefinition, lines: Sequence[str]) -> float | None:
    """The last figure that the expression finds, as SageMaker takes it."""
    last = None
    for line in lines:
        for match in re.finditer(definition.regex, line):
            try:
                last = float(match[1])
            except (ValueError, TypeError):
                continue  # SageMaker drops what is no number, too.
    return last
