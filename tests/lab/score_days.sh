#!/bin/bash
# Runs relaywatch over every lab day and scores it.
# usage: score_days.sh DAYS_DIR BINARY [SCORE.py]     each DAYS_DIR/NAME has mail.log, truth.json and options
# Environment: SCORE (instead of the argument), VERBOSE=1 prints each day's misses and false alarms.
set -eu
days=$1 binary=$2
score=${3:-${SCORE:-$(cd "$(dirname "$0")" && pwd)/score.py}}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
right=0 all=0
for dir in "$days"/*/; do
    [ -s "$dir/mail.log" ] && [ -s "$dir/truth.json" ] || continue
    name=$(basename "$dir")
    all=$((all + 1))
    # The options file holds plain words, split on purpose.
    # shellcheck disable=SC2046
    if ! "$binary" $(cat "$dir/options") -o "json:$tmp/$name" "$dir/mail.log" >/dev/null 2>"$tmp/$name.err"; then
        printf '%-12s relaywatch failed: %s\n' "$name" "$(tail -n 1 "$tmp/$name.err")"
        continue
    fi
    if python3 "$score" "$dir/truth.json" "$tmp/$name" ${VERBOSE:+-v} >"$tmp/out" 2>&1; then right=$((right + 1)); fi
    [ -z "${VERBOSE:-}" ] || sed '$d' "$tmp/out" | sed "s/^/    /"
    printf '%-12s %s\n' "$name" "$(tail -n 1 "$tmp/out")" | tee -a "$tmp/lines"
done
[ -s "$tmp/lines" ] || { echo "no day scored"; exit 1; }
awk -v right=$right -v all=$all '
    { for (i = 1; i < NF; i++) {
        if ($i == "recall") { split($(i + 1), a, "/"); f += a[1]; n += a[2] }
        if ($i == "false_alarms") { w += $(i + 1); m += $(i + 3) }
    } }
    END { printf "total        recall %d/%d (%.3f)  false_alarms %d of %d alerts (precision %.3f)  days all right %d/%d\n",
                 f, n, n ? f / n : 1, w, m, m ? 1 - w / m : 1, right, all }' "$tmp/lines"
[ "$right" -eq "$all" ]
