#!/usr/bin/env bash
# Runs oathtool, a program for one-time passwords that knows nothing of Kontor, with these arguments.
#
#   tests/oathtool.sh --totp -b -d 8 -N @1111111109 GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
#
# As root it installs oathtool where it is missing; elsewhere it says what to install. The exit code is that of oathtool.
set -euo pipefail

say() { printf 'oathtool.sh: %s\n' "$*" >&2; }

install_program() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "oathtool is not installed. Install it (Debian: apt-get install oathtool) and run this again."
        exit 1
    fi
    say "installing the package oathtool"
    export DEBIAN_FRONTEND=noninteractive
    local attempt
    for attempt in 1 2 3; do
        if apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends oathtool >&2; then
            return
        fi
        # An installation that was cut off half-way is finished before the next attempt.
        say "attempt $attempt failed"
        dpkg --configure -a >&2 || true
        apt-get install -qq -y -f >&2 || true
        sleep "$((attempt * 5))"
    done
    say "the package oathtool could not be installed"
    exit 1
}

command -v oathtool >/dev/null || install_program
exec oathtool "$@"
