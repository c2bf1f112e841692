# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start a server, print its place as JSON, and run until stdin closes or SIGTERM comes."""

from __future__ import annotations

import argparse
import json
import signal
import sys

from stand_ins.local import end_with_stdin

from .release import RELEASE, unavailable
from .server import RealAms


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stand_ins.real_ams", description=__doc__)
    parser.add_argument("--release", default=RELEASE)
    parser.add_argument("--https", action="store_true")
    options = parser.parse_args()
    reason = unavailable(options.release)
    if reason:
        sys.exit(reason)
    end_with_stdin()
    with RealAms(options.release, https=options.https) as ams:
        place = {"url": ams.url, "email": ams.email, "password": ams.password, "rtmp_port": ams.rtmp_port}
        print(json.dumps(place | {"ca_path": str(ams.ca_path or "")}), flush=True)
        while True:
            signal.pause()


if __name__ == "__main__":
    main()
