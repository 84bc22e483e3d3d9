"""The kinds of values that a configuration holds, each checked where it stands.

No message repeats a value that may be a secret.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from dcov.config.references import Resolved
from dcov.secret import MASK, Secret

LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
DNS_NAME = re.compile(rf"(?=.{{1,253}}$){LABEL}(\.{LABEL})*\.?")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
PROMETHEUS_LABEL = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")
OUR_LABELS = frozenset({"instance", "job", "role", "site"})
GROUPS_OF_ALL = frozenset({"all", "masters", "workers"})

K = TypeVar("K")
V = TypeVar("V")


def fault(message: str) -> PydanticCustomError:
    """Return an error whose message is shown as it is."""
    return PydanticCustomError("dcov", "{message}", {"message": message})


def address(value: str) -> str:
    """Accept an IP address or a DNS name, and tell what else people write there."""
    if "://" in value or "/" in value:
        raise fault("is no address: neither a URL nor a network, only an IP address or DNS name")
    if "@" in value:
        raise fault("is no address: the user belongs into ssh_user")
    try:
        number = ipaddress.ip_address(value)
    except ValueError:
        return _dns_name(value)
    if number.is_unspecified:
        raise fault(f"{value} is the address of no server")
    return value


def _dns_name(value: str) -> str:
    host, _, port = value.rpartition(":")
    if host and port.isdigit():
        raise fault("is no address: write the port under its own key")
    if value.startswith("["):
        raise fault("is no address: an IPv6 address stands here without brackets")
    if re.fullmatch(r"[0-9.]+", value):
        raise fault(f"{value} is no IP address")
    if not DNS_NAME.fullmatch(value):
        raise fault(f"{value!r} is neither an IP address nor a DNS name")
    return value


def server_name(value: str) -> str:
    """Accept what can stand in known_hosts, in a file's name and in a host pattern."""
    if value in GROUPS_OF_ALL:
        raise fault(f"{value!r} is the name of a group; call the server something else")
    if not NAME.fullmatch(value):
        raise fault(
            f"{value!r} is no name: up to 128 letters, digits and . _ -, and no . or - first"
        )
    return value


def label_name(value: str) -> str:
    """Accept a Prometheus label that dcov does not set itself."""
    if value in OUR_LABELS:
        raise fault(f"{value!r} is a label that dcov sets itself")
    if not PROMETHEUS_LABEL.fullmatch(value):
        raise fault(f"{value!r} is no label name: letters, digits and _, no digit first")
    return value


def key_file(value: object, info: ValidationInfo) -> object:
    """Find a private key: `~` is the reader's home, relative means beside the config file."""
    if not isinstance(value, str):
        return value
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        raise fault(f"{value}: no such user's home") from error
    if info.context is not None:
        path = info.context / path
    if path.suffix == ".pub":
        raise fault(f"{path} is a public key; name the private one")
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file() raises where a folder is closed
        raise fault(f"there is no key file {path}")
    if not os.access(path, os.R_OK):
        raise fault(f"the key file {path} cannot be read")
    return path


def url(value: str) -> str:
    """Accept a URL that holds no password: it is shown in plans and kept in records."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https", "file"}:
        raise fault("must be a URL that begins with http://, https:// or file://")
    if parts.password is not None:
        raise fault("must hold no password; ~/.netrc is where it belongs")
    return value


def secret(value: object) -> Secret:
    """Wrap a text, so that it is never seen again."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise fault(f"a password must be text, and YAML reads {kind_of(value)} here; quote it")
    return Secret(value)


def kind_of(value: object) -> str:
    """Name the kind of a value in the words of the messages."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a mapping"
    if isinstance(value, str):
        return "text"
    return "a date" if hasattr(value, "isoformat") else "something else"


def _number(value: object) -> object:
    """Read the number in a text that came from a reference; any other text is none."""
    is_number = isinstance(value, Resolved) and value.isascii() and value.isdigit()
    return int(str(value)) if is_number else value


def _flag(value: object) -> object:
    if isinstance(value, Resolved):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def frozen(value: Mapping[K, V]) -> Mapping[K, V]:
    """Return the mapping as one that cannot be changed."""
    return MappingProxyType(dict(value))


Text = Annotated[str, Strict(), AfterValidator(str)]  # str() makes a Resolved plain
Whole = Annotated[int, BeforeValidator(_number), Strict()]
Flag = Annotated[bool, BeforeValidator(_flag), Strict()]
Port = Annotated[Whole, Field(ge=1, le=65535)]
Address = Annotated[Text, AfterValidator(address)]
ServerName = Annotated[Text, AfterValidator(server_name)]
LabelName = Annotated[Text, AfterValidator(label_name)]
KeyFile = Annotated[Path, BeforeValidator(key_file)]
Url = Annotated[Text, AfterValidator(url)]
SecretText = Annotated[
    Secret,
    PlainValidator(secret),
    PlainSerializer(lambda _: MASK, when_used="json"),
    WithJsonSchema({"type": "string", "format": "password", "writeOnly": True}),
]
Labels = Annotated[Mapping[LabelName, Text], AfterValidator(frozen)]
Texts = Annotated[Mapping[Text, Text], AfterValidator(frozen)]
Opaque = Annotated[Mapping[str, Any], AfterValidator(frozen)]
