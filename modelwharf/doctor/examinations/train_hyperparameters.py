"""Hyperparameters arrive as strings, even numbers and booleans."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.training_runs import TrainingRuns

CHECK = Check(
    "train-hyperparameters",
    ImageRole.TRAINING,
    'in hyperparameters.json every value is a string (developer guide, "How Amazon SageMaker AI '
    'Provides Training Information"; CreateTrainingJob takes strings alone)',
)


def examine(runs: TrainingRuns) -> Finding:
    given = runs.settings.hyperparameters
    if not given:
        return CHECK.skipped("no hyperparameters to try", "--hyperparameters '{\"epochs\": 10}'")
    if not runs.settings.channels:
        return CHECK.skipped("no data to train on", "--channel FOLDER")
    if runs.sample.succeeded:
        return CHECK.passed(f"{', '.join(sorted(given))} taken as strings")
    if all(isinstance(value, str) for value in given.values()) or not runs.typed.succeeded:
        return CHECK.skipped("train fails for another reason, below")
    numbers = sorted(name for name, value in given.items() if not isinstance(value, str))
    return CHECK.failed(
        f"train succeeds when {', '.join(numbers)} come as JSON numbers or booleans, and fails "
        f"when they come as strings, as SageMaker sends them ({runs.sample.ending})",
        change=f'convert when you read them, such as int(hyperparameters["{numbers[0]}"])',
        log=runs.sample.lines,
    )
