"""Synthesise the stack: ``cdk deploy`` runs this, and so does a laptop, without AWS.

Reads ``WHARF_PROJECT``, or without it the project of ``modelwharf.toml``, ``WHARF_REMOVAL_POLICY``,
``WHARF_LATENCY_MS`` (docs/alarms.md) and the days of docs/what-expires.md; account and region are
the CDK's.
"""

import os
import sys
from pathlib import Path

from infra.application import application
from infra.settings import Settings


def main() -> None:
    try:
        settings = Settings.from_environment(os.environ, Path.cwd())
    except ValueError as error:
        sys.exit(str(error))
    application(settings, directory=os.environ.get("CDK_OUTDIR", "cdk.out")).synth()


if __name__ == "__main__":
    main()
