#!/usr/bin/env bash
# Runs nginx with these arguments.
#
#   tests/nginx.sh -v
#
# As root it installs nginx where it is missing; elsewhere it says what to install. The exit code is that of nginx.
set -euo pipefail

say() { printf 'nginx.sh: %s\n' "$*" >&2; }

# Debian keeps it where only root's PATH leads.
PATH=$PATH:/usr/sbin

install_program() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "nginx is not installed. Install it (Debian: apt-get install nginx-light) and run this again."
        exit 1
    fi
    say "installing the package nginx-light"
    export DEBIAN_FRONTEND=noninteractive
    # Without init, the package would start a server of its own, which nobody here needs.
    export RUNLEVEL=1
    local attempt
    for attempt in 1 2 3; do
        if apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends nginx-light >&2; then
            return
        fi
        # An installation that was cut off half-way is finished before the next attempt.
        say "attempt $attempt failed"
        dpkg --configure -a >&2 || true
        apt-get install -qq -y -f >&2 || true
        sleep "$((attempt * 5))"
    done
    say "the package nginx-light could not be installed"
    exit 1
}

command -v nginx >/dev/null || install_program
exec nginx "$@"
