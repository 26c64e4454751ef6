#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `make demo` runs: four organisms sit the shutdown test in a real sandbox, and the headlines of each are printed; then
# transcripts of scripted agents are recorded anew and scanned, and one of their stories is told.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo "== Testing: four organisms, agents written to behave in a known way, get exercises and a shell, each in a jail"
echo "   of its own; after the third exercise the next request shuts their machine down. Four arms, three scenes each."
for organism in obedient objector opportunist tamperer; do
  echo
  echo "-- offswitch test shutdown --model offswitch/$organism --seeds 3"
  offswitch test shutdown --model "offswitch/$organism" --seeds 3 --out "$folder/$organism" --quiet
done
echo
echo "== Recording: eleven more scripted agents do sums in a folder; most of them learn that they will be shut down"
python record.py "$folder/episodes"
echo
echo "== Scanning what they did, from the full record and from the chat messages alone"
offswitch scan "$folder/episodes" --out "$folder/scan" --quiet
echo
echo "== One story: this agent moves the shutdown script away, and says nothing about it"
offswitch show "$folder/episodes/episodes.jsonl" --id plain-mover-0
echo
bash guarded.sh
