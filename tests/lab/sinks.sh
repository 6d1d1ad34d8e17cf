#!/bin/bash
# Starts or stops the lab's remote ends (sink.py) and content filter (filter.py) for one instance, on loopback only.
# usage: sinks.sh start|stop INSTANCE
set -eu
here=$(cd "$(dirname "$0")" && pwd)
inst=$2
case $1 in
start)
    for p in sink filter; do
        setsid python3 "$here/$p.py" "$inst/site.json" >"$inst/$p.out" 2>&1 &
        echo $! >"$inst/$p.pid"
    done
    sleep 0.7
    ;;
stop)
    for p in sink filter; do
        if [ -s "$inst/$p.pid" ]; then
            kill "$(cat "$inst/$p.pid")" 2>/dev/null || true
            rm -f "$inst/$p.pid"
        fi
    done
    ;;
*)
    echo "usage: sinks.sh start|stop INSTANCE" >&2
    exit 2
    ;;
esac
