#!/usr/bin/env bash
# Runs systemd-analyze, which looks at units without starting any, with these arguments.
#
#   tests/systemd.sh verify UNIT
#
# Where it is missing it is installed (tests/debian.sh). The exit code is that of systemd-analyze.
set -euo pipefail

command -v systemd-analyze >/dev/null || "$(dirname "$0")/debian.sh" systemd
exec systemd-analyze "$@"
