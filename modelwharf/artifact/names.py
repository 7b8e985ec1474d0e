"""Names that the parameters and the programs in the images share."""

from typing import Annotated

from pydantic import Field

DatasetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,30}$")]
