# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The resources of a request, as the policies of IAM write them; S3's are read in access.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import cloudfront_actions, moto_kms
from . import moto_state as state
from .account import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .call import Call


def resources(call: Call, caller: state.Caller | None) -> Iterator[str]:
    if call.service == "iam":
        yield _iam_resource(call, caller)
    elif call.service == "ssm":
        yield from _ssm_resources(call)
    elif call.service == "secretsmanager":
        yield _secret_resource(call)
    elif call.service == "cloudfront":
        yield cloudfront_actions.resource(call.operation, call.params["Id"], call.params["Resource"])
    elif call.service == "kms":
        yield from _kms_resources(call)
    else:
        yield "*"


def _kms_resources(call: Call) -> Iterator[str]:
    alias = call.params.get("AliasName")
    if alias:
        yield moto_kms.arn(str(alias), call.region)
    named = call.params.get("TargetKeyId") or call.params.get("KeyId")
    if named:
        key = moto_kms.find_key(str(named), call.region)
        yield key.arn if key else moto_kms.arn(str(named), call.region)
    elif not alias:
        yield "*"


def _iam_resource(call: Call, caller: state.Caller | None) -> str:
    params = call.params
    prefix = f"arn:{call.partition}:iam::{ACCOUNT}:"
    about_user = "User" in call.operation or "AccessKey" in call.operation or "LoginProfile" in call.operation
    name = params.get("UserName") or state.key_owner(params.get("AccessKeyId", ""), call.partition)
    if name is None and about_user and caller and call.operation != "ListUsers":
        return caller.arn
    if name:
        user = state.find_user(name, call.partition)
        return user.arn if user else f"{prefix}user{params.get('Path', '/')}{name}"
    for kind in ("Role", "Group"):
        if f"{kind}Name" in params:
            return f"{prefix}{kind.lower()}/{params[f'{kind}Name']}"
    if "PolicyName" in params:
        return f"{prefix}policy{params.get('Path', '/')}{params['PolicyName']}"
    return params.get("PolicyArn") or (f"{prefix}user/" if call.operation == "ListUsers" else "*")


def _ssm_resources(call: Call) -> Iterator[str]:
    prefix = f"arn:{call.partition}:ssm:{call.region}:{ACCOUNT}:"
    names = call.params.get("Names") or [call.params.get("Name") or call.params.get("Path")]
    for name in names:
        text = str(name or "")
        if text.startswith("arn:"):
            yield text
        elif text and call.operation != "DescribeParameters":
            yield f"{prefix}parameter/{text.lstrip('/')}"
        else:
            yield f"{prefix}*"


def _secret_resource(call: Call) -> str:
    name = call.params.get("SecretId") or call.params.get("Name")
    if not name:
        return "*"
    if str(name).startswith("arn:"):
        return str(name)
    prefix = f"arn:{call.partition}:secretsmanager:{call.region}:{ACCOUNT}:secret:"
    # Policies name secrets with the six random characters as "-??????" or "*".
    return state.secret_arn(name, call.region) or f"{prefix}{name}-AbCdEf"
