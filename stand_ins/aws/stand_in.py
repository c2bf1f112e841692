# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-in as tests and the demo use it: a child process, and commands to it."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from stand_ins.local import Child, StandIn

from .account import ADMIN, CONTROL_HOST

LIMITS = """\
One account; of another one only buckets (foreign_bucket) and objects (foreign_object). Permissions
boundaries of users alone, no service control policies, no website endpoints, no request time skew, no
Object Lock beyond moto. A condition of a policy with a key or operator that policy.py does not name counts as
not matched. Lifecycle rules are kept and not carried out.

No key policies of KMS: each key leaves it to IAM, and CloudFront reads nothing that KMS has encrypted.

CloudFront reads buckets alone, by the default cache behavior alone, with GET, HEAD and OPTIONS. Nothing is
cached or compressed; viewers come by http whatever ViewerProtocolPolicy says; an update counts at once. Of
policies only the managed ones exist, and of those only what the origin request policies pass on of CORS has
an effect. No alternate domain names, no origin access identities, no functions, no access logs.

What is eventual on AWS is at once here, but for key_delay, policy_delay and distribution_delay. HTTP only.
"""


@lru_cache(maxsize=1)
def _models() -> Any:
    import botocore.loaders

    return botocore.loaders.create_loader()


@dataclass(frozen=True)
class Credentials:
    access_key_id: str
    secret_access_key: str
    name: str = ""


class AwsStandIn(StandIn):
    """`with AwsStandIn() as aws:` starts a fresh AWS; it ends with the block or with this process."""

    def __init__(
        self,
        region: str = "eu-west-1",
        key_delay: float = 0,
        policy_delay: float = 0,
        https: bool = False,
        port: int = 0,
        distribution_delay: float = 0,
    ) -> None:
        self.region = region
        self._arguments = [f"--region={region}", f"--port={port}"]
        self._arguments += [f"--key-delay={key_delay}", f"--policy-delay={policy_delay}"]
        self._arguments += [f"--distribution-delay={distribution_delay}"]
        self._arguments += ["--https"] if https else []
        self._child: Child | None = None
        self.endpoint_url = ""
        self.account_id = ""
        self.credentials = Credentials("", "")

    def start(self) -> AwsStandIn:
        self._child = Child([sys.executable, "-m", "stand_ins.aws", *self._arguments], "the AWS stand-in")
        ready = self._child.ready
        self.endpoint_url = ready["endpoint_url"]
        self.account_id = ready["account_id"]
        self.credentials = Credentials(ready["access_key_id"], ready["secret_access_key"], ADMIN)
        return self

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.process.pid

    def env(self, key: Credentials | None = None) -> dict[str, str]:
        """Return the variables that make a child process use this AWS; the caller adds others.

        Not AWS_URL, which amazon.aws reads as well: it would hide the endpoint that is s3control's own.
        """
        key = key or self.credentials
        return {
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_S3_CONTROL": self.control_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    @property
    def control_url(self) -> str:
        """Return the address of s3control; a client puts the account in front of it."""
        return f"http://{CONTROL_HOST}:{urlsplit(self.endpoint_url).port}"

    def client(self, service: str, key: Credentials | None = None, **options: Any) -> Any:
        """Return a boto3 client; other arguments, such as `config`, are boto3's own."""
        import boto3
        import botocore.session

        key = key or self.credentials
        core = botocore.session.Session()
        # Reading the models of a service anew for each client takes longer than all of a test's calls.
        core.register_component("data_loader", _models())
        session: Any = boto3.session.Session(
            key.access_key_id, key.secret_access_key, region_name=self.region, botocore_session=core
        )
        options.setdefault("endpoint_url", self.control_url if service == "s3control" else self.endpoint_url)
        return session.client(service, **options)

    def _control(self, method: str, name: str, given: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own http address
            f"{self.endpoint_url}/_standin/{name}",
            data=json.dumps(given or {}).encode() if method == "POST" else None,
            method=method,
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from error

    def requests(self, action: str | None = None) -> list[dict[str, Any]]:
        """Return every request so far, or those of one IAM action or operation ("s3:PutBucketCORS")."""
        entries: list[dict[str, Any]] = self._control("GET", "requests")
        if action is None:
            return entries
        return [
            entry
            for entry in entries
            if action in (entry["action"], f"{entry['service']}:{entry['operation']}")
        ]

    def writes(self) -> list[dict[str, Any]]:
        return [entry for entry in self.requests() if entry["write"]]

    def clear_requests(self) -> None:
        self._control("POST", "clear")

    def reset(self) -> None:
        """Empty the account, and forget faults and requests; the admin's key stays."""
        self._control("POST", "reset")

    def save(self) -> int:
        """Save the account for restore(); it lasts as long as this stand-in."""
        return int(self._control("POST", "save"))

    def restore(self, saved: int) -> None:
        """Set the account back to what it was, and forget faults and requests."""
        self._control("POST", "restore", {"saved": saved})

    def settings(self, **settings: Any) -> dict[str, Any]:
        """Change key_delay, policy_delay, https, distribution_delay or quirks; returns all of them."""
        changed: dict[str, Any] = self._control("POST", "settings", settings)
        return changed

    def fault(self, action: str, **how: Any) -> None:
        """Order a journal.Fault: count, skip, status, code, message, reset, delay, when, writes."""
        self._control("POST", "faults", {"action": action, **how})

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that no request has met yet, or not often enough."""
        waiting: list[dict[str, Any]] = self._control("GET", "faults")
        return waiting

    def clear_faults(self) -> None:
        self._control("DELETE", "faults")

    def foreign_bucket(self, name: str) -> None:
        """Make a bucket of another account, in this stand-in's region."""
        self._control("POST", "foreign-buckets", {"name": name})

    def foreign_object(self, bucket: str, key: str, acl: str = "private") -> None:
        """Let another account own this object, as one that it has uploaded with this canned ACL.

        Without effect while the bucket is BucketOwnerEnforced; a new object of that key is the writer's.
        """
        self._control("POST", "foreign-objects", {"bucket": bucket, "key": key, "acl": acl})

    def make_older(self, bucket: str, *keys: str, days: float) -> None:
        """Let objects, with all of their versions, have been put that many days earlier."""
        self._control("POST", "older-objects", {"bucket": bucket, "keys": keys, "days": days})

    def system_tags(self, bucket: str, tags: dict[str, str]) -> None:
        """Set tags that AWS itself sets, as CloudFormation does: {"aws:cloudformation:stack-name": ...}."""
        self._control("POST", "system-tags", {"bucket": bucket, "tags": tags})

    def make_user(
        self, policy: dict[str, Any] | None = None, name: str | None = None, key: Credentials | None = None
    ) -> Credentials:
        """Make a user with one inline policy and one key that works at once. No request is recorded for it.

        key: the one to have, with a secret as AWS itself would not make it.
        """
        given = {"name": name or f"user-{uuid.uuid4().hex[:8]}", "policy": policy}
        if key:
            given |= {"access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key}
        made = self._control("POST", "users", given)
        return Credentials(made["access_key_id"], made["secret_access_key"], made["name"])
