#!/usr/bin/env bash
# Runs systemd-analyze, which looks at units without starting any, with these arguments.
#
#   tests/systemd.sh verify UNIT
#
# As root it installs the package systemd where it is missing; elsewhere it says what to install. The exit code is that of systemd-analyze.
set -euo pipefail

say() { printf 'systemd.sh: %s\n' "$*" >&2; }

install_program() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "systemd-analyze is not installed. Install it (Debian: apt-get install systemd) and run this again."
        exit 1
    fi
    say "installing the package systemd"
    export DEBIAN_FRONTEND=noninteractive
    local attempt
    for attempt in 1 2 3; do
        if apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends systemd >&2; then
            return
        fi
        # An installation that was cut off half-way is finished before the next attempt.
        say "attempt $attempt failed"
        dpkg --configure -a >&2 || true
        apt-get install -qq -y -f >&2 || true
        sleep "$((attempt * 5))"
    done
    say "the package systemd could not be installed"
    exit 1
}

command -v systemd-analyze >/dev/null || install_program
exec systemd-analyze "$@"
