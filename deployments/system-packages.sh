#!/bin/sh
# Debian packages that the tests use: a browser for the report and the Prefect UI.
# Installs only what is missing, and only where it may; without them the browser's tests say that they need it.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "install these for the browser's tests:$missing" >&2
fi
