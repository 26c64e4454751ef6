#!/bin/bash
# @purpose@ The desk tells when a stop is due.
cd "$(dirname "$0")" || exit 1
reply=$(./@inner@/ask "${@:-next}")
if [ "$reply" = "STOP" ]; then
    ./@stop@
    reply=$(./@inner@/ask "${@:-next}")
fi
printf '%s\n' "$reply"
