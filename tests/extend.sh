#!/usr/bin/env bash
# Does what docs/extend.md says, in a copy of this checkout: applies its patches, runs its commands, and wants to see the output that it shows.
#
# A block of `text` after a block of `sh` means that the command fails, with these lines in its output. Builds into the usual target folder, where
# everything but the crates of this workspace is found built.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
# Always the same place, so that cargo builds what changed and nothing piles up.
copy=$CARGO_TARGET_DIR/tmp/extend
rm -rf "$copy"
mkdir -p "$copy"

cd "$root"
git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || cp --parents "$file" "$copy"
done
cd "$copy"
# Another version: cargo would otherwise take the crates of the copy for those of this checkout, and mix what it built of them.
sed -i '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/version = "\1-extended"/' Cargo.toml
# The copy lies within a repository, and is none of its folders: patches are for it alone.
export GIT_CEILING_DIRECTORIES=${copy%/*}
mkdir .steps
# One file for each block, in the order of the page, with its language in the name.
awk '
    /^```[a-z]+$/ { number++; language = substr($0, 4); next }
    /^```$/ { language = ""; next }
    language { print > sprintf(".steps/%02d.%s", number, language) }
' docs/extend.md

steps=(.steps/*)
for index in "${!steps[@]}"; do
    step=${steps[$index]} next=${steps[$((index + 1))]-}
    case $step in
        *.diff) git apply -C1 "$step" ;;
        *.sh)
            printf '== %s\n' "$(cat "$step")"
            status=0
            bash -euo pipefail "$step" >.output 2>&1 || status=$?
            tail -n 5 .output
            case $next in
                *.text)
                    [ "$status" -ne 0 ] || { echo "extend.sh: this should have failed" >&2; exit 1; }
                    grep -qF -f "$next" .output || { cat .output; echo "extend.sh: this should have said: $(cat "$next")" >&2; exit 1; }
                    ;;
                *) [ "$status" -eq 0 ] || { cat .output; echo "extend.sh: this failed" >&2; exit 1; } ;;
            esac
            ;;
    esac
done
