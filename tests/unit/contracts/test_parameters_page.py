"""docs/parameters.md tells of every key that there is."""

from pathlib import Path

import pytest

from modelwharf.contracts.parameters import Parameters

PAGE = (Path(__file__).parents[3] / "docs/parameters.md").read_text()


@pytest.mark.parametrize(
    ("section", "key"),
    [
        (section, key)
        for section, field in Parameters.model_fields.items()
        for key in type(field.default).model_fields
    ],
)
def test_the_page_has_every_key_under_its_section(section: str, key: str) -> None:
    under = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    assert f"`{key}" in under
