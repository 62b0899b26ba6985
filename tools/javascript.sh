#!/usr/bin/env bash
# Kite's official JavaScript client, for the tests that run it on the relay. Needs node and npm, and nothing of it is
# shipped. Without it those tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
KITECONNECT=5.3.0
into=build/javascript
if [ "$(cat "$into/.version" 2>/dev/null)" != "$KITECONNECT" ]; then
    rm -rf "$into" && mkdir -p "$into"
    echo '{"private": true}' >"$into/package.json"
    npm install --prefix "$into" --no-audit --no-fund --ignore-scripts --loglevel=error "kiteconnect@$KITECONNECT"
    echo "$KITECONNECT" >"$into/.version"
fi
