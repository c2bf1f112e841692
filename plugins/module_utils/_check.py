# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The probe: a small object goes to the bucket as AMS would put it and comes back as a viewer would get it.

AMS hides why an upload failed; each link of the chain is tried here by itself, with the settings that
the server really has.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from ._ams.errors import AmsError
from ._ams.settings import SettingsError, plan
from ._links import Link

try:
    import boto3
    import requests
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    IMPORT_ERROR: Optional[Exception] = None
except ImportError as error:
    IMPORT_ERROR = error

PROBE_SIZE = 2048
CANNED_ACLS: tuple[str, ...] = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "log-delivery-write",
)
CANNED_ACLS += ("bucket-owner-read", "bucket-owner-full-control", "aws-exec-read")
FOREIGN_ORIGIN = "https://not-among-the-origins.invalid"
_REGION_CODES = (
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "301",
)
_REMEDIES = {
    "InvalidAccessKeyId": "The store does not know the access key: run storage.yml, then servers.yml",
    "SignatureDoesNotMatch": "The secret does not belong to the access key: run servers.yml",
    "AccessControlListNotSupported": "ACLs are disabled: s3Permission must be bucket-owner-full-control",
    "NoSuchBucket": "The bucket does not exist: run storage.yml",
    "404": "The bucket does not exist: run storage.yml",
}
# What a new key or a new policy answers until it is known everywhere.
_MAY_COME = ("InvalidAccessKeyId", "AccessDenied", "403")


@dataclass(frozen=True)
class Viewer:
    """How viewers reach a server.

    timeout: seconds for each answer. wait: seconds until a new key or policy must have become known.
    """

    url: str
    verify: Any
    timeout: float
    wait: float
    origins: Sequence[str] = ()


