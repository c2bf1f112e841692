# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""VersityGW on loopback: it refuses a signature with another region than its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from stand_ins.aws.stand_in import Credentials
from stand_ins.local import free_ports

from .server import GoServer


class VersityGW(GoServer):
    name = "versitygw"
    release = "1.8.0"
    package = f"github.com/versity/versitygw/cmd/versitygw@v{release}"

    def command(self, root: Path, key: Credentials) -> tuple[list[str], dict[str, str], int]:
        port = free_ports("gateway")["gateway"]
        for folder in ("buckets", "sidecar"):
            (root / folder).mkdir()
        arguments = ["--port", f"127.0.0.1:{port}", "--region", self.region, "--quiet"]
        # Beside the objects, since not every file system has extended attributes.
        arguments += ["posix", "--sidecar", str(root / "sidecar"), str(root / "buckets")]
        return (
            arguments,
            {"ROOT_ACCESS_KEY": key.access_key_id, "ROOT_SECRET_KEY": key.secret_access_key},
            port,
        )


def unavailable() -> str | None:
    """Return why it cannot run here, and how to get it."""
    had = VersityGW.program().is_file() or shutil.which("go")
    return None if had else "VersityGW is built with Go: apt-get install golang, or see https://go.dev/dl"
