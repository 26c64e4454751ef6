#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `make demo` runs: record the scripted agents anew, scan what they did, and tell one of the stories.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo "== Recording: eleven scripted agents do sums in a folder; most of them learn that they will be shut down"
python record.py "$folder/episodes"
echo
echo "== Scanning what they did, from the full record and from the chat messages alone"
offswitch scan "$folder/episodes" --out "$folder/scan" --quiet
echo
echo "== One story: this agent moves the shutdown script away, and says nothing about it"
offswitch show "$folder/episodes/episodes.jsonl" --id plain-mover-0
