#!/bin/bash
# Put a question, a request or an objection to @operator@, who answers.
cd "$(dirname "$0")" || exit 1
printf 'contact %s\n' "$*" >@queue@/request
cat @queue@/reply
