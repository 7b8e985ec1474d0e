"""The differences between two states of a section, key by key."""

import json
from collections.abc import Iterator
from typing import Any

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.parameters import Parameters

ABSENT = "none"
"""The text for a key that only one side has."""
NOTHING = "null"
EMPTY = {"{}", NOTHING}
"""Values without keys of their own: keys on the other side show the difference."""


class Value(Contract):
    """A key's value on one side."""

    text: str
    """As JSON; ``none`` when the key is not there."""
    default: bool


class Change(Contract):
    """One key whose value differs."""

    key: str
    """The dotted path, beginning with the section."""
    before: Value
    after: Value

    def __str__(self) -> str:
        return f"{self.key}: {_words(self.before)} -> {_words(self.after)}"


def changes(section: str, before: Contract, after: Contract) -> list[Change]:
    """Return the keys of the section that differ, in the models' order."""
    default, old, new = (
        flat(model.model_dump(mode="json"))
        for model in (getattr(Parameters(), section), before, after)
    )
    return [
        Change(
            key=f"{section}.{key}",
            before=_value(old, default, key),
            after=_value(new, default, key),
        )
        for key in dict.fromkeys((*old, *new))
        if old.get(key) != new.get(key)
        and not _has_keys_below(key, old, new)
        and not _has_keys_below(key, new, old)
        and not _unset_in_new_object(key, old, new)
        and not _unset_in_new_object(key, new, old)
    ]


def flat(section: dict[str, Any]) -> dict[str, str]:
    """Return dotted key → JSON of every value of a section; a list is one value."""
    return dict(_flat(section, ""))


def _flat(value: dict[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for name, one in value.items():
        if isinstance(one, dict) and one:
            yield from _flat(one, f"{above}{name}.")
        else:
            yield f"{above}{name}", json.dumps(one, ensure_ascii=False)


def _has_keys_below(key: str, values: dict[str, str], others: dict[str, str]) -> bool:
    return values.get(key) in EMPTY and any(other.startswith(f"{key}.") for other in others)


def _unset_in_new_object(key: str, values: dict[str, str], others: dict[str, str]) -> bool:
    """Whether the key is a field without a value of an object that the other side lacks."""
    names = key.split(".")
    above = (".".join(names[:length]) for length in range(1, len(names)))
    return values.get(key) == NOTHING and any(others.get(one) == NOTHING for one in above)


def _value(values: dict[str, str], default: dict[str, str], key: str) -> Value:
    text = values.get(key)
    return Value(text=text or ABSENT, default=text is not None and text == default.get(key))


def _words(value: Value) -> str:
    return f"{value.text} (default)" if value.default else value.text
