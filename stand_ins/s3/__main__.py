# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start one of the servers, print its place as JSON, and run until stdin closes."""

from __future__ import annotations

import argparse

from .ceph import Radosgw
from .minio import Minio
from .server import S3Server
from .versitygw import VersityGW

SERVERS: dict[str, type[S3Server]] = {each.name: each for each in (Minio, Radosgw, VersityGW)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stand_ins.s3", description=__doc__)
    parser.add_argument("name", choices=SERVERS)
    parser.add_argument("region", nargs="?")
    options = parser.parse_args()
    SERVERS[options.name](options.region).serve()


if __name__ == "__main__":
    main()
