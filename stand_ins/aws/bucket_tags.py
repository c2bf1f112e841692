# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tags of a bucket, as S3 accepts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import xml_body
from .errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree import ElementTree

_MAX_TAGS = 50
_MAX_KEY = 128
_MAX_VALUE = 256


def _invalid(message: str) -> Refusal:
    return Refusal(400, "InvalidTag", message)


def system_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that AWS itself has set, such as CloudFormation's."""
    return {key: value for key, value in tags.items() if key.startswith("aws:")}


def read(body: bytes, present: Mapping[str, str]) -> dict[str, str]:
    """Raise what S3 would over these tags for a bucket that has the present ones; else the tags."""
    root = xml_body.read(body, "Tagging")
    tags: dict[str, str] = {}
    for tag in root.findall("TagSet/Tag"):
        key, value = _pair(tag)
        if key in tags:
            raise _invalid("Cannot provide multiple Tags with the same key")
        tags[key] = value
    if len(tags) > _MAX_TAGS:
        raise Refusal(400, "BadRequest", f"Bucket tag count cannot be greater than {_MAX_TAGS}")
    given, own = system_tags(tags), system_tags(present)
    if any(own.get(key) != value for key, value in given.items()):
        raise _invalid("System tags cannot be added/updated by requester")
    if set(own) - set(given):
        raise system_tags_stay()
    return tags


def system_tags_stay() -> Refusal:
    return _invalid("System tags cannot be removed by requester")


def _pair(tag: ElementTree.Element) -> tuple[str, str]:
    key, value = xml_body.require_text(tag, "Key"), xml_body.require_text(tag, "Value")
    if not 1 <= len(key) <= _MAX_KEY:
        raise _invalid("The TagKey you have provided is invalid")
    if len(value) > _MAX_VALUE:
        raise _invalid("The TagValue you have provided is invalid")
    return key, value
