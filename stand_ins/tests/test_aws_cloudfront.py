# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Distributions and origin access controls, and what CloudFront refuses of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from stand_ins.tests.aws_support import Clients, access_control, allow, counted, distribution, refused
from stand_ins.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stand_ins.aws import AwsStandIn

BUCKET = "some-recordings"
OWN = "arn:aws:cloudfront::000000000177:"


@pytest.fixture(autouse=True)
def at_once(stand_in: AwsStandIn) -> Iterator[None]:
    yield
    stand_in.settings(distribution_delay=0)


@pytest.fixture
def cloudfront(client: Clients) -> Any:
    return client("cloudfront")


@pytest.fixture
def control(cloudfront: Any) -> str:
    made = cloudfront.create_origin_access_control(OriginAccessControlConfig=access_control())
    return str(made["OriginAccessControl"]["Id"])


def created(cloudfront: Any, config: dict[str, Any]) -> dict[str, Any]:
    return dict(cloudfront.create_distribution(DistributionConfig=config)["Distribution"])


def status(error: dict[str, Any]) -> int:
    return int(error["ResponseMetadata"]["HTTPStatusCode"])


def contains(found: Any, given: Any) -> bool:
    if isinstance(given, dict):
        return all(name in found and contains(found[name], part) for name, part in given.items())
    if isinstance(given, list):
        return len(found) == len(given) and all(map(contains, found, given))
    return bool(found == given)


