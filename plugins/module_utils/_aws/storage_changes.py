# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Say what the modules of the storage would change, one sentence for each change.

Plain data in, plain data out: the options of the modules and the results of their check mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable

from .._common.deliveries import OBJECT_WRITER
from .._common.plain_text import abbreviate, one_line
from .policy import as_list, everyone_may
from .s3_bucket_access_model import CLOUDFRONT, SECURE_TRANSPORT, SWITCHES, is_ours
from .s3_recording_bucket_plan import prefix_of

ADD, CHANGE, REMOVE = "add", "change", "remove"
PUBLIC_ACCESS, LIFECYCLE_RULES = "public access", "lifecycle rules"
_MOST_NAMES = 3
_EVERYTHING = "everything"

Change = dict[str, str]
# What is done to a setting, and the sentence about it.
Verbs = Iterator[tuple[str, str]]
Result = Mapping[str, Any]
Options = Mapping[str, Any]


def changes(bucket: str, options: Options, results: Mapping[str, Result]) -> list[Change]:
    """Return the changes in the order in which they would be made. options, results: by module."""
    found: list[Change] = []
    for module, result in results.items():
        if not result["changed"]:
            continue
        what, describe = _MODULES[module]
        described = describe(bucket, options[module], result)
        action = REMOVE if module == "previous_iam_user" and not result["deletes"] else CHANGE
        found += described or [_change(action, what, one_line(str(result["msg"])))]
    return found


def to_run(results: Mapping[str, Result]) -> list[str]:
    """Return the modules that have to run: those that would change something, or wait for it."""
    return [module for module, result in results.items() if result["changed"] or _is_due(module, results)]


def _is_due(module: str, results: Mapping[str, Result]) -> bool:
    if module == "s3_bucket_access":
        # What a provider gives a new bucket is known only when it exists.
        return bool(results[module]["bucket_exists"] is False)
    if module == "cloudfront_recording_distribution":
        return bool(results[module]["status"] != "Deployed")
    if module == "iam_stored_access_key":
        # It waits until AWS applies the policy to the key.
        return bool(results.get("iam_programmatic_user", {}).get("changed"))
    return False


def _change(action: str, what: str, text: str) -> Change:
    return {"action": action, "what": what, "text": text}


def _sides(result: Result) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return what changes, before and after."""
    return result["diff"]["before"], result["diff"]["after"]


def _verb(before: Any, after: Any) -> str:
    if before and after:
        return CHANGE
    return ADD if after else REMOVE


def names_of(names: Iterable[str]) -> str:
    listed = [one_line(str(each)) for each in names]
    if len(listed) > _MOST_NAMES:
        return abbreviate(listed, _MOST_NAMES)
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def _of_bucket(bucket: str, _options: Options, result: Result) -> list[Change]:
    before, after = _sides(result)
    if not result["existed"]:
        return [_change(ADD, "bucket", f"bucket {bucket} will be created")]
    return [
        _change(verb, name.replace("_", " "), text)
        for name, describe in _SETTINGS.items()
        if name in after
        for verb, text in describe(bucket, before.get(name), after[name])
    ]


def _versioning(bucket: str, before: Any, after: Any) -> Verbs:
    state = "turned on" if after == "Enabled" else "suspended"
    yield _verb(before, after), f"versioning of {bucket} will be {state}"


def _encryption(bucket: str, before: Any, after: Any) -> Verbs:
    key = f" and the key {after['key_id']}" if after["key_id"] else ""
    text = f"new objects of {bucket} will be encrypted with {after['algorithm']}{key}"
    yield _verb(before, after), text


def _lifecycle_rules(bucket: str, before: Any, after: Any) -> Verbs:
    if not after:
        yield REMOVE, f"the lifecycle rules of this collection will be removed from {bucket}"
        return
    before = before or []
    changed = [each for each in after if each not in before]
    stay = [prefix_of(each) for each in after]
    removed = [each for each in before if prefix_of(each) not in stay]
    if changed:
        effects = names_of(_effects(changed))
        yield (
            _verb(before, after),
            f"{_prefixes(changed)} of {bucket} will have lifecycle rules that {effects}",
        )
    if removed:
        yield REMOVE, f"the lifecycle rules of {_prefixes(removed)} will be removed from {bucket}"


def _prefixes(rules: Iterable[Mapping[str, Any]]) -> str:
    return names_of(prefix_of(each) or "all objects" for each in rules)


def _effects(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the rules do, each once."""
    found: list[str] = []
    for rule in rules:
        for part, days, effect in (
            ("Expiration", "Days", "delete objects after {} days"),
            ("NoncurrentVersionExpiration", "NoncurrentDays", "delete previous versions after {} days"),
            ("AbortIncompleteMultipartUpload", "DaysAfterInitiation", "give up uploads after {} days"),
        ):
            if rule.get(part):
                found.append(effect.format(rule[part].get(days)))
        found += [
            f"move objects to {each['StorageClass']} after {each['Days']} days"
            for each in rule.get("Transitions") or ()
        ]
    return list(dict.fromkeys(found))


