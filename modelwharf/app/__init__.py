"""The CDK app inside the installed package: ``python -m modelwharf.app`` synthesises it.

The wheel has app.py and the files that it needs, unchanged (setup.py). They run with their folder
first on the path, and are not modules of this package. So `infra`, `lambdas` and the functions'
handlers keep their names.
"""

from pathlib import Path

FILES = Path(__file__).parent / "files"


def app_folder() -> Path:
    """Return the folder that holds app.py: the installed one, or the root of the checkout."""
    return FILES if FILES.is_dir() else Path(__file__).parents[2]