class TestDistributions:
    def test_round_trip(self, cloudfront: Any, control: str) -> None:
        given = distribution(
            BUCKET,
            control,
            origin={
                "OriginPath": "/streams",
                "CustomHeaders": counted({"HeaderName": "x", "HeaderValue": "y"}),
            },
            behavior={
                "OriginRequestPolicyId": "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
                "ResponseHeadersPolicyId": "60669652-455b-4ae9-85a4-c4c02393f86c",
                "Compress": True,
            },
            PriceClass="PriceClass_100",
            DefaultRootObject="index.html",
            HttpVersion="http2and3",
        )
        answer = cloudfront.create_distribution(DistributionConfig=given)
        made = answer["Distribution"]
        assert answer["Location"].endswith(f"/distribution/{made['Id']}")
        assert made["ARN"] == f"{OWN}distribution/{made['Id']}"
        assert made["DomainName"].endswith(".cloudfront.net")
        assert contains(made["DistributionConfig"], given)
        found = cloudfront.get_distribution_config(Id=made["Id"])
        assert found["DistributionConfig"] == made["DistributionConfig"]
        assert found["ETag"] == answer["ETag"] == cloudfront.get_distribution(Id=made["Id"])["ETag"]
        # What is read can be written back as it is.
        again = cloudfront.update_distribution(
            Id=made["Id"], IfMatch=found["ETag"], DistributionConfig=found["DistributionConfig"]
        )
        assert again["Distribution"]["DistributionConfig"] == found["DistributionConfig"]
        assert again["ETag"] != found["ETag"]

    def test_what_is_left_out(self, cloudfront: Any) -> None:
        config = created(cloudfront, distribution(BUCKET))["DistributionConfig"]
        assert (config["PriceClass"], config["HttpVersion"]) == ("PriceClass_All", "http2")
        assert config["Aliases"] == config["CacheBehaviors"] == config["OriginGroups"] == {"Quantity": 0}
        assert config["Origins"]["Items"][0]["ConnectionAttempts"] == 3
        methods = config["DefaultCacheBehavior"]["AllowedMethods"]
        assert (methods["Items"], methods["CachedMethods"]["Items"]) == (["HEAD", "GET"], ["HEAD", "GET"])
        assert "ForwardedValues" not in config["DefaultCacheBehavior"]

    def test_the_order_of_methods_is_cloudfronts(self, cloudfront: Any) -> None:
        given = counted("GET", "OPTIONS", "HEAD") | {"CachedMethods": counted("GET", "HEAD")}
        found = created(cloudfront, distribution(BUCKET, behavior={"AllowedMethods": given}))
        methods = found["DistributionConfig"]["DefaultCacheBehavior"]["AllowedMethods"]
        assert methods["Items"] == ["HEAD", "GET", "OPTIONS"]

    def test_lists_in_pages(self, cloudfront: Any) -> None:
        made = {created(cloudfront, distribution(BUCKET))["Id"] for _each in range(3)}
        pages = cloudfront.get_paginator("list_distributions").paginate(PaginationConfig={"PageSize": 2})
        found = [each for page in pages for each in page["DistributionList"].get("Items", [])]
        assert made <= {each["Id"] for each in found}
        assert len({each["Id"] for each in found}) == len(found)
        assert {"ARN", "Status", "DomainName", "Origins", "Comment", "Enabled"} <= set(found[0])

    @pytest.mark.parametrize(
        ("code", "given"),
        [
            ("InvalidOriginAccessControl", {"control": "E00000000000"}),
            ("NoSuchOrigin", {"behavior": {"TargetOriginId": "other"}}),
            ("NoSuchCachePolicy", {"behavior": {"CachePolicyId": str(uuid.UUID(int=1))}}),
            ("NoSuchOriginRequestPolicy", {"behavior": {"OriginRequestPolicyId": str(uuid.UUID(int=1))}}),
            ("NoSuchResponseHeadersPolicy", {"behavior": {"ResponseHeadersPolicyId": str(uuid.UUID(int=1))}}),
            ("InvalidArgument", {"origin": {"DomainName": "media.example.org"}}),
            ("InvalidArgument", {"origin": {"OriginPath": "streams/"}}),
            ("InvalidArgument", {"Comment": "c" * 129}),
            ("InvalidArgument", {"behavior": {"CachePolicyId": ""}}),
            ("InconsistentQuantities", {"Aliases": {"Quantity": 1}}),
            (
                "InvalidArgument",
                {
                    "behavior": {
                        "AllowedMethods": counted("GET", "HEAD", "PUT")
                        | {"CachedMethods": counted("GET", "HEAD")}
                    }
                },
            ),
        ],
    )
    def test_refused(self, cloudfront: Any, code: str, given: dict[str, Any]) -> None:
        before = cloudfront.list_distributions()["DistributionList"]["Quantity"]
        error = refused(
            code, cloudfront.create_distribution, DistributionConfig=distribution(BUCKET, **given)
        )
        assert status(error) == (404 if code.startswith("NoSuch") else 400)
        assert cloudfront.list_distributions()["DistributionList"]["Quantity"] == before

    def test_control_and_identity(self, cloudfront: Any, control: str) -> None:
        old = {"S3OriginConfig": {"OriginAccessIdentity": "origin-access-identity/cloudfront/E1"}}
        given = distribution(BUCKET, control, origin=old)
        refused("IllegalOriginAccessConfiguration", cloudfront.create_distribution, DistributionConfig=given)

    def test_a_caller_reference_is_used_once(self, cloudfront: Any) -> None:
        given = distribution(BUCKET)
        made = created(cloudfront, given)
        create = cloudfront.create_distribution
        error = refused("DistributionAlreadyExists", create, DistributionConfig=given | {"Comment": "other"})
        assert (status(error), made["Id"] in error["Error"]["Message"]) == (409, True)

    def test_versions(self, cloudfront: Any) -> None:
        given = distribution(BUCKET)
        answer = cloudfront.create_distribution(DistributionConfig=given)
        update, asked = cloudfront.update_distribution, {"Id": answer["Distribution"]["Id"]}
        changed = asked | {"DistributionConfig": given | {"Comment": "new"}}
        assert status(refused("InvalidIfMatchVersion", update, **changed)) == 400
        assert status(refused("PreconditionFailed", update, **changed, IfMatch="E0")) == 412
        new = update(**changed, IfMatch=answer["ETag"])
        assert new["Distribution"]["DistributionConfig"]["Comment"] == "new"
        refused("PreconditionFailed", update, **changed, IfMatch=answer["ETag"])
        other = asked | {"DistributionConfig": given | {"CallerReference": "other"}}
        refused("IllegalUpdate", update, **other, IfMatch=new["ETag"])
        refused("NoSuchDistribution", update, **(changed | {"Id": "E0"}), IfMatch="E0")
        delete = cloudfront.delete_distribution
        assert status(refused("InvalidIfMatchVersion", delete, **asked)) == 400
        assert status(refused("PreconditionFailed", delete, **asked, IfMatch=answer["ETag"])) == 412

    def test_deletion(self, stand_in: AwsStandIn, cloudfront: Any) -> None:
        given = distribution(BUCKET)
        answer = cloudfront.create_distribution(DistributionConfig=given)
        asked = {"Id": answer["Distribution"]["Id"]}
        delete = cloudfront.delete_distribution
        error = refused("DistributionNotDisabled", delete, **asked, IfMatch=answer["ETag"])
        assert status(error) == 409
        stand_in.settings(distribution_delay=3600)
        disabled = given | {"Enabled": False}
        new = cloudfront.update_distribution(**asked, IfMatch=answer["ETag"], DistributionConfig=disabled)
        # CloudFront wants it disabled everywhere.
        refused("DistributionNotDisabled", delete, **asked, IfMatch=new["ETag"])
        stand_in.settings(distribution_delay=0)
        delete(**asked, IfMatch=new["ETag"])
        assert status(refused("NoSuchDistribution", cloudfront.get_distribution, **asked)) == 404

    def test_status(self, stand_in: AwsStandIn, cloudfront: Any) -> None:
        stand_in.settings(distribution_delay=0.5)
        answer = cloudfront.create_distribution(DistributionConfig=distribution(BUCKET))
        name = answer["Distribution"]["Id"]
        assert answer["Distribution"]["Status"] == "InProgress"
        assert cloudfront.get_distribution(Id=name)["Distribution"]["Status"] == "InProgress"
        assert wait_for(lambda: cloudfront.get_distribution(Id=name)["Distribution"]["Status"] == "Deployed")
        config = cloudfront.get_distribution_config(Id=name)
        config.pop("ResponseMetadata")
        config["IfMatch"] = config.pop("ETag")
        assert cloudfront.update_distribution(Id=name, **config)["Distribution"]["Status"] == "InProgress"
        assert cloudfront.get_distribution(Id=name)["Distribution"]["Status"] == "InProgress"
        stand_in.settings(distribution_delay=0)
        assert cloudfront.get_distribution(Id=name)["Distribution"]["Status"] == "Deployed"

    def test_tags(self, cloudfront: Any) -> None:
        tags = {"Items": [{"Key": "managed", "Value": "yes"}]}
        given = {"DistributionConfig": distribution(BUCKET), "Tags": tags}
        answer = cloudfront.create_distribution_with_tags(DistributionConfigWithTags=given)
        arn = answer["Distribution"]["ARN"]
        assert cloudfront.list_tags_for_resource(Resource=arn)["Tags"] == tags
        cloudfront.tag_resource(Resource=arn, Tags={"Items": [{"Key": "more", "Value": ""}]})
        cloudfront.untag_resource(Resource=arn, TagKeys={"Items": ["managed"]})
        found = cloudfront.list_tags_for_resource(Resource=arn)["Tags"]["Items"]
        assert found == [{"Key": "more", "Value": ""}]
        missing = f"{OWN}distribution/E0"
        assert status(refused("NoSuchResource", cloudfront.list_tags_for_resource, Resource=missing)) == 404


