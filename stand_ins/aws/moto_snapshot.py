# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Save all that moto stores, and restore it."""

from __future__ import annotations

import io
import pickle
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.model_instances import reset_model_data
from moto.iam.models import AWSManagedPolicy
from moto.s3.models import s3_backends

# A service, an account and a region.
Place = tuple[str, str, str]


@dataclass(frozen=True)
class Snapshot:
    """The state of all backends, and what is in it and stays the same object.

    kept: functions without a name of their own, and the thousands of policies that AWS manages: no request
    changes them. attached: how many users, groups and roles have such a policy.
    """

    services: dict[str, Any]
    places: frozenset[Place]
    stored: bytes
    kept: list[FunctionType | AWSManagedPolicy]
    attached: list[tuple[AWSManagedPolicy, int]]

    def backend(self, place: Place) -> Any:
        service, account, region = place
        return self.services[service][account][region]


def save() -> Snapshot:
    """Return the state of all backends; pickle's error names what cannot be saved."""
    services = _services()
    backends = _backends(services)
    file = io.BytesIO()
    stored = {place: vars(backend) for place, backend in backends.items()}
    pickler = _Pickler(file, backends)
    pickler.dump((stored, dict(s3_backends.bucket_accounts)))
    attached = [(each, each.attachment_count) for each in pickler.kept if isinstance(each, AWSManagedPolicy)]
    return Snapshot(services, frozenset(backends), file.getvalue(), pickler.kept, attached)


def _services() -> dict[str, Any]:
    return {service.service_name: service for service in BackendDict.__dict__["_instances"]}


def _backends(services: Mapping[str, Any]) -> dict[Place, BaseBackend]:
    return {
        (name, account, region): backend
        for name, service in services.items()
        for account, region, backend in service.iter_backends()
    }


def restore(saved: Snapshot) -> None:
    """Set all backends back. They stay the same objects: to make an IAM takes a second."""
    for place, made_since in _backends(_services()).items():
        if place not in saved.places:
            made_since.reset()
    reset_model_data()
    stored, accounts = _Unpickler(saved).load()
    for place, values in stored.items():
        vars(saved.backend(place)).clear()
        vars(saved.backend(place)).update(values)
    for policy, count in saved.attached:
        policy.attachment_count = count
    s3_backends.bucket_accounts.clear()
    s3_backends.bucket_accounts.update(accounts)


class _Pickler(pickle.Pickler):
    """Names backends by their place, since they are not replaced."""

    def __init__(self, file: io.BytesIO, backends: dict[Place, BaseBackend]) -> None:
        super().__init__(file)
        self._places = {id(backend): place for place, backend in backends.items()}
        self.kept: list[FunctionType | AWSManagedPolicy] = []
        self._numbers: dict[int, int] = {}

    def persistent_id(self, thing: Any) -> Place | int | None:
        # A function that has a closure may hold what was stored before.
        if isinstance(thing, AWSManagedPolicy) or (
            isinstance(thing, FunctionType) and "<locals>" in thing.__qualname__ and not thing.__closure__
        ):
            number = self._numbers.setdefault(id(thing), len(self.kept))
            if number == len(self.kept):
                self.kept.append(thing)
            return number
        return self._places.get(id(thing))

    def reducer_override(self, thing: Any) -> Any:
        """Keep the attributes of moto's own dictionaries; defaultdict alone would not."""
        # defaultdict itself has no attributes of its own.
        if isinstance(thing, defaultdict) and hasattr(thing, "__dict__"):
            made = (type(thing), thing.default_factory, vars(thing))
            return _dictionary, made, None, None, iter(thing.items())
        return NotImplemented


def _dictionary(kind: Any, factory: Callable[[], Any] | None, attributes: dict[str, Any]) -> Any:
    made = kind.__new__(kind)
    made.default_factory = factory
    vars(made).update(attributes)
    return made


class _Unpickler(pickle.Unpickler):
    def __init__(self, saved: Snapshot) -> None:
        super().__init__(io.BytesIO(saved.stored))
        self._saved = saved

    def persistent_load(self, name: Any) -> Any:
        return self._saved.kept[name] if isinstance(name, int) else self._saved.backend(name)
