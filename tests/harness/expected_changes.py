# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings that may differ after a run: those that the role sets, and those that the server rewrites."""

from __future__ import annotations

ASKED = {
    "mp4MuxingEnabled",
    "s3RecordingEnabled",
    "s3AccessKey",
    "s3SecretKey",
    "s3BucketName",
    "s3RegionName",
    "s3Endpoint",
    "s3Permission",
    "s3StreamsFolderPath",
    "s3PreviewsFolderPath",
    "s3PathStyleAccessEnabled",
    "uploadExtensionsToS3",
    "httpForwardingExtension",
    "httpForwardingBaseURL",
}
# What the server itself rewrites at any POST: the time, and "" to "[]".
SERVERS_OWN = {"updateTime", "encoderSettingsString"}
