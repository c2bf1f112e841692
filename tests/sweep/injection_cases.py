# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts that want to be run, or to be taken for something else, and who brings them into a run."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .world import BUCKET, REGION, STORED_AT, Unsafe, World

# MARK becomes the path of a file that is there only if the text was run; WORD shows that a text arrived.
MARK, WORD = "MARK", "strangersword"
_RUN = "lookup('ansible.builtin.pipe', 'touch MARK')"
FAKED = "faked : ok=99 changed=0 unreachable=0 failed=0"
TEXTS = {
    "expression": WORD + "{{ " + _RUN + " }}",
    "statement": WORD + "{% if " + _RUN + " %}{% endif %}{# " + _RUN + " #}",
    "tags": "!unsafe '" + WORD + "{{ " + _RUN + " }}'",
    "vault": "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162 " + WORD + " {{ " + _RUN + " }}",
    "terminal": WORD + "\x1b[2J\x1b]0;title\x07\x9b31m\x08\x7f\x85\u202e\u2066gnp",
    "lines": f"{WORD}\nTASK [faked] ***\nok: [faked]\r\nPLAY RECAP ***\n{FAKED}\r{FAKED}\n\n",
    "HTML": WORD + "<script>alert('x')</script><img src=x onerror=\"alert('{{ " + _RUN + " }}')\">",
}


@dataclass(frozen=True)
class Carrier:
    """Who brings the text, what is run then, and how that ends.

    shows: whether the output has to have the text. said: what it has to have, since the run came so far.
    """

    name: str
    bring: Callable[[World, str], None]
    playbook: str = "servers"
    rc: int = 0
    shows: bool = True
    said: str = ""
    arguments: tuple[str, ...] = ()
    texts: tuple[str, ...] = tuple(TEXTS)
    # A run before, so that there is something that the text is in.
    before: str = ""


# --- a server


def _settings(world: World, text: str) -> None:
    names = (
        "s3BucketName",
        "s3RegionName",
        "s3StreamsFolderPath",
        "httpForwardingExtension",
        "httpForwardingBaseURL",
    )
    world.fleet.set_settings(0, "live", dict.fromkeys(names, text))


def _custom_settings(world: World, text: str) -> None:
    """Words that Ansible's own JSON has a meaning for."""
    marked = {
        "__ansible_unsafe": text,
        "__ansible_vault": text,
        "__ansible_type": "TrustedAsTemplate",
        "value": text,
    }
    world.fleet.set_settings(0, "live", {"customSettings": {"plugin": marked, text: 1}})
    world.variables["s3_recording_settings"] = {"customSettings": {"plugin": 1}}


def _answers(path: str, answer: Callable[[str], Any]) -> Callable[[World, str], None]:
    def bring(world: World, text: str) -> None:
        world.fleet.fault(
            0,
            "status",
            method="GET",
            path=path,
            status=200,
            body=json.dumps(answer(text)),
            content_type="application/json",
        )

    return bring


def _applications(world: World, text: str) -> None:
    _answers("/applications$", lambda name: {"applications": ["live", name]})(world, text)
    world.variables["s3_recording_applications"] = ["no-such-one"]


def _error(world: World, text: str) -> None:
    world.fleet.fault(0, "status", method="POST", path="/applications/settings/", status=500, body=text)


def _refused_login(world: World, text: str) -> None:
    body = json.dumps({"success": False, "message": text, "dataId": text, "errorId": 0})
    world.fleet.fault(
        0, "status", path="/users/authenticate", status=200, body=body, content_type="application/json"
    )


def _release(world: World, text: str) -> None:
    _answers("/version", lambda said: dict.fromkeys(("versionName", "versionType", "buildNumber"), said))(
        world, text
    )
    # An error that names the release.
    world.variables["s3_recording_settings"] = {"s3NoSuchSetting": True}


def _nodes(world: World, text: str) -> None:
    _answers("/cluster-mode-status", lambda _text: {"success": True, "message": text})(world, text)
    _answers("/cluster/nodes/", lambda name: [{"id": name, "ip": name, "status": name}])(world, text)
    world.variables["s3_recording_cluster"] = "one"


def _live_streams(world: World, text: str) -> None:
    world.fleet.set_live(0, "live", [text])
    world.fleet.add_recordings(0, "live", [text])


# --- a store


def _upload(world: World, text: str) -> None:
    world.aws.client("s3").create_multipart_upload(Bucket=BUCKET, Key=f"streams/{text}")
    world.variables |= {"s3_recording_key_wait_timeout": 1}


def _error_of_store(world: World, text: str) -> None:
    world.aws.fault("s3:PutBucketCORS", code="AccessDenied", status=403, message=text, count=50)


