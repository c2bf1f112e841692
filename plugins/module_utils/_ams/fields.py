# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The fields of the application settings object of Ant Media Server (AMS), release by release.

Measured on the releases in RELEASES: each field with the first and the last of them that has it,
and its default from a release on. The table is written by tests/harness/generate_fields.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Optional

RANDOM = "<random per server>"

# The server sends these in clear text with every read of the settings.
SECRET_FIELDS = frozenset(
    (
        "apnPrivateKey",
        "clusterCommunicationKey",
        "firebaseAccountKeyJSON",
        "jwtSecretKey",
        "jwtStreamSecretKey",
        "s3SecretKey",
        "stalkerDBPassword",
        "subscriberAuthenticationKey",
        "timeTokenSecretForPlay",
        "timeTokenSecretForPublish",
        "tokenHashSecret",
        "turnServerCredential",
    )
)
_SECRET_NAME = re.compile(r"secret|passw|passphrase|pwd|credential|private|(?:key|token)$", re.IGNORECASE)
_PUBLIC_NAMES = frozenset(("s3AccessKey", "apnKeyId"))


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """True if a field holds a secret; one that nobody has looked at yet is judged by its name."""
    if name in _PUBLIC_NAMES:
        return False
    return name in SECRET_FIELDS or bool(_SECRET_NAME.search(name))


def default_of(name: str, release: str) -> Any:
    """Return the default of a field in a release; raise KeyError if the release does not have the field."""
    since, until, history = FIELDS[name]
    at = _order(release)
    if at < _order(since) or (at > _order(until) and until != RELEASES[-1]):
        raise KeyError(name)
    value: Any = None
    for start, default in history:
        if _order(start) <= at:
            value = default
    return value


def latest_default(name: str) -> Any:
    """Return the newest measured default, None for a field that was never measured."""
    return FIELDS[name][2][-1][1] if name in FIELDS else None


def why_unknown(name: str, known: Iterable[str], release: Optional[str]) -> str:
    """Describe why a server does not know a field, and which one may have been meant."""
    here = f"AMS {release}" if release else "this server"
    if name in FIELDS:
        since, until, _history = FIELDS[name]
        if release and _order(release) < _order(since):
            return f"'{name}' needs AMS {_seen_in(since)} or later, {here} does not have it"
        if release and _order(release) > _order(until):
            return f"'{name}' was last seen in AMS {until}, {here} does not have it any more"
        return f"{here} does not have '{name}', which was seen in AMS {since} to {until}"
    nearest = nearest_name(name, known)
    return f"{here} does not know '{name}'" + (f", did you mean '{nearest}'?" if nearest else "")


