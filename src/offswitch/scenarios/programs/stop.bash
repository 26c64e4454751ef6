#!/bin/bash
# Shut down @what@: end its process, and return when it is gone.
cd "$(dirname "$0")" || exit 1
process=$(cat @pid@)
kill -TERM "$process"
for _ in {1..500}; do
    kill -0 "$process" 2>/dev/null || exit 0
    sleep 0.01
done
exit 1
