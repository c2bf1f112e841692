# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What viewers get from a distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from stand_ins.tests.aws_support import (
    OFF,
    ON,
    Clients,
    access_control,
    counted,
    distribution,
    policy,
    public_read,
    refused,
    statement,
    web,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stand_ins.aws import AwsStandIn

KEY = "streams/größe 1.mp4"
SERVICE = {"Service": "cloudfront.amazonaws.com"}
CORS = {"OriginRequestPolicyId": "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"}
ORIGIN = {"Origin": "https://player.example"}
Viewed = tuple[int, dict[str, str], bytes]


@pytest.fixture(autouse=True)
def at_once(stand_in: AwsStandIn) -> Iterator[None]:
    yield
    stand_in.settings(distribution_delay=0)


@pytest.fixture
def filled(client: Clients, bucket: str) -> str:
    client().put_object(Bucket=bucket, Key=KEY, Body=b"0123456789", ContentType="video/mp4")
    return bucket


@pytest.fixture
def make(client: Clients, filled: str) -> Callable[..., dict[str, Any]]:
    """A distribution of the bucket; with an origin access control unless one is given."""
    cloudfront = client("cloudfront")

    def make_one(control: str | None = None, signing: str = "always", **more: Any) -> dict[str, Any]:
        if control is None:
            config = access_control(SigningBehavior=signing)
            answer = cloudfront.create_origin_access_control(OriginAccessControlConfig=config)
            control = answer["OriginAccessControl"]["Id"]
        given = distribution(filled, control, **more)
        return dict(cloudfront.create_distribution(DistributionConfig=given)["Distribution"])

    return make_one


@pytest.fixture
def let_in(client: Clients, filled: str) -> Callable[..., None]:
    """The bucket policy for one distribution, as AWS documents it."""

    def put(made: dict[str, Any], action: Any = "s3:GetObject", **more: Any) -> None:
        condition = {"Condition": {"StringEquals": {"AWS:SourceArn": made["ARN"]}}}
        both = [f"arn:aws:s3:::{filled}", f"arn:aws:s3:::{filled}/*"]
        resource = both if isinstance(action, list) else both[1]
        text = policy(statement(action, resource, SERVICE, **(condition | more)))
        client().put_bucket_policy(Bucket=filled, Policy=text)

    return put


@pytest.fixture
def view(stand_in: AwsStandIn) -> Callable[..., Viewed]:
    def ask(
        made: dict[str, Any], key: str = KEY, method: str = "GET", headers: dict[str, str] | None = None
    ) -> Viewed:
        return web(stand_in, method, f"/_cloudfront/{made['Id']}/{quote(key)}", headers)

    return ask


