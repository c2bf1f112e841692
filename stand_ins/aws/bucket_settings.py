# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings of a bucket of which moto loses a part, or judges them otherwise than S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import bucket_tags, encryption, lifecycle
from . import moto_state as state
from .answer import Answer, s3_answer
from .errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .call import Call


def answer(call: Call, body: bytes) -> Answer | None:
    """Return the answer of S3, None where moto answers."""
    bucket = state.find_bucket(call.bucket)
    own = _ANSWERS.get(call.operation)
    return own(call, bucket, body) if own and bucket is not None else None


def _put_lifecycle(call: Call, bucket: Any, body: bytes) -> Answer:
    kept = lifecycle.read(body, call.headers.get(lifecycle.MINIMUM_SIZE))
    state.keep(bucket, "lifecycle", kept)
    return s3_answer(200, headers=[(lifecycle.MINIMUM_SIZE, kept.minimum_size)])


def _get_lifecycle(_call: Call, bucket: Any, _body: bytes) -> Answer:
    kept = state.kept(bucket, "lifecycle")
    if kept is None:
        message = "The lifecycle configuration does not exist"
        raise Refusal(404, "NoSuchLifecycleConfiguration", message, BucketName=bucket.name)
    return s3_answer(200, kept.document, [(lifecycle.MINIMUM_SIZE, kept.minimum_size)])


def _delete_lifecycle(_call: Call, bucket: Any, _body: bytes) -> Answer:
    state.keep(bucket, "lifecycle", None)
    return s3_answer(204)


def _put_tagging(_call: Call, bucket: Any, body: bytes) -> Answer:
    state.set_tags(bucket, bucket_tags.read(body, state.tags_of(bucket)))
    return s3_answer(204)


def _delete_tagging(_call: Call, bucket: Any, _body: bytes) -> Answer:
    if bucket_tags.system_tags(state.tags_of(bucket)):
        raise bucket_tags.system_tags_stay()
    state.set_tags(bucket, {})
    return s3_answer(204)


def _get_encryption(_call: Call, bucket: Any, _body: bytes) -> Answer:
    return s3_answer(200, encryption.default_document(bucket.encryption["Rule"]))


_ANSWERS: dict[str, Callable[[Call, Any, bytes], Answer]] = {
    "PutBucketLifecycleConfiguration": _put_lifecycle,
    "GetBucketLifecycleConfiguration": _get_lifecycle,
    "DeleteBucketLifecycleConfiguration": _delete_lifecycle,
    "GetBucketEncryption": _get_encryption,
    "PutBucketTagging": _put_tagging,
    "DeleteBucketTagging": _delete_tagging,
}
