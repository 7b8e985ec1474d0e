"""Commits the tiny model to the project's repository."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from modelwharf.cli.assembly import project_root
from modelwharf.cli.checkout import Checkout
from modelwharf.cli.errors import CommandError
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack

MODEL = Path(__file__).parent / "model"
BRANCH = "main"
IDENTITY = ("-c", "user.name=wharf selftest", "-c", "user.email=selftest@example.org")
# As in the CodeCommit user guide: "Setup steps for HTTPS connections … with the AWS CLI credential
# helper". The AWS CLI signs the request like any other call.
CREDENTIALS = (
    "credential.helper=",
    "credential.helper=!aws codecommit credential-helper $@",
    "credential.UseHttpPath=true",
)


def push_model(services: Services, stack: Stack) -> None:
    """Commit and push the model. Raises CommandError with git's message."""
    if not services.on_laptop and shutil.which("aws") is None:
        raise CommandError(
            "there is no `aws` on PATH, which git asks for the password of CodeCommit"
        )
    with tempfile.TemporaryDirectory(prefix="wharf-selftest-") as name:
        folder = Path(name)
        shutil.copytree(
            MODEL, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
        (folder / "containers").mkdir()
        shutil.copy(project_root() / "containers/buildspec.yml", folder / "containers")
        _git(folder, "init", "--quiet")
        if not services.on_laptop:
            for setting in CREDENTIALS:
                _git(folder, "config", "--add", *setting.split("=", 1))
        _git(folder, "add", "--all")
        _git(folder, *IDENTITY, "commit", "--quiet", "--message", "wharf selftest: a mean")
        Checkout(folder).push(stack.clone_url, BRANCH)


def _git(folder: Path, *words: str) -> None:
    # The user's own settings, such as signed commits, do not apply here.
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    answer = subprocess.run(
        ["git", "-C", str(folder), *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if answer.returncode != 0:
        raise CommandError(f"git {words[0]} failed: {answer.stderr.strip()}")
