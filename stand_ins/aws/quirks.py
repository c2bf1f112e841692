# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of S3 providers other than AWS, by the names for AwsStandIn.settings(quirks=[...]).

wants_md5: no configuration of a bucket without Content-MD5. refuses_crc32_headers: no newer checksums.
no_such_policy: NoSuchPolicy for NoSuchBucketPolicy. no_aborts: no lifecycle rule that aborts uploads.
plain_buckets: a new bucket has neither object ownership nor Block Public Access.
NAME_501, for example cors_501: the provider does not know this sub-resource of a bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import Refusal
from .refusals import check_md5

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .answer import Answer
    from .call import Call

_WITH_MD5 = ("policy", "cors", "lifecycle", "tagging", "versioning", "encryption")
_NEWER = ("x-amz-sdk-checksum-algorithm", "x-amz-checksum-crc32", "x-amz-trailer")


def refuse(call: Call, body: bytes, quirks: Sequence[str]) -> None:
    for name in call.query:
        if f"{name}_501" in quirks and call.key is None:
            raise Refusal(501, "NotImplemented", "A header or query you provided is not implemented.")
    if "refuses_crc32_headers" in quirks:
        for name in _NEWER:
            if name in call.headers:
                raise Refusal(
                    400, "InvalidArgument", f"Unsupported header '{name}' received for this API call."
                )
    if "wants_md5" in quirks and call.method == "PUT" and set(call.query) & set(_WITH_MD5):
        if not call.headers.get("content-md5"):
            raise Refusal(400, "InvalidRequest", "Missing required header for this request: Content-MD5")
        check_md5(call, body)
    if "no_aborts" in quirks and b"AbortIncompleteMultipartUpload" in body:
        raise Refusal(400, "InvalidArgument", "AbortIncompleteMultipartUpload is not supported")


def change(answer: Answer, quirks: Sequence[str]) -> Answer:
    if "no_such_policy" in quirks and answer.code == "NoSuchBucketPolicy":
        answer.body = answer.body.replace(b"NoSuchBucketPolicy", b"NoSuchPolicy")
        answer.code = "NoSuchPolicy"
        answer.headers = [pair for pair in answer.headers if pair[0].lower() != "content-length"]
        answer.headers.append(("Content-Length", str(len(answer.body))))
    return answer
