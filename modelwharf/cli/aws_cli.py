"""A plugin that points the AWS CLI at the laptop's cloud; `wharf env` writes its settings.

Version 1 uses old AWS addresses for sqs, emr and health, and version 2 before 2.13 does not know
AWS_ENDPOINT_URL. Both obey an address on the command line. This module runs in the CLI's own Python
and therefore imports only the standard library.
"""

import os
import sys
from pathlib import Path
from typing import Any

FOLDER = str(Path(__file__).resolve().parents[2])
SETTINGS = f"""\
[plugins]
wharf = {__name__}
cli_legacy_plugin_path = {FOLDER}
"""
"""A part of the AWS config file. Version 2 looks for plugins in the folder of the last line."""

# Version 1 reads that line as another plugin, named like the folder.
sys.modules[FOLDER] = sys.modules[__name__]


def awscli_initialize(cli: Any) -> None:
    """Register the plugin. Called by the CLI, in version 1 once for each line."""
    cli.register("top-level-args-parsed", give_address)


def give_address(parsed_args: Any, **_: Any) -> None:
    """Use AWS_ENDPOINT_URL when `--endpoint-url` is missing."""
    if parsed_args.endpoint_url is None:
        parsed_args.endpoint_url = os.environ.get("AWS_ENDPOINT_URL") or None
