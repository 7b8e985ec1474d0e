"""What a finding shows of a program's log."""

import pytest

from modelwharf.contracts.examination import ImageRole
from modelwharf.doctor.check import Check
from modelwharf.engines.log_tail import LINE

CHECK = Check("serve-answers", ImageRole.INFERENCE, "why")
PINGS = tuple(f'10.0.0.1 "GET /ping HTTP/1.1" 200 {number}' for number in range(20))


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        (
            ("KeyError: 'x'", *PINGS, "POST /invocations 500"),
            ("KeyError: 'x'", "POST /invocations 500"),
        ),
        (PINGS, PINGS[-8:]),
        (("one", "two"), ("one", "two")),
    ],
)
def test_the_doctors_own_pings_do_not_hide_what_a_server_said(
    log: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    assert CHECK.failed("seen", change="change", log=log).log == shown


def test_what_is_not_text_in_a_log_is_one_mark_and_a_long_line_keeps_its_end() -> None:
    finding = CHECK.failed(
        "seen", change="c", log=["  in x", "\ufffd\x00" * 4000, "z" * 9000 + "!"]
    )
    indented, mark, cut = finding.log
    assert (indented, mark) == ("  in x", "\ufffd")
    assert cut.startswith("…z") and cut.endswith("z!") and len(cut) == LINE