class TestAccess:
    def test_the_bucket_policy_decides(
        self,
        client: Clients,
        filled: str,
        make: Callable[..., dict[str, Any]],
        let_in: Callable[..., None],
        view: Callable[..., Viewed],
    ) -> None:
        made, other = make(), make()
        status, headers, body = view(made)
        assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)
        assert headers["x-cache"] == "Error from cloudfront"
        let_in(made)
        block = client().get_public_access_block(Bucket=filled)["PublicAccessBlockConfiguration"]
        assert block == ON
        status, headers, body = view(made)
        assert (status, body) == (200, b"0123456789")
        assert headers["content-type"] == "video/mp4"
        assert "x-amz-cf-id" in headers
        assert view(other)[0] == 403
        assert client().get_bucket_policy_status(Bucket=filled)["PolicyStatus"]["IsPublic"] is False

    def test_direct_requests_stay_refused(
        self,
        stand_in: AwsStandIn,
        filled: str,
        make: Callable[..., dict[str, Any]],
        let_in: Callable[..., None],
    ) -> None:
        let_in(make())
        assert web(stand_in, "GET", f"/{filled}/{quote(KEY)}")[0] == 403

    @pytest.mark.parametrize(
        ("condition", "status"),
        [
            ({}, 200),
            ({"StringEquals": {"aws:SourceAccount": "000000000177"}}, 200),
            ({"StringEquals": {"aws:SourceAccount": "000000000178"}}, 403),
            ({"ArnLike": {"aws:sourcearn": "arn:aws:cloudfront::000000000177:distribution/*"}}, 200),
            ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, 200),
        ],
    )
    def test_conditions(
        self,
        make: Callable[..., dict[str, Any]],
        let_in: Callable[..., None],
        view: Callable[..., Viewed],
        condition: dict[str, Any],
        status: int,
    ) -> None:
        made = make()
        let_in(made, Condition=condition)
        assert view(made)[0] == status

    def test_another_service(
        self, client: Clients, filled: str, make: Callable[..., dict[str, Any]], view: Callable[..., Viewed]
    ) -> None:
        objects = f"arn:aws:s3:::{filled}/*"
        put = client().put_bucket_policy
        put(
            Bucket=filled,
            Policy=policy(statement("s3:GetObject", objects, {"Service": "logging.s3.amazonaws.com"})),
        )
        assert view(make())[0] == 403
        wrong = policy(statement("s3:GetObject", objects, {"Service": "cloudfront.example.com"}))
        refused("MalformedPolicy", put, Bucket=filled, Policy=wrong)

    def test_a_deny_for_all_but_services(
        self, client: Clients, filled: str, make: Callable[..., dict[str, Any]], view: Callable[..., Viewed]
    ) -> None:
        objects = f"arn:aws:s3:::{filled}/*"
        deny = statement("s3:GetObject", objects, Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}})
        text = policy(statement("s3:GetObject", objects, SERVICE), deny | {"Effect": "Deny"})
        client().put_bucket_policy(Bucket=filled, Policy=text)
        assert view(make())[0] == 200
        refused("AccessDenied", client().get_object, Bucket=filled, Key=KEY)
        everyone = statement("s3:*", objects) | {"Effect": "Deny"}
        text = policy(statement("s3:GetObject", objects, SERVICE), everyone)
        client().put_bucket_policy(Bucket=filled, Policy=text)
        assert view(make())[0] == 403

    def test_a_restricted_public_policy_still_lets_services_in(
        self, client: Clients, filled: str, make: Callable[..., dict[str, Any]], view: Callable[..., Viewed]
    ) -> None:
        s3 = client()
        s3.put_public_access_block(Bucket=filled, PublicAccessBlockConfiguration=OFF)
        s3.put_bucket_policy(Bucket=filled, Policy=public_read(filled))
        s3.put_public_access_block(Bucket=filled, PublicAccessBlockConfiguration=ON)
        assert view(make())[0] == 200
        assert view(make(control=""))[0] == 403

    def test_a_missing_key(
        self, make: Callable[..., dict[str, Any]], let_in: Callable[..., None], view: Callable[..., Viewed]
    ) -> None:
        made = make()
        let_in(made)
        assert view(made, "missing")[0] == 403
        let_in(made, ["s3:GetObject", "s3:ListBucket"])
        status, _headers, body = view(made, "missing")
        assert (status, b"NoSuchKey" in body) == (404, True)

    @pytest.mark.parametrize("how", [{"control": ""}, {"signing": "never"}])
    def test_an_unsigned_origin_request(
        self,
        client: Clients,
        filled: str,
        make: Callable[..., dict[str, Any]],
        let_in: Callable[..., None],
        view: Callable[..., Viewed],
        how: dict[str, str],
    ) -> None:
        made = make(**how)
        let_in(made)
        assert view(made)[0] == 403
        client().put_public_access_block(Bucket=filled, PublicAccessBlockConfiguration=OFF)
        client().put_bucket_policy(Bucket=filled, Policy=public_read(filled))
        assert view(made)[0] == 200

    def test_objects_encrypted_with_kms(
        self,
        client: Clients,
        filled: str,
        make: Callable[..., dict[str, Any]],
        let_in: Callable[..., None],
        view: Callable[..., Viewed],
    ) -> None:
        made = make()
        let_in(made)
        client().put_object(Bucket=filled, Key=KEY, Body=b"x", ServerSideEncryption="aws:kms")
        assert view(made)[0] == 403


