# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Other ways of delivery, of keeping the key and of reaching a server, each from site.yml to the proof."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stand_ins.ams import Fleet, make_token
from tests.harness.playbook import PlaybookRun, ran, run_playbook

if TYPE_CHECKING:
    from stand_ins.aws import AwsStandIn

SITE = "antmedia.s3_recording.site"
REGION = "eu-west-1"
SETTINGS = "antmedia.s3_recording.ams_app_settings"

RunSite = Callable[..., PlaybookRun]


@pytest.fixture
def run_site(aws: AwsStandIn, tmp_path: Path) -> RunSite:
    """Runs site.yml on one host with the variables given."""
    inventory = tmp_path / "hosts.yml"

    def run(
        fleet: Fleet, bucket: str, *arguments: str, env: dict[str, str] | None = None, **more: Any
    ) -> PlaybookRun:
        options = {
            name: more.pop(name) for name in ("expected_rc", "verbosity", "expected_warnings") if name in more
        }
        host = fleet.hosts[0]
        variables = {
            "s3_recording_bucket": bucket,
            "s3_recording_region": REGION,
            "s3_recording_ams_url": host.url,
            "s3_recording_ams_email": host.email,
            "s3_recording_ams_password": host.password,
            "s3_recording_endpoint": aws.endpoint_url,
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
            **more,
        }
        inventory.write_text(json.dumps({"all": {"hosts": {"ams-1": variables}}}))
        return run_playbook(
            SITE, inventory=inventory, env={**aws.env(), **(env or {})}, arguments=arguments, **options
        )

    return run


def links(run: PlaybookRun) -> dict[str, bool]:
    (check,) = ran(run.of_step("check"))
    return {link["check"]: link["ok"] for link in check["checks"]}


def test_private_delivery_opens_nothing_and_forwards_nothing(
    aws: AwsStandIn, fleet: Fleet, run_site: RunSite
) -> None:
    run = run_site(fleet, "variant-private", s3_recording_delivery="private")
    settings = fleet.settings(0, "live")
    assert (settings["httpForwardingExtension"], settings["httpForwardingBaseURL"]) == ("", "")
    small = [link for link in links(run) if not link.startswith("live ")]
    assert small == ["settings", "list", "head", "put", "hls-upload", "remove"]
    assert all(links(run).values())
    s3 = aws.client("s3", region_name=REGION)
    block = s3.get_public_access_block(Bucket="variant-private")["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert run_site(fleet, "variant-private", s3_recording_delivery="private").changed == 0


def test_acl_delivery_makes_each_object_public(fleet: Fleet, run_site: RunSite) -> None:
    run = run_site(fleet, "variant-acl", s3_recording_delivery="acl")
    assert fleet.settings(0, "live")["s3Permission"] == "public-read"
    assert all(links(run).values())
    assert run_site(fleet, "variant-acl", s3_recording_delivery="acl").changed == 0


def test_the_key_in_an_encrypted_file(fleet: Fleet, run_site: RunSite, tmp_path: Path) -> None:
    password = tmp_path / "vault-password"
    password.write_text("of-a-test")
    kept = tmp_path / "key.json"
    variables = {"s3_recording_key_store": "file", "s3_recording_key_path": str(kept)}
    vault = f"--vault-password-file={password}"
    run = run_site(fleet, "variant-file", vault, **variables)
    assert run.changed > 0
    assert kept.read_text().startswith("$ANSIBLE_VAULT;")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert fleet.settings(0, "live")["s3SecretKey"] not in run.output
    assert str(kept) in run.stdout
    assert run_site(fleet, "variant-file", vault, **variables).changed == 0


def test_a_key_that_is_given_needs_no_iam(aws: AwsStandIn, fleet: Fleet, run_site: RunSite) -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    given = aws.make_user({"Version": "2012-10-17", "Statement": [statement]}, "given")
    aws.clear_requests()
    run = run_site(
        fleet,
        "variant-given",
        s3_recording_access_key_id=given.access_key_id,
        s3_recording_secret_access_key=given.secret_access_key,
        verbosity=4,
    )
    assert all(links(run).values())
    assert fleet.settings(0, "live")["s3SecretKey"] == given.secret_access_key
    assert given.secret_access_key not in run.output
    assert not [request for request in aws.requests() if str(request["action"]).startswith(("iam:", "ssm:"))]


def test_https_with_a_certificate_of_its_own_and_a_token(
    fleet_factory: Callable[..., Fleet], run_site: RunSite
) -> None:
    fleet = fleet_factory(tls=True, jwt_secret="of-a-test-server-and-long-enough")
    trusted = {"s3_recording_ams_ca_path": fleet.ca_path}
    token = {
        "s3_recording_ams_password": "",
        "s3_recording_ams_jwt_token": make_token("of-a-test-server-and-long-enough"),
    }
    refused = run_site(fleet, "variant-https", expected_rc=2, expected_warnings=[PLAIN_HTTP])
    assert "the TLS handshake with the server failed" in refused.stdout
    run = run_site(fleet, "variant-https", expected_warnings=[PLAIN_HTTP], **trusted, **token)
    assert all(links(run).values())
    assert fleet.logins() == []
    assert token["s3_recording_ams_jwt_token"] not in run.output


PLAIN_HTTP = "browsers block http there"


def test_a_secret_that_a_server_quotes_is_not_shown(fleet: Fleet, run_site: RunSite) -> None:
    """The server's own text is part of an error, and may hold what was posted."""
    run_site(fleet, "variant-quoted")
    secret = fleet.settings(0, "live")["s3SecretKey"]
    fleet.set_settings(0, "live", {"s3RegionName": "elsewhere"})
    fleet.fault(0, "status", method="POST", path="/applications/settings/", status=400, body=f"bad: {secret}")
    run = run_site(fleet, "variant-quoted", "--diff", verbosity=4, expected_rc=2)
    assert "status 400 with 'bad: ********'" in run.stdout
    shown = run.output + json.dumps([result.result for result in [*run.results, *run.items]])
    assert secret not in shown


def test_recordings_on_the_disk_are_warned_of(fleet: Fleet, run_site: RunSite) -> None:
    fleet.add_recordings(0, "live", ["old-1.mp4", "old-2.mp4"])
    run_site(
        fleet,
        "variant-hidden",
        expected_warnings=["2 recordings from before this change are in its list"],
    )
    run_site(fleet, "variant-hidden")


def test_credentials_from_the_environment_as_awx_sets_them(fleet: Fleet, run_site: RunSite) -> None:
    host = fleet.hosts[0]
    env = {
        "AMS_EMAIL": host.email,
        "AMS_PASSWORD": host.password,
        "AMS_JWT": "",
        "AMS_CA_PATH": "",
        "AMS_TIMEOUT": "",
    }
    blank = {"s3_recording_ams_email": "", "s3_recording_ams_password": ""}
    assert run_site(fleet, "variant-environment", env=env, **blank).changed > 0
