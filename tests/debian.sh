#!/usr/bin/env bash
# Installs packages of Debian that the tests need: as root, or by a sudo that asks for no password; elsewhere it says what to install.
#
#   tests/debian.sh nginx-light
set -euo pipefail

say() { printf 'debian.sh: %s\n' "$*" >&2; }

# Without init, packages of servers would start theirs, which nobody here needs.
as_root=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1)
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo --non-interactive "${as_root[@]}")
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    say "missing, by the names of Debian's packages: $*. Install them, and run this again."
    exit 1
fi

say "installing $*"
for attempt in 1 2 3; do
    if "${as_root[@]}" apt-get update -qq >&2 && "${as_root[@]}" apt-get install -qq -y --no-install-recommends "$@" >&2; then
        exit 0
    fi
    # An installation that was cut off half-way is finished before the next attempt.
    say "attempt $attempt failed"
    "${as_root[@]}" dpkg --configure -a >&2 || true
    "${as_root[@]}" apt-get install -qq -y -f >&2 || true
    sleep "$((attempt * 5))"
done
say "could not install $*"
exit 1
