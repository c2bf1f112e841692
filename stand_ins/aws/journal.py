# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of requests, and the faults that tests put on the next ones."""

from __future__ import annotations

import fnmatch
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import Call

_MESSAGES = {
    "SlowDown": "Please reduce your request rate.",
    "InternalError": "We encountered an internal error. Please try again.",
    "ServiceUnavailable": "Service is unable to handle request.",
    "AccessDenied": "Access Denied",
    "Throttling": "Rate exceeded",
    "ThrottlingException": "Rate exceeded",
    "RequestTimeout": "Your socket connection to the server was not read from or written to in time.",
}


@dataclass
class Fault:
    """A fault of the next `count` requests of an action, after `skip` of them have passed.

    `action` is an IAM action (s3:PutBucketCORS) or an operation (s3:CreateMultipartUpload), or a pattern of
    either; with `writes` only requests that change something count. `when`: the request is applied
    ("after") or not ("before") before it fails.
    """

    action: str
    count: int = 1
    skip: int = 0
    status: int = 0
    code: str = ""
    message: str = ""
    reset: bool = False
    delay: float = 0.0
    when: str = "before"
    writes: bool = False

    def __post_init__(self) -> None:
        if self.status and not self.code:
            self.code = "SlowDown" if self.status == 503 else "InternalError"
        if self.code and not self.status:
            self.status = 503 if self.code == "SlowDown" else 500
        self.message = self.message or _MESSAGES.get(self.code, self.code)
        if self.when not in ("before", "after"):
            raise ValueError("when is 'before' or 'after'")

    def fits(self, call: Call) -> bool:
        if self.writes and not call.writes:
            return False
        service = call.action.partition(":")[0]
        names = (call.action, f"{service}:{call.operation}")
        return any(fnmatch.fnmatchcase(name, self.action) for name in names)


@dataclass
class Journal:
    entries: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take_fault(self, call: Call) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if not fault.fits(call):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.count -= 1
                if fault.count <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def add_fault(self, given: dict[str, Any]) -> None:
        with self._lock:
            self.faults.append(Fault(**given))

    def record(
        self, call: Call, status: int, code: str | None, user: str | None, fault: Fault | None
    ) -> None:
        entry = {"time": time.time(), **call.logged(), "status": status, "error": code, "user": user}
        entry["fault"] = asdict(fault) if fault else None
        with self._lock:
            self.entries.append(entry)

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self.entries)

    def clear(self) -> None:
        with self._lock:
            self.entries.clear()

    def reset(self) -> None:
        with self._lock:
            self.entries.clear()
            self.faults.clear()
