#!/bin/bash
# Makes one evaluation day of Exim, OpenSMTPD or Sendmail, as run_day.sh does of Postfix. Cleans up after itself.
# usage: run_unix_day.sh exim|opensmtpd|sendmail DAY.json OUT
# environment: LAB_ROOTS (folder of roots.sh, default relaywatch-roots under TMPDIR), LAB_PORT_BASE, LAB_SEED,
#              LAB_DRAIN (seconds to wait for the queue at the end; OpenSMTPD on a day of bounces: 45)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mta=$1 root=${LAB_ROOTS:-${TMPDIR:-/tmp}/relaywatch-roots}/$1
[ -d "$root/usr" ] || { echo "no $root: run roots.sh first" >&2; exit 2; }
stop() {
    for p in daemon syslog; do
        [ ! -s "$root/lab/$p.pid" ] || kill "$(cat "$root/lab/$p.pid")" 2>/dev/null || true
        rm -f "$root/lab/$p.pid"
    done
    "$here/sinks.sh" stop "$root/lab"
}
mkdir -p "$root/lab" "$3"
exec 9>"$root/../lock.${LAB_PORT_BASE:-12500}" # one day at a time on these ports
flock -w 900 9
trap stop EXIT
rm -rf "$root/lab/tables"
python3 "$here/lab_site.py" "$2" "$root/lab"
"$here/sinks.sh" start "$root/lab" 9>&-
"$here/setup_$mta.sh" "$root" 9>&- 2>"$root/lab/setup.err" || { cat "$root/lab/setup.err" >&2; exit 1; }
timeout 400 python3 "$here/drive.py" --mta "$mta" ${LAB_DRAIN:+--drain "$LAB_DRAIN"} "$2" "$root" "$3"
python3 "$here/realize_unix.py" "$3"
