"""A few of the rows that ``make fuzz-refusals`` asks by the ten thousand."""

import pytest

from tests.fuzz.refusals import refusals


@pytest.mark.parametrize("seed", [22, 29])  # whose pipelines refuse gaps in some columns alone
def test_the_server_refuses_whatever_the_library_refuses(seed: int) -> None:
    found = refusals(90, seed, each=25)
    assert found.broken == []
    assert found.refused > 20
    assert found.pipelines["onnx"] >= 2
