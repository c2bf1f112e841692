# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`python -m stand_ins.aws`: print one line of JSON when it is ready, end when stdin does."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from typing import TYPE_CHECKING

from .account import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Sequence


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stand_ins.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument("--key-delay", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--policy-delay", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--distribution-delay", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--https", action="store_true", help="policies see aws:SecureTransport as true")
    parser.add_argument("--keep-running", action="store_true", help="do not end with stdin")
    return parser.parse_args(arguments)


def _prepare_environment() -> None:
    """Set the variables that moto and boto read at import."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT


def _end_with_stdin() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    _prepare_environment()
    from .access import Settings
    from .server import Server, StandIn

    settings = Settings(options.key_delay, options.policy_delay, options.https, options.distribution_delay)
    app = StandIn(options.region, settings)
    server = Server(options.port, app)
    assert app.admin is not None
    ready = {
        "endpoint_url": f"http://127.0.0.1:{server.server_address[1]}",
        "access_key_id": app.admin[0],
        "secret_access_key": app.admin[1],
        "account_id": ACCOUNT,
        "region": options.region,
    }
    print(json.dumps(ready), flush=True)
    if not options.keep_running:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
