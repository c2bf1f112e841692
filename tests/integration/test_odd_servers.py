# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ams_app_settings makes of servers that are slow, broken, locked or somebody else's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AmsError
from ansible_collections.antmedia.s3_recording.plugins.modules import ams_app_settings, ams_server_info

from stand_ins.ams import Fleet, FleetHost

SETTINGS = "/applications/settings/"
LOGIN = "/users/authenticate"
WISH = {"mp4MuxingEnabled": True, "s3BucketName": "b-of-a-test"}


@pytest.fixture(scope="module")
def running() -> Iterator[Fleet]:
    with Fleet(hosts=1) as fleet:
        yield fleet


@pytest.fixture
def fleet(running: Fleet) -> Fleet:
    running.reset()
    return running


def validated(spec: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Parameters as a task would have them, defaults and all."""
    result = ArgumentSpecValidator(spec).validate(given)
    assert not result.error_messages
    return dict(result.validated_parameters)


def who(host: FleetHost, **changes: Any) -> dict[str, Any]:
    return {"url": host.url, "email": host.email, "password": host.password, "timeout": 5, **changes}


def connection(host: FleetHost, **changes: Any) -> dict[str, Any]:
    return validated(ams_server_info.ARGUMENT_SPEC, **who(host, **changes))


def apply(host: FleetHost, app: str = "live", settings: Any = None, **changes: Any) -> dict[str, Any]:
    wish = {"app": app, "settings": WISH if settings is None else settings}
    return ams_app_settings.run(
        validated(ams_app_settings.ARGUMENT_SPEC, **who(host, **changes), **wish), False
    )


def failure(host: FleetHost, **changes: Any) -> str:
    with pytest.raises(AmsError) as caught:
        apply(host, **changes)
    return str(caught.value)


def test_one_connection_one_login_and_as_few_requests_as_can_be(fleet: Fleet) -> None:
    host = fleet.hosts[0]
    apply(host)
    # The second GET is just before the write: what somebody has set since the plan stays.
    methods = [request["method"] for request in fleet.requests()]
    assert methods == ["POST", "GET", "GET", "POST", "GET", "DELETE"]
    assert (fleet.connections(), len(fleet.logins())) == (1, 1)
    fleet.clear_requests()
    assert not apply(host)["changed"]
    assert [request["method"] for request in fleet.requests()] == ["POST", "GET", "DELETE"]


@pytest.mark.parametrize("action", ["reset_before", "cut", "empty_502"])
def test_a_read_that_fails_once_is_tried_again(fleet: Fleet, action: str) -> None:
    if action == "empty_502":
        fleet.fault(0, "status", status=502, method="GET", path=SETTINGS, times=1)
    else:
        fleet.fault(0, action, method="GET", path=SETTINGS, times=1)
    assert apply(fleet.hosts[0])["changed"]
    assert len(fleet.logins()) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"action": "status", "status": 502, "method": "GET", "path": SETTINGS}, "status 502"),
        ({"action": "truncate", "method": "GET", "path": SETTINGS}, "JSON that breaks off"),
        ({"action": "html", "method": "GET", "path": SETTINGS}, "a page of HTML"),
        ({"action": "empty", "method": "GET", "path": SETTINGS}, "no such application (204"),
        ({"action": "html", "path": LOGIN}, "a page of HTML"),
        ({"action": "status", "status": 500, "path": LOGIN}, "status 500"),
        ({"action": "reset_before", "path": LOGIN}, "the connection to the server broke"),
        ({"action": "redirect", "path": LOGIN}, "use that address"),
        ({"action": "session_lost", "method": "POST", "path": SETTINGS}, "the session was lost"),
        ({"action": "reset_before", "method": "POST", "path": SETTINGS}, "is not as requested"),
        ({"action": "status", "status": 502, "method": "POST", "path": SETTINGS}, "is not as requested"),
        ({"action": "status", "status": 400, "method": "POST", "path": SETTINGS}, "status 400"),
    ],
)
def test_a_failure_names_server_step_and_answer_and_writes_nothing(
    fleet: Fleet, fault: dict[str, Any], said: str
) -> None:
    host = fleet.hosts[0]
    before = fleet.settings(0, "live")
    fleet.fault(0, **fault)
    message = failure(host)
    assert said in message
    assert host.url in message
    assert fleet.settings(0, "live") == before
    assert len(fleet.logins()) == 1
    fleet.clear_faults()
    assert apply(host)["changed"]


def test_a_write_whose_answer_was_lost_is_read_back_before_anything_is_said(fleet: Fleet) -> None:
    fleet.fault(0, "reset_after", method="POST", path=SETTINGS)
    assert apply(fleet.hosts[0])["changed"]
    assert fleet.settings(0, "live")["s3BucketName"] == "b-of-a-test"


def test_a_write_that_can_not_be_read_back_says_that_it_is_not_known(fleet: Fleet) -> None:
    fleet.fault(0, "reset_after", method="POST", path=SETTINGS)
    fleet.fault(0, "status", status=503, method="GET", path=SETTINGS, nth=3)
    assert "It is not known whether the write was carried out" in failure(fleet.hosts[0])


def test_a_value_that_the_server_stores_otherwise_is_named(fleet: Fleet) -> None:
    fleet.fault(0, "rewrite", method="POST", path=SETTINGS, values={"s3BucketName": "another"})
    assert "the server said success but has s3BucketName='another'" in failure(fleet.hosts[0])


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [("POST", LOGIN, "Logging in"), ("GET", SETTINGS, "Reading"), ("POST", SETTINGS, "Writing")],
)
def test_a_slow_server_costs_no_more_than_the_timeout(
    fleet: Fleet, method: str, path: str, said: str
) -> None:
    fleet.fault(0, "slow", method=method, path=path, seconds=3)
    message = failure(fleet.hosts[0], timeout=0.3)
    assert message.startswith(said)
    assert "no answer from the server within 0.3 s" in message


def test_a_blocked_account_is_not_called_a_wrong_password(fleet: Fleet) -> None:
    host = fleet.hosts[0]
    for _attempt in range(2):
        assert "password is wrong" in failure(host, password="wrong")
    assert "the account is blocked" in failure(host, password="wrong")
    assert "the account is blocked" in failure(host)
    assert len(fleet.logins()) == 4


def test_a_server_that_is_not_there(fleet: Fleet) -> None:
    host = fleet.hosts[0]
    assert "the connection to the server was refused" in failure(host, url="http://127.0.0.1:1")
    assert "not known to DNS" in failure(host, url="http://no-such-host.invalid:5080")


def test_a_server_without_a_user() -> None:
    with Fleet(hosts=1, fresh=True) as fleet:
        assert "the server has no user yet" in failure(fleet.hosts[0])


def test_an_administrator_of_one_application_can_use_it(fleet: Fleet) -> None:
    host = fleet.hosts[0]
    fleet.add_user(0, "live@example.com", "of-live-alone", userType="ADMIN", scope="live")
    who = {"email": "live@example.com", "password": "of-live-alone"}
    assert apply(host, **who)["changed"]
    assert not apply(host, **who)["changed"]
    assert "lacks the permission (see its scope)" in failure(host, app="LiveApp", **who)
    known = ams_server_info.run(connection(host, **who), False)
    assert (known["applications"], known["cluster"]) == (None, None)


def test_an_application_that_does_not_say_what_is_live_is_warned_of(fleet: Fleet) -> None:
    """Its REST API lets in whom it wants; the console asks it from loopback."""
    fleet.set_live(0, "LiveApp", ["concert"])
    fleet.set_settings(0, "live", {"ipFilterEnabled": True, "remoteAllowedCIDR": "10.0.0.0/8"})
    asked = validated(
        ams_server_info.ARGUMENT_SPEC, **who(fleet.hosts[0]), apps=["live", "LiveApp"], live_streams=True
    )
    found = ams_server_info.run(asked, False)
    assert found["live_streams"] == {"live": None, "LiveApp": 1}
    (warning,) = found["warnings"]
    assert warning.startswith("It is not known how many streams of application 'live' are live. Counting")


def test_live_streams_are_counted_where_the_application_wants_a_token(fleet: Fleet) -> None:
    """Before, the count was asked for without one, and decommissioning was refused."""
    fleet.set_live(0, "live", ["concert"])
    wants = {"jwtControlEnabled": True, "jwtSecretKey": "a-secret-of-the-application-itself"}
    fleet.set_settings(0, "live", wants)
    asked = validated(ams_server_info.ARGUMENT_SPEC, **who(fleet.hosts[0]), apps=["live"], live_streams=True)
    found = ams_server_info.run(asked, False)
    assert (found["live_streams"], found.get("warnings")) == ({"live": 1}, None)


def test_a_read_only_user_is_refused_and_nothing_is_written(fleet: Fleet) -> None:
    fleet.add_user(0, "reader@example.com", "may-only-read", userType="READ_ONLY", scope="system")
    message = failure(fleet.hosts[0], email="reader@example.com", password="may-only-read")
    assert "Writing the settings of application 'live'" in message
    assert not fleet.settings(0, "live")["mp4MuxingEnabled"]


def test_a_setting_that_an_older_release_does_not_have() -> None:
    with Fleet(hosts=1, release="2.10.0") as fleet:
        message = failure(fleet.hosts[0], settings={"s3PathStyleAccessEnabled": True})
        assert "'s3PathStyleAccessEnabled' needs AMS 2.13 or later, AMS 2.10.0 does not have it" in message


@pytest.mark.parametrize("release", ["2.6.4", "2.10.0", "2.13.2", "2.16.2", "2.17.1", "3.0.3"])
def test_every_release_takes_the_guides_settings(release: str) -> None:
    wish = {
        "mp4MuxingEnabled": True,
        "s3RecordingEnabled": True,
        "s3SecretKey": "a-secret-of-a-test",
        "s3Endpoint": "",
        "httpForwardingExtension": "mp4,m3u8",
        "httpForwardingBaseURL": "https://b.s3.eu-west-1.amazonaws.com",
    }
    with Fleet(hosts=1, release=release) as fleet:
        assert ams_server_info.run(connection(fleet.hosts[0]), False)["version"] == release
        assert apply(fleet.hosts[0], settings=wish)["changed"]
        assert not apply(fleet.hosts[0], settings=wish)["changed"]
