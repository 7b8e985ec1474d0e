"""Systems Manager: the size limits of parameters, and the tier when AWS may choose it.

Stock moto accepts a value of any length in every tier (PutParameter: 4,096 characters in the
standard tier, 8,192 in the advanced one).
"""

from typing import Any

from moto.ssm.exceptions import ValidationException
from moto.ssm.models import Parameter, SimpleSystemManagerBackend

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock

STANDARD = 4096  # characters
ADVANCED = 8192  # characters
GUIDE = (
    "For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "parameter-store-advanced-parameters.html"
)


def install(cloud: Cloud) -> None:
    """Refuse the values that AWS refuses, with its error text."""
    stock_put = stock(SimpleSystemManagerBackend, "put_parameter")

    def put_parameter(
        self: SimpleSystemManagerBackend,
        name: str,
        description: str,
        value: str,
        *rest: Any,
        tier: str | None,
        **more: Any,
    ) -> Parameter:
        held = self._parameters.get(name)  # asking a defaultdict by index would make an entry
        kept = tier or (held[-1].tier if held else None)  # a new value leaves the tier as it is
        return stock_put(  # type: ignore[no-any-return]
            self, name, description, value, *rest, tier=tier_for(value, kept), **more
        )

    replace(SimpleSystemManagerBackend, "put_parameter", put_parameter)


def tier_for(value: str, tier: str | None) -> str:
    """The tier for the value. Raises ValidationException when the value does not fit."""
    length = len(value or "")
    if tier == "Intelligent-Tiering":
        tier = "Advanced" if length > STANDARD else "Standard"
    if tier == "Advanced":
        if length > ADVANCED:
            raise ValidationException(
                f"Advanced tier parameters support a maximum parameter value of {ADVANCED} "
                f"characters. {GUIDE}"
            )
        return tier
    if length > STANDARD:
        raise ValidationException(
            f"Standard tier parameters support a maximum parameter value of {STANDARD} "
            "characters. To create a larger parameter value, upgrade the parameter to use the "
            f"advanced-parameter tier. {GUIDE}"
        )
    return tier or "Standard"
