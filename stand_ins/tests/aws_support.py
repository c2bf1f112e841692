# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of the AWS stand-in share."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn

REGION = "eu-west-1"
NO_RETRY = Config(retries={"total_max_attempts": 1})
OFF = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
    False,
)
ON = dict.fromkeys(OFF, True)
Clients = Callable[..., Any]


def refused(code: str, call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return dict(caught.value.response)


def web(
    stand_in: AwsStandIn,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> tuple[int, dict[str, str], bytes]:
    """A request without a signature, as a browser's."""
    connection = http.client.HTTPConnection(urlsplit(stand_in.endpoint_url).netloc, timeout=20)
    try:
        connection.request(method, path, body=body or None, headers=headers or {})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return response.status, found, response.read()
    finally:
        connection.close()


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(action: Any, resource: Any, principal: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, **more}


def public_read(bucket: str, **more: Any) -> str:
    return policy(statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*", **more))


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}],
    }


def distribution(bucket: str, control: str = "", **more: Any) -> dict[str, Any]:
    """A distribution of a bucket; what is given besides replaces parts of it."""
    domain = f"{bucket}.s3.{REGION}.amazonaws.com"
    origin = {"Id": "recordings", "DomainName": domain, "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behavior = {
        "TargetOriginId": "recordings",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    }
    return {
        "CallerReference": uuid.uuid4().hex,
        "Comment": "recordings",
        "Enabled": True,
        "Origins": counted(origin | {"OriginAccessControlId": control} | more.pop("origin", {})),
        "DefaultCacheBehavior": behavior | more.pop("behavior", {}),
        **more,
    }


def counted(*items: Any) -> dict[str, Any]:
    return {"Quantity": len(items), "Items": list(items)}


def access_control(name: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "Name": name or f"control-{uuid.uuid4().hex[:8]}",
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
        **more,
    }
