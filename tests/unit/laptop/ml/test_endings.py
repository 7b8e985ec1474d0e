"""The FailureReason of a job says how its program ended."""

from pathlib import Path

import pytest

from modelwharf.engines.exit_codes import in_words, signal_in_words
from modelwharf.engines.log_tail import LINE, log_tail
from modelwharf.engines.memory_kills import killed_meanwhile, memory_kills
from modelwharf.engines.together import Exit
from modelwharf.laptop.sagemaker.job_program import algorithm_error


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (137, "SIGKILL"),
        (143, "SIGTERM"),
        (139, "SIGSEGV (segmentation fault)"),
        (1, None),
        (0, None),
        (None, None),
        (128, None),
        (255, None),
    ],
)
def test_a_code_above_128_names_its_signal(code: int | None, name: str | None) -> None:
    assert signal_in_words(code) == name


def test_an_exit_code_is_reported_with_the_name_alone() -> None:
    assert in_words(139) == "exit code 139 (SIGSEGV)"
    assert in_words(2) == "exit code 2"


def test_a_long_log_keeps_its_last_lines() -> None:
    lines = [f"line {number} {'x' * 90}" for number in range(20)]
    found = log_tail(lines, 500)
    assert len(found) <= 500
    assert found.endswith(lines[-1]) and lines[0] not in found


def test_a_long_line_keeps_its_end_and_leaves_room_for_earlier_lines() -> None:
    found = log_tail(["before", "y" * 10_000 + " the end"], 960)
    first, last = found.split("\n")
    assert first == "before" and last.startswith("…y") and last.endswith(" the end")
    assert len(last) == LINE


def test_bytes_that_are_not_text_become_one_replacement_character() -> None:
    assert log_tail(["\ufffd\ufffd\x00\x1b after"], 960) == "\ufffd after"


def test_a_progress_bar_keeps_its_last_state() -> None:
    assert log_tail(["10%\r50%\r100%\r"], 960) == "100%"


def test_the_failure_file_follows_the_signal() -> None:
    found = algorithm_error(Exit(134), "the prices are wrong", ["printed"])
    assert found == (
        "AlgorithmError: ended as if killed by SIGABRT (aborted). the prices are wrong, "
        "exit code: 134"
    )


def test_a_long_failure_file_keeps_its_beginning_and_the_exit_code() -> None:
    found = algorithm_error(Exit(1), "first " + "z" * 2000)
    assert found.startswith("AlgorithmError: first z") and found.endswith(", exit code: 1")
    assert len(found) == 1024


def test_without_output_the_reason_is_the_exit_code_or_the_signal() -> None:
    assert algorithm_error(Exit(137), None) == (
        "AlgorithmError: ended as if killed by SIGKILL, exit code: 137"
    )
    assert algorithm_error(Exit(2), None, ["", " "]) == (
        "AlgorithmError: See job logs for more information, exit code: 2"
    )


def test_the_kernels_count_is_read_or_unknown(tmp_path: Path) -> None:
    vmstat = tmp_path / "vmstat"
    vmstat.write_text("nr_free_pages 5\noom_kill 7\n")
    assert memory_kills(vmstat) == 7
    vmstat.write_text("nr_free_pages 5\n")
    assert memory_kills(vmstat) is None
    assert memory_kills(tmp_path / "none") is None


def test_only_a_count_that_grew_means_a_lack_of_memory() -> None:
    assert killed_meanwhile(7, 8)
    assert not killed_meanwhile(7, 7)
    assert not killed_meanwhile(None, None)
