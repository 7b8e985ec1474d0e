"""``python -m statemachine write|check|graph FILE|cloudformation``."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from statemachine.graph import svg

RELEASE = Path(__file__).with_name("release.asl.json")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 1 if ``check`` finds a difference."""
    asked = _parser().parse_args(arguments)
    if asked.command == "graph":
        asked.file.write_text(svg(json.loads(RELEASE.read_text()), "A release, state by state"))
        return 0
    # Importing the SDK takes seconds; the picture needs only the committed file.
    from statemachine import definition

    if asked.command == "write":
        RELEASE.write_text(definition.asl())
    elif asked.command == "cloudformation":
        name, role, arn = _deployed(asked)
        print(definition.cloudformation(name=name, role=role, arn=arn), end="")
    elif definition.differs(RELEASE):
        print(
            f"{RELEASE} is not what statemachine/workflow.py says. "
            "Type: python -m statemachine write",
            file=sys.stderr,
        )
        return 1
    return 0


def _deployed(asked: argparse.Namespace) -> tuple[str, str, Callable[[str], str]]:
    """The machine's name, its role, and the ARN of each function, as the stack names them."""
    name = f"modelwharf-{asked.project}"
    account = f"{asked.region}:{asked.account}"

    def arn(function: str) -> str:
        kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", function).lower()
        return f"arn:aws:lambda:{account}:function:{name}-{kebab}"

    role = asked.role or f"arn:aws:iam::{asked.account}:role/{name}-release"
    return f"{name}-release", role, arn


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m statemachine", description="The release as a state machine."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("write", help="write statemachine/release.asl.json")
    commands.add_parser("check", help="exit with 1 when that file is not what workflow.py says")
    graph = commands.add_parser("graph", help="draw that file as SVG")
    graph.add_argument("file", type=Path, metavar="FILE")
    template = commands.add_parser(
        "cloudformation", help="print a stand-alone template of the state machine alone"
    )
    template.add_argument("--project", default="oil-price")
    template.add_argument("--region", default="eu-west-1")
    template.add_argument("--account", default="123456789012")
    template.add_argument("--role", help="ARN of the role that the state machine takes on")
    return parser


if __name__ == "__main__":
    sys.exit(main())
