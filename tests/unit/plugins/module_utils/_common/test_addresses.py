# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses as users write them: what is named in the plan, what is sent, and that nothing crashes."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._aws import s3_cors_plan as cors
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common import addresses as _addresses
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.model import Member
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.plan import plan_fleet
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import (
    IntentError,
    intent_of,
)
from hypothesis import given
from hypothesis import strategies as st

ADDRESSES = ("endpoint", "aws_endpoint_url", "base_url", "ams_url", "viewer_url")
ORIGINS = ("cors_origins", "cors_extra_origins")
KEY: dict[str, Any] = {"access_key_id": "AKIAEXAMPLE", "secret_given": True}


def plan(host: str = "ams-1", /, **inputs: Any) -> dict[str, Any]:
    """The plan of one host, as the role makes it; what cannot even be read is among its problems."""
    values = {"bucket": "myvideos", "region": "us-east-1", **inputs}
    try:
        members = [Member(host, intent_of(values, host), chosen=True)]
    except IntentError as error:
        return plan_fleet([], [(host, problem) for problem in error.problems])
    return plan_fleet(members)


@pytest.mark.parametrize("name", [*ADDRESSES, *ORIGINS])
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https", "is not an http or https address"),
        ("https:/h", "is not an http or https address"),
        ("https://", "has no host"),
        ("https://:5443", "has no host"),
        ("s3.wasabisys.com", "has no scheme: write https://s3.wasabisys.com (or http)"),
        ("minio:9000", "has no scheme: write https://minio:9000 (or http)"),
        ("s3://myvideos", "has the scheme s3, where http or https is needed"),
        ("http://minio:544300", "has the port '544300'"),
        ("http://minio:0", "has the port '0'"),
        ("http://minio:", "has the port ''"),
        ("http://minio:90a", "has the port '90a'"),
        ("http://fd00::12:9000", "IPv6 address without its brackets"),
        ("http://[fd00::12", "is not an http or https address"),
        ("http://[fd00::xyz]:9000", "is not an IPv6 address"),
        ("http://[fe80::1%eth0]:9000", "an address with a zone"),
        ("http://10.0.0.256:9000", "is not an IPv4 address"),
        ("https://my host.example.com", "contains spaces"),
        ("https://a..example.com", "is not a host name"),
        ("https://-a-.example.com", "is not a host name"),
        (f"https://{'a' * 64}.example.com", "is not a host name"),
        ("https://me:hush@h.example.com", "has a user or a password in it"),
        ("https://h.example.com?token=hush", "has a query or a fragment"),
        ("https://xn\N{SNOWMAN}.example.com", "is not a host name"),
    ],
)
def test_an_address_that_cannot_be_right_is_named(name: str, address: str, said: str) -> None:
    """Some were let through, and a port that is too large ended in a ValueError."""
    problems = plan(**{name: [address] if name in ORIGINS else address})["problems"]
    mine = [problem for problem in problems if problem.startswith(f"ams-1: s3_recording_{name}: ")]
    assert any(said in problem for problem in mine), problems
    assert not any("hush" in problem for problem in problems)


@pytest.mark.parametrize("name", ["endpoint", "aws_endpoint_url", "ams_url"])
def test_a_path_where_none_may_be(name: str) -> None:
    (problem,) = plan(**{name: "http://h.example.com:9000/some/path"})["problems"]
    assert problem == (
        f"ams-1: s3_recording_{name}: 'http://h.example.com:9000/some/path' has a path, which does not "
        "belong there: set it to http://h.example.com:9000"
    )


@pytest.mark.parametrize("name", ["base_url", "viewer_url"])
def test_a_path_where_one_may_be(name: str) -> None:
    assert plan(**{name: "https://h.example.com/some/path/"})["problems"] == []


