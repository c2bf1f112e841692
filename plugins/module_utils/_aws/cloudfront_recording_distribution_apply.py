# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Find or create the distribution of a bucket, correct it, and wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .._common.errors import AwsError
from .._common.progress import Wait
from . import cloudfront_recording_distribution_plan as distribution
from .calls import call_aws, client, partition_of, poll
from .cloudfront_recording_distribution_plan import TO_COME
from .module import AwsModule
from .result import diff, summary

_FOUND_AGAIN_SECONDS = 20
_RESULT = {"distribution_id": "id", "domain_name": "domain_name", "status": "status"}


@dataclass(frozen=True)
class FoundDistribution:
    """A distribution as CloudFront has it. etag: required by an update."""

    id: str
    arn: str
    domain_name: str
    status: str
    config: Mapping[str, Any]
    etag: str


def run(module: AwsModule) -> dict[str, Any]:
    """Make the distribution as the task requests; return the module's result."""
    params, desired = module.params, _desired(module)
    api = DistributionApi(client(module, "cloudfront"), desired)
    found = api.given() if desired.distribution_id else api.find_ours()
    before = distribution.view(found.config if found else None)
    after, steps = _wanted(api, found)
    if steps and not module.check_mode:
        found = api.apply(found)
    failed: dict[str, Any] = {}
    if found and params["wait"] and not module.check_mode:
        try:
            found = api.wait(found, params["wait_timeout"])
        except AwsError as error:
            failed = {**error.result(), "failed": True}
    return {
        "changed": bool(steps),
        "steps": steps,
        **{name: getattr(found, attribute, None) for name, attribute in _RESULT.items()},
        "arn": found.arn if found else f"arn:{desired.partition}:cloudfront:::distribution/{TO_COME}",
        "origin_access_control_id": api.control["Id"] if api.control else None,
        "msg": summary(_named(desired, found), steps),
        "diff": diff(f"distribution of bucket {desired.bucket}", before, distribution.view(after)),
        **failed,
    }


def _desired(module: AwsModule) -> distribution.DesiredDistribution:
    params = module.params
    if not module.region:
        tried = f"The distribution of bucket {params['bucket']}"
        raise AwsError(tried, "the region of the bucket is not known", "Give it with region")
    return distribution.DesiredDistribution(
        params["bucket"],
        module.region,
        partition_of(module.region),
        params["distribution_id"] or "",
        params["price_class"],
        bool(params["require_https"]),
    )


def _wanted(api: DistributionApi, found: Optional[FoundDistribution]) -> tuple[Mapping[str, Any], list[str]]:
    """Return the desired configuration, and the steps to it; one that the task names stays as it is."""
    if found and api.desired.distribution_id:
        return found.config, []
    control, steps = api.control, []
    control_id = control["Id"] if control else "(the origin access control that will be made)"
    if control is None:
        steps = ["make an origin access control"]
    elif not distribution.signs(control):
        distribution.check_control(control, api.desired)
        steps = ["make the origin access control sign all"]
    if found is None:
        return distribution.new_config(api.desired, control_id, ""), [*steps, "make the distribution"]
    after = distribution.wanted_config(found.config, api.desired, control_id)
    return after, [*steps, *distribution.changes(found.config, after)]


def _named(desired: distribution.DesiredDistribution, found: Optional[FoundDistribution]) -> str:
    if found is None:
        return f"distribution of {desired.bucket}"
    return f"distribution {found.id} of {desired.bucket} at https://{found.domain_name}"


