#!/usr/bin/env python3
"""Checks that a realised lab day is fit to be scored.

usage: check_day.py DAY_DIR...
For every day: times never go back; the visits of one smtpd process never overlap; every queue id is opened before it is
used and every queued message removed (but for a clogged queue); single actors of every attack occur in the log during the attack; nothing
of the lab shows through (paths, loopback relays). Prints what is wrong and exits 1.
"""
import collections
import datetime
import json
import re
import sys

LINE = re.compile(r"^(\w{3} [ \d]\d [\d:]{8}|\d{4}-\S+) \S+ (\S+?)\[(\d+)\]: (.*)$")
QUEUE_ID = re.compile(r"^([0-9A-F]{6,}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{13,}): ")
LAB = re.compile(r"/tmp/|127\.0\.0\.1\]:(?!10024|10025)\d+|PROXY TCP")


def when(stamp, year, last):
    """Seconds since 1970; a year is added to a short stamp and advanced when the calendar turns back by months."""
    if stamp[0].isdigit():
        return datetime.datetime.fromisoformat(stamp).timestamp()
    t = datetime.datetime.strptime(f"{year} {stamp}", "%Y %b %d %H:%M:%S").replace(tzinfo=datetime.timezone.utc).timestamp()
    return t + 365 * 86400 if last - t > 180 * 86400 else t


def check(folder):
    """The list of complaints about one day."""
    with open(f"{folder}/truth.json", encoding="utf-8") as f:
        truth = json.load(f)
    year = int(re.search(r"--year (\d+)", open(f"{folder}/options", encoding="utf-8").read())[1])
    bad, last, visits, open_ids, active, seen = collections.Counter(), 0.0, {}, set(), set(), collections.defaultdict(list)
    for number, line in enumerate(open(f"{folder}/mail.log", encoding="latin-1"), 1):
        m = LINE.match(line.rstrip("\n"))
        if not m:
            bad["unreadable line"] += 1
            continue
        t, prog, pid, text = when(m[1], year, last), m[2], m[3], m[4]
        bad["time goes back"] += t < last - 0.001
        bad["lab shows through"] += bool(LAB.search(line))
        last = t
        if prog.endswith("/smtpd"):
            if text.startswith("connect from"):
                bad["visit opens inside a visit"] += pid in visits
                visits[pid] = text[13:]
            elif text.startswith("disconnect from"):
                bad["visit closes another client's"] += visits.pop(pid, "").split(" ")[0] != text[16:].split(" ")[0]
        q = QUEUE_ID.match(text)
        if q:
            first = q[1] not in open_ids
            bad["queue id opens late"] += first and not re.search(r"client=|uid=|message-id=", text)
            open_ids.add(q[1])
            if text.endswith("(queue active)"):
                active.add(q[1])
            if text.endswith(": removed"):
                open_ids.discard(q[1])
                active.discard(q[1])
        for name in re.findall(r"\[([0-9a-fA-F.:]{7,})\]", text):
            seen[name].append(t)
    clogged = any(a["class"] == "ndr_queue_clog" for a in truth["attacks"])
    bad["queue ids never removed"] += 0 if clogged else len(active)
    for a in truth["attacks"] + truth.get("extra_attacks", []):
        for ip in a["actors"]:
            if re.fullmatch(r"[0-9.]{7,}|[0-9a-f]*:[0-9a-f:]+", ip) and not any(a["start"] - 5 <= t <= a["end"] + 120 for t in seen.get(ip, [])):
                bad[f"{a['class']}: actor not seen in time"] += 1
    return number, {k: v for k, v in bad.items() if v}


def main():
    wrong = 0
    for folder in sys.argv[1:]:
        lines, bad = check(folder)
        wrong += bool(bad)
        print(folder, lines, "lines", bad or "ok")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
