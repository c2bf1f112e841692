# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Explain errors of AWS credentials. The only file that knows botocore's errors about them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .._common.errors import AwsError
from .codes import EXPIRED_CODES, UNKNOWN_KEY_CODES, WRONG_SECRET_CODES, code_of

# The secret options of a task or a lookup.
SECRETS = ("secret_key", "session_token")
WHERE = "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in the environment of Ansible"
# botocore's names: an error of the first kind ends with a login, one of the second in a file.
_NOT_LOGGED_IN = (
    "SSOTokenLoadError",
    "UnauthorizedSSOTokenError",
    "SSOError",
    "TokenRetrievalError",
    "LoginError",
    "LoginTokenLoadError",
    "LoginRefreshRequired",
)
_BAD_FILE = ("ConfigParseError", "ConfigNotFound", "InvalidConfigError", "InfiniteLoopConfigError")
_NO_SOURCE = ("CredentialRetrievalError", "MetadataRetrievalError", "RefreshWithMFAUnsupportedError")


@dataclass(eq=False, repr=False)
class CredentialsError(AwsError):
    """No call can be made with the credentials of the task."""


@dataclass(frozen=True)
class Trouble:
    """kind: none, half, both, profile, login, expired, unknown, secret, file or source."""

    kind: str
    words: str
    remedy: str


def trouble_of(
    error: BaseException, profile: str = "", environment: Optional[Mapping[str, str]] = None
) -> Optional[Trouble]:
    """Return what is wrong with the credentials, by botocore's error; None if it is about something else.

    profile: the one that was given other than by the environment.
    """
    given = os.environ if environment is None else environment
    named = profile or given.get("AWS_PROFILE") or given.get("AWS_DEFAULT_PROFILE") or ""
    found = _by_code(code_of(error), named) or _by_name(error, named)
    if found is None or not (named and given.get("AWS_ACCESS_KEY_ID")):
        return found
    return Trouble(found.kind, found.words, f"{found.remedy}. {_both(named)}")


def refuse_unusable(params: Mapping[str, Any]) -> None:
    """Raise AwsError if a module's own options for credentials cannot be used; send nothing."""
    profile = str(params.get("profile") or "")
    if not profile:
        return
    trouble = None
    if any(params.get(name) for name in ("access_key", "secret_key", "session_token")):
        trouble = Trouble("both", f"profile '{profile}' and an access key are both given", _both(profile))
    elif (error := _profile_error(profile)) is not None:
        trouble = trouble_of(error, profile)
    if trouble is not None:
        tried = "Reading the AWS credentials of this task"
        raise CredentialsError(tried, trouble.words, trouble.remedy)


def _profile_error(profile: str) -> Optional[BaseException]:
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        botocore.session.Session(profile=profile).get_scoped_config()
    except BotoCoreError as error:
        return error
    return None


def _both(profile: str) -> str:
    return f"AWS_PROFILE={profile} and AWS_ACCESS_KEY_ID are both set: unset the one that is not meant"


def _by_code(code: str, profile: str) -> Optional[Trouble]:
    if code in EXPIRED_CODES:
        renew = f"Get new ones ({_login(profile)}, if they come from there)" if profile else "Get new ones"
        return Trouble("expired", f"the AWS credentials have expired ({code})", renew)
    if code in UNKNOWN_KEY_CODES:
        words = f"AWS does not know the access key of the AWS credentials ({code})"
        return Trouble("unknown", words, f"Was it deleted or made inactive? Check {WHERE}")
    if code in WRONG_SECRET_CODES:
        words = f"the secret of the AWS credentials does not belong to their access key ({code})"
        return Trouble("secret", words, f"Check {WHERE}")
    return None


def _by_name(error: BaseException, profile: str) -> Optional[Trouble]:
    """Compare names of classes: botocore is not imported, because modules are documented without it."""
    names = {each.__name__ for each in type(error).__mro__}
    details: Mapping[str, Any] = getattr(error, "kwargs", None) or {}
    if "ProfileNotFound" in names:
        profile = str(details.get("profile") or profile)
        words = f"there is no profile '{profile}' in ~/.aws/config or ~/.aws/credentials"
        return Trouble(
            "profile", words, f"Correct or unset AWS_PROFILE, or run aws configure --profile {profile}"
        )
    if "NoCredentialsError" in names:
        return Trouble("none", "no AWS credentials were found", f"Give {WHERE}")
    if "PartialCredentialsError" in names:
        missing = details.get("cred_var") or "a part"
        return Trouble("half", f"the AWS credentials are not complete, {missing} is missing", f"Give {WHERE}")
    if names.intersection(_NOT_LOGGED_IN):
        of = f"profile '{profile}'" if profile else "the AWS profile"
        return Trouble("login", f"nobody is logged in for {of}: {_text(error)}", f"Run {_login(profile)}")
    if names.intersection(_BAD_FILE):
        return Trouble("file", f"the AWS configuration cannot be used: {_text(error)}", "Correct that file")
    if names.intersection(_NO_SOURCE):
        words = f"the source of the AWS credentials gave none: {_text(error)}"
        return Trouble("source", words, "See what the profile gets them from, or give others")
    return None


def _login(profile: str) -> str:
    return f"aws sso login --profile {profile}" if profile else "aws sso login"


def _text(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")
