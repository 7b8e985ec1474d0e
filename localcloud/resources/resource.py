"""What every resource type shares: its place in moto's CloudFormation."""

import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.common_models import CloudFormationModel

from localcloud.cloud import Cloud
from localcloud.iam import AccessDenied

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Created:
    """What Ref and Fn::GetAtt give of a new resource."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Resource(CloudFormationModel):
    """One resource of a stack. A subclass names its properties and creates itself."""

    cloud: ClassVar[Cloud]
    type: ClassVar[str] = "Modelwharf::LaptopCloud::Resource"
    name_property: ClassVar[str] = ""
    properties: ClassVar[frozenset[str]] = frozenset()
    attributes: ClassVar[frozenset[str]] = frozenset()
    """What Fn::GetAtt may ask for."""

    def __init__(self, created: Created) -> None:
        self.created = created

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        """Make the resource; ``name`` is the template's, or a generated one."""
        raise NotImplementedError

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
        try:
            created = cls.create(resource_name, cloudformation_json.get("Properties", {}))
        except (ClientError, BotoCoreError, ResourceRefused, AccessDenied) as error:
            where = f"{kwargs.get('LogicalId')} ({cls.type})"
            raise ValidationError(message=f"{where}: {error}") from error
        return cls(created)

    @classmethod
    def update_from_cloudformation_json(cls, *arguments: Any, **kwargs: Any) -> Self:
        raise NotImplementedError("stacks are not updated: localcloud.cloudformation refuses it")

    @classmethod
    def delete_from_cloudformation_json(cls, *arguments: Any, **kwargs: Any) -> None:
        raise NotImplementedError("stacks are not deleted: localcloud.cloudformation refuses it")


class ResourceRefused(Exception):
    """The template asks for something that AWS, or the laptop's cloud, would not make."""


def names(text: str) -> frozenset[str]:
    """Property names, as a list without the noise of quotes."""
    return frozenset(text.split())


def shortened(name: str, limit: int) -> str:
    """A generated name within the service's limit, as CloudFormation cuts it."""
    if len(name) <= limit:
        return name
    suffix = "".join(random.choices(string.ascii_letters + string.digits, k=12))  # noqa: S311
    return f"{name[: limit - 13].rstrip('-')}-{suffix}"


def camel(value: Any) -> Any:
    """CloudFormation's PascalCase keys as the camelCase that some services' APIs use."""
    if isinstance(value, Mapping):
        return {key[0].lower() + key[1:]: camel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [camel(item) for item in value]
    return value


def chosen(properties: Properties, keys: str) -> dict[str, Any]:
    """The properties of these names, listed with spaces between, that the template gives."""
    return {key: properties[key] for key in keys.split() if key in properties}
