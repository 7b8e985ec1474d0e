"""``python -m modelwharf.app``: the app in a project's cdk.json; it runs the package's app.py."""

import runpy
import sys

from modelwharf.app import app_folder

if __name__ == "__main__":
    folder = app_folder()
    # As for `python app.py`: a folder of the project must not shadow one of the app's modules.
    sys.path[0] = str(folder)
    runpy.run_path(str(folder / "app.py"), run_name="__main__")
