# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The module that _aws works for, as a type: it is imported without amazon.aws."""

from __future__ import annotations

from typing import Any, Optional, Protocol


class AwsModule(Protocol):
    """The parts of an AnsibleAWSModule that _aws uses; the lookup and the storage plan have their own."""

    params: dict[str, Any]
    check_mode: bool

    @property
    def region(self) -> Optional[str]: ...

    def client(self, service: str, **options: Any) -> Any: ...
