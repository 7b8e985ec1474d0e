"""What tests/used_grants.py says of the clouds' notes."""

import json
from pathlib import Path
from typing import Any

from tests.used_grants import REASONS, STACK, Notes, Reason, faults

READ = {"role": "ReaderRole0A1B2C3D", "action": "s3:GetObject", "resource": {"Ref": "B"}}
WRITE = {"role": "WriterRole", "action": "s3:PutObject", "resource": "*"}


def notes(folder: Path, *clouds: list[dict[str, Any]]) -> Notes:
    for number, lines in enumerate(clouds):
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        (folder / f"{number}.jsonl").write_text(text)
    return Notes.read(folder)


def test_what_no_cloud_needed_is_named(tmp_path: Path) -> None:
    told = {"stack": STACK, "grants": [READ, WRITE]}
    found = notes(tmp_path, [told, {"used": READ}], [told])

    assert faults(found, ()) == ["nothing needed WriterRole: s3:PutObject on *"]


def test_a_reason_stands_for_a_call_and_goes_out_of_date(tmp_path: Path) -> None:
    found = notes(tmp_path, [{"stack": STACK, "grants": [READ, WRITE]}, {"used": READ}])

    assert faults(found, [Reason("", "Writer*", ("s3:PutObject",))]) == []
    assert faults(found, [Reason("", "*", ("s3:PutObject", "s3:GetObject", "s3:Gone"))]) == [
        "needed, so its reason can go: ReaderRole: s3:GetObject on <B>",
        "a reason for a grant that is not in the template: *: s3:Gone",
    ]


def test_other_stacks_do_not_count_and_a_run_without_the_template_is_reported(
    tmp_path: Path,
) -> None:
    found = notes(tmp_path, [{"stack": "toy", "grants": [READ]}, {"used": READ}])

    assert faults(found, ()) == ["no cloud of this run noted a grant of the template"]


def test_every_reason_is_said() -> None:
    assert all(reason.why.endswith(".") for reason in REASONS)
