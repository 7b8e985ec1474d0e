"""The table of states against what its entries name."""

import pytest

from modelwharf.contracts.release import ImageKind, Images, Plan, ReleaseDocument, Timeouts
from modelwharf.contracts.states import BUILD_IMAGES, RELEASE, ROLL_BACK, Fork, State, every_state


@pytest.mark.parametrize("entry", [*RELEASE, ROLL_BACK], ids=lambda entry: entry.name)
def test_each_entry_adds_a_section_that_the_document_has(entry: State | Fork) -> None:
    assert entry.section in ReleaseDocument.model_fields


def test_no_two_entries_add_the_same_section_or_have_the_same_name() -> None:
    sections = [entry.section for entry in RELEASE]
    names = [state.name for state in every_state()]
    assert len(set(sections)) == len(sections)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("state", list(every_state()), ids=lambda state: state.name)
def test_a_state_waits_as_long_as_the_plan_or_the_table_says(state: State) -> None:
    assert not isinstance(state.timeout, str) or state.timeout in Timeouts.model_fields


def test_a_condition_reads_what_the_plan_has() -> None:
    paths = [state.only_if.path for state in every_state() if state.only_if]
    assert paths == ["$.plan.deployment.approval"]
    assert "deployment" in Plan.model_fields


def test_an_image_is_built_by_a_branch_of_its_kind() -> None:
    kinds = {key: branch.kind for key, branch in BUILD_IMAGES.branches.items()}
    assert kinds == {kind.value: kind.value for kind in ImageKind}
    assert set(kinds) == set(Images.model_fields)


def test_functions_that_several_states_call_have_one_size() -> None:
    sizes: dict[str, set[tuple[int, int]]] = {}
    for state in every_state():
        sizes.setdefault(state.module, set()).add((state.call_seconds, state.memory))
    assert all(len(size) == 1 for size in sizes.values())
