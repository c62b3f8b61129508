#!/bin/sh
# Debian's chromium, and fonts for the scripts that names in the demo are written in.
set -eu
if [ "$(id -u)" -eq 0 ]; then as_root=; else as_root=sudo; fi
command -v apt-get >/dev/null 2>&1 || { echo "This needs Debian or Ubuntu; elsewhere install chromium yourself." >&2; exit 1; }
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends \
    chromium fonts-noto-core fonts-noto-cjk fonts-noto-mono
