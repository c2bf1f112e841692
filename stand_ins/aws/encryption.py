# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Encryption of buckets and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from . import xml_body
from .errors import Refusal, malformed_xml
from .policy import as_list

if TYPE_CHECKING:
    from collections.abc import Mapping

KMS_ALGORITHMS = ("aws:kms", "aws:kms:dsse")
ALGORITHMS = ("AES256", *KMS_ALGORITHMS)
_NO_KEY = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"


def check_default(body: bytes) -> None:
    """Refuse a default encryption that S3 refuses."""
    rules = xml_body.read(body, "ServerSideEncryptionConfiguration").findall("Rule")
    if len(rules) != 1:
        raise malformed_xml()
    given = rules[0].find("ApplyServerSideEncryptionByDefault")
    algorithm = given.findtext("SSEAlgorithm") if given is not None else None
    if algorithm not in ALGORITHMS:
        raise malformed_xml()
    if given is not None and given.find("KMSMasterKeyID") is not None and algorithm not in KMS_ALGORITHMS:
        raise Refusal(400, "InvalidArgument", _NO_KEY, ArgumentName="ApplyServerSideEncryptionByDefault")


def default_document(rule: Mapping[str, Any]) -> bytes:
    """Return the default of a bucket as S3 writes it; moto leaves BlockedEncryptionTypes out."""
    root = ElementTree.Element("ServerSideEncryptionConfiguration", {"xmlns": xml_body.S3_NAMESPACE})
    written = ElementTree.SubElement(root, "Rule")
    given = ElementTree.SubElement(written, "ApplyServerSideEncryptionByDefault")
    for name, text in rule["ApplyServerSideEncryptionByDefault"].items():
        ElementTree.SubElement(given, name).text = text
    ElementTree.SubElement(written, "BucketKeyEnabled").text = rule.get("BucketKeyEnabled") or "false"
    blocked = as_list((rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType"))
    if blocked:
        types = ElementTree.SubElement(written, "BlockedEncryptionTypes")
        for each in blocked:
            ElementTree.SubElement(types, "EncryptionType").text = each
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