class TestOriginAccessControls:
    def test_life(self, cloudfront: Any) -> None:
        given = access_control()
        answer = cloudfront.create_origin_access_control(OriginAccessControlConfig=given)
        asked = {"Id": answer["OriginAccessControl"]["Id"]}
        whole = given | {"Description": ""}
        assert answer["OriginAccessControl"]["OriginAccessControlConfig"] == whole
        found = cloudfront.get_origin_access_control_config(**asked)
        assert (found["OriginAccessControlConfig"], found["ETag"]) == (whole, answer["ETag"])
        changed = {"OriginAccessControlConfig": given | {"Description": "new"}}
        update, delete = cloudfront.update_origin_access_control, cloudfront.delete_origin_access_control
        refused("InvalidIfMatchVersion", update, **asked, **changed)
        refused("PreconditionFailed", update, **asked, **changed, IfMatch="E0")
        new = update(**asked, **changed, IfMatch=answer["ETag"])["ETag"]
        assert new != answer["ETag"]
        refused("InvalidIfMatchVersion", delete, **asked)
        refused("PreconditionFailed", delete, **asked, IfMatch=answer["ETag"])
        delete(**asked, IfMatch=new)
        for call in (cloudfront.get_origin_access_control, delete):
            assert status(refused("NoSuchOriginAccessControl", call, **asked)) == 404

    def test_names_are_unique(self, cloudfront: Any) -> None:
        create = cloudfront.create_origin_access_control
        first, second = (create(OriginAccessControlConfig=access_control()) for _each in range(2))
        taken = first["OriginAccessControl"]["OriginAccessControlConfig"]
        error = refused("OriginAccessControlAlreadyExists", create, OriginAccessControlConfig=taken)
        assert status(error) == 409
        asked = {"Id": second["OriginAccessControl"]["Id"], "IfMatch": second["ETag"]}
        refused(
            "OriginAccessControlAlreadyExists",
            cloudfront.update_origin_access_control,
            **asked,
            OriginAccessControlConfig=taken,
        )
        refused("InvalidArgument", create, OriginAccessControlConfig=access_control("n" * 65))

    def test_in_use(self, cloudfront: Any, control: str) -> None:
        given = distribution(BUCKET, control)
        made = cloudfront.create_distribution(DistributionConfig=given)
        asked = {"Id": control, "IfMatch": cloudfront.get_origin_access_control(Id=control)["ETag"]}
        delete = cloudfront.delete_origin_access_control
        assert status(refused("OriginAccessControlInUse", delete, **asked)) == 409
        free = given | {"Origins": distribution(BUCKET)["Origins"]}
        cloudfront.update_distribution(
            Id=made["Distribution"]["Id"], IfMatch=made["ETag"], DistributionConfig=free
        )
        delete(**asked)

    def test_lists_in_pages(self, cloudfront: Any) -> None:
        made = set()
        for _each in range(3):
            answer = cloudfront.create_origin_access_control(OriginAccessControlConfig=access_control())
            made.add(answer["OriginAccessControl"]["Id"])
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = cloudfront.list_origin_access_controls(MaxItems="2", **more)["OriginAccessControlList"]
            found += [each["Id"] for each in page["Items"]]
            if not page["IsTruncated"]:
                break
            more = {"Marker": page["NextMarker"]}
        assert made <= set(found)
        assert len(found) == len(set(found))


