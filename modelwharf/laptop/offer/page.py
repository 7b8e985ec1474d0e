"""Write docs/laptop-services.md from the table: ``python -m modelwharf.laptop.offer.page``."""

import sys
import textwrap
from pathlib import Path

from modelwharf.laptop.services import SERVICES
from modelwharf.laptop.services.service import KINDS, Service

WIDTH = 100
_TITLES = {"ours": "Real", "moto": "True", "kept": "Kept", "empty": "Empty lists"}
_HEAD = """# What the laptop's cloud offers

Written from `modelwharf/laptop/services/` by `python -m modelwharf.laptop.offer.page`; a test
compares them.

Every other operation, and every other service, is refused in the service's own form
([decision 0053](decisions/0053-what-is-not-real-is-refused.md)): `UnknownOperationException` of the
JSON services, `InvalidAction` of the query services, `NotImplemented` of S3,
`AWS.SimpleQueueService.UnsupportedOperation` of SQS. A role also needs the permission: operations
without `permissions` there are root's alone.
"""


def page() -> str:
    """The page, in Markdown."""
    kinds = "\n".join(f"- **{_TITLES[kind]}**: {meaning}." for kind, meaning in KINDS.items())
    parts = [_section(SERVICES[name]) for name in sorted(SERVICES)]
    return "\n".join([_HEAD, kinds, "", *parts])


def _section(service: Service) -> str:
    lines = [f"## {service.name}", ""]
    for kind, title in _TITLES.items():
        found = sorted(getattr(service, kind))
        if found:
            lines += [*_wrapped(f"**{title}**: {', '.join(found)}."), ""]
    if service.refused:
        lines += ["Refused, among others:", ""]
        for operation, reason in sorted(service.refused.items()):
            lines += _wrapped(f"- {operation}: {reason}.", "  ")
        lines.append("")
    return "\n".join(lines)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)


if __name__ == "__main__":
    target = Path(__file__).parents[3] / "docs" / "laptop-services.md"
    target.write_text(page())
    sys.stdout.write(f"{target}\n")