def _tags(bucket: str, before: Any, after: Any) -> Verbs:
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    yield _verb(before, after), f"the tags {names_of(sorted(changed))} of {bucket} will be written"


_SETTINGS: dict[str, Callable[[str, Any, Any], Verbs]] = {
    "versioning": _versioning,
    "encryption": _encryption,
    "lifecycle_rules": _lifecycle_rules,
    "tags": _tags,
}


def _of_distribution(bucket: str, _options: Options, result: Result) -> list[Change]:
    before, _after = _sides(result)
    if not before["exists"]:
        return [_change(ADD, "distribution", f"a CloudFront distribution of {bucket} will be created")]
    named = f"distribution {result['distribution_id']} of {bucket}"
    return [_change(CHANGE, "distribution", f"{named} will be changed: {'; '.join(result['steps'])}")]


def _of_access(bucket: str, _options: Options, result: Result) -> list[Change]:
    left, right = _sides(result)
    after = {name: result[name] for name in _ACCESS if name in result}
    before = {**after, **left}
    if "public_access_block" in after:
        before["public_access_block"] = {
            **after["public_access_block"],
            **left.get("public_access_block", {}),
        }
    found = _of_audience(bucket, before, after)
    # It is said already what the switches of a new bucket, and those for a policy, come to.
    silent = bool(found) or result["bucket_exists"] is False
    return [
        *found,
        *_of_statements(bucket, left, right),
        *_of_ownership(bucket, right, is_new=result["bucket_exists"] is False),
        *([] if silent else _of_switches(bucket, before, after)),
    ]


_ITS_LINKS = "links at its own address will stop working"
_ACCESS = ("object_ownership", "public_access_block", "policy_statements")


def _of_audience(bucket: str, before: Options, after: Options) -> list[Change]:
    """Return what everyone may watch after the change alone, and before it alone."""
    old, new = _open_to_everyone(bucket, before), _open_to_everyone(bucket, after)
    opened, closed = [each for each in new if each not in old], [each for each in old if each not in new]
    found = []
    if opened:
        text = f"everyone on the internet will be able to watch {names_of(opened)} of {bucket}"
        found.append(_change(ADD, PUBLIC_ACCESS, text))
    if closed:
        text = f"everyone on the internet will no longer be able to watch {names_of(closed)} of {bucket}"
        # What was open by its ACL may be open by the policy now.
        text += "" if opened else ": links to the objects themselves will stop working"
        found.append(_change(REMOVE, PUBLIC_ACCESS, text))
    return found


