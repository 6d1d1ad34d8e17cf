#!/bin/bash
# Makes one evaluation day: sinks, Postfix instance, play, realistic log. Everything on loopback; cleans up after itself.
# usage: run_day.sh DAY.json OUT       environment: LAB (instance folder, default relaywatch-lab under TMPDIR), LAB_PORT_BASE,
#                                    LAB_SEED (added to the seed of the day)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
inst=${LAB:-${TMPDIR:-/tmp}/relaywatch-lab}/$(basename "$1" .json)
stop() {
    postfix -c "$inst/etc" stop >/dev/null 2>&1 || true
    "$here/sinks.sh" stop "$inst"
}
mkdir -p "$inst" "$2"
exec 9>"$inst/../lock.${LAB_PORT_BASE:-12500}" # one day at a time on these ports
flock -w 600 9
trap stop EXIT
python3 "$here/lab_site.py" "$1" "$inst"
"$here/sinks.sh" start "$inst" 9>&-
"$here/setup.sh" "$inst" 9>&- 2>"$inst/setup.err" || { cat "$inst/setup.err" >&2; exit 1; }
timeout 400 python3 "$here/drive.py" "$1" "$inst" "$2"
python3 "$here/realize.py" "$2"