class DistributionApi:
    """Calls of CloudFront for one bucket."""

    def __init__(self, cloudfront: Any, desired: distribution.DesiredDistribution) -> None:
        self.cloudfront = cloudfront
        self.desired = desired
        self.control: Optional[Mapping[str, Any]] = None

    def given(self) -> FoundDistribution:
        """Return the distribution that the task names. AwsError if it cannot serve the bucket."""
        found = self._read(self.desired.distribution_id)
        distribution.check_given(found.config, self.desired, {each["Id"]: each for each in self._controls()})
        return found

    def find_ours(self) -> Optional[FoundDistribution]:
        """Return the distribution that was made here for the bucket; find its origin access control."""
        named = [each for each in self._controls() if each["Name"] == self.desired.control_name]
        self.control = named[0] if named else None
        return self._ours()

    def _ours(self) -> Optional[FoundDistribution]:
        tried = f"Looking for the distribution of bucket {self.desired.bucket}"
        listed = _listed(
            tried, self.cloudfront.list_distributions, "DistributionList", "cloudfront:ListDistributions"
        )
        ours = [each for each in listed if distribution.is_ours(each, self.desired)]
        if len(ours) > 1:
            names = " and ".join(sorted(each["Id"] for each in ours))
            raise AwsError(tried, f"there are several, {names}", "Name one of them with distribution_id")
        return self._read(ours[0]["Id"]) if ours else None

    def _controls(self) -> list[dict[str, Any]]:
        return _listed(
            "Looking for origin access controls",
            self.cloudfront.list_origin_access_controls,
            "OriginAccessControlList",
            "cloudfront:ListOriginAccessControls",
        )

    def _read(self, distribution_id: str) -> FoundDistribution:
        answer = call_aws(
            f"Reading distribution {distribution_id}",
            self.cloudfront.get_distribution,
            needs="cloudfront:GetDistribution",
            Id=distribution_id,
        )
        return _found(answer)

    def apply(self, found: Optional[FoundDistribution]) -> FoundDistribution:
        """Create or correct the distribution."""
        control_id = self._apply_control()
        if found is None:
            return self._make(control_id)
        config = distribution.wanted_config(found.config, self.desired, control_id)
        if not distribution.changes(found.config, config):
            return found
        answer = call_aws(
            f"Changing distribution {found.id}",
            self.cloudfront.update_distribution,
            needs="cloudfront:UpdateDistribution",
            Id=found.id,
            IfMatch=found.etag,
            DistributionConfig=config,
        )
        return _found(answer)

    def _apply_control(self) -> str:
        config = distribution.access_control(self.desired)
        if self.control is None:
            answer = call_aws(
                f"Making the origin access control {config['Name']}",
                self.cloudfront.create_origin_access_control,
                needs="cloudfront:CreateOriginAccessControl",
                OriginAccessControlConfig=config,
            )
            self.control = answer["OriginAccessControl"]
            return str(answer["OriginAccessControl"]["Id"])
        control_id = str(self.control["Id"])
        if distribution.signs(self.control):
            return control_id
        tried = f"Changing the origin access control {config['Name']}"
        read = call_aws(
            tried,
            self.cloudfront.get_origin_access_control,
            needs="cloudfront:GetOriginAccessControl",
            Id=control_id,
        )
        call_aws(
            tried,
            self.cloudfront.update_origin_access_control,
            needs="cloudfront:UpdateOriginAccessControl",
            Id=control_id,
            IfMatch=read["ETag"],
            OriginAccessControlConfig=config,
        )
        return control_id

    def _make(self, control_id: str) -> FoundDistribution:
        """Create it. Two runs at the same time make one: CloudFront accepts a reference once."""
        made = self._create(control_id, self.desired.comment)
        found = made or poll(self._ours, _FOUND_AGAIN_SECONDS)
        if found:
            return found
        # The reference was that of a distribution that has been deleted.
        made = self._create(control_id, f"{self.desired.comment} {time.time():.0f}")
        if made is None:
            tried = f"Making the distribution of bucket {self.desired.bucket}"
            raise AwsError(tried, "CloudFront says that it exists, but does not list it", "Run again")
        return made

    def _create(self, control_id: str, reference: str) -> Optional[FoundDistribution]:
        answer = call_aws(
            f"Making the distribution of bucket {self.desired.bucket}",
            self.cloudfront.create_distribution,
            needs="cloudfront:CreateDistribution",
            none_on=("DistributionAlreadyExists",),
            DistributionConfig=distribution.new_config(self.desired, control_id, reference),
        )
        return _found(answer) if answer else None

    def wait(self, found: FoundDistribution, seconds: float) -> FoundDistribution:
        """Wait until the distribution is everywhere, which takes CloudFront some minutes."""

        def deployed() -> Optional[FoundDistribution]:
            now = self._read(found.id)
            return now if now.status == "Deployed" else None

        wait = Wait(f"CloudFront to deploy distribution {found.id} everywhere", "usually 3 to 10 minutes")
        done = found if found.status == "Deployed" else poll(deployed, seconds, wait)
        if done is None:
            raise AwsError(
                f"Waiting for distribution {found.id}",
                f"it is not deployed everywhere after {seconds:.0f} s",
                "Run again, which goes on waiting, or give more time with wait_timeout",
            )
        return done


def _listed(tried: str, operation: Callable[..., Any], within: str, needs: str) -> list[dict[str, Any]]:
    """Return the items of all pages of a list; not every botocore can page both lists."""
    found: list[dict[str, Any]] = []
    marker: dict[str, str] = {}
    while True:
        page = call_aws(tried, operation, needs=needs, **marker)[within]
        found += page.get("Items") or []
        if not page.get("IsTruncated"):
            return found
        marker = {"Marker": page["NextMarker"]}


def _found(answer: Mapping[str, Any]) -> FoundDistribution:
    whole = answer["Distribution"]
    return FoundDistribution(
        whole["Id"],
        whole["ARN"],
        whole["DomainName"],
        whole["Status"],
        whole["DistributionConfig"],
        answer["ETag"],
    )