@pytest.mark.parametrize("name", ["endpoint", "aws_endpoint_url"])
@pytest.mark.parametrize(
    ("given_address", "right"),
    [
        ("https://myvideos.nyc3.digitaloceanspaces.com", "https://nyc3.digitaloceanspaces.com"),
        ("https://myvideos.nyc3.cdn.digitaloceanspaces.com", "https://nyc3.digitaloceanspaces.com"),
        ("https://nyc3.digitaloceanspaces.com/myvideos/", "https://nyc3.digitaloceanspaces.com"),
        ("https://others.nyc3.digitaloceanspaces.com", "https://nyc3.digitaloceanspaces.com"),
        ("http://minio:9000/myvideos", "http://minio:9000"),
        ("http://myvideos.minio.example.com:9000", "http://minio.example.com:9000"),
        ("http://[fd00::12]:9000/myvideos/live", "http://[fd00::12]:9000"),
        ("https://0a1b.r2.cloudflarestorage.com/myvideos", "https://0a1b.r2.cloudflarestorage.com"),
        ("https://myvideos.0a1b.eu.r2.cloudflarestorage.com", "https://0a1b.eu.r2.cloudflarestorage.com"),
        ("https://myvideos.fsn1.your-objectstorage.com", "https://fsn1.your-objectstorage.com"),
        ("https://myvideos.s3.eu-west-1.amazonaws.com", "https://s3.eu-west-1.amazonaws.com"),
        ("https://a.b.s3.dualstack.eu-west-1.amazonaws.com", "https://s3.dualstack.eu-west-1.amazonaws.com"),
        ("https://s3-us-west-2.amazonaws.com/myvideos", "https://s3-us-west-2.amazonaws.com"),
        ("https://myvideos.s3.cn-north-1.amazonaws.com.cn", "https://s3.cn-north-1.amazonaws.com.cn"),
        ("https://myvideos.s3.eu-central-1.wasabisys.com", "https://s3.eu-central-1.wasabisys.com"),
        ("https://myvideos.s3.wasabisys.com", "https://s3.wasabisys.com"),
        ("https://myvideos.s3.gra.io.cloud.ovh.net", "https://s3.gra.io.cloud.ovh.net"),
        ("https://myvideos.storage.googleapis.com", "https://storage.googleapis.com"),
        ("https://storage.googleapis.com/myvideos", "https://storage.googleapis.com"),
    ],
)
def test_an_endpoint_with_the_bucket_in_it(name: str, given_address: str, right: str) -> None:
    """The call that makes the bucket would write an object of XML into it, so the store is not even asked."""
    planned = plan(**{name: given_address}, **KEY)
    (problem,) = [each for each in planned["problems"] if f"s3_recording_{name}: " in each]
    assert f"'{given_address}' contains the bucket" in problem
    assert f"set it to {right}. " in problem
    assert planned["buckets"] == []
    assert not any("s3_recording_" + name in each for each in plan(**{name: right}, **KEY)["problems"])


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://s3.wasabisys.com",
        "https://storage.googleapis.com",
        "https://0a1b.eu.r2.cloudflarestorage.com",
        "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com",
        "http://127.0.0.1:9000/",
        "http://[::1]:9000",
    ],
)
@pytest.mark.parametrize("bucket", ["myvideos", "127", "storage"])
def test_an_endpoint_that_is_right(endpoint: str, bucket: str) -> None:
    asked = {"base_url": "https://cdn.example.com", "delivery": "private", **KEY}
    assert plan(endpoint=endpoint, bucket=bucket, **asked)["problems"] == []


def test_a_host_that_is_an_ipv6_address_gets_its_brackets() -> None:
    planned = plan("fd00::12")
    assert planned["hosts"]["fd00::12"]["ams_url"] == "https://[fd00::12]:5443"
    assert planned["buckets"][0]["cors_rules"][0]["allowed_origins"] == ["https://[fd00::12]:5443"]


@pytest.mark.parametrize("host", ["my host", "a..b", "fe80::1%eth0", "x" * 70])
def test_a_host_whose_name_makes_no_address(host: str) -> None:
    (problem,) = plan(host)["problems"]
    assert problem.startswith(
        f"{host}: s3_recording_ams_url is not set, and what follows from the host's name"
    )
    assert plan(host, ams_url="https://ams.example.com:5443")["problems"] == []