@dataclass
class Probe:
    """One application of one server."""

    app: str
    settings: Mapping[str, Any]
    viewer: Viewer
    expected_settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"recording-check-{secrets.token_hex(8)}")

    def __post_init__(self) -> None:
        if IMPORT_ERROR is not None:
            raise AmsError("Importing boto3, botocore and requests", str(IMPORT_ERROR), "Install them")
        extensions = [
            part for part in str(self.settings.get("httpForwardingExtension") or "").split(",") if part
        ]
        self.extension = "mp4" if "mp4" in extensions or not extensions else extensions[0]
        self.key = f"{self.settings.get('s3StreamsFolderPath')}/{self.name}.{self.extension}"
        self.body = secrets.token_bytes(PROBE_SIZE)
        self.bucket = str(self.settings.get("s3BucketName") or "")
        self.forwards = bool(extensions)
        self._may_be_stored = False
        self._version: dict[str, str] = {}
        self._deadline = time.monotonic() + self.viewer.wait
        self._http = requests.Session()

    def links(self) -> Iterator[Link]:
        """Try link after link; what a broken one makes impossible is not tried."""
        settings = self._settings_link()
        yield settings
        if not self.settings.get("s3RecordingEnabled"):
            return
        if not (self.settings.get("s3AccessKey") and self.settings.get("s3SecretKey")):
            # With an empty key boto3 would look for another one, which AMS does not have.
            yield self._link("key", False, "an access key in the settings", "none", "Run servers.yml")
            return
        yield from (self._list(), self._head())
        removed: list[Link] = []
        try:
            put = self._put()
            yield put
            yield from self._viewer_links(put.ok)
        finally:
            if self._may_be_stored:
                removed.append(self._remove())
        yield from removed

    def _viewer_links(self, is_there: bool) -> Iterator[Link]:
        if not self.forwards:
            return
        target, redirect = self._redirect()
        yield redirect
        if not target:
            return
        if is_there:
            yield self._fetched(target)
            yield self._range(target)
        for origin in self.viewer.origins:
            if origin == "*":
                continue
            yield self._preflight(target, origin)
        if self.viewer.origins and "*" not in self.viewer.origins:
            yield self._foreign(target)

    def _settings_link(self) -> Link:
        expected = {"s3RecordingEnabled": True, **self.expected_settings}
        try:
            changes = plan(self.settings, expected).redacted()
        except SettingsError as error:
            return self._link("settings", False, "the settings asked for", str(error), "Run servers.yml")
        came = ", ".join(f"{name}={changes[name]['before']!r}" for name in sorted(changes)) or "the same"
        return self._link("settings", not changes, "the settings asked for", came, "Run servers.yml")

    def _list(self) -> Link:
        return self._s3_link(
            "list",
            "the list of the bucket with an empty prefix",
            lambda s3: s3.list_objects_v2(Bucket=self.bucket, Prefix="", MaxKeys=1),
            "The key needs s3:ListBucket on the whole bucket: run storage.yml",
        )

    def _head(self) -> Link:
        def head(s3: Any) -> None:
            try:
                s3.head_object(Bucket=self.bucket, Key=self.key)
            except ClientError as error:
                if _code(error) != "404":
                    raise

        remedy = "403 for a missing key means that s3:ListBucket or s3:GetObject is missing: run storage.yml"
        return self._s3_link("head", "404 for a key that is not there", head, remedy)

    def _put(self) -> Link:
        permission = self.settings.get("s3Permission")
        options = {
            # AMS takes everything else for public-read.
            "ACL": permission if permission in CANNED_ACLS else "public-read",
            "StorageClass": self.settings.get("s3StorageClass"),
            "CacheControl": self.settings.get("s3CacheControl"),
        }
        given = {name: value for name, value in options.items() if value}

        def put(s3: Any) -> None:
            self._may_be_stored = True
            try:
                answer = s3.put_object(
                    Bucket=self.bucket, Key=self.key, Body=self.body, ContentType="video/mp4", **given
                )
            except ClientError as error:
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
                self._may_be_stored = status >= 500
                raise
            # In a versioned bucket a DELETE without the version would only hide the object.
            self._version = {"VersionId": answer["VersionId"]} if answer.get("VersionId") else {}

        return self._s3_link(
            "put",
            f"{self.key} stored with the ACL {options['ACL']}",
            put,
            "The key needs s3:PutObject and s3:PutObjectAcl on the folder: run storage.yml",
        )

    def _remove(self) -> Link:
        remedy = (
            f"Remove {self.key} from bucket {self.bucket} by hand, and give the AWS credentials that "
            "provision the bucket, with s3:DeleteObject"
        )
        return self._s3_link(
            "remove",
            "the probe removed with the provisioning credentials",
            lambda s3: s3.delete_object(Bucket=self.bucket, Key=self.key, **self._version),
            remedy,
            provisioning=True,
        )

    def _redirect(self) -> tuple[str, Link]:
        path = f"/{self.app}/streams/{self.name}.{self.extension}"
        base = str(self.settings.get("httpForwardingBaseURL") or "").rstrip("/")
        wanted = f"{base}/streams/{self.name}.{self.extension}"
        expected = f"302 to {wanted}"
        remedy = "See httpForwardingExtension and httpForwardingBaseURL of the application: run servers.yml"
        try:
            answer = self._http.get(
                self.viewer.url + path,
                allow_redirects=False,
                timeout=self.viewer.timeout,
                verify=self.viewer.verify,
            )
        except requests.RequestException as error:
            return "", self._link("redirect", False, expected, _in_words(error), "Is viewer_url right?")
        location = answer.headers.get("Location", "")
        came = f"{answer.status_code}{' to ' + location if location else ''}"
        ok = answer.status_code == 302 and location == wanted
        return location if ok else "", self._link("redirect", ok, expected, came, remedy)

    def _fetched(self, target: str) -> Link:
        remedy = "See the bucket policy and Block Public Access: run storage.yml with delivery public or acl"
        return self._http_link(
            "get",
            "200 with the whole object",
            lambda: self._http.get(target, timeout=self.viewer.timeout),
            lambda answer: answer.status_code == 200 and answer.content == self.body,
            remedy,
        )

    def _range(self, target: str) -> Link:
        return self._http_link(
            "range",
            "206 with the piece asked for, which players need to seek",
            lambda: self._http.get(target, headers={"Range": "bytes=0-99"}, timeout=self.viewer.timeout),
            lambda answer: answer.status_code == 206 and answer.content == self.body[:100],
            "Is there a proxy or a CDN that does not pass range requests on?",
        )

    def _preflight(self, target: str, origin: str) -> Link:
        return self._http_link(
            f"cors for {origin}",
            "the origin allowed",
            lambda: self._asked_by(target, origin),
            lambda answer: answer.headers.get("Access-Control-Allow-Origin") in (origin, "*"),
            "The bucket's CORS rules lack the origin: run storage.yml",
        )

    def _foreign(self, target: str) -> Link:
        return self._http_link(
            "cors for a foreign origin",
            "the origin refused",
            lambda: self._asked_by(target, FOREIGN_ORIGIN),
            lambda answer: "Access-Control-Allow-Origin" not in answer.headers,
            "A CORS rule of the bucket allows every site",
        )

    def _asked_by(self, target: str, origin: str) -> requests.Response:
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        return self._http.options(target, headers=headers, timeout=self.viewer.timeout)

    def _http_link(
        self,
        link: str,
        expected: str,
        ask: Callable[[], requests.Response],
        is_right: Callable[[requests.Response], bool],
        remedy: str,
    ) -> Link:
        while True:
            try:
                answer = ask()
            except requests.RequestException as error:
                return self._link(link, False, expected, _in_words(error), remedy)
            if is_right(answer):
                return self._link(link, True, expected, f"{answer.status_code}")
            if answer.status_code != 403 or not self._may_wait():
                came = f"{answer.status_code} with {len(answer.content)} bytes"
                return self._link(link, False, expected, came, remedy)

    def _s3_link(
        self,
        link: str,
        expected: str,
        call: Callable[[Any], Any],
        remedy: str,
        provisioning: bool = False,
    ) -> Link:
        while True:
            try:
                call(self._s3(provisioning))
                return self._link(link, True, expected, "that")
            except ClientError as error:
                code = _code(error)
                if code not in _MAY_COME or provisioning or not self._may_wait():
                    came = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
                    return self._link(link, False, expected, came, self._remedy(code, remedy))
            except (BotoCoreError, ValueError) as error:
                advice = remedy if provisioning else "Are region and endpoint right?"
                return self._link(link, False, expected, _in_words(error), advice)

    def _remedy(self, code: str, otherwise: str) -> str:
        if code in _REGION_CODES:
            return f"The bucket is not in the region {self.settings.get('s3RegionName')}"
        return _REMEDIES.get(code, otherwise)

    def _may_wait(self) -> bool:
        left = self._deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(1.0, left))
        return True

    def _s3(self, provisioning: bool) -> Any:
        key = {
            "aws_access_key_id": self.settings.get("s3AccessKey"),
            "aws_secret_access_key": self.settings.get("s3SecretKey"),
        }
        by_path = self.settings.get("s3PathStyleAccessEnabled")
        # The server knows nothing of this process's AWS_ENDPOINT_URL.
        config: dict[str, Any] = {
            "ignore_configured_endpoint_urls": True,
            "connect_timeout": self.viewer.timeout,
            "read_timeout": self.viewer.timeout,
            "retries": {"max_attempts": 3, "mode": "standard"},
            "s3": {"addressing_style": "path" if by_path else "auto"},
        }
        session = boto3.session.Session(**({} if provisioning else key))
        return session.client(
            "s3",
            region_name=self.settings.get("s3RegionName") or None,
            endpoint_url=self.settings.get("s3Endpoint") or None,
            config=Config(**config),
        )

    def _link(self, link: str, ok: bool, expected: str, came: str, remedy: str = "") -> Link:
        return Link(self.app, link, ok, expected, came, "" if ok else remedy)


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _in_words(error: Exception) -> str:
    return " ".join(str(error).split())
