"""The document after each state has the sections that the states before have added."""

from inspect import get_annotations

from modelwharf.contracts.release import ReleaseDocument
from modelwharf.contracts.stages import VerifiedRelease
from modelwharf.contracts.states import RELEASE

STAGES = [
    stage
    for stage in reversed(VerifiedRelease.__mro__)
    if issubclass(stage, ReleaseDocument) and stage is not ReleaseDocument
]


def test_each_stage_adds_the_section_of_a_later_state_than_the_one_before() -> None:
    added = [name for stage in STAGES for name in get_annotations(stage) if name != "model_config"]
    order = [state.section for state in RELEASE]
    assert added == [section for section in order if section in added]


def test_a_stage_is_never_without_a_section_that_it_names() -> None:
    for stage in STAGES:
        stage.model_rebuild()
        fields = stage.model_fields
        assert all(fields[name].is_required() for name in get_annotations(stage) if name in fields)
