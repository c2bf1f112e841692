# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MinIO on loopback: it has no CORS rules of buckets."""

from __future__ import annotations

from pathlib import Path

from stand_ins.aws.stand_in import Credentials
from stand_ins.local import free_ports

from .server import GoServer


class Minio(GoServer):
    name = "minio"
    release = "v0.0.0-20260212201848-7aac2a2c5b7c"
    package = f"github.com/minio/minio@{release}"

    def command(self, root: Path, key: Credentials) -> tuple[list[str], dict[str, str], int]:
        ports = free_ports("api", "console")
        addresses = [f"--address=127.0.0.1:{ports['api']}", f"--console-address=127.0.0.1:{ports['console']}"]
        env = {
            "MINIO_ROOT_USER": key.access_key_id,
            "MINIO_ROOT_PASSWORD": key.secret_access_key,
            "HOME": str(root),
            "MINIO_UPDATE": "off",
            "MINIO_BROWSER": "off",
        }
        return ["server", *addresses, str(root / "buckets")], env, ports["api"]


def unavailable() -> str | None:
    """Return why it cannot run here, and how to get it. A test must not begin a build of minutes."""
    if Minio.program().is_file():
        return None
    return "MinIO is not built: python -c 'from stand_ins.s3.minio import Minio; Minio.build()' (needs Go)"
