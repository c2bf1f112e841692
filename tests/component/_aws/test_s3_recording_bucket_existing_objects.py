# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bucket with recordings gets an expiry, on the stand-in: nothing of them goes unless that is said."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import object_listing
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.errors import AwsError
from botocore.paginate import Paginator

from stand_ins.aws import AwsStandIn

from .test_s3_recording_bucket_apply import Place

MONTH = {"prefix": "streams/", "expiration_days": 30}
VERSIONS = {"prefix": "streams/", "noncurrent_version_expiration_days": 7}
LISTINGS = ("ListObjectsV2", "ListObjectVersions")


@pytest.fixture
def place(aws: AwsStandIn) -> Any:
    aws.clear_faults()
    made = Place(aws)
    made.make()
    yield made
    aws.clear_faults()


def put(place: Place, *keys: str, days: float = 0, body: bytes = b"12345") -> None:
    for key in keys:
        place.s3.put_object(Bucket=place.name, Key=key, Body=body)
    if days:
        place.aws.make_older(place.name, *keys, days=days)


def listings(aws: AwsStandIn) -> list[str]:
    return [each["operation"] for each in aws.requests() if each["operation"] in LISTINGS]


def refused(place: Place, *rules: dict[str, Any], **params: Any) -> str:
    """The error, which came before anything was written, in check mode too."""
    place.aws.clear_requests()
    texts = []
    for check in (True, False):
        with pytest.raises(AwsError, match="Nothing was changed") as failed:
            place.run(lifecycle_rules=list(rules), check=check, **params)
        texts.append(str(failed.value))
    assert place.aws.writes() == []
    assert texts[0] == texts[1]
    return texts[0]


def test_an_expiry_does_not_delete_what_is_there_unasked(aws: AwsStandIn, place: Place) -> None:
    """An expiry of 30 days on a bucket with years of recordings deleted them all, and nothing was said."""
    put(place, *(f"streams/{number}.mp4" for number in range(4)), "other/a", days=400)
    put(place, "streams/new.mp4")
    text = refused(place, MONTH, versioning=True)
    assert "the rules delete 5 of 5 objects in 'streams/' (4 at once, the next on " in text
    assert "; 25 bytes: 'streams/0.mp4', " in text
    assert "expire_existing=true (in the role s3_recording_expire_existing)" in text

    predicted = place.run(lifecycle_rules=[MONTH], expire_existing=True, check=True)
    done = place.run(lifecycle_rules=[MONTH], expire_existing=True)
    assert done == predicted
    (said,) = done["existing_objects"]
    assert date.fromisoformat(said.pop("expiring_by")) > date(2020, 1, 1)
    assert said == {
        "prefix": "streams/",
        "objects": 5,
        "expiring": 5,
        "expiring_bytes": 25,
        "expiring_at_once": 4,
        "versions_expiring": 0,
        "versions_expiring_bytes": 0,
        "versions_expiring_at_once": 0,
        "versions_expiring_by": "",
        "moving_to_archive": 0,
    }
    assert "the rules delete 5 of 5 objects" in done["msg"]

    aws.clear_requests()
    again = place.run(lifecycle_rules=[MONTH])
    assert again["changed"] is False
    assert "existing_objects" not in again
    assert listings(aws) == []


def test_only_a_shorter_life_is_asked_about(aws: AwsStandIn, place: Place) -> None:
    """A longer one, or none, costs no request at all, and needs no consent."""
    place.run(lifecycle_rules=[MONTH])
    put(place, "streams/a.mp4", days=40)
    aws.clear_requests()
    for days in (60, 60):
        place.run(lifecycle_rules=[{**MONTH, "expiration_days": days}])
    assert listings(aws) == []
    assert "1 of 1 objects" in refused(place, {**MONTH, "expiration_days": 35})
    aws.clear_requests()
    place.run(lifecycle_rules=[])
    assert listings(aws) == []


def test_a_wider_folder_takes_nobody_elses_objects(place: Place) -> None:
    """Without folder_per_application the rule is for streams/, which holds the folders of others too."""
    live = {**MONTH, "prefix": "streams/live/"}
    place.run(lifecycle_rules=[live])
    put(place, "streams/live/a.mp4", "streams/old/a.mp4", days=90)
    text = refused(place, MONTH)
    assert "1 of 2 objects in 'streams/' (all at once; 5 bytes: 'streams/old/a.mp4')" in text
    assert place.run(lifecycle_rules=[live, {**MONTH, "prefix": "previews/"}])["changed"] is True


