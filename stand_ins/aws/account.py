# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one account of the stand-in."""

from __future__ import annotations

# s3control puts the account in front of the host name. These twelve digits read as an octal 127, so
# 000000000177.0.0.1 is the loopback address wherever numeric hosts are understood, and no DNS is needed.
ACCOUNT = "000000000177"
# Somebody else's, who owns buckets and objects and nothing more.
FOREIGN_ACCOUNT = "000000000178"
FOREIGN_OWNER = "b1c6e6b0d5a94b6fb0a2f4a5c0a7d0e84f3c1de5a6b24f7d9e0c8b7a61524334"
CONTROL_HOST = "0.0.1"
ADMIN = "provisioning-admin"