def _open_to_everyone(bucket: str, access: Options) -> list[str]:
    by_acl = ["recordings with a public ACL"] if _obeys_public_acls(access) else []
    if (access.get("public_access_block") or {}).get("restrict_public_buckets"):
        return by_acl
    return by_acl + [
        str(resource).rpartition(f":::{bucket}/")[2].removesuffix("*")
        for statement in access["policy_statements"]
        if is_ours(statement) and everyone_may(statement)
        for resource in as_list(statement.get("Resource"))
    ]


def _obeys_public_acls(access: Options) -> bool:
    """True if ACLs of objects count, and may be public."""
    block = access.get("public_access_block") or {}
    is_owned = access.get("object_ownership", "") in (OBJECT_WRITER, "BucketOwnerPreferred", None)
    return is_owned and not block.get("ignore_public_acls", True)


def _of_statements(bucket: str, left: Options, right: Options) -> list[Change]:
    """Return the changes of the bucket policy that open nothing to everyone."""
    found = []
    for kind, yes, no, some_no in (
        (
            CLOUDFRONT,
            f"the CloudFront distribution will be able to read {{}} of {bucket}",
            f"the CloudFront distribution will no longer be able to read {bucket}: {_ITS_LINKS}",
            f"the CloudFront distribution will no longer be able to read {{}} of {bucket}: {_ITS_LINKS}",
        ),
        (
            SECURE_TRANSPORT,
            f"{bucket} will refuse requests by http for {{}}",
            f"{bucket} will allow requests by http",
            f"{bucket} will allow requests by http for {{}}",
        ),
    ):
        old, new = (_of_kind(kind, side) for side in (left, right))
        if old == new:
            continue
        if not new:
            found.append(_change(REMOVE, "bucket policy", no))
            continue
        gained, lost = _moved(_places(bucket, old), _places(bucket, new))
        if gained:
            found.append(_change(_verb(old, new), "bucket policy", yes.format(names_of(gained))))
        if lost:
            found.append(_change(REMOVE, "bucket policy", some_no.format(names_of(lost))))
    return found


def _of_kind(kind: str, side: Options) -> list[Mapping[str, Any]]:
    """Return the statements of a kind: a previous distribution has one of its own."""
    statements = side.get("policy_statements") or ()
    return [each for each in statements if str(each.get("Sid")).startswith(kind)]


