# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Keep what AWS has answered, for a task that only reads: no request is sent twice.

After a wait everything is asked again, since that is what the wait was for.
"""

from __future__ import annotations

import copy
from typing import Any, Callable, ClassVar, Optional

_READS = ("Describe", "Get", "Head", "List")
# The pages of a bucket with a million objects would need a gigabyte.
_OF_LATER_PAGES = ("ContinuationToken", "KeyMarker")


class KeptAnswers:
    """The answers of one client, its errors included. waits: how often this process has waited for AWS."""

    waits: ClassVar[int] = 0

    def __init__(self, send: Callable[[str, dict[str, Any]], Any]) -> None:
        self._send = send
        self._waits = KeptAnswers.waits
        self._kept: dict[str, tuple[Any, Optional[Exception]]] = {}

    @classmethod
    def outdate(cls) -> None:
        """Let no client use what it was answered so far."""
        cls.waits += 1

    def answer(self, operation: str, arguments: dict[str, Any]) -> Any:
        """Return what AWS answers to a request, or has answered."""
        if not operation.startswith(_READS) or any(each in arguments for each in _OF_LATER_PAGES):
            return self._send(operation, arguments)
        if self._waits != KeptAnswers.waits:
            self._waits = KeptAnswers.waits
            self._kept.clear()
        request = repr((operation, sorted(arguments.items())))
        if request not in self._kept:
            self._kept[request] = self._ask(operation, arguments)
        answer, error = self._kept[request]
        if error is not None:
            raise error
        return copy.deepcopy(answer)

    def _ask(self, operation: str, arguments: dict[str, Any]) -> tuple[Any, Optional[Exception]]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self._send(operation, arguments), None
        except (BotoCoreError, ClientError) as error:
            return None, error


def keep_answers(made: Any) -> Any:
    """Let a client of boto3 keep its answers; return the client."""
    # Its methods and its paginators all call this one, and none that is public.
    made._make_api_call = KeptAnswers(made._make_api_call).answer  # noqa: SLF001
    return made
