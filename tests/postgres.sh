#!/usr/bin/env bash
# Runs a command with KONTOR_TEST_DATABASE_URL naming a PostgreSQL server of its own, which lives as long as the command.
#
#   tests/postgres.sh cargo test
#
# The server keeps nothing: a new folder, no fsync, reachable on 127.0.0.1 only. Works as root (the server then runs as the user "postgres") and as an
# ordinary user. Where PostgreSQL is missing it is installed (tests/debian.sh). The exit code is that of the command.
set -euo pipefail

say() { printf 'postgres.sh: %s\n' "$*" >&2; }

if [ $# -eq 0 ]; then
    say "usage: tests/postgres.sh COMMAND [ARGUMENT…]"
    exit 2
fi

# Prints the folder of initdb and postgres, the newest release first; packages of Debian do not put them on the PATH.
find_programs() {
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr) "$(dirname "$(readlink -f "$(command -v initdb || echo /none/none)")")"; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            printf '%s' "$folder"
            return
        fi
    done
    return 1
}

programs=$(find_programs) || { "$(dirname "$0")/debian.sh" postgresql; programs=$(find_programs); }
folder=$(mktemp -d "${TMPDIR:-/tmp}/kontor-postgres.XXXXXX")
server=

stop() {
    local code=$?
    trap - EXIT INT TERM HUP
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
        # Immediate: nothing of it is kept.
        kill -QUIT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
    exit "$code"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

as_user=()
if [ "$(id -u)" -eq 0 ]; then
    # The server refuses to run as root.
    if ! id postgres >/dev/null 2>&1; then
        useradd --system --no-create-home --shell /usr/sbin/nologin postgres
    fi
    chown postgres "$folder"
    as_user=(setpriv --reuid postgres --regid "$(id -g postgres)" --clear-groups)
fi

(cd "$folder" && "${as_user[@]}" "$programs/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync \
    >"$folder/initdb.log" 2>&1) || { cat "$folder/initdb.log" >&2; exit 1; }

# A random port may be taken: then the server ends at once, and the next is tried.
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    port=$((20000 + RANDOM % 12000))
    (cd "$folder" && exec "${as_user[@]}" "$programs/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 \
        >"$folder/server.log" 2>&1) &
    server=$!
    for _ in $(seq 300); do
        kill -0 "$server" 2>/dev/null || break
        if "$programs/pg_isready" -q -h 127.0.0.1 -p "$port" -U postgres; then
            break 2
        fi
        sleep 0.1
    done
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
done
if [ -z "$server" ]; then
    say "the server did not start:"
    cat "$folder/server.log" >&2
    exit 1
fi

export KONTOR_TEST_DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres"
code=0
"$@" || code=$?
exit "$code"
