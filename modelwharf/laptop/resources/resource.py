"""The base class of all resource types: it connects them to moto's CloudFormation."""

import random
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.common_models import CloudFormationModel

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.iam import AccessDenied

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Created:
    """The values of Ref and Fn::GetAtt for a new resource."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Resource(CloudFormationModel):
    """One resource of a stack. A subclass lists its properties and creates itself."""

    cloud: ClassVar[Cloud]
    type: ClassVar[str] = "Modelwharf::LaptopCloud::Resource"
    name_property: ClassVar[str] = ""
    properties: ClassVar[frozenset[str]] = frozenset()
    replacement: ClassVar[frozenset[str]] = frozenset()
    """Properties whose change needs a new resource. A change of the name always does.

    The type's page in the CloudFormation template reference: "Update requires: Replacement".
    """
    attributes: ClassVar[frozenset[str]] = frozenset()
    """The attributes that Fn::GetAtt may read."""

    def __init__(self, created: Created, given: Properties) -> None:
        self.created = created
        self.given = given
        """The template's properties, with every reference resolved."""

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        """Create the resource. ``name`` comes from the template, or is generated."""
        raise NotImplementedError

    def modify(self, wanted: Properties) -> None:
        """Change the resource in place. The properties in ``replacement`` are unchanged."""
        raise ResourceRefused(f"the laptop's cloud cannot change a resource of type {self.type}")

    def remove(self) -> None:
        """Delete the resource. A missing resource is not an error."""
        raise ResourceRefused(f"the laptop's cloud cannot delete a resource of type {self.type}")

    def needs_replacement(self, wanted: Properties) -> bool:
        """Whether these properties need a new resource."""
        fixed = self.replacement | {self.name_property}
        return any(self.given.get(key) != wanted.get(key) for key in fixed if key)

    @classmethod
    def client(cls, service: str) -> Any:
        return cls.cloud.client(service)

    @property
    def physical_resource_id(self) -> str:
        return self.created.ref

    @property
    def physical_resource_name(self) -> str:
        return self.created.ref

    @staticmethod
    def cloudformation_type() -> str:
        return Resource.type

    @staticmethod
    def cloudformation_name_type() -> str:
        return Resource.name_property

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in cls.attributes

    def get_cfn_attribute(self, attribute_name: str) -> str:
        if attribute_name not in self.created.attributes:
            raise UnformattedGetAttTemplateException
        return self.created.attributes[attribute_name]

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> Self:
        given = cloudformation_json.get("Properties", {})
        try:
            return cls(cls.create(resource_name, given), given)
        except FAILURES as error:
            where = f"{kwargs.get('LogicalId')} ({cls.type})"
            raise ValidationError(message=f"{where}: {error}") from error


class ResourceRefused(Exception):
    """The template asks for something that AWS, or the laptop's cloud, does not create."""


FAILURES = (ClientError, BotoCoreError, ResourceRefused, AccessDenied)
"""The errors with which a service, or this cloud, refuses what a template asks for."""


def names(text: str) -> frozenset[str]:
    """A set of property names, from one text without quotes between them."""
    return frozenset(text.split())


def shortened(name: str, limit: int) -> str:
    """The name within the service's limit, shortened as CloudFormation does."""
    if len(name) <= limit:
        return name
    suffix = "".join(random.choices(string.ascii_letters + string.digits, k=12))  # noqa: S311
    return f"{name[: limit - 13].rstrip('-')}-{suffix}"


def camel(value: Any) -> Any:
    """Convert CloudFormation's PascalCase keys to the camelCase of some services' APIs."""
    if isinstance(value, Mapping):
        return {key[0].lower() + key[1:]: camel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [camel(item) for item in value]
    return value


@contextmanager
def gone(*codes: str) -> Iterator[None]:
    """Ignore an error that says that the resource does not exist any more."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


def chosen(properties: Properties, keys: str) -> dict[str, Any]:
    """The properties with these names, separated by spaces, that the template gives."""
    return {key: properties[key] for key in keys.split() if key in properties}
