# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write docs/policies: the permissions for a run of the playbooks, and the boundary of the recording user.

Run it after a change here: make policies

ACCOUNT, REGION, BUCKET, DISTRIBUTION and ORIGIN_ACCESS_CONTROL are placeholders that the reader replaces.
Which action takes which resource and which condition:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "docs" / "policies"
BUCKET = "arn:aws:s3:::BUCKET"
USER = "arn:aws:iam::ACCOUNT:user/BUCKET-recording"
BOUNDARY = "arn:aws:iam::ACCOUNT:policy/BUCKET-recording-boundary"
PARAMETER = "arn:aws:ssm:REGION:ACCOUNT:parameter/antmedia/s3_recording/BUCKET"
CLOUDFRONT = "arn:aws:cloudfront::ACCOUNT"
# The objects of a check, which it removes again. No recording of a stream of yours is called so.
PROBES = [f"{BUCKET}/*/recording-check-*", f"{BUCKET}/*/live-check-*"]
OF_USERS = ["managed-by", "antmedia-bucket"]
# The user of Ant Media's guide has it when it is adopted.
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonS3FullAccess"

UPLOADS = [
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectAcl",
]

Statement = dict[str, Any]
Document = dict[str, Any]


def allow(sid: str, actions: list[str], resources: str | list[str], **condition: Any) -> Statement:
    return _statement("Allow", sid, actions, resources, condition)


def deny(sid: str, actions: list[str], resources: str | list[str], **condition: Any) -> Statement:
    return _statement("Deny", sid, actions, resources, condition)


def _statement(
    effect: str, sid: str, actions: list[str], resources: str | list[str], condition: dict[str, Any]
) -> Statement:
    more = {"Condition": condition} if condition else {}
    return {"Sid": sid, "Effect": effect, "Action": sorted(actions), "Resource": resources, **more}


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _guard(sid: str, actions: list[str], has_boundary: bool) -> Statement:
    """Allow actions on the user; with a boundary, only while the user has it or gets it."""
    condition = {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}} if has_boundary else {}
    return allow(sid, actions, USER, **condition)


def _denials() -> list[Statement]:
    """Refuse the ways around the boundary, whatever other policies the same person has."""
    return [
        deny(
            "NoUserWithoutBoundary",
            [
                "iam:AttachUserPolicy",
                "iam:CreateUser",
                "iam:PutUserPermissionsBoundary",
                "iam:PutUserPolicy",
            ],
            USER,
            StringNotEquals={"iam:PermissionsBoundary": BOUNDARY},
        ),
        deny("KeepBoundary", ["iam:DeleteUserPermissionsBoundary"], USER),
        deny(
            "KeepBoundaryPolicy",
            [
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:SetDefaultPolicyVersion",
            ],
            BOUNDARY,
        ),
    ]


