# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a case of the sweep of secrets, and looks for the secrets in all that the run wrote."""

from __future__ import annotations

import base64
import html
import json
import re
import stat
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from stand_ins.aws.stand_in import Credentials
from stand_ins.waiting import wait_for
from tests.harness.playbook import PlaybookRun

from .secret_cases import ECHO, PLACES, Case
from .world import ALLOW_ALL, BUCKET, REGION, STORED_AT, Unsafe, World

KEY_OF_SERVERS, KEY_OF_RUN = "AKIASWEEPOFSERVERS01", "AKIASWEEPOFTHERUN001"
ENOUGH = 24


def forms(secret: str) -> set[str]:
    """The secret as programs write it: in JSON, Python, a URL, HTML, Java's properties, base64."""
    plain = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }
    plain |= {json.dumps(form)[1:-1] for form in plain} | {as_java(secret)}
    plain |= {quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
    raw = secret.encode()
    plain |= {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    return plain


def as_java(text: str) -> str:
    """As java.util.Properties stores a value."""
    units = text.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    blanks = {"\t": "\\t", "\n": "\\n"}
    return "".join(
        blanks.get(chr(code))
        or (f"\\u{code:04X}" if not 32 <= code < 127 else re.sub(r"([=:#!\\])", r"\\\1", chr(code)))
        for code in codes
    )


def found_in(text: str, secret: str) -> list[str]:
    """The forms of a secret that are in a text, however its lines were wrapped."""
    without_blanks = re.sub(r"\s+", "", text)
    looked_for = forms(secret)
    # The beginning of a long one is too much as well.
    looked_for |= {form[:ENOUGH] for form in looked_for if len(form) > 2 * ENOUGH}
    return sorted(form for form in looked_for if form in text or re.sub(r"\s+", "", form) in without_blanks)


def run_case(world: World, case: Case) -> None:
    secrets = {place: case.secret(place) for place in PLACES}
    _prepare(world, case, secrets)
    for number, name in enumerate(case.scenario.runs, 1):
        last = number == len(case.scenario.runs)
        rc = case.scenario.rc if last else 0
        if last:
            _break(world, case, secrets)
        run = RUNS.get(name, _playbook)(world, case, name, rc)
        if last:
            assert case.scenario.said in " ".join(run.output.split()), run.describe()
        world.aws.clear_faults()
        looked_for = [*secrets.values(), world.key().get("secret_access_key", "")]
        nothing_shows(world, run, [secret for secret in looked_for if secret])


def nothing_shows(world: World, run: PlaybookRun, secrets: list[str]) -> None:
    places = {
        "stdout": run.stdout,
        "stderr": run.stderr,
        "results": json.dumps([each.result for each in [*run.results, *run.items]], ensure_ascii=False),
    }
    # A file may be one that no text editor would open.
    places |= {str(path): path.read_bytes().decode(errors="replace") for path in world.left_files()}
    shown = [
        (where, form)
        for where, text in places.items()
        for secret in secrets
        for form in found_in(text, secret)
    ]
    assert not shown, f"{shown}\n{run.describe()}"
    kept = list(world.backups.rglob("*")) if world.backups.exists() else []
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept if path.is_file()} <= {0o600}


def _prepare(world: World, case: Case, secrets: Mapping[str, str]) -> None:
    key = Credentials(KEY_OF_RUN, secrets["aws"], "run")
    world.aws.make_user(ALLOW_ALL, "run", key)
    world.env = world.aws.env(key)
    world.fleet.add_user(None, "sweep@example.com", secrets["password"], userType="ADMIN", scope="system")
    # What is on the servers before, and what no run asks for.
    theirs = {"s3SecretKey": f"former-{secrets['s3']}", "jwtSecretKey": secrets["jwt"]}
    for number in range(len(world.names)):
        world.fleet.set_settings(number, "live", theirs)
    world.variables |= {
        "s3_recording_ams_email": "sweep@example.com",
        "s3_recording_ams_password": Unsafe(secrets["password"]),
        "s3_recording_settings": {
            "customSettings": {"plugin": {"apiSecret": Unsafe(secrets["custom"])}, "level": 2}
        },
        **case.scenario.variables,
    }
    if case.scenario.given_key:
        world.aws.make_user(ALLOW_ALL, "servers", Credentials(KEY_OF_SERVERS, secrets["s3"], "servers"))
        if not {"site", "storage"} & set(case.scenario.runs):
            place = {"LocationConstraint": REGION}
            world.aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        world.variables |= {
            "s3_recording_access_key_id": KEY_OF_SERVERS,
            "s3_recording_secret_access_key": Unsafe(secrets["s3"]),
        }


def _break(world: World, case: Case, secrets: Mapping[str, str]) -> None:
    everything = " ".join(form for place in case.scenario.echoed for form in sorted(forms(secrets[place])))

    def echoed(fault: Mapping[str, Any]) -> dict[str, Any]:
        return {name: everything if value == ECHO else value for name, value in fault.items()}

    for fault in case.scenario.ams:
        world.fleet.fault(None, **echoed(fault))
    for fault in case.scenario.aws:
        world.aws.fault(**echoed(fault))
    if case.scenario.wrong:
        world.fleet.add_user(None, "sweep@example.com", "another one", userType="ADMIN", scope="system")
    if case.scenario.name == "unreachable":
        world.urls = dict.fromkeys(world.urls, "http://127.0.0.1:1")


# --- the runs


def _playbook(world: World, _case: Case, name: str, rc: int) -> PlaybookRun:
    arguments = {"drift": ["--check"]}.get(name, [])
    extra = {"s3_recording_rollback_run": _last_run(world)} if name == "rollback" else {}
    return world.run(name, "--diff", *arguments, verbosity=4, expected_rc=rc, extra_vars=extra)


def _last_run(world: World) -> str:
    (kept, *_others) = sorted(world.backups.glob("*.json"))
    name: str = json.loads(kept.read_text())["layers"][-1]["run"]
    return name


def _with_token(world: World, case: Case, _name: str, rc: int) -> PlaybookRun:
    world.variables |= {
        "s3_recording_ams_jwt_token": Unsafe(case.secret("jwt")),
        "s3_recording_ams_email": "",
        "s3_recording_ams_password": "",
    }
    return _playbook(world, case, "servers", rc)


def _verify_after_write(world: World, case: Case, _name: str, rc: int) -> PlaybookRun:
    return _playbook(world, case, "servers", rc)


def _task(world: World, rc: int, task: Mapping[str, Any]) -> PlaybookRun:
    play = {"hosts": "all", "gather_facts": False, "connection": "local", "tasks": [task]}
    hosts = {name: {"url": url} for name, url in list(world.urls.items())[:1]}
    return world.run([play], "--diff", verbosity=4, expected_rc=rc, hosts=hosts)


def _who() -> dict[str, str]:
    return {
        "url": "{{ url }}",
        "email": "{{ s3_recording_ams_email }}",
        "password": "{{ s3_recording_ams_password }}",
    }


def _module(world: World, _case: Case, name: str, rc: int) -> PlaybookRun:
    settings = {
        "s3RecordingEnabled": True,
        "s3BucketName": "{{ s3_recording_bucket }}",
        "s3SecretKey": "{{ s3_recording_secret_access_key }}",
        "customSettings": "{{ s3_recording_settings.customSettings }}",
    }
    backup = str(world.backups / "module.json")
    # Not in the worker itself, but as a module that is sent to a target.
    shipped = {"async": 60, "poll": 1} if "shipped" in name else {}
    given = {**_who(), "app": "live", "settings": settings}
    if not shipped:
        given |= {"backup_path": backup, "backup_run": "20261124T120000Z"}
    run = _task(world, rc, {"name": "Write", "antmedia.s3_recording.ams_app_settings": given, **shipped})
    # What Ansible starts for an asynchronous task removes the module a moment after it has ended.
    wait_for(lambda: not list((world.folder / "home" / "remote").iterdir()))
    return run


def _info(world: World, _case: Case, _name: str, rc: int) -> PlaybookRun:
    given = {**_who(), "apps": ["live"], "settings": ["s3SecretKey", "jwtSecretKey", "s3BucketName"]}
    return _task(world, rc, {"name": "Read", "antmedia.s3_recording.ams_server_info": given})


def _stored_key(world: World, case: Case, _name: str, rc: int) -> PlaybookRun:
    stored = {
        "access_key_id": KEY_OF_SERVERS,
        "secret_access_key": case.secret("s3"),
        "user_name": "servers",
        "create_date": "2026-01-31T12:00:00+00:00",
    }
    world.aws.client("ssm").put_parameter(Name=STORED_AT, Value=json.dumps(stored), Type="SecureString")
    given = {
        "user_name": "servers",
        "stored_at": STORED_AT,
        "region": REGION,
        "endpoint_url": "{{ s3_recording_aws_endpoint_url }}",
    }
    return _task(world, rc, {"name": "Key", "antmedia.s3_recording.iam_stored_access_key": given})


RUNS = {
    "token": _with_token,
    "verify after a write": _verify_after_write,
    "module": _module,
    "module shipped": _module,
    "info": _info,
    "stored key": _stored_key,
}