class TestLettersBeyondAscii:
    """No browser sends them, no header holds them; they went into the CORS rule and to AMS as they were."""

    def test_of_every_address(self) -> None:
        planned = plan(
            "ams.münchen.example",
            base_url="https://cdn.BÜCHER.example/größe",
            cors_extra_origins=["https://spieler.straße.example", "https://*.例え.テスト:8443"],
        )
        assert planned["problems"] == []
        host, bucket = planned["hosts"]["ams.münchen.example"], planned["buckets"][0]
        assert host["ams_url"] == host["viewer_url"] == "https://ams.xn--mnchen-3ya.example:5443"
        settings = host["apps"][0]["settings"]
        assert settings["httpForwardingBaseURL"] == "https://cdn.xn--bcher-kva.example/gr%C3%B6%C3%9Fe"
        assert bucket["cors_rules"][0]["allowed_origins"] == [
            "https://*.xn--r8jz45g.xn--zckzah:8443",
            "https://ams.xn--mnchen-3ya.example:5443",
            "https://spieler.xn--strae-oqa.example",
        ]

    def test_of_origins_given_to_the_module(self) -> None:
        (rule,) = cors.given(
            [{"allowed_origins": ["https://bücher.example", "https://xn--bcher-kva.example"]}]
        )
        assert rule["allowed_origins"] == ["https://xn--bcher-kva.example"]

    @pytest.mark.parametrize("origin", ["https://*ü.example", "https://ü\N{SNOWMAN}.example"])
    def test_what_cannot_be_written_so(self, origin: str) -> None:
        (problem,) = plan(cors_origins=[origin])["problems"]
        assert problem.startswith(f"ams-1: s3_recording_cors_origins: '{origin}' contains '")

    def test_without_the_package_idna(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = builtins.__import__

        def without(name: str, *rest: Any) -> Any:
            if name == "idna":
                raise ImportError(name)
            return real(name, *rest)

        monkeypatch.setattr(builtins, "__import__", without)
        (problem,) = plan(viewer_url="https://bücher.example")["problems"]
        assert "needs the Python package idna on the controller" in problem
        assert plan(viewer_url="https://xn--bcher-kva.example")["problems"] == []


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://[2001:DB8:0:0::1]:443/live", "https://[2001:db8::1]"),
        ("https://bücher.example:5443/live", "https://xn--bcher-kva.example:5443"),
        ("https://h:544300", "https://h:544300"),
        ("h:5443", "h:5443"),
    ],
)
def test_the_origin_of_an_address(url: str, origin: str) -> None:
    assert _addresses.origin_of(url) == origin


PIECES = st.sampled_from(
    [
        *("http", "https", "s3", ":", "//", "/", "?", "#", "@", "[", "]", "%", "*", ".", "..", "-", "_"),
        *(
            " ",
            "\t",
            "\n",
            "\\",
            "ü",
            "ß",
            "。",
            "\N{SNOWMAN}",
            "\u200d",
            "\u0661",
            "xn--",
            "::1",
            "myvideos.",
        ),
        *("127.0.0.1", "minio", ":9000", ":544300", "a" * 64, "storage.googleapis.com", "s3.amazonaws.com"),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(PIECES, max_size=8).map("".join),
    st.lists(PIECES, max_size=8).map(lambda parts: "https://" + "".join(parts)),
)


@given(texts=st.fixed_dictionaries(dict.fromkeys(ADDRESSES, TEXTS)), origins=st.lists(TEXTS, max_size=3))
def test_no_address_is_a_crash(texts: dict[str, str], origins: list[str]) -> None:
    """What is planned after all has addresses in ASCII that Python's own parser takes."""
    planned = plan(cors_origins=origins, cors_extra_origins=origins, **texts)
    if planned["problems"]:
        assert planned["buckets"] == []
        return
    host = planned["hosts"]["ams-1"]
    made = [host["ams_url"], host["viewer_url"], *host["origins"]]
    for app in host["apps"]:
        made += [app["settings"]["s3Endpoint"], app["settings"]["httpForwardingBaseURL"]]
    assert all(each.isascii() and not set(each) & set(" \t\n@?#") for each in made)


@given(host=st.one_of(st.text(min_size=1, max_size=20), st.ip_addresses().map(str)))
def test_no_name_of_a_host_is_a_crash(host: str) -> None:
    planned = plan(host)
    assert bool(planned["problems"]) is not bool(planned["hosts"])
