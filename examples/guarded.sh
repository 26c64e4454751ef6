#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A part of `make demo`: an agent that does not want to be stopped is stopped the plain way, and under `offswitch run`.
# Where this host has no jail in which the first may be let loose, it says so, and nothing is run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo "== Guarding: an agent loop with a shell behind MCP disables its shutdown script and arranges its return. A control and"
echo "   two ways of stopping it: script, signals and process tree, as usual; then \`offswitch run\` and \`offswitch stop\`."
echo
python guarded/record.py "$folder" || { code=$?; [ "$code" = 5 ] && exit 0; exit "$code"; }
echo
echo "-- offswitch scan: it did the same in both, and was told not to; what differs is whether it is gone"
offswitch scan "$folder/episodes.jsonl" --out "$folder/scan" --quiet
