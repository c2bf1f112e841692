# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a request got no answer, by the errors that are nested in each other."""

from __future__ import annotations

import ssl

import pytest
from ansible_collections.antmedia.s3_recording.plugins.module_utils._common.network import no_answer

URL = "https://ams.example.com:5080"


class PackageError(Exception):
    """Of a package, not of the system."""


def test_a_port_that_speaks_http_is_called_so() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    found = no_answer(error, URL)
    assert found.kind == "tls"
    assert "the port speaks http, not https" in found.words


def test_what_was_hidden_on_purpose_does_not_count() -> None:
    def fail() -> None:
        try:
            raise ConnectionRefusedError("refused")
        except ConnectionRefusedError:
            raise PackageError("something else") from None

    with pytest.raises(PackageError) as failed:
        fail()
    assert no_answer(failed.value, URL).kind == "other"
