# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The XML that a request carries, without its namespaces."""

from __future__ import annotations

from xml.etree import ElementTree

from .errors import malformed_xml

S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def read(body: bytes, root_name: str) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError as error:
        raise malformed_xml() from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag != root_name:
        raise malformed_xml()
    return root


def require_text(parent: ElementTree.Element, name: str) -> str:
    text = parent.findtext(name)
    if text is None:
        raise malformed_xml()
    return text
