"""A plugin of the AWS CLI that keeps it at the laptop's cloud; `wharf env` writes its settings.

Version 1 asks old addresses of AWS for sqs, emr and health, and version 2 before 2.13 knows no
AWS_ENDPOINT_URL at all; an address on the command line they obey. This runs in the CLI's own
Python, so it knows the standard library alone.
"""

import os
import sys
from pathlib import Path
from typing import Any

FOLDER = str(Path(__file__).resolve().parents[1])
SETTINGS = f"""\
[plugins]
wharf = {__name__}
cli_legacy_plugin_path = {FOLDER}
"""
"""Of the AWS config file. Version 2 looks for plugins in the folder that the last line names."""

# Version 1 takes that line for one more plugin, of the folder's name.
sys.modules[FOLDER] = sys.modules[__name__]


def awscli_initialize(cli: Any) -> None:
    """Called by the CLI, in version 1 once for each line."""
    cli.register("top-level-args-parsed", give_address)


def give_address(parsed_args: Any, **_: Any) -> None:
    """Put AWS_ENDPOINT_URL where `--endpoint-url` is missing."""
    if parsed_args.endpoint_url is None:
        parsed_args.endpoint_url = os.environ.get("AWS_ENDPOINT_URL") or None
