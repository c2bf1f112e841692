# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Run a module for AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.botocore import check_sdk_version_supported
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._common.errors import CollectionError
from .._common.packages import require
from .._common.plain_text import printable_result
from .credentials import SECRETS
from .module import AwsModule


def run_as_module(
    run: Callable[[AwsModule], dict[str, Any]],
    argument_spec: Mapping[str, Any],
    *,
    result_of_error: Optional[Callable[[CollectionError], dict[str, Any]]] = None,
    **constraints: Any,
) -> None:
    """Run a module: return its result as the task's, and an error as the task's failure.

    result_of_error: for a module for which an error is a result like others.
    """
    # require() has the command that installs boto3, which amazon.aws does not name.
    module = AnsibleAWSModule(
        argument_spec=dict(argument_spec), supports_check_mode=True, check_boto3=False, **constraints
    )
    try:
        require("boto3")
        check_sdk_version_supported(warn=warn)
        result = printable_result(run(module))
    except CollectionError as error:
        # Ansible masks them as they are; an error may quote them in another form.
        secrets = [module.params.get(name) for name in SECRETS]
        masked = error.masked(secrets)
        if result_of_error is not None:
            module.exit_json(**printable_result(result_of_error(masked)))
        module.fail_json(**masked.result())
    for warning in result.pop("warnings", ()):
        # module.warn of amazon.aws would add it to the result as well, which ansible-core finds deprecated.
        warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
