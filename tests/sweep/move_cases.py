# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is moved from what to what, and at which request each of these runs is killed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .kill_cases import AWS, SERVER, Kill
from .world import BUCKET as OLD_BUCKET

NEW_BUCKET = "sweep-other-recordings"
_DELIVERY = "s3_recording_delivery"
PUBLIC, PRIVATE, ACL = ({_DELIVERY: each} for each in ("public", "private", "acl"))
FOLDERS = {"s3_recording_prefix": "new"}
BUCKET = {"s3_recording_bucket": NEW_BUCKET}
USER = {"s3_recording_iam_user": "another-recorder", "s3_recording_key_path": "/another/key"}
AND_DELETE = {
    **USER,
    "s3_recording_iam_user_previous": f"{OLD_BUCKET}-recording",
    "s3_recording_key_delete_after": 0,
}
KEY_STORE = {"s3_recording_key_store": "secretsmanager", "s3_recording_key_store_previous": "ssm"}
PER_APP = {"s3_recording_folder_per_application": True}
EXPIRY = {"s3_recording_expire_days": 30, "s3_recording_expire_existing": True}
# The domain of a distribution leads nowhere here, so no run can fetch from it what it has uploaded.
NOT_VERIFIED = {"s3_recording_verify": False}
DISTRIBUTION = {_DELIVERY: "cloudfront", **NOT_VERIFIED}
KEYS = ("alias/first", "alias/second")
FIRST_KEY, SECOND_KEY = (
    {**PRIVATE, "s3_recording_encryption": "aws:kms", "s3_recording_encryption_key_id": each} for each in KEYS
)
TO_ACL = {**ACL, "s3_recording_close_existing": True, "s3_recording_allow_changing_others_access": True}


@dataclass(frozen=True)
class Move:
    """Variables of before, and those that are different afterwards.

    aws, servers: how many writes the run makes to AWS, verification included, and to the second server.
    """

    name: str
    after: Mapping[str, Any]
    aws: int
    servers: int = 1
    before: Mapping[str, Any] = field(default_factory=lambda: PUBLIC)

    @property
    def kills(self) -> list[Kill]:
        """Return a kill before and after each write, the first ones of the storage and of a server first."""
        numbered = [(AWS, nth) for nth in range(1, self.aws + 1)]
        numbered += [(SERVER, nth) for nth in range(1, self.servers + 1)]
        return [Kill(at, nth, after, writes=True) for at, nth in numbered for after in (False, True)]


MOVES = [
    Move("other folders", FOLDERS, 8),
    Move("a folder for each application", PER_APP, 8),
    Move("public to private", PRIVATE, 6),
    Move("private to public", PUBLIC, 6, before=PRIVATE),
    Move("acl to public", PUBLIC, 8, before=ACL),
    Move("public to acl", TO_ACL, 8),
    Move("another bucket", BUCKET, 15),
    Move("another bucket and other folders", {**BUCKET, **FOLDERS}, 16),
    Move("another bucket, and private", {**BUCKET, **PRIVATE}, 13),
    Move("another user", USER, 9),
    Move("private, in other folders, of another user", {**PRIVATE, **FOLDERS, **USER}, 13),
    Move("public, in other folders", {**PUBLIC, **FOLDERS}, 9, before=PRIVATE),
    Move("another user, and the previous one deleted", AND_DELETE, 15),
    Move("another key store", KEY_STORE, 5, servers=0),
    Move("expiry", EXPIRY, 4, servers=0),
    Move("public to cloudfront", DISTRIBUTION, 5, before={**PUBLIC, **NOT_VERIFIED}),
    Move("cloudfront to public", {**PUBLIC, **NOT_VERIFIED}, 3, before=DISTRIBUTION),
    Move("another KMS key", SECOND_KEY, 6, servers=0, before=FIRST_KEY),
]
CASES = [(move, kill) for move in MOVES for kill in move.kills]
# After the storage was widened, and when one server has changed.
SAMPLE = [
    (move, kill)
    for move, kill in CASES
    if (move.name, str(kill))
    in {
        ("public to private", f"after write 1 to {SERVER}"),
        ("another bucket and other folders", f"at write 1 to {SERVER}"),
    }
]