def _moved(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Return the places of the new statements that are worth a sentence, and those that are in none now."""
    gained = [each for each in new if each not in old]
    lost = [each for each in old if each not in new]
    if _EVERYTHING in (*old, *new) or not (gained or lost):
        return new, []
    return gained, lost


def _places(bucket: str, statements: Iterable[Mapping[str, Any]]) -> list[str]:
    named = [
        str(resource).rpartition(":::")[2]
        for each in statements
        for resource in as_list(each.get("Resource"))
    ]
    if bucket in named:
        return [_EVERYTHING]
    return [each.removeprefix(f"{bucket}/").removesuffix("*") for each in named]


def _of_ownership(bucket: str, right: Options, *, is_new: bool) -> list[Change]:
    owner = right.get("object_ownership")
    if is_new or not owner:
        return []
    effect = "count" if owner == OBJECT_WRITER else "do not count"
    text = f"object ownership of {bucket} will be {owner}, with which ACLs of objects {effect}"
    return [_change(CHANGE, "object ownership", text)]


def _of_switches(bucket: str, before: Options, after: Options) -> list[Change]:
    old, new = before.get("public_access_block"), after.get("public_access_block")
    if not old or not new:
        return []
    found = []
    for state, word in ((True, "on"), (False, "off")):
        turned = [SWITCHES[each] for each in SWITCHES if new[each] is state and old[each] is not state]
        if turned:
            text = f"{names_of(turned)} of Block Public Access of {bucket} will be turned {word}"
            found.append(_change(CHANGE, "Block Public Access", text))
    return found


def _of_cors(bucket: str, _options: Options, result: Result) -> list[Change]:
    old, new = ({each["id"]: each for each in side["cors_rules"]} for side in _sides(result))
    found = []
    for rule_id in {**old, **new}:
        rule = f"the CORS rule {rule_id}" if rule_id else "a CORS rule"
        text = f"{rule} will be removed from {bucket}"
        if rule_id in new:
            origins = names_of(new[rule_id]["allowed_origins"])
            text = f"pages of {origins} will be able to play recordings of {bucket} ({rule})"
        found.append(_change(_verb(old.get(rule_id), new.get(rule_id)), "CORS rule", text))
    return found


def _of_user(_bucket: str, options: Options, result: Result) -> list[Change]:
    before, after = _sides(result)
    user = f"IAM user {result['user_name']}"
    found = []
    if not before:
        limit = after.get("permissions_boundary")
        limited = f" with the permissions boundary {limit}" if limit else ""
        found.append(_change(ADD, "user", f"{user} will be created{limited}"))
    if "policy" in after:
        verb = _verb(before.get("policy"), after["policy"])
        text = f"the policy {options['policy_name']} of {user} will be {_PAST[verb]}"
        found.append(_change(verb, "policy", text))
    had = before.get("managed_policies") or ()
    found += [
        _change(ADD, "policy", f"{user} will have the policy {each.rpartition('/')[2]}")
        for each in after.get("managed_policies") or ()
        if each not in had
    ]
    return found + ([_of_user_part(user, each, after) for each in _USER_PARTS if each in before])


_PAST = {ADD: "added", CHANGE: "changed", REMOVE: "removed"}
# What an existing user may have otherwise.
_USER_PARTS = {
    "console_access": "{user} will no longer be able to log in to the console",
    "path": "{user} will be moved to the path {value}",
    "permissions_boundary": "{user} will have the permissions boundary {value}",
    "tags": "the tags {value} of {user} will be written",
}


def _of_user_part(user: str, part: str, after: Options) -> Change:
    value = names_of(sorted(after[part])) if part == "tags" else after[part]
    return _change(CHANGE, "user", _USER_PARTS[part].format(user=user, value=value))


def _of_key(_bucket: str, _options: Options, result: Result) -> list[Change]:
    before, after = _sides(result)
    user = f"IAM user {result['user_name']}"
    place = f"{result['store']} {result['stored_at']}"
    previous = result.get("previous_store") or {}
    found = []
    if after.get("stored_access_key_id"):
        verb = _verb(before.get("stored_access_key_id"), True)
        why = f": {previous['not_copied']}" if previous.get("not_copied") else ""
        found.append(_change(verb, "key", f"{user} will get an access key, stored in {place}{why}"))
    if previous.get("copied"):
        text = f"the access key of {user} will be copied from {previous['where']} to {place}"
        found.append(_change(CHANGE, "key", text))
    if previous.get("deleted"):
        text = f"{previous['where']} will be deleted at the end, since {place} has the access key of {user}"
        found.append(_change(REMOVE, "previous key store", text))
    found += [
        _change(REMOVE, "key", f"access key {each} of {user} will be deleted")
        for each in result["deleted_access_key_ids"]
    ]
    inactive = set(after.get("inactive_access_key_ids") or ()) - set(
        before.get("inactive_access_key_ids") or ()
    )
    return found + [
        _change(CHANGE, "key", f"access key {each} of {user} will be made inactive")
        for each in sorted(inactive)
    ]


# Each with what it changes, where nothing more is known.
_MODULES: dict[str, tuple[str, Callable[[str, Options, Result], list[Change]]]] = {
    "s3_recording_bucket": ("bucket", _of_bucket),
    "cloudfront_recording_distribution": ("distribution", _of_distribution),
    "s3_bucket_access": (PUBLIC_ACCESS, _of_access),
    "s3_cors": ("CORS rule", _of_cors),
    "iam_programmatic_user": ("user", _of_user),
    "iam_stored_access_key": ("key", _of_key),
    "previous_iam_user": ("user", lambda _bucket, _options, _result: []),
}
