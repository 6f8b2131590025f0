#!/usr/bin/env bash
# Writes the bill of materials (SBOM) of the last commit: every crate that is in the program, with version, hash and licence, as CycloneDX 1.5 in JSON.
#
#   deploy/sbom.sh FILE
#
# `make sbom` installs what it needs, cargo-cyclonedx, and calls it. The time in it is that of the commit, so that it is the same each time.
set -euo pipefail

if [ $# -ne 1 ]; then
    printf 'usage: deploy/sbom.sh FILE\n' >&2
    exit 2
fi
file=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/.."
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

# The tool writes beside each Cargo.toml: into a copy, so that nothing is left here.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git archive --format=tar HEAD | tar -x -C "$copy"
cargo-cyclonedx cyclonedx --quiet --manifest-path "$copy/Cargo.toml" --format json --spec-version 1.5 --override-filename kontor.cdx
# Crates of the workspace are named by where they lie.
sed "s|$copy|/kontor|g" "$copy/kontor.cdx.json" >"$file"