def run(*, has_boundary: bool) -> Document:
    """Return the policy for all playbooks but decommission.yml."""
    changes = ["iam:CreateUser", "iam:PutUserPolicy"]
    limits = [allow("Boundary", ["iam:GetPolicy"], BOUNDARY)] if has_boundary else []
    return _document(
        allow("Account", ["sts:GetCallerIdentity", "s3:GetAccountPublicAccessBlock"], "*"),
        allow(
            "UserAndKey",
            [
                "iam:CreateAccessKey",
                "iam:DeleteAccessKey",
                "iam:GetAccessKeyLastUsed",
                "iam:GetLoginProfile",
                "iam:GetUser",
                "iam:GetUserPolicy",
                "iam:ListAccessKeys",
                "iam:ListAttachedUserPolicies",
                "iam:ListGroupsForUser",
                "iam:ListUserPolicies",
                "iam:UpdateAccessKey",
            ],
            USER,
        ),
        _guard(
            "UserPermissions",
            [*changes, *(["iam:PutUserPermissionsBoundary"] if has_boundary else [])],
            has_boundary,
        ),
        allow("UserTags", ["iam:TagUser"], USER, **{"ForAllValues:StringEquals": {"aws:TagKeys": OF_USERS}}),
        *limits,
        allow("KeyStore", ["ssm:GetParameter", "ssm:PutParameter"], PARAMETER),
        allow(
            "Bucket",
            [
                "s3:CreateBucket",
                "s3:DeleteBucketPolicy",
                "s3:GetBucketAcl",
                "s3:GetBucketCORS",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketTagging",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
                "s3:PutBucketCORS",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            BUCKET,
        ),
        allow("LookAtObjects", ["s3:GetObjectAcl", "s3:ListMultipartUploadParts"], f"{BUCKET}/*"),
        allow(
            "Checks", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"], PROBES
        ),
        *(_denials() if has_boundary else []),
    )


def cloudfront() -> Document:
    """Return the policy for s3_recording_delivery: cloudfront, beside that of the run."""
    return _document(
        allow(
            "FindAndMake",
            [
                "cloudfront:CreateDistribution",
                "cloudfront:CreateOriginAccessControl",
                "cloudfront:ListDistributions",
                "cloudfront:ListOriginAccessControls",
            ],
            "*",
        ),
        allow("LookAtDistributions", ["cloudfront:GetDistribution"], f"{CLOUDFRONT}:distribution/*"),
        allow(
            "ChangeDistribution",
            ["cloudfront:UpdateDistribution"],
            f"{CLOUDFRONT}:distribution/DISTRIBUTION",
        ),
        allow(
            "ChangeOriginAccessControl",
            ["cloudfront:GetOriginAccessControl", "cloudfront:UpdateOriginAccessControl"],
            f"{CLOUDFRONT}:origin-access-control/ORIGIN_ACCESS_CONTROL",
        ),
    )


def decommission(*, has_boundary: bool) -> Document:
    """Return the policy for decommission.yml, without that of the run."""
    return _document(
        allow("Account", ["sts:GetCallerIdentity"], "*"),
        allow(
            "UserAndKey",
            [
                "iam:DeleteAccessKey",
                "iam:DeleteUser",
                "iam:GetAccessKeyLastUsed",
                "iam:GetLoginProfile",
                "iam:GetUser",
                "iam:ListAccessKeys",
                "iam:ListAttachedUserPolicies",
                "iam:ListGroupsForUser",
                "iam:ListMFADevices",
                "iam:ListSSHPublicKeys",
                "iam:ListServiceSpecificCredentials",
                "iam:ListSigningCertificates",
                "iam:ListUserPolicies",
            ],
            USER,
        ),
        _guard("UserPermissions", ["iam:DeleteUserPolicy"], has_boundary),
        allow("FullAccess", ["iam:DetachUserPolicy"], USER, ArnEquals={"iam:PolicyARN": FULL_ACCESS}),
        allow("KeyStore", ["ssm:DeleteParameter", "ssm:GetParameter"], PARAMETER),
        allow(
            "Bucket",
            [
                "s3:DeleteBucket",
                "s3:GetBucketTagging",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
            ],
            BUCKET,
        ),
        allow("LookAtObjects", ["s3:ListMultipartUploadParts"], f"{BUCKET}/*"),
        *(_denials() if has_boundary else []),
    )


def import_recordings() -> Document:
    """Return the policy for import_recordings.yml, without that of the run."""
    return _document(
        allow("Bucket", ["s3:ListBucket", "s3:ListBucketMultipartUploads"], BUCKET),
        allow("Recordings", UPLOADS, f"{BUCKET}/*"),
        _encryption(),
    )


def boundary() -> Document:
    """Return the permissions boundary: the most that the recording user may ever do."""
    return _document(
        allow("Bucket", ["s3:ListBucket"], BUCKET),
        allow("Recordings", [*UPLOADS, "s3:DeleteObject"], f"{BUCKET}/*"),
        _encryption(),
    )


def _encryption() -> Statement:
    return allow(
        "Encryption",
        ["kms:Decrypt", "kms:GenerateDataKey"],
        "arn:aws:kms:REGION:ACCOUNT:key/*",
        StringEquals={"kms:ViaService": "s3.REGION.amazonaws.com"},
    )


def documents() -> dict[str, Document]:
    """Return every document by the name of its file."""
    return {
        "run": run(has_boundary=False),
        "run-with-boundary": run(has_boundary=True),
        "cloudfront": cloudfront(),
        "decommission": decommission(has_boundary=False),
        "decommission-with-boundary": decommission(has_boundary=True),
        "import": import_recordings(),
        "boundary": boundary(),
    }


def text_of(document: Document) -> str:
    return json.dumps(document, indent=2) + "\n"


def filled_in(name: str, **values: str) -> Document:
    """Return the document of a file, with its placeholders replaced."""
    text = (FOLDER / f"{name}.json").read_text()
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    document: Document = json.loads(text)
    return document


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, document in documents().items():
        (FOLDER / f"{name}.json").write_text(text_of(document))


if __name__ == "__main__":
    main()
