"""``python -m modelwharf.app``: what a project's cdk.json names, with the settings of app.py."""

import runpy
import sys

from modelwharf.app import app_folder

if __name__ == "__main__":
    folder = app_folder()
    # As `python app.py` has it: the project's own folders stand in for none of the app's.
    sys.path[0] = str(folder)
    runpy.run_path(str(folder / "app.py"), run_name="__main__")