def test_young_objects_go_later_and_need_consent_too(place: Place) -> None:
    """Recordings a moment younger than the expiry were not asked about, and went a moment later."""
    put(place, "streams/a.mp4", days=29.9)
    assert "1 of 1 objects in 'streams/' (none at once, the first on " in refused(place, MONTH)
    put(place, "other/a.mp4", days=400)
    assert place.run(lifecycle_rules=[{**MONTH, "prefix": "previews/"}])["changed"] is True


def test_former_versions_are_counted_from_when_they_were_replaced(aws: AwsStandIn, place: Place) -> None:
    place.run(versioning=True)
    put(place, "streams/a.mp4", "streams/gone.mp4", days=300)
    put(place, "streams/a.mp4", days=9)
    put(place, "streams/a.mp4", "streams/b.mp4")
    place.s3.delete_object(Bucket=place.name, Key="streams/gone.mp4")
    text = refused(place, VERSIONS)
    assert "3 noncurrent versions in 'streams/' (1 at once, the next on " in text
    result = place.run(lifecycle_rules=[VERSIONS], expire_existing=True)
    assert result["existing_objects"][0]["objects"] == 2
    assert set(listings(aws)) == {"ListObjectVersions"}


def test_versions_of_a_bucket_that_never_had_any_are_not_listed(aws: AwsStandIn, place: Place) -> None:
    put(place, "streams/a.mp4", days=300)
    aws.clear_requests()
    assert place.run(lifecycle_rules=[VERSIONS])["changed"] is True
    assert listings(aws) == []


def test_an_archive_is_a_warning(place: Place) -> None:
    put(place, "streams/a.mp4", days=300)
    frozen = {"prefix": "streams/", "transitions": [{"days": 30, "storage_class": "DEEP_ARCHIVE"}]}
    (warning,) = place.run(lifecycle_rules=[frozen])["warnings"]
    assert "move 1 of 1 objects in 'streams/' to an archive (all at once; 5 bytes: " in warning
    assert "warnings" not in place.run(lifecycle_rules=[frozen])


def test_what_may_not_be_listed_is_not_overwritten(aws: AwsStandIn, place: Place) -> None:
    put(place, "streams/a.mp4")
    place.run(versioning=True)
    for action, rule in (("s3:ListObjectsV2", MONTH), ("s3:ListBucketVersions", VERSIONS)):
        aws.fault(action, count=1, status=403, code="AccessDenied")
        aws.clear_requests()
        with pytest.raises(AwsError, match=r"Listing the .*AccessDenied") as failed:
            place.run(lifecycle_rules=[rule])
        assert "need the permission s3:ListBucket" in str(failed.value)
        assert aws.writes() == []


def test_a_listing_of_many_pages(aws: AwsStandIn, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions of one key lie on more pages than one; each is counted, by the time that it was replaced."""
    place.run(versioning=True)
    for days in (40, 30, 20, 10, 0):
        put(place, "streams/a.mp4", "streams/b.mp4", body=b"x" * (1 + days // 10))
        if days:
            place.aws.make_older(place.name, "streams/a.mp4", "streams/b.mp4", days=10)
    paginate = Paginator.paginate
    for page in (1, 3, 1000):
        monkeypatch.setattr(
            Paginator,
            "paginate",
            lambda self, page=page, **how: paginate(self, PaginationConfig={"PageSize": page}, **how),
        )
        found = list(object_listing.objects_and_versions(place.s3, place.name, "streams/"))
        assert len(found) == 10
        for key in ("streams/a.mp4", "streams/b.mp4"):
            versions = [each for each in found if each.key == key]
            ages = [round((versions[0].since - each.since).total_seconds() / 86400) for each in versions]
            assert [each.size for each in versions] == [1, 2, 3, 4, 5]
            assert ages == [0, 0, 10, 20, 30]
        assert len(list(object_listing.objects(place.s3, place.name))) == 2
