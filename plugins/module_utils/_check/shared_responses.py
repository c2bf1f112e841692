# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Responses to requests that are the same for many servers: behind the redirect, a viewer asks none of them.

The first right response counts for all. If it is wrong, every server asks for itself, and has its own
diagnosis.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any, Callable, Generic, Optional, TypeVar

_T = TypeVar("_T")


class SharedResponses:
    """The responses to requests by what they ask for."""

    def __init__(self) -> None:
        self._adding = threading.Lock()
        self._shared: dict[Hashable, _Shared[Any]] = {}

    def get(self, request: Hashable, ask: Callable[[], _T], is_right: Callable[[_T], bool]) -> _T:
        """Return the right response that somebody has got, or what this request gets.

        request: all that could make a difference to the response.
        """
        with self._adding:
            shared: _Shared[_T] = self._shared.setdefault(request, _Shared())
        return shared.get(ask, is_right)


class _Shared(Generic[_T]):
    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._is_tried = False
        self._right: Optional[_T] = None

    def get(self, ask: Callable[[], _T], is_right: Callable[[_T], bool]) -> _T:
        with self._turn:
            if not self._is_tried:
                # Also if it raises an error: the others would wait for one failure after the other.
                self._is_tried = True
                response = ask()
                self._right = response if is_right(response) else None
                return response
        return ask() if self._right is None else self._right
