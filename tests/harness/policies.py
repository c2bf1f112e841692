# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An account on the stand-in in which nobody has more than a documented policy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .generate_policies import filled_in

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn
    from stand_ins.aws.stand_in import Credentials


class Account:
    def __init__(self, aws: AwsStandIn, bucket: str) -> None:
        self.aws = aws
        self.values = {"BUCKET": bucket, "ACCOUNT": aws.account_id, "REGION": aws.region}
        name = f"{bucket}-recording-boundary"
        self.user_name, self.boundary = (
            f"{bucket}-recording",
            f"arn:aws:iam::{aws.account_id}:policy/{name}",
        )
        aws.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(self.policy("boundary")))

    def policy(self, *names: str) -> dict[str, Any]:
        """Return the documents of these names as one, without a Sid twice."""
        found = [filled_in(name, **self.values) for name in names]
        statements = [
            {**each, "Sid": f"{each['Sid']}{number}"}
            for number, document in enumerate(found)
            for each in document["Statement"]
        ]
        return {**found[0], "Statement": statements}

    def make(self, *names: str) -> Credentials:
        """Make a user with these documents."""
        return self.aws.make_user(self.policy(*names))

    def asked(self, key: Credentials) -> set[str]:
        """Return the actions that a key has requested."""
        mine = (each for each in self.aws.requests() if each["access_key_id"] == key.access_key_id)
        return {str(each["action"]) for each in mine}


def actions_of(policy: dict[str, Any]) -> set[str]:
    """Return what a document allows."""
    allowed = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    return {action for statement in allowed for action in statement["Action"]}