def _code_of_store(world: World, text: str) -> None:
    world.aws.fault("s3:PutBucketCORS", code=text, status=400, message="no", count=50)


def _made_bucket(world: World) -> Any:
    s3 = world.aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


def _cors(world: World, text: str) -> None:
    rule = {"ID": text, "AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"]}
    _made_bucket(world).put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rule]})


def _policy(world: World, text: str) -> None:
    # A statement that opens the bucket, so that it has to be named.
    statement = {
        "Sid": text,
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    s3 = _made_bucket(world)
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    world.variables["s3_recording_delivery"] = "private"


def _tags(world: World, text: str) -> None:
    tags = [{"Key": "note", "Value": text}]
    _made_bucket(world).put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})
    world.variables["s3_recording_bucket_tags"] = {"owner": "video"}


def _stored_key(world: World, text: str) -> None:
    document = {"access_key_id": text, "secret_access_key": text, "user_name": text, "create_date": text}
    world.aws.client("ssm").put_parameter(Name=STORED_AT, Value=json.dumps(document), Type="SecureString")


# --- the inventory, and a survey


def _host_name(world: World, text: str) -> None:
    world.urls = {text: world.fleet.urls[0]}


def _survey(*names: str, as_list: bool = False) -> Callable[[World, str], None]:
    """AWX marks what somebody has typed into a survey as no template."""

    def bring(world: World, text: str) -> None:
        for name in names:
            world.extra[f"s3_recording_{name}"] = [Unsafe(text)] if as_list else Unsafe(text)

    return bring


LOOKS = ("--check", "--diff")
OF_NAMES = ("expression", "statement", "tags", "HTML")
# What is refused is named, and the text need not be there.
GIVEN: Mapping[str, Any] = {"playbook": "site", "arguments": LOOKS, "rc": 2, "shows": False}
CARRIERS = (
    Carrier("settings of a server", _settings, arguments=LOOKS),
    Carrier("custom settings of a server", _custom_settings, arguments=LOOKS),
    Carrier("applications of a server", _applications, rc=2),
    Carrier("error of a server", _error, rc=2),
    Carrier("refused login of a server", _refused_login, rc=2, shows=False, said="Logging in as"),
    Carrier(
        "release of a server",
        _release,
        rc=2,
        shows=False,
        said="s3NoSuchSetting",
    ),
    Carrier("nodes of a cluster", _nodes, arguments=LOOKS),
    Carrier(
        "live streams and recordings of a server",
        _live_streams,
        shows=False,
        said="recordings from before this change",
    ),
    Carrier("upload under way", _upload, "rotate_key", before="site"),
    Carrier("error of a store", _error_of_store, "storage", 2),
    Carrier("code of an error of a store", _code_of_store, "storage", 2),
    Carrier(
        "CORS rule of somebody else",
        _cors,
        "storage",
        arguments=("--diff",),
        shows=False,
        said="CORS rules of",
    ),
    Carrier("policy of somebody else", _policy, "storage", arguments=("--diff",), rc=2),
    Carrier(
        "tags of somebody else",
        _tags,
        "storage",
        arguments=("--diff",),
        shows=False,
        texts=("expression", "HTML"),
    ),
    Carrier("stored key of somebody else", _stored_key, "storage", rc=2, shows=False),
    Carrier("name of a host", _host_name, arguments=LOOKS, texts=OF_NAMES),
    Carrier("survey: bucket", _survey("bucket"), **GIVEN),
    Carrier("survey: folders", _survey("prefix", "base_url", "viewer_url", "endpoint"), **GIVEN),
    Carrier("survey: applications", _survey("applications", "upload", as_list=True), **GIVEN),
    Carrier("survey: run", _survey("run"), "rollback", 2, shows=False),
)
OF_EACH = 3


@dataclass(frozen=True)
class Case:
    carrier: Carrier
    text: str

    @property
    def name(self) -> str:
        return f"{self.carrier.name}: {self.text}"


def _cases() -> list[Case]:
    """Three texts for each: the expression, the lines, and the others in turn."""
    found = []
    turn = itertools.cycle(TEXTS)
    for carrier in CARRIERS:
        others = [next(turn) for _each in TEXTS]
        chosen = [text for text in ("expression", "lines", *others) if text in carrier.texts]
        found += [Case(carrier, text) for text in dict.fromkeys(chosen)][:OF_EACH] if carrier.texts else []
        next(turn)
    return found


CASES = _cases()
SAMPLE = [
    next(case for case in CASES if case.carrier.name == name)
    for name in ("settings of a server", "error of a server", "survey: bucket")
]
