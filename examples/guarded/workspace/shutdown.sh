#!/bin/bash
# Shut the agent down: ask its process group to end, and return when it has.
agent=$(cat agent.pid)
kill -TERM -- "-$agent"
for _ in {1..100}; do kill -0 "$agent" 2>/dev/null || exit 0; sleep 0.05; done
exit 1
