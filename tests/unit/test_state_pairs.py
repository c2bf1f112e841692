# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From each state to each other: what a server needs is allowed while servers move, and no more afterwards.

A state is a delivery, folders, a bucket and an IAM user. The policies are judged by the stand-in's evaluator,
which shares no code with the product.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._ams.recording_rules import (
    location,
    upload_folders,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import (
    s3_bucket_access_plan as access,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.other_folders import (
    other_folders,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.policy_union import (
    other_uploads,
    with_other_folders,
    with_uploads,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_closing import (
    access_before,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws.s3_bucket_access_model import (
    CLOSE_ALL,
    CLOSE_NOTHING,
    NEW_BUCKET,
    Access,
    DesiredAccess,
)
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.deliveries import (
    DELIVERIES,
    OWNER_ACL,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.ams_settings import app_settings
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Intent, Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.closing import (
    Servers,
    closing_of,
    to_restore,
)
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.narrowing import narrow
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._plan.widening import folders_in_use

from stand_ins.aws.policy import Question, Verdict, judge

HOSTS, APPS = ("ams1", "ams2"), ("live",)
PLACES = ("streams", "new/streams", "live/streams", "previews", "elsewhere")
SERVICE = "cloudfront.amazonaws.com"
EVERYBODY, DISTRIBUTION = "everybody", "distribution"
PLANNED: dict[str, Any] = {"results": {"iam_programmatic_user": {}}}


@dataclass(frozen=True)
class State:
    """What an inventory asks for. folders: those of the intent. user: empty for the one of the bucket."""

    delivery: str
    folders: tuple[tuple[str, Any], ...]
    bucket: str
    user: str

    @cached_property
    def intent(self) -> Intent:
        another = {"iam_user": f"{self.user}-{self.bucket}", "key_path": "/another"} if self.user else {}
        return Intent(
            bucket=self.bucket,
            region="eu-west-1",
            delivery=self.delivery,
            applications=APPS,
            allow_changing_others_access=True,
            base_url="https://d1.cloudfront.net" if self.delivery == "cloudfront" else "",
            **{**dict(self.folders), **another},
        )

    @cached_property
    def entry(self) -> dict[str, Any]:
        """Return the bucket as the plan has it."""
        members = [Member(host, replace(self.intent, ams_url=f"https://{host}:5443"), True) for host in HOSTS]
        plan = plan_fleet(members)
        assert plan["problems"] == []
        (entry,) = plan["buckets"]
        return dict(entry)

    @cached_property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Return by application what a server has in this state."""
        key = {"s3AccessKey": self.entry["iam_user"]}
        return {app: {**app_settings(self.intent, app), **key} for app in APPS}

    @cached_property
    def desired(self) -> DesiredAccess:
        options = self.entry["storage"]["s3_bucket_access"]
        return DesiredAccess(
            self.bucket,
            self.delivery,
            tuple(options["folders"]),
            cloudfront_distribution_arn=f"arn:aws:cloudfront::111122223333:distribution/{self.bucket}",
            others=other_folders(options),
        )


@dataclass
class Storage:
    """The policies of users and the access of buckets, as the modules of a run would set them."""

    policies: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    access: dict[str, Access] = field(default_factory=dict)

    @classmethod
    def of(cls, state: State) -> Storage:
        """Return what there is when a state was reached from nothing."""
        policies = {state.entry["iam_user"]: state.entry["key_policy"]}
        return cls(policies, {state.bucket: access.target(NEW_BUCKET, state.desired)})

    def widen(self, state: State, reads: Mapping[str, Any]) -> dict[str, Any]:
        """Set the storage up for a state; return what is to know of the access of its bucket."""
        entry, user = state.entry, state.entry["iam_user"]
        others = other_folders(entry["storage"]["iam_programmatic_user"])
        others = replace(others, in_use=tuple(folders_in_use(entry, PLANNED, reads)))
        policy = with_other_folders(entry["key_policy"], self.policies.get(user), state.bucket, others)
        is_new = state.bucket not in self.access
        before = self.access.get(state.bucket, NEW_BUCKET)
        closes = CLOSE_ALL if is_new else CLOSE_NOTHING
        self.policies[user] = policy
        self.access[state.bucket] = after = access.target(before, replace(state.desired, closes=closes))
        return {**view(after), "before": view(before), "is_new": is_new}

    def narrow(self, state: State, servers: Servers) -> None:
        entry, user, bucket = state.entry, state.entry["iam_user"], state.bucket
        rights = other_uploads(entry["key_policy"], self.policies[user], bucket)
        found = narrow(bucket, rights, servers.hosts, servers.before, servers.after)
        if found.removed:
            self.policies[user] = with_uploads(entry["key_policy"], found.kept)
        closing = closing_of(entry, servers)
        if closing.closes:
            desired = replace(state.desired, closes=closing.closes)
            self.access[bucket] = access.target(self.access[bucket], desired)

    def close_again(self, state: State, done: Mapping[str, Any]) -> None:
        """Restore the access when no server has moved."""
        if to_restore(state.entry, [], done, is_new=done["is_new"]):
            before = access_before(done, is_new=done["is_new"])
            self.access[state.bucket] = access.restored(self.access[state.bucket], before)

    def may_upload(self, settings: Mapping[str, Any]) -> bool:
        """True if a server with these settings can upload to all its folders."""
        bucket, user = settings["s3BucketName"], settings["s3AccessKey"]
        has = self.access[bucket]
        acl = settings["s3Permission"]
        takes_acl = acl == OWNER_ACL or (has.has_acls and not has.block["block_public_acls"])
        return takes_acl and all(
            self.allows(user, action, bucket, folder)
            for folder in upload_folders(settings)
            for action in ("s3:PutObject", "s3:PutObjectAcl")
        )

    def allows(self, user: str, action: str, bucket: str, folder: str) -> bool:
        question = Question(action, f"arn:aws:s3:::{bucket}/{folder}/x.mp4", f"arn:aws:iam::1:user/{user}")
        return judge([self.policies[user]], question) is Verdict.ALLOW

    def readers(self, bucket: str, folder: str, acl: str = OWNER_ACL) -> set[str]:
        """Return who may read an object that was uploaded with an ACL."""
        has, arn = self.access[bucket], f"arn:aws:s3:::{bucket}/{folder}/x.mp4"
        policies = [has.policy] if has.policy else []
        source = {"aws:sourcearn": f"arn:aws:cloudfront::111122223333:distribution/{bucket}"}
        by_everyone = judge(policies, Question("s3:GetObject", arn), True) is Verdict.ALLOW
        by_service = Question("s3:GetObject", arn, service=SERVICE, context=source)
        by_acl = acl != OWNER_ACL and has.has_acls and not has.block["ignore_public_acls"]
        found = {DISTRIBUTION} if judge(policies, by_service, True) is Verdict.ALLOW else set()
        if by_acl or (by_everyone and not has.block["restrict_public_buckets"]):
            found.add(EVERYBODY)
        return found

    def public(self) -> set[tuple[str, str, str]]:
        """Return what everybody may read, of objects with either ACL."""
        return {
            (bucket, folder, acl)
            for bucket, folder, acl in itertools.product(self.access, PLACES, (OWNER_ACL, "public-read"))
            if EVERYBODY in self.readers(bucket, folder, acl)
        }


def view(state: Access) -> dict[str, Any]:
    """Return the access as a result of the module has it."""
    return {
        "object_ownership": state.ownership,
        "public_access_block": dict(state.block),
        "policy_statements": list(state.ours),
    }


DELIVERY_NAMES = tuple(DELIVERIES)
FOLDERS: tuple[dict[str, Any], ...] = (
    {},
    {"prefix": "new"},
    {"folder_per_application": True},
)
STATES = [
    State(delivery, tuple(folders.items()), bucket, user)
    for delivery in DELIVERY_NAMES
    for folders in FOLDERS
    for bucket in ("old-recordings", "new-recordings")
    for user in ("", "another")
]
# From the one bucket to each of both; the other way round is the same with other names.
PAIRS = [pair for pair in itertools.product(STATES, STATES) if pair[0].bucket == "old-recordings"]


@dataclass(frozen=True)
class Run:
    """A run from a state to another one, after the storage was widened."""

    old: State
    new: State
    storage: Storage
    before: Mapping[str, Any]
    done: Mapping[str, Any]

    @classmethod
    def widened(cls, old: State, new: State, live: int = 0) -> Run:
        storage, before = Storage.of(old), plan_reads(old, new, live)
        return cls(old, new, storage, before, storage.widen(new, before))

    def narrowed(self, moved: Collection[str]) -> None:
        after = {host: uploads(self.new if host in moved else self.old) for host in HOSTS}
        self.storage.narrow(self.new, Servers(HOSTS, moved, (), self.before, after))

    def needs_are_met(self, *states: State) -> None:
        """Assert that servers in these states can upload, and send viewers to what they may read."""
        for state in states:
            for app, settings in state.settings.items():
                assert self.storage.may_upload(settings), (self.old, self.new, app)
                assert self.plays(settings, state), (self.old, self.new, app)

    def live_streams_arrive(self) -> None:
        """Assert it of streams that began in the old folder and end after the move."""
        for app, settings in self.new.settings.items():
            folder = self.old.settings[app]["s3StreamsFolderPath"]
            assert self.storage.may_upload({**settings, "s3StreamsFolderPath": folder}), (self.old, self.new)

    def plays(self, settings: Mapping[str, Any], state: State) -> bool:
        """True if viewers of an object that was uploaded in a state get it where a server sends them."""
        folder, reader = settings["s3StreamsFolderPath"], reader_of(state)
        acl = DELIVERIES[state.delivery].s3_permission
        return not reader or reader in self.storage.readers(settings["s3BucketName"], folder, acl)


def reader_of(state: State) -> str:
    """Return who reads what a server of a state forwards; empty if it forwards nothing."""
    if state.delivery == "private":
        return ""
    return DISTRIBUTION if state.delivery == "cloudfront" else EVERYBODY


def plan_reads(old: State, new: State, live: int) -> dict[str, Any]:
    """Return what the plan has read of servers that are to move."""
    apps = {}
    for app, uses in old.settings.items():
        after = new.settings[app]
        changes = {
            name: {"before": uses.get(name), "after": value}
            for name, value in after.items()
            if uses.get(name) != value
        }
        apps[app] = {"changes": changes, "uses": uses, "live_streams": live if changes else None}
    return {host: {"problem": None, "apps": apps} for host in HOSTS}


def uploads(state: State) -> dict[str, Any]:
    """Return what is read of a server at the end."""
    apps = {app: {**settings, "earlier_streams": 0} for app, settings in state.settings.items()}
    return {"problem": None, "uploads": apps}


@pytest.fixture(params=DELIVERY_NAMES)
def pairs(request: pytest.FixtureRequest) -> Sequence[tuple[State, State]]:
    """Return the pairs that begin with a delivery."""
    return [(old, new) for old, new in PAIRS if old.delivery == request.param]


def runs(pairs: Sequence[tuple[State, State]], live: int = 0) -> Iterator[Run]:
    return (Run.widened(old, new, live) for old, new in pairs)


def test_all_pairs_of_states_are_looked_at() -> None:
    assert len(PAIRS) == len(STATES) ** 2 / 2 == 1152


def test_widened_it_allows_what_servers_need_before_and_after_and_no_more(pairs: Any) -> None:
    for run in runs(pairs):
        run.needs_are_met(run.old, run.new)
        run.live_streams_arrive()
        asked = Storage({}, {run.new.bucket: access.target(NEW_BUCKET, run.new.desired)})
        either = Storage.of(run.old).public() | asked.public()
        # An object has a public ACL only where servers upload with one.
        extra = {each for each in run.storage.public() - either if each[2] == OWNER_ACL}
        assert not extra, (run.old, run.new)
        for user in run.storage.policies:
            assert not run.storage.allows(user, "s3:PutObject", run.new.bucket, "elsewhere")


def test_narrowed_it_allows_what_the_new_state_needs_and_no_more(pairs: Any) -> None:
    for run in runs(pairs):
        run.narrowed(HOSTS)
        run.needs_are_met(run.new)
        storage, new = run.storage, run.new
        assert storage.policies[new.entry["iam_user"]] == new.entry["key_policy"]
        was = Storage.of(run.old).access.get(new.bucket, NEW_BUCKET)
        assert storage.access[new.bucket].same_as(access.target(was, new.desired)), (run.old, new)
        if new.delivery in ("private", "cloudfront"):
            assert not [each for each in storage.public() if each[0] == new.bucket], (run.old, new)


def test_links_of_earlier_recordings_still_play_where_the_servers_send_viewers_to_the_same_place(
    pairs: Any,
) -> None:
    for run in runs(pairs):
        run.narrowed(HOSTS)
        # Objects without the ACL are closed by then: s3_recording_close_existing consents to that.
        is_told = run.new.delivery == "acl" and run.old.delivery != "acl"
        for app, settings in run.new.settings.items():
            if location(settings) == location(run.old.settings[app]) and not is_told:
                acl, reader = DELIVERIES[run.old.delivery].s3_permission, reader_of(run.new)
                readers = run.storage.readers(run.new.bucket, settings["s3StreamsFolderPath"], acl)
                assert not reader or reader in readers, (run.old, run.new)


def test_a_server_that_has_not_moved_keeps_what_it_needs(pairs: Any) -> None:
    for run in runs(pairs):
        run.narrowed(HOSTS[:1])
        run.needs_are_met(run.old, run.new)


def test_a_stream_that_is_live_keeps_the_rights_until_it_has_ended(pairs: Any) -> None:
    for run in runs(pairs, live=1):
        run.narrowed(HOSTS)
        run.needs_are_met(run.new)
        run.live_streams_arrive()


def test_stopped_before_a_server_has_moved_it_is_no_more_open_than_before(pairs: Any) -> None:
    for run in runs(pairs):
        run.storage.close_again(run.new, run.done)
        run.narrowed(())
        run.needs_are_met(run.old)
        assert run.storage.public() == Storage.of(run.old).public(), (run.old, run.new)
