# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lifecycle configurations: S3's refusals, and the document it gives back."""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass
from xml.etree import ElementTree

from . import xml_body
from .errors import Refusal, malformed_xml

MINIMUM_SIZE = "x-amz-transition-default-minimum-object-size"
_MINIMUM_SIZES = ("all_storage_classes_128K", "varies_by_storage_class")
_CLASSES = ("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR")
_INFREQUENT = ("STANDARD_IA", "ONEZONE_IA")
_INFREQUENT_DAYS = 30
_ACTIONS = (
    "Transition",
    "Expiration",
    "NoncurrentVersionTransition",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)
_ORDER = ("ID", "Prefix", "Filter", "Status", *_ACTIONS)
_PREDICATES = ("Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
_SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")
_MAX_RULES = 1000
_MAX_ID = 255
_NO_FILTER = "Filter element can only be used in Lifecycle V2."
_NO_PREFIX = "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."


@dataclass(frozen=True)
class Lifecycle:
    """A stored configuration."""

    document: bytes
    minimum_size: str


def _argument(message: str) -> Refusal:
    return Refusal(400, "InvalidArgument", message)


def _request(message: str) -> Refusal:
    return Refusal(400, "InvalidRequest", message)


def read(body: bytes, minimum_size: str | None) -> Lifecycle:
    """Raise what S3 would; else what it keeps."""
    minimum_size = minimum_size or _MINIMUM_SIZES[0]
    if minimum_size not in _MINIMUM_SIZES:
        raise _request(f"Invalid TransitionDefaultMinimumObjectSize found: {minimum_size}")
    root = xml_body.read(body, "LifecycleConfiguration")
    rules = root.findall("Rule")
    if not rules:
        raise _request("The lifecycle configuration must specify at least one rule.")
    if len(rules) > _MAX_RULES:
        raise _request("The number of lifecycle rules must not exceed the allowed limit of 1000 rules.")
    _check_version(rules)
    _check_ids(rules)
    for rule in rules:
        _check_rule(rule)
    return Lifecycle(_document(rules), minimum_size)


def _check_version(rules: list[ElementTree.Element]) -> None:
    forms = [[name for name in ("Filter", "Prefix") if rule.find(name) is not None] for rule in rules]
    if any(len(form) != 1 for form in forms):
        raise malformed_xml()
    if len({form[0] for form in forms}) > 1:
        raise _request(_NO_PREFIX if forms[0] == ["Filter"] else _NO_FILTER)


def _check_ids(rules: list[ElementTree.Element]) -> None:
    ids = [rule.findtext("ID") for rule in rules]
    given = [each for each in ids if each]
    if any(len(each) > _MAX_ID for each in given):
        raise _argument(f"ID length should not exceed allowed limit of {_MAX_ID}")
    if len(given) != len(set(given)):
        raise _argument("Rule ID must be unique. Found same ID for more than one rule")


def _check_rule(rule: ElementTree.Element) -> None:
    if rule.findtext("Status") not in ("Enabled", "Disabled"):
        raise malformed_xml()
    if not any(rule.find(name) is not None for name in _ACTIONS):
        raise _request("At least one action needs to be specified in a rule")
    predicates = _predicates(rule.find("Filter"))
    _check_narrow_actions(rule, {each.tag for each in predicates})
    _check_transitions(rule)
    _check_expiration(rule)
    _check_noncurrent(rule)
    abort = rule.find("AbortIncompleteMultipartUpload")
    if abort is not None:
        _require_days(abort, "DaysAfterInitiation")


def _predicates(given: ElementTree.Element | None) -> list[ElementTree.Element]:
    if given is None:
        return []
    both = given.find("And")
    found = list(given if both is None else both)
    if len(given) > 1 or (both is not None and len(found) < 2):
        raise malformed_xml()
    if any(each.tag not in _PREDICATES for each in found):
        raise malformed_xml()
    keys = [each.findtext("Key") for each in found if each.tag == "Tag"]
    if len(keys) != len(set(keys)):
        raise _request("Duplicate Tag Keys are not allowed.")
    return found


def _check_narrow_actions(rule: ElementTree.Element, predicates: set[str]) -> None:
    """Refuse tags and sizes in a rule that is about no object as such."""
    for path in ("AbortIncompleteMultipartUpload", "Expiration/ExpiredObjectDeleteMarker"):
        if rule.find(path) is None:
            continue
        name = path.rpartition("/")[2]
        if "Tag" in predicates:
            raise _request(f"{name} cannot be specified with Tags.")
        if predicates.intersection(_SIZES):
            raise _request(f"{name} cannot be specified with Object Size.")


def _require_days(action: ElementTree.Element, name: str, least: int = 1) -> int:
    text = xml_body.require_text(action, name)
    if not re.fullmatch(r"-?\d+", text):
        raise malformed_xml()
    if int(text) < least:
        kind = "positive" if least else "nonnegative"
        raise _argument(f"'{name}' for {action.tag} action must be a {kind} integer")
    return int(text)


def _where(rule: ElementTree.Element) -> str:
    prefix = next((each.text or "" for each in rule.iter("Prefix")), "")
    return f"filter '(prefix={prefix})'"


def _check_date(action: ElementTree.Element) -> None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00(\.0+)?(Z|\+00:00)", action.findtext("Date") or ""):
        raise _argument("'Date' must be at midnight GMT")


def _check_class(action: ElementTree.Element, days: int | None, name: str) -> None:
    storage_class = action.findtext("StorageClass")
    if storage_class not in _CLASSES:
        raise malformed_xml()
    if storage_class in _INFREQUENT and days is not None and days < _INFREQUENT_DAYS:
        raise _argument(
            f"'{name}' in {action.tag} action must be greater than or equal to {_INFREQUENT_DAYS} "
            f"for storageClass '{storage_class}'"
        )


def _check_transitions(rule: ElementTree.Element) -> None:
    for action in rule.findall("Transition"):
        if (action.find("Days") is None) == (action.find("Date") is None):
            raise malformed_xml()
        if action.find("Date") is not None:
            _check_date(action)
            _check_class(action, None, "Date")
        else:
            _check_class(action, _require_days(action, "Days", least=0), "Days")
    for name in ("Transition", "NoncurrentVersionTransition"):
        classes = [action.findtext("StorageClass") for action in rule.findall(name)]
        if len(classes) != len(set(classes)):
            raise _request(
                f"'StorageClass' must be different for '{name}' actions in same 'Rule' with {_where(rule)}"
            )


def _check_expiration(rule: ElementTree.Element) -> None:
    expiration, transitions = rule.find("Expiration"), rule.findall("Transition")
    timed = [each for each in (expiration, *transitions) if each is not None]
    if expiration is not None:
        kinds = [each.tag for each in expiration]
        if len(kinds) != 1 or kinds[0] not in ("Days", "Date", "ExpiredObjectDeleteMarker"):
            raise malformed_xml()
        if kinds == ["Date"]:
            _check_date(expiration)
        if kinds == ["Days"]:
            _require_later(rule, _require_days(expiration, "Days"), "Days", expiration.tag, transitions)
    if len({name for name in ("Days", "Date") if any(each.find(name) is not None for each in timed)}) > 1:
        raise _request(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule "
            f"for {_where(rule)}"
        )


def _check_noncurrent(rule: ElementTree.Element) -> None:
    transitions = rule.findall("NoncurrentVersionTransition")
    for action in transitions:
        _check_class(action, _require_days(action, "NoncurrentDays", least=0), "NoncurrentDays")
    expiration = rule.find("NoncurrentVersionExpiration")
    if expiration is not None:
        days = _require_days(expiration, "NoncurrentDays")
        _require_later(rule, days, "NoncurrentDays", expiration.tag, transitions)


def _require_later(
    rule: ElementTree.Element, days: int, name: str, tag: str, transitions: list[ElementTree.Element]
) -> None:
    for action in transitions:
        text = action.findtext(name)
        if text is not None and days <= int(text):
            raise _argument(
                f"'{name}' in the {tag} action for {_where(rule)} must be greater than '{name}' "
                f"in the {action.tag} action"
            )


def _document(rules: list[ElementTree.Element]) -> bytes:
    root = ElementTree.Element("LifecycleConfiguration", {"xmlns": xml_body.S3_NAMESPACE})
    for rule in rules:
        if not rule.findtext("ID"):
            for empty in rule.findall("ID"):
                rule.remove(empty)
            ElementTree.SubElement(rule, "ID").text = base64.b64encode(str(uuid.uuid4()).encode()).decode()
        kept = ElementTree.SubElement(root, "Rule")
        kept.extend(child for name in _ORDER for child in rule.findall(name))
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
