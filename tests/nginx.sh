#!/usr/bin/env bash
# Runs nginx with these arguments.
#
#   tests/nginx.sh -v
#
# Where it is missing it is installed (tests/debian.sh). The exit code is that of nginx.
set -euo pipefail

# Debian keeps it where only root's PATH leads.
PATH=$PATH:/usr/sbin

command -v nginx >/dev/null || "$(dirname "$0")/debian.sh" nginx-light
exec nginx "$@"
