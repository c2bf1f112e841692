# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What decommissioning says of the bucket, of links that stop working, and of MP4 recording."""

from __future__ import annotations

from typing import Any

import pytest

from .._intent.test_decommission import BASE, BUCKET, OFF, RECORDING, decommission, read


def told(found: dict[str, Any]) -> str:
    of_bucket = found["buckets"][BUCKET]
    return "\n".join([*of_bucket["result"], *of_bucket["stays"]])


def test_links_that_stop_working_and_recordings_that_stay_are_told_with_addresses() -> None:
    words = told(decommission(read(), read()))
    assert "Recording to recordings and forwarding are off on 2 servers: ams1, ams2." in words
    link = "https://ams1.example.com:5443/live/streams/NAME.mp4"
    assert f"Links such as {link} do not lead to the bucket any more. The server answers 404" in words
    assert f"everybody can still read them at {BASE}/streams/NAME.mp4" in words
    assert "aws s3api put-public-access-block --bucket recordings" in words
    predicted = told(decommission(read(), check_mode=True))
    assert "forwarding would be off on 1 server: ams1." in predicted
    assert f"{link} would not lead" in predicted


@pytest.mark.parametrize(
    ("bucket", "said"),
    [
        (
            {"delivery": "private"},
            "only be read with credentials: aws s3 cp s3://recordings/streams/NAME.mp4 .",
        ),
        ({"delivery": "cloudfront"}, f"distribution stays too and serves them at {BASE}/streams/NAME.mp4."),
        (
            {"has_ownership": False},
            "remove the statement AntMediaRecordingsPublicRead from its bucket policy",
        ),
        ({"has_ownership": False, "delivery": "acl"}, "make the objects' ACLs private"),
        ({"key_given": True}, "The access key from the inventory stays."),
    ],
)
def test_who_may_read_them_goes_by_the_delivery(bucket: dict[str, Any], said: str) -> None:
    assert said in told(decommission(read(), **bucket))


def test_what_was_never_forwarded_stops_no_link() -> None:
    silent = {**RECORDING, "httpForwardingBaseURL": "", "httpForwardingExtension": ""}
    assert "Links" not in told(decommission(read(silent)))


def test_mp4_recording_that_stays_on_is_said_with_the_way_to_stop_it() -> None:
    words = told(decommission(read(), read({**RECORDING, "mp4MuxingEnabled": False})))
    assert "MP4 recording stays on and writes to the server's disk" in words
    assert "was off: ams1 (live). To stop it, set mp4MuxingEnabled to false." in words
    back = told(decommission(read(), changes={**OFF, "mp4MuxingEnabled": {"before": True, "after": False}}))
    assert "MP4 recording is off again, as before the first run: ams1 (live)." in back
    assert "stays on" not in back


def test_a_server_that_was_not_seen_and_one_that_records_elsewhere_are_not_called_off() -> None:
    elsewhere = {**RECORDING, "s3BucketName": "another"}
    found = decommission(read(), {}, read(elsewhere, 4), missing=("ams2",))
    words = told(found)
    assert "off on 2 servers: ams1, ams3." in words
    assert "Left alone, since they record elsewhere: ams3 (live)." in words
    assert found["left_on_disk"] == []


def test_a_server_that_was_decommissioned_before_is_off_and_its_links_are_told_again() -> None:
    off = {**RECORDING, "s3RecordingEnabled": False, "s3BucketName": "", "mp4MuxingEnabled": False}
    off |= {"httpForwardingBaseURL": "", "httpForwardingExtension": ""}
    found = decommission(read(off, 5), changes={})
    assert "off on 1 server: ams1." in told(found)
    assert (found["lost"], found["left_on_disk"]) == ([], [])
