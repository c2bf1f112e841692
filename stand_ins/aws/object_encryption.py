# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects encrypted with KMS: the key of a write, and who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from . import moto_kms
from . import moto_state as state
from .encryption import ALGORITHMS, KMS_ALGORITHMS
from .errors import Refusal

if TYPE_CHECKING:
    from moto.kms.models import Key

    from .access import Access
    from .call import Call

_ALGORITHM = "x-amz-server-side-encryption"
_KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id"
_CUSTOMER_KEY = "x-amz-server-side-encryption-customer-algorithm"
_COPY_SOURCE = "x-amz-copy-source"
_WRITES = ("PutObject", "CopyObject", "CreateMultipartUpload")
_PARTS = ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload")
_READS = ("GetObject", "HeadObject")
_NO_ALGORITHM = (
    "Server Side Encryption with AWS KMS managed key requires HTTP header "
    "x-amz-server-side-encryption : aws:kms"
)
_UNSIGNED = (
    "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4."
)


def apply(access: Access) -> None:
    """Require what the keys of a request need, and have moto store under the key that S3 would take."""
    call = access.call
    bucket = state.find_bucket(call.bucket)
    if bucket is None or not call.key:
        return
    if call.operation in _WRITES:
        _write(access, bucket)
    elif call.operation in _PARTS:
        upload = state.find_upload(bucket, call.query.get("uploadId", ""))
        if upload is not None:
            _use(access, "kms:Decrypt", upload.sse_encryption, upload.kms_key_id, bucket)
    elif call.operation in _READS:
        _read(access, bucket, call.key, call.query.get("versionId"))
    if _COPY_SOURCE in call.headers:
        path, _rest, query = call.headers[_COPY_SOURCE].partition("?")
        name, _rest, key = unquote(path).lstrip("/").partition("/")
        source = state.find_bucket(name)
        if source is not None:
            _read(access, source, key, next(iter(parse_qs(query).get("versionId", [])), None))


def _read(access: Access, bucket: Any, key: str, version_id: str | None) -> None:
    found = state.find_version(bucket, key, version_id)
    if found is not None:
        _use(access, "kms:Decrypt", found.encryption, found.kms_key_id, bucket)


def _write(access: Access, bucket: Any) -> None:
    if _CUSTOMER_KEY in access.call.headers:
        return
    algorithm, reference = _wanted(access.call, bucket)
    key = _use(access, "kms:GenerateDataKey", algorithm, reference, bucket)
    environ = access.call.environ
    environ["HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION"] = algorithm
    environ.pop("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID", None)
    if key is not None:
        environ["HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID"] = key.arn


def _wanted(call: Call, bucket: Any) -> tuple[str, str | None]:
    algorithm, reference = call.headers.get(_ALGORITHM), call.headers.get(_KEY_ID)
    if algorithm is None and reference is None:
        if not bucket.encryption:
            # A bucket of another provider has none.
            return "AES256", None
        default = bucket.encryption["Rule"]["ApplyServerSideEncryptionByDefault"]
        return default["SSEAlgorithm"], default.get("KMSMasterKeyID")
    if reference is not None and algorithm not in KMS_ALGORITHMS:
        raise Refusal(400, "InvalidArgument", _NO_ALGORITHM, ArgumentName=_ALGORITHM)
    if algorithm not in ALGORITHMS:
        raise Refusal(
            400,
            "InvalidArgument",
            "The encryption method specified is not supported",
            ArgumentName=_ALGORITHM,
            ArgumentValue=str(algorithm),
        )
    return algorithm, reference


def _use(
    access: Access, action: str, algorithm: str | None, reference: str | None, bucket: Any
) -> Key | None:
    """Return the key of such an encryption, if the caller may use it."""
    if algorithm not in KMS_ALGORITHMS:
        return None
    if access.service is not None:
        # Its permission would be the key's own policy, which is left out here.
        raise access.denied(action, "", "")
    if access.caller is None:
        raise Refusal(400, "InvalidArgument", _UNSIGNED, ArgumentName="Authorization", ArgumentValue="null")
    key = _find(reference or moto_kms.AWS_S3, bucket.region_name)
    if key.key_manager != "AWS":
        access.require(action, key.arn)
    if key.key_state == "Disabled":
        raise Refusal(400, "KMS.DisabledException", f"{key.arn} is disabled.")
    if key.key_state != "Enabled":
        raise Refusal(400, "KMS.KMSInvalidStateException", f"{key.arn} is pending deletion.")
    return key


def _find(reference: str, region: str) -> Key:
    key = moto_kms.find_key(reference, region)
    if key is None:
        arn = moto_kms.arn(reference, region)
        known_as = f"Alias {arn} is not found." if ":alias/" in arn else f"Key '{arn}' does not exist"
        raise Refusal(400, "KMS.NotFoundException", known_as)
    return key
