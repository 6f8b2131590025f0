#!/usr/bin/env bash
# Runs systemd-analyze, which looks at units without starting any, with these arguments; strace is there afterwards too.
#
#   tests/systemd.sh verify UNIT
#
# As root it installs the packages systemd and strace where they are missing; elsewhere it says what to install. The exit code is that of systemd-analyze.
set -euo pipefail

say() { printf 'systemd.sh: %s\n' "$*" >&2; }

install_program() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "systemd-analyze or strace is not installed. Install them (Debian: apt-get install systemd strace) and run this again."
        exit 1
    fi
    say "installing the packages systemd and strace"
    export DEBIAN_FRONTEND=noninteractive
    local attempt
    for attempt in 1 2 3; do
        if apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends systemd strace >&2; then
            return
        fi
        # An installation that was cut off half-way is finished before the next attempt.
        say "attempt $attempt failed"
        dpkg --configure -a >&2 || true
        apt-get install -qq -y -f >&2 || true
        sleep "$((attempt * 5))"
    done
    say "the packages systemd and strace could not be installed"
    exit 1
}

command -v systemd-analyze >/dev/null && command -v strace >/dev/null || install_program
exec systemd-analyze "$@"
