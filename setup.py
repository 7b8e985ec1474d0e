"""The wheel carries the CDK app, and what new projects get, as files below ``modelwharf/app``.

pyproject.toml cannot say so. An editable installation carries nothing: there the checkout itself is
the app's folder.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
TARGET = "modelwharf/app/files"
CARRIED = (
    "app.py",
    "cdk.json",
    "containers/buildspec.yml",
    "containers/inference/Dockerfile",
    "containers/inference/Dockerfile.dockerignore",
    "containers/inference/requirements.txt",
    "containers/training/Dockerfile",
    "containers/training/Dockerfile.dockerignore",
    "containers/training/requirements.txt",
    "inference/*.py",
    "infra/*.py",
    "lambdas/**/*.py",
    "statemachine/release.asl.json",
    "training/*.py",
)


class BuildWithApp(build_py):
    """Copies the app's files beside the package's."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, TARGET)
        shutil.rmtree(target, ignore_errors=True)  # what an earlier build left and is gone by now
        for path in sorted(path for pattern in CARRIED for path in ROOT.glob(pattern)):
            place = target / path.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)


setup(cmdclass={"build_py": BuildWithApp})
