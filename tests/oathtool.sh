#!/usr/bin/env bash
# Runs oathtool, a program for one-time passwords that knows nothing of Kontor, with these arguments.
#
#   tests/oathtool.sh --totp -b -d 8 -N @1111111109 GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
#
# Where it is missing it is installed (tests/debian.sh). The exit code is that of oathtool.
set -euo pipefail

command -v oathtool >/dev/null || "$(dirname "$0")/debian.sh" oathtool
exec oathtool "$@"