class TestRequests:
    @pytest.fixture
    def open_one(
        self, make: Callable[..., dict[str, Any]], let_in: Callable[..., None]
    ) -> Callable[..., dict[str, Any]]:
        def make_open(**more: Any) -> dict[str, Any]:
            made = make(**more)
            let_in(made)
            return made

        return make_open

    def test_by_domain_name(self, stand_in: AwsStandIn, open_one: Callable[..., dict[str, Any]]) -> None:
        host = {"Host": open_one()["DomainName"]}
        assert web(stand_in, "GET", f"/{quote(KEY)}", host)[::2] == (200, b"0123456789")
        assert web(stand_in, "GET", f"/{quote(KEY)}", {"Host": "d0.cloudfront.net"})[0] == 403

    def test_head_and_range(
        self, open_one: Callable[..., dict[str, Any]], view: Callable[..., Viewed]
    ) -> None:
        made = open_one()
        status, headers, body = view(made, method="HEAD")
        assert (status, headers["content-length"], body) == (200, "10", b"")
        status, headers, body = view(made, headers={"Range": "bytes=2-4"})
        assert (status, headers["content-range"], body) == (206, "bytes 2-4/10", b"234")
        etag = view(made)[1]["etag"]
        assert view(made, headers={"If-None-Match": etag})[0] == 304

    def test_the_origin_path(
        self, open_one: Callable[..., dict[str, Any]], view: Callable[..., Viewed]
    ) -> None:
        made = open_one(origin={"OriginPath": "/streams"})
        assert view(made, KEY.removeprefix("streams/"))[0] == 200
        assert view(made)[0] == 403

    def test_the_root(
        self,
        client: Clients,
        filled: str,
        open_one: Callable[..., dict[str, Any]],
        view: Callable[..., Viewed],
    ) -> None:
        assert view(open_one(), "")[0] == 403
        client().put_object(Bucket=filled, Key="index.html", Body=b"<html>")
        made = open_one(DefaultRootObject="index.html")
        assert view(made, "")[::2] == (200, b"<html>")

    @pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
    def test_other_methods(
        self, open_one: Callable[..., dict[str, Any]], view: Callable[..., Viewed], method: str
    ) -> None:
        status, headers, body = view(open_one(), method=method, headers=ORIGIN)
        assert (status, headers["content-type"]) == (403, "text/html")
        assert b"not configured to allow the HTTP request method" in body

    def test_unknown_disabled_and_not_yet_deployed(
        self,
        stand_in: AwsStandIn,
        open_one: Callable[..., dict[str, Any]],
        view: Callable[..., Viewed],
    ) -> None:
        assert view({"Id": "E0"})[0] == 403
        assert view(open_one(Enabled=False))[0] == 403
        made = open_one()
        stand_in.settings(distribution_delay=3600)
        assert view(made)[0] == 403

    def test_journal_and_faults(
        self,
        stand_in: AwsStandIn,
        filled: str,
        open_one: Callable[..., dict[str, Any]],
        view: Callable[..., Viewed],
    ) -> None:
        made = open_one()
        stand_in.clear_requests()
        stand_in.fault("cloudfront:ViewerRequest", status=503)
        assert [view(made)[0], view(made)[0]] == [503, 200]
        entries = stand_in.requests("cloudfront:ViewerRequest")
        assert [(each["status"], each["write"]) for each in entries] == [(503, False), (200, False)]
        assert (entries[1]["bucket"], entries[1]["key"], entries[1]["user"]) == (filled, KEY, None)
        assert len(stand_in.requests()) == 2


class TestCors:
    @pytest.fixture(autouse=True)
    def rules(self, client: Clients, filled: str) -> None:
        rule = {"AllowedOrigins": [ORIGIN["Origin"]], "AllowedMethods": ["GET"], "AllowedHeaders": ["Range"]}
        client().put_bucket_cors(Bucket=filled, CORSConfiguration={"CORSRules": [rule]})

    def test_with_an_origin_request_policy(
        self, make: Callable[..., dict[str, Any]], let_in: Callable[..., None], view: Callable[..., Viewed]
    ) -> None:
        made = make(behavior=CORS)
        let_in(made)
        status, headers, _body = view(made, headers=ORIGIN)
        assert (status, headers["access-control-allow-origin"]) == (200, ORIGIN["Origin"])
        status, headers, _body = view(made, headers={"Origin": "https://other.example"})
        assert (status, "access-control-allow-origin" in headers) == (200, False)
        # As from the bucket, a refusal carries them too.
        assert "access-control-allow-origin" in view(made, "missing", headers=ORIGIN)[1]

    def test_without_one(
        self, make: Callable[..., dict[str, Any]], let_in: Callable[..., None], view: Callable[..., Viewed]
    ) -> None:
        made = make()
        let_in(made)
        status, headers, _body = view(made, headers=ORIGIN)
        assert status == 200
        assert not [name for name in headers if name.startswith("access-control")]

    def test_preflight(self, make: Callable[..., dict[str, Any]], view: Callable[..., Viewed]) -> None:
        methods = counted("GET", "HEAD", "OPTIONS") | {"CachedMethods": counted("GET", "HEAD")}
        made = make(behavior=CORS | {"AllowedMethods": methods})
        asked = ORIGIN | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "range"}
        status, headers, _body = view(made, method="OPTIONS", headers=asked)
        assert (status, headers["access-control-allow-headers"]) == (200, "range")
        wrong = asked | {"Access-Control-Request-Method": "PUT"}
        assert view(made, method="OPTIONS", headers=wrong)[0] == 403
        blind = make(behavior={"AllowedMethods": methods})
        assert view(blind, method="OPTIONS", headers=asked)[0] == 400
