# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The operation of a CloudFront request, with its IAM actions and resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .account import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

VIEWER_PATH = "/_cloudfront/"
_VERSION = re.compile(r"^/\d{4}-\d\d-\d\d/")
_LISTS = {"distribution": "Distribution", "origin-access-control": "OriginAccessControl"}
_PARTS = {
    "config": {"GET": "Get{}Config", "PUT": "Update{}"},
    "invalidation": {"GET": "ListInvalidations", "POST": "CreateInvalidation"},
    "": {"GET": "Get{}", "DELETE": "Delete{}"},
}
_TAGGING = {
    ("GET", ""): "ListTagsForResource",
    ("POST", "Tag"): "TagResource",
    ("POST", "Untag"): "UntagResource",
}
_ACTIONS = {"CreateDistributionWithTags": "CreateDistribution"}


def identify(method: str, path: str, query: Mapping[str, str]) -> tuple[str, str]:
    """Return the operation's name and the ID in its path."""
    kind, _rest, rest = _VERSION.sub("", path).partition("/")
    name, _rest, part = rest.partition("/")
    if kind == "tagging":
        return _TAGGING.get((method, query.get("Operation", "")), method), ""
    stem = _LISTS.get(kind)
    if stem is None:
        return f"{method.capitalize()}{kind.title().replace('-', '')}", name
    if not name:
        tagged = "WithTags" if "WithTags" in query else ""
        return {"POST": f"Create{stem}{tagged}", "GET": f"List{stem}s"}.get(method, method), ""
    operation = _PARTS.get(part.partition("/")[0], {}).get(method, method)
    return operation.format(stem), name


def action(operation: str) -> str:
    return f"cloudfront:{_ACTIONS.get(operation, operation)}"


def further_actions(operation: str) -> list[str]:
    return ["cloudfront:TagResource"] if operation == "CreateDistributionWithTags" else []


def resource(operation: str, name: str, tagged: str) -> str:
    """Return the ARN that a policy has to allow."""
    if tagged:
        return tagged
    if operation.startswith("List") and not name:
        return "*"
    kind = "origin-access-control" if "OriginAccessControl" in operation else "distribution"
    return arn(kind, name or "*")


def arn(kind: str, name: str) -> str:
    return f"arn:aws:cloudfront::{ACCOUNT}:{kind}/{name}"


def viewed(host: str, path: str) -> tuple[str, str] | None:
    """Return the distribution that a viewer asks, by ID or domain name, and the path."""
    domain = host.partition(":")[0]
    if domain.endswith(".cloudfront.net"):
        return domain, path
    if path.startswith(VIEWER_PATH):
        name, _rest, key = path.removeprefix(VIEWER_PATH).partition("/")
        return name, f"/{key}"
    return None