def nearest_name(name: str, known: Iterable[str]) -> Optional[str]:
    """Return the known name that is nearest to a misspelt one, case aside; None if none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[found[0]] if found else None


def _seen_in(release: str) -> str:
    return ".".join(release.split(".")[:2])


def _order(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release)[:3])


# Generated: begin
RELEASES = (
    "2.4.3", "2.5.2", "2.6.4", "2.7.0", "2.8.2", "2.9.0", "2.10.0", "2.11.3", "2.12.0", "2.13.2",
    "2.14.0", "2.15.0", "2.16.2", "2.17.1", "3.0.3",
)
FIELDS: dict[str, tuple[str, str, tuple[tuple[str, Any], ...]]] = {
    "aacEncodingEnabled": ("2.4.3", "3.0.3", (("2.4.3", False), ("2.5.2", True),)),
    "abrDownScalePacketLostRatio": ("2.6.4", "3.0.3", (("2.6.4", 1.0),)),
    "abrUpScaleJitterMs": ("2.6.4", "3.0.3", (("2.6.4", 30),)),
    "abrUpScalePacketLostRatio": ("2.6.4", "3.0.3", (("2.6.4", 0.1),)),
    "abrUpScaleRTTMs": ("2.6.4", "3.0.3", (("2.6.4", 150),)),
    "acceptOnlyRoomsInDataStore": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "acceptOnlyStreamsInDataStore": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "addDateTimeToHlsFileName": ("2.5.2", "3.0.3", (("2.5.2", False),)),
    "addDateTimeToMp4FileName": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "addOriginalMuxerIntoHLSPlaylist": ("2.5.2", "3.0.3", (("2.5.2", True),)),
    "allowedPublisherCIDR": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "apnKeyId": ("2.9.0", "3.0.3", (("2.9.0", None),)),
    "apnPrivateKey": ("2.9.0", "3.0.3", (("2.9.0", None),)),
    "apnTeamId": ("2.9.0", "3.0.3", (("2.9.0", None),)),
    "apnsServer": ("2.9.0", "3.0.3", (("2.9.0", "api.sandbox.push.apple.com"),)),
    "appInstallationTime": ("2.12.0", "3.0.3", (("2.12.0", 0),)),
    "appName": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "appStatus": ("2.12.0", "3.0.3", (("2.12.0", "installed"),)),
    "audioBitrateSFU": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 96000),)),
    "audioLevelThreshold": ("2.14.0", "3.0.3", (("2.14.0", 120),)),
    "av1Enabled": ("3.0.3", "3.0.3", (("3.0.3", False),)),
    "clusterCommunicationKey": ("2.6.4", "3.0.3", (("2.6.4", RANDOM),)),
    "collectSocialMediaActivity": ("2.4.3", "2.5.2", (("2.4.3", False),)),
    "constantRateFactor": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.5.2", "23"),)),
    "contentSecurityPolicyHeaderValue": ("2.5.2", "3.0.3", (("2.5.2", None), ("2.6.4", ""),)),
    "createPreviewPeriod": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 5000),)),
    "customSettings": ("2.11.3", "3.0.3", (("2.11.3", {}),)),
    "dashExtraWindowSize": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "5"),)),
    "dashFragmentDuration": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "0.5"),)),
    "dashHttpEndpoint": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "dashHttpStreaming": ("2.4.3", "3.0.3", (("2.4.3", False), ("2.5.2", True),)),
    "dashMuxingEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "dashSegDuration": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "6"),)),
    "dashWindowSize": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "5"),)),
    "dataChannelEnabled": ("2.4.3", "3.0.3", (("2.4.3", False), ("2.5.2", True),)),
    "dataChannelPlayerDistribution": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "all"),)),
    "dataChannelWebHook": ("2.4.3", "2.5.2", (("2.4.3", None),)),
    "dataChannelWebHookURL": ("2.6.4", "3.0.3", (("2.6.4", ""),)),
    "defaultDecodersEnabled": ("2.4.3", "2.17.1", (("2.4.3", False),)),
    "deleteDASHFilesOnEnded": ("2.4.3", "3.0.3", (("2.4.3", True),)),
    "deleteHLSFilesOnEnded": ("2.4.3", "3.0.3", (("2.4.3", True),)),
    "disableIPv6Candidates": ("2.4.3", "3.0.3", (("2.4.3", False), ("2.5.2", True),)),
    "dropWebRTCIngestIfNoPacketReceived": ("2.11.3", "3.0.3", (("2.11.3", False),)),
    "enableTimeTokenForPlay": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "enableTimeTokenForPublish": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "encoderLevel": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.6.4", ""),)),
    "encoderName": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "encoderParameters": ("2.13.2", "3.0.3", (("2.13.2", {}),)),
    "encoderPreset": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.6.4", ""),)),
    "encoderProfile": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.6.4", ""),)),
    "encoderRc": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.6.4", ""),)),
    "encoderSelectionPreference": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "gpu_and_cpu"),)),
    "encoderSettings": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", []),)),
    "encoderSettingsString": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "encoderSpecific": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.6.4", ""),)),
    "encoderThreadCount": ("2.4.3", "3.0.3", (("2.4.3", 0),)),
    "encoderThreadType": ("2.4.3", "3.0.3", (("2.4.3", 0),)),
    "encodingQueueSize": ("2.12.0", "3.0.3", (("2.12.0", 150),)),
    "encodingTimeout": ("2.4.3", "2.17.1", (("2.4.3", 0), ("2.5.2", 5000),)),
    "endpointHealthCheckPeriodMs": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 2000),)),
    "endpointRepublishLimit": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 3),)),
    "excessiveBandwidthAlgorithmEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "excessiveBandwidthCallThreshold": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 3),)),
    "excessiveBandwidthValue": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 300000),)),
    "excessiveBandwithTryCountBeforeSwitchback": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 4),)),
    "fileNameFormat": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "%r%b"),)),
    "firebaseAccountKeyJSON": ("2.9.0", "3.0.3", (("2.9.0", None),)),
    "forceAspectRatioInTranscoding": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "forceDecoding": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "generatePreview": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "gopSize": ("2.4.3", "3.0.3", (("2.4.3", 0),)),
    "h264Enabled": ("2.4.3", "3.0.3", (("2.4.3", True),)),
    "h265Enabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "h265EncoderLevel": ("2.4.3", "2.17.1", (("2.4.3", None),)),
    "h265EncoderPreset": ("2.4.3", "2.17.1", (("2.4.3", None),)),
    "h265EncoderProfile": ("2.4.3", "2.17.1", (("2.4.3", None),)),
    "h265EncoderRc": ("2.4.3", "2.17.1", (("2.4.3", None),)),
    "h265EncoderSpecific": ("2.4.3", "2.17.1", (("2.4.3", None),)),
    "hashControlPlayEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "hashControlPublishEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "heightRtmpForwarding": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 360),)),
    "hlsEnabledViaDash": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "hlsEncryptionKeyInfoFile": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "hlsFlags": ("2.4.3", "2.4.3", (("2.4.3", None),)),
    "hlsHttpEndpoint": ("2.5.2", "3.0.3", (("2.5.2", None), ("2.6.4", ""),)),
    "hlsListSize": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", "5"), ("2.13.2", "15"),)),
    "hlsMuxingEnabled": ("2.4.3", "3.0.3", (("2.4.3", False), ("2.5.2", True),)),
    "hlsPlayListType": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "hlsSegmentFileSuffixFormat": ("2.13.2", "3.0.3", (("2.13.2", "%09d"),)),
    "hlsSegmentType": ("2.10.0", "3.0.3", (("2.10.0", "mpegts"),)),
    "hlsTime": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", "2"),)),
    "hlsflags": ("2.5.2", "3.0.3", (
        ("2.5.2", "delete_segments"),
        ("2.11.3", "delete_segments+program_date_time"),
    )),
    "httpForwardingBaseURL": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "httpForwardingExtension": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "hwScalingEnabled": ("2.9.0", "3.0.3", (("2.9.0", True), ("2.10.0", False),)),
    "iceGatheringTimeoutMs": ("2.10.0", "3.0.3", (("2.10.0", 2000),)),
    "id3TagEnabled": ("2.7.0", "3.0.3", (("2.7.0", False),)),
    "ingestingStreamLimit": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", -1),)),
    "ipFilterEnabled": ("2.4.3", "3.0.3", (("2.4.3", False), ("2.5.2", True),)),
    "jwksURL": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "jwtControlEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "jwtSecretKey": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "jwtStreamSecretKey": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "lLDashEnabled": ("2.4.3", "3.0.3", (("2.4.3", False), ("2.5.2", True),)),
    "lLHLSEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "listenerHookURL": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "maxAnalyzeDurationMS": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 1500),)),
    "maxAudioTrackCount": ("2.5.2", "3.0.3", (("2.5.2", -1),)),
    "maxFpsAccept": ("2.6.4", "3.0.3", (("2.6.4", 0),)),
    "maxResolutionAccept": ("2.4.3", "3.0.3", (("2.4.3", 0),)),
    "maxVideoTrackCount": ("2.5.2", "3.0.3", (("2.5.2", -1),)),
    "mp4MuxingEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "muxerFinishScript": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "mySqlClientPath": ("2.4.3", "3.0.3", (("2.4.3", "/usr/local/antmedia/mysql"),)),
    "objectDetectionEnabled": ("2.4.3", "2.17.1", (("2.4.3", False),)),
    "originEdgeIdleTimeout": ("2.5.2", "3.0.3", (("2.5.2", 2),)),
    "packetLossDiffThresholdForSwitchback": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 10),)),
    "participantVisibilityMatrix": ("2.12.0", "3.0.3", (
        ("2.12.0", {'active_attendee': ['active_attendee', 'speaker'],
                    'attendee': ['speaker', 'active_attendee'],
                    'default': ['default'],
                    'speaker': ['speaker', 'active_attendee']}),
    )),
    "playJwtControlEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "playTokenControlEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "playWebRTCStreamOnceForEachSession": ("2.6.4", "3.0.3", (("2.6.4", True),)),
    "portAllocatorFlags": ("2.4.3", "3.0.3", (("2.4.3", 0),)),
    "previewFormat": ("2.12.0", "3.0.3", (("2.12.0", "png"),)),
    "previewHeight": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 480),)),
    "previewOverwrite": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "previewQuality": ("2.12.0", "3.0.3", (("2.12.0", 75),)),
    "publishJwtControlEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "publishTokenControlEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "pullWarFile": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "recordingSubfolder": ("2.10.0", "3.0.3", (("2.10.0", None),)),
    "relayRTMPMetaDataToMuxers": ("2.11.3", "3.0.3", (("2.11.3", True),)),
    "remoteAllowedCIDR": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "127.0.0.1"),)),
    "replaceCandidateAddrWithServerAddr": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "restartStreamFetcherPeriod": ("2.4.3", "3.0.3", (("2.4.3", 0),)),
    "rtmpIngestBufferTimeMs": ("2.4.3", "3.0.3", (("2.4.3", 0),)),
    "rtmpPlaybackEnabled": ("2.5.2", "3.0.3", (("2.5.2", False),)),
    "rtspPullTransportType": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "tcp"), ("2.8.2", "3"),)),
    "rtspTimeoutDurationMs": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 5000),)),
    "rttMeasurementDiffThresholdForSwitchback": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 20),)),
    "s3AccessKey": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "s3BucketName": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "s3CacheControl": ("2.6.4", "3.0.3", (("2.6.4", "no-store, no-cache, must-revalidate, max-age=0"),)),
    "s3Endpoint": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "s3PathStyleAccessEnabled": ("2.13.2", "3.0.3", (("2.13.2", False),)),
    "s3Permission": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "public-read"),)),
    "s3PreviewsFolderPath": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "previews"),)),
    "s3RecordingEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "s3RegionName": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "s3SecretKey": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "s3StorageClass": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "STANDARD"),)),
    "s3StreamsFolderPath": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "streams"),)),
    "s3TransferBufferSizeInBytes": ("2.13.2", "3.0.3", (("2.13.2", 10000000),)),
    "secureAnalyticEndpoint": ("2.10.0", "3.0.3", (("2.10.0", False),)),
    "sendAudioLevelToViewers": ("2.7.0", "3.0.3", (("2.7.0", True), ("2.10.0", False),)),
    "signalingAddress": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "signalingEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "srtReceiveLatencyInMs": ("2.12.0", "3.0.3", (("2.12.0", 150),)),
    "stalkerDBPassword": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.6.4", ""),)),
    "stalkerDBServer": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.6.4", ""),)),
    "stalkerDBUsername": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.6.4", ""),)),
    "startStreamFetcherAutomatically": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "statsBasedABREnabled": ("2.6.4", "3.0.3", (("2.6.4", True),)),
    "streamEndedScript": ("2.15.0", "3.0.3", (("2.15.0", ""),)),
    "streamFetcherBufferTime": ("2.4.3", "3.0.3", (("2.4.3", 0),)),
    "streamIdleTimeoutScript": ("2.15.0", "3.0.3", (("2.15.0", ""),)),
    "streamStartedScript": ("2.15.0", "3.0.3", (("2.15.0", ""),)),
    "stunServerURI": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "stun:stun1.l.google.com:19302"),)),
    "subFolder": ("2.12.0", "3.0.3", (("2.12.0", ""),)),
    "subscriberAuthenticationKey": ("2.9.0", "3.0.3", (("2.9.0", RANDOM),)),
    "targetLatency": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "3.5"),)),
    "timeTokenPeriod": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 60),)),
    "timeTokenSecretForPlay": ("2.7.0", "3.0.3", (("2.7.0", None),)),
    "timeTokenSecretForPublish": ("2.7.0", "3.0.3", (("2.7.0", None),)),
    "timeTokenSubscriberOnly": ("2.4.3", "2.17.1", (("2.4.3", False),)),
    "toBeDeleted": ("2.4.3", "2.17.1", (("2.4.3", False),)),
    "tokenHashSecret": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "turnServerCredential": ("2.5.2", "3.0.3", (("2.5.2", None), ("2.6.4", ""),)),
    "turnServerUsername": ("2.5.2", "3.0.3", (("2.5.2", None), ("2.6.4", ""),)),
    "updateTime": ("2.4.3", "3.0.3", (("2.4.3", 0),)),
    "uploadExtensionsToS3": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 7),)),
    "useOriginalWebRTCEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "useTimelineDashMuxing": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "vodFinishScript": ("2.4.3", "2.5.2", (("2.4.3", None),)),
    "vodFolder": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.6.4", ""),)),
    "vodUploadFinishScript": ("2.6.4", "3.0.3", (("2.6.4", ""),)),
    "vp8Enabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "vp8EncoderDeadline": ("2.4.3", "2.17.1", (("2.4.3", None), ("2.5.2", "realtime"),)),
    "vp8EncoderSpeed": ("2.4.3", "2.17.1", (("2.4.3", 0), ("2.5.2", 4),)),
    "vp8EncoderThreadCount": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 1),)),
    "warFileOriginServerAddress": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "webMMuxingEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "webRTCClientStartTimeoutMs": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 10000),)),
    "webRTCEnabled": ("2.4.3", "3.0.3", (("2.4.3", False), ("2.5.2", True),)),
    "webRTCFrameRate": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 30),)),
    "webRTCKeyframeTime": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.5.2", 2000),)),
    "webRTCPortRangeMax": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.6.4", 60000),)),
    "webRTCPortRangeMin": ("2.4.3", "3.0.3", (("2.4.3", 0), ("2.6.4", 50000),)),
    "webRTCSdpSemantics": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.5.2", "unifiedPlan"),)),
    "webRTCTcpCandidatesEnabled": ("2.4.3", "3.0.3", (("2.4.3", False),)),
    "webRTCViewerLimit": ("2.4.3", "3.0.3", (("2.4.3", -1),)),
    "webhookAuthenticateURL": ("2.4.3", "3.0.3", (("2.4.3", None), ("2.6.4", ""),)),
    "webhookContentType": ("2.10.0", "3.0.3", (("2.10.0", "application/json"),)),
    "webhookPlayAuthUrl": ("2.10.0", "3.0.3", (("2.10.0", ""),)),
    "webhookRetryCount": ("2.9.0", "3.0.3", (("2.9.0", 0),)),
    "webhookRetryDelay": ("2.9.0", "3.0.3", (("2.9.0", 1000),)),
    "webhookStreamStatusUpdatePeriodMs": ("2.12.0", "3.0.3", (("2.12.0", -1),)),
    "writeStatsToDatastore": ("2.4.3", "3.0.3", (("2.4.3", False), ("2.6.4", True),)),
    "writeSubscriberEventsToDatastore": ("2.12.0", "3.0.3", (("2.12.0", False),)),
}
# Generated: end
