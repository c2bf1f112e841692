# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An edge of CloudFront: a viewer's answer from a distribution whose origin is a bucket."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from . import moto_cloudfront
from .answer import Answer
from .call import Call, read_call
from .cloudfront_config import ALL_VIEWER_EXCEPT_HOST, CORS_CUSTOM_ORIGIN, CORS_S3_ORIGIN
from .errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

PRINCIPAL = "cloudfront.amazonaws.com"
_FORWARDED = ("GET", "HEAD", "OPTIONS")
_ALWAYS_PASSED = (
    "range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
)
_CORS = ("origin", "access-control-request-method", "access-control-request-headers")
_PASSED_BY_POLICY = {
    CORS_S3_ORIGIN: _CORS,
    ALL_VIEWER_EXCEPT_HOST: _CORS,
    CORS_CUSTOM_ORIGIN: ("origin",),
}


@dataclass(frozen=True)
class Service:
    """A service of AWS that asks S3 in the name of a resource."""

    principal: str
    source_arn: str


Ask = Callable[[Call, Service | None], Answer]


def deliver(call: Call, delay: float, ask: Ask) -> Answer:
    """Answer a viewer; `ask` puts a request to S3 as a service, or as nobody."""
    found = moto_cloudfront.find_distribution(call.params["Id"])
    if found is None or not found.Enabled or not moto_cloudfront.is_deployed(found, delay, "made"):
        raise Refusal(403, "Forbidden", "Bad request. We can't connect to the server for this app.")
    behavior = found.DefaultCacheBehavior
    if call.method not in _FORWARDED or call.method not in behavior["AllowedMethods"]["Items"]:
        raise Refusal(
            403,
            "Forbidden",
            "This distribution is not configured to allow the HTTP request method that was used for this "
            "request.",
        )
    origin = next(each for each in found.Origins["Items"] if each["Id"] == behavior["TargetOriginId"])
    if "S3OriginConfig" not in origin:
        raise Refusal(502, "BadGateway", "The stand-in reaches buckets alone.")
    passed = _ALWAYS_PASSED + _PASSED_BY_POLICY.get(behavior.get("OriginRequestPolicyId") or "", ())
    path = call.params["Path"]
    if path == "/":
        path += quote(vars(found.distribution_config)["DefaultRootObject"])
    asked = _request(call, origin["DomainName"], origin["OriginPath"] + path, passed)
    call.bucket, call.key = asked.bucket, asked.key
    control = moto_cloudfront.find_control(origin["OriginAccessControlId"])
    signed = control is not None and control.signing_behavior != "never"
    answer = ask(asked, Service(PRINCIPAL, found.arn) if signed else None)
    cached = "Error" if answer.status >= 400 else "Miss"
    answer.headers += [
        ("X-Cache", f"{cached} from cloudfront"),
        ("Via", f"1.1 {found.domain_name} (CloudFront)"),
        ("X-Amz-Cf-Id", uuid.uuid4().hex),
    ]
    return answer


def _request(call: Call, domain: str, raw_path: str, passed: Iterable[str]) -> Call:
    environ = {
        name: value for name, value in call.environ.items() if not name.startswith(("HTTP_", "CONTENT_"))
    }
    for name in (*passed, "x-forwarded-proto"):
        if name in call.headers:
            environ["HTTP_" + name.upper().replace("-", "_")] = call.headers[name]
    environ |= {
        "HTTP_HOST": domain,
        "HTTP_USER_AGENT": "Amazon CloudFront",
        "PATH_INFO": unquote(raw_path, "latin-1"),
        "RAW_URI": raw_path,
        "REQUEST_URI": raw_path,
        "QUERY_STRING": "",
        "wsgi.input": io.BytesIO(),
    }
    return read_call(environ)
