# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""moto's CloudFront, with configurations that keep all that was given, ETags that change, and time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import moto.cloudfront.models
from moto.cloudfront.models import CloudFrontBackend, Distribution, OriginAccessControl, cloudfront_backends
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from . import cloudfront_config
from . import moto_state as state
from .account import ACCOUNT
from .errors import Refusal

_SIGNING = ("always", "never", "no-override", "always-amz-auth")
_MAX_NAME = 64
Delay = Callable[[], float]


class Config:
    """moto's DistributionConfig would drop the origin access control, among others."""

    def __init__(self, given: dict[str, Any]) -> None:
        cloudfront_config.check(given, lambda name: find_control(name) is not None)
        self.__dict__.update(cloudfront_config.complete(given))
        self.caller_reference = given["CallerReference"]


def adapt_moto(delay: Delay) -> None:
    state.replace(moto.cloudfront.models, "DistributionConfig", Config)
    _adapt_status(delay)
    _adapt_changes()
    _adapt_controls()


def _adapt_status(delay: Delay) -> None:
    """Give a distribution its status by time, where moto counts requests. A write gets InProgress."""

    def status(self: Distribution) -> str:
        return "Deployed" if state.kept(self, "read") and is_deployed(self, delay()) else "InProgress"

    def advance(self: Distribution) -> None:
        state.keep(self, "read", True)

    state.replace(Distribution, "status", property(status))
    state.replace(Distribution, "advance", advance)


def _adapt_changes() -> None:
    begin, update = Distribution.__init__, CloudFrontBackend.update_distribution

    def begin_now(self: Distribution, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        state.keep(self, "made", time.monotonic())
        _changed(self)

    def update_now(
        self: CloudFrontBackend, dist_config: dict[str, Any], _id: str, if_match: bool
    ) -> tuple[Distribution, str, str]:
        found = self.distributions[_id]
        if found.distribution_config.caller_reference != dist_config["CallerReference"]:
            raise Refusal(400, "IllegalUpdate", "The update contains modifications that are not allowed.")
        update(self, dist_config, _id, if_match)
        _changed(found)
        return found, found.location, found.etag

    state.replace(Distribution, "__init__", begin_now)
    state.replace(CloudFrontBackend, "update_distribution", update_now)


def _changed(distribution: Distribution) -> None:
    distribution.etag = moto.cloudfront.models.random_id()
    distribution.last_modified_time = f"{utcnow():%Y-%m-%dT%H:%M:%S.000Z}"
    state.keep(distribution, "read", False)
    state.keep(distribution, "changed", time.monotonic())


def _adapt_controls() -> None:
    create, update = (
        CloudFrontBackend.create_origin_access_control,
        CloudFrontBackend.update_origin_access_control,
    )

    def create_once(self: CloudFrontBackend, config_dict: dict[str, str]) -> OriginAccessControl:
        _check_control(self, config_dict, None)
        return create(self, {"Description": ""} | config_dict)

    def update_once(self: CloudFrontBackend, control_id: str, config: dict[str, str]) -> OriginAccessControl:
        _check_control(self, config, control_id)
        control = update(self, control_id, config)
        control.etag = moto.cloudfront.models.random_id()
        return control

    def get_config(self: CloudFrontResponse) -> ActionResult:
        control = self.backend.get_origin_access_control(self._get_param("Id"))
        return ActionResult({"OriginAccessControlConfig": control, "ETag": control.etag})

    state.replace(CloudFrontBackend, "create_origin_access_control", create_once)
    state.replace(CloudFrontBackend, "update_origin_access_control", update_once)
    state.replace(CloudFrontResponse, "get_origin_access_control_config", get_config)
    state.replace(CloudFrontResponse, "list_origin_access_controls", _list_controls)


def _check_control(backend: CloudFrontBackend, config: dict[str, str], own_id: str | None) -> None:
    if len(config["Name"]) > _MAX_NAME or config["SigningBehavior"] not in _SIGNING:
        raise Refusal(400, "InvalidArgument", "An argument is invalid.")
    for control in backend.origin_access_controls.values():
        if control.name == config["Name"] and control.id != own_id:
            message = "An origin access control with the same name already exists."
            raise Refusal(409, "OriginAccessControlAlreadyExists", message)


def _list_controls(self: CloudFrontResponse) -> ActionResult:
    """Return one page of a list; moto always gives the first."""
    marker, limit = self._get_param("Marker"), self._get_int_param("MaxItems")
    listed: Any = self.backend.list_origin_access_controls
    controls, following = listed(marker=marker, max_items=limit)
    answer = {
        "Marker": marker or "",
        "NextMarker": following,
        "MaxItems": limit or 100,
        "IsTruncated": following is not None,
        "Quantity": len(controls),
        "Items": controls or None,
    }
    return ActionResult({"OriginAccessControlList": answer})


def _backend() -> CloudFrontBackend:
    return cloudfront_backends[ACCOUNT]["aws"]


def find_distribution(name: str) -> Distribution | None:
    """Return a distribution by its ID or its domain name."""
    for distribution in _backend().distributions.values():
        if name in (distribution.id, distribution.domain_name):
            return distribution
    return None


def find_control(control_id: str) -> OriginAccessControl | None:
    return _backend().origin_access_controls.get(control_id)


def users_of(control_id: str) -> list[Distribution]:
    """Return the distributions that use an origin access control."""
    return [
        distribution
        for distribution in _backend().distributions.values()
        for origin in distribution.Origins["Items"]
        if origin["OriginAccessControlId"] == control_id
    ]


def is_deployed(distribution: Distribution, delay: float, since: str = "changed") -> bool:
    return bool(time.monotonic() - state.kept(distribution, since) >= delay)