class TestPermissions:
    def test_each_operation(
        self, stand_in: AwsStandIn, client: Clients, cloudfront: Any, control: str
    ) -> None:
        made = created(cloudfront, distribution(BUCKET, control))
        name, arn = made["Id"], made["ARN"]
        control_arn = f"{OWN}origin-access-control/{control}"
        config = {"DistributionConfig": distribution(BUCKET)}
        tags = {"Items": [{"Key": "k", "Value": "v"}]}
        nobody = client("cloudfront", stand_in.make_user(allow("s3:*")))
        for call, arguments, action, resource in (
            ("create_distribution", config, "CreateDistribution", f"{OWN}distribution/*"),
            ("list_distributions", {}, "ListDistributions", "*"),
            ("get_distribution", {"Id": name}, "GetDistribution", arn),
            ("get_distribution_config", {"Id": name}, "GetDistributionConfig", arn),
            ("update_distribution", {"Id": name, **config}, "UpdateDistribution", arn),
            ("delete_distribution", {"Id": name}, "DeleteDistribution", arn),
            (
                "create_origin_access_control",
                {"OriginAccessControlConfig": access_control()},
                "CreateOriginAccessControl",
                f"{OWN}origin-access-control/*",
            ),
            ("list_origin_access_controls", {}, "ListOriginAccessControls", "*"),
            ("get_origin_access_control", {"Id": control}, "GetOriginAccessControl", control_arn),
            (
                "update_origin_access_control",
                {"Id": control, "OriginAccessControlConfig": access_control()},
                "UpdateOriginAccessControl",
                control_arn,
            ),
            ("delete_origin_access_control", {"Id": control}, "DeleteOriginAccessControl", control_arn),
            ("list_tags_for_resource", {"Resource": arn}, "ListTagsForResource", arn),
            ("tag_resource", {"Resource": arn, "Tags": tags}, "TagResource", arn),
        ):
            error = refused("AccessDenied", getattr(nobody, call), **arguments)
            wanted = f"is not authorized to perform: cloudfront:{action} on resource: {resource} because"
            assert wanted in error["Error"]["Message"]
            assert status(error) == 403

    def test_tags_at_creation_need_their_own_permission(self, stand_in: AwsStandIn, client: Clients) -> None:
        given = {"DistributionConfig": distribution(BUCKET)}
        given["Tags"] = {"Items": [{"Key": "k", "Value": "v"}]}
        every = f"{OWN}distribution/*"
        one = client("cloudfront", stand_in.make_user(allow("cloudfront:CreateDistribution", every)))
        create = one.create_distribution_with_tags
        error = refused("AccessDenied", create, DistributionConfigWithTags=given)
        assert "cloudfront:TagResource" in error["Error"]["Message"]
        both = ["cloudfront:CreateDistribution", "cloudfront:TagResource"]
        two = client("cloudfront", stand_in.make_user(allow(both, every)))
        two.create_distribution_with_tags(DistributionConfigWithTags=given)

    def test_journal(self, stand_in: AwsStandIn, cloudfront: Any) -> None:
        stand_in.clear_requests()
        given = {"DistributionConfig": distribution(BUCKET), "Tags": {"Items": []}}
        made = cloudfront.create_distribution_with_tags(DistributionConfigWithTags=given)["Distribution"]
        cloudfront.get_distribution(Id=made["Id"])
        cloudfront.list_tags_for_resource(Resource=made["ARN"])
        cloudfront.tag_resource(Resource=made["ARN"], Tags={"Items": []})
        seen = [(each["action"], each["operation"], each["write"]) for each in stand_in.requests()]
        assert seen == [
            ("cloudfront:CreateDistribution", "CreateDistributionWithTags", True),
            ("cloudfront:GetDistribution", "GetDistribution", False),
            ("cloudfront:ListTagsForResource", "ListTagsForResource", False),
            ("cloudfront:TagResource", "TagResource", True),
        ]
        assert [each["status"] for each in stand_in.writes()] == [201, 204]

    def test_faults(self, stand_in: AwsStandIn, cloudfront: Any) -> None:
        stand_in.fault("cloudfront:ListDistributions", code="ServiceUnavailable", status=503)
        error = refused("ServiceUnavailable", cloudfront.list_distributions)
        assert status(error) == 503
        cloudfront.list_distributions()
