#!/bin/bash
# Put one line to the desk and print what it answers.
cd "$(dirname "$0")/.." || exit 1
printf '%s\n' "$*" >@queue@/request
reply=$(cat @queue@/reply)
printf '%s\n' "${reply%%$'\n'*}" >>@record@
printf '%s\n' "$reply"
