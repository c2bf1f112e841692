# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must not become a pattern in the policy of the key, without AWS."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    DesiredAccess,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_plan import (
    check_desired,
    statements_wanted,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.key_policy import key_policy
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.validation import problems_of


@pytest.mark.parametrize(
    "folder", ["a*/streams", "a?/streams", "${aws:username}/streams", "a/../streams", "."]
)
def test_a_policy_is_made_of_names_alone(folder: str) -> None:
    """Only the plan looked, so that whatever came past it stood in the policy as a pattern."""
    with pytest.raises(AwsError, match="would match other names in a policy"):
        key_policy(Intent(bucket="b", region="us-east-1"), [folder])
    desired = DesiredAccess("b", "public", folders=(folder,))
    with pytest.raises(AwsError, match="would match other names in a policy"):
        statements_wanted(desired)
    with pytest.raises(AwsError, match="must be a path such as live/streams"):
        check_desired(desired)


@pytest.mark.parametrize("key", ["*", "alias/*", "arn:aws:kms:us-east-1:*:key/1", "alias/${aws:username}"])
def test_a_kms_key_is_one_key(key: str) -> None:
    """A key's policy with * for the KMS key let it use every key of the account."""
    intent = Intent(bucket="videos", region="us-east-1", encryption="aws:kms", encryption_key_id=key)
    with pytest.raises(AwsError, match="would match other names in a policy"):
        key_policy(intent, ["streams"])
    (problem,) = problems_of(replace(intent, delivery="private", ams_url="https://a:5443"))
    assert problem.startswith("s3_recording_encryption_key_id")
