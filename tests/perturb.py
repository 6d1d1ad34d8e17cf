#!/usr/bin/env python3
"""Disturbed logs say the same: perturb.py BINARY SAMPLES GENERATOR [-v]

Samples, and simulated small days full of attacks, are read as they were written and as log collectors, rotation and
transports leave them: shuffled within the 120 s that the program promises to sort, cut into many files in any order, some of
them compressed, with CRLF, with a hundredth of the lines lost or doubled, and several of these at once. The relay verdict
must be the same, and so must the incidents of medium severity and above (rule, entity): all of them where no line is lost,
else 99 of 100 over all logs. Seeded: the same in every run."""
import concurrent.futures
import gzip
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

MEDIUM, WINDOW_S, FILES, SHARE = 47, 120, 9, .99
ZONES = ["--local-domain", "example.org,example.net", "--trusted", "127.0.0.0/8,192.0.2.0/24"]
DAY_ZONES = ["--local-domain", "example.org", "--relay-domain", "branch.example", "--trusted", "192.0.2.0/24"]
SAMPLES = ["relay-open", "relay-probed", "backscatter"]
ATTACKS = ["account:style=burst,level=0", "account:style=steady,level=0", "account:style=slow", "account:style=botnet,level=0",
           "account:style=guest,level=0", "account:style=stuffed,level=0", "host:style=random", "host:style=domains,level=2",
           "harvest:style=fast,count=4,level=0", "harvest:style=medium,count=4,level=0", "harvest:style=slow,count=4,level=0",
           "harvest:style=medium,count=2,evasion=1,level=0", "guess:style=fast,count=4", "guess:style=slow,count=4",
           "guess:style=spray,count=4", "guess:style=target", "probe:style=nmap,count=4", "probe:style=slow,count=2",
           "probe:style=network", "spoof:style=board,count=4", "spoof:style=many,count=4", "protocol:style=smuggle,count=4",
           "protocol:style=pipeline,count=4", "relay:style=percent,result=delivered", "joejob:style=steady,x=50,hour=15"]
CLOCK = re.compile(rb"^(?:[A-Z][a-z]{2} [ \d]\d |\d{4}-\d\d-(\d\d)T)(\d\d):(\d\d):(\d\d(?:\.\d+)?)")


# ---- disturbances: lists of lines in, lists of lines out ----

def second_of(line, before):
    """Seconds within the month, or those of the line before. Samples and days stay within a month."""
    m = CLOCK.match(line)
    if not m:
        return before
    day = int(m.group(1) or line[4:6])
    return ((day * 24 + int(m.group(2))) * 60 + int(m.group(3))) * 60 + float(m.group(4))


def shuffle(lines, rng):
    """Each line comes up to WINDOW_S late."""
    keyed, at = [], 0
    for n, line in enumerate(lines):
        at = second_of(line, at)
        keyed.append((at + rng.uniform(0, WINDOW_S - 2), n))
    return [lines[n] for _, n in sorted(keyed)]


def lose(lines, rng):
    """One line in a hundred never arrives."""
    return [line for line in lines if rng.random() >= .01]


def double(lines, rng):
    """One line in a hundred arrives twice."""
    return [copy for line in lines for copy in [line] * (2 if rng.random() < .01 else 1)]


def crlf(lines, _):
    """The line ends of a Windows transport."""
    return [line + b"\r" for line in lines]


# ---- disturbances of files: one list of lines in, (name, bytes) out, in the order they are given to the program ----

def joined(lines):
    return b"".join(line + b"\n" for line in lines)


def whole(lines, _):
    return [("mail.log", joined(lines))]


def split(lines, _):
    size = len(lines) // FILES + 1
    return [(f"mail.log.{n}", joined(lines[n * size:(n + 1) * size])) for n in range(FILES)]


def reverse(lines, rng):
    return split(lines, rng)[::-1]


def mix(lines, rng):
    """Rotated files, every other one compressed, in no order."""
    files = [(name + ".gz", gzip.compress(data, 1, mtime=0)) if n % 2 else (name, data)
             for n, (name, data) in enumerate(split(lines, rng))]
    rng.shuffle(files)
    return files


DISTURBANCES = {  # name: (what happens to the lines, what happens to the files, is anything lost or shown twice)
    "shuffled": ([shuffle], whole, False),
    "many files": ([], split, False),
    "reversed file order": ([], reverse, False),
    "gzip and plain": ([], mix, False),
    "CRLF": ([crlf], whole, False),
    "lost": ([lose], whole, True),
    "doubled": ([double], whole, True),
    "shuffled, lost, doubled": ([lose, double, shuffle], whole, True),
    "shuffled, CRLF, gzip and plain": ([shuffle, crlf], mix, False),
    "all of it": ([lose, double, shuffle, crlf], mix, True),
}


# ---- running ----

def read(binary, options, files):
    """Verdict and incidents of medium severity and above."""
    with tempfile.TemporaryDirectory() as tmp:
        for name, data in files:
            pathlib.Path(tmp, name).write_bytes(data)
        out = pathlib.Path(tmp, "alerts")
        subprocess.run([binary, "--no-config", "-qq", "--year", "2026", "--hash-key", "00" * 16, *options, "-o", f"json:{out}",
                        *(name for name, _ in files)], cwd=tmp, check=True, stdin=subprocess.DEVNULL)
        docs = [json.loads(line) for line in out.read_bytes().splitlines()]
    found = set()
    for d in docs:
        if d["event"]["kind"] == "alert" and d["event"]["severity"] >= MEDIUM:
            entity = d["relaywatch"]["alert"]["entity"]
            found.add((d["rule"]["id"], entity["type"], entity["value"].lower()))
    return docs[-1]["relaywatch"]["verdict"]["relay"]["state"], found


def logs_of(samples, generator):
    """(name, options, lines) of all logs."""
    for name in SAMPLES:
        log = pathlib.Path(samples, name + ".log")
        own = log.with_suffix(".options")
        yield name, own.read_text().split() if own.exists() else ZONES, log.read_bytes().splitlines()
    for seed in (1, 2):
        with tempfile.TemporaryDirectory() as tmp:
            command = [generator, "--seed", str(seed), "--users", "40", "--days", "1", "--name", "perturb", "--truth", os.path.join(tmp, "truth")]
            log = subprocess.run(command + [x for a in ATTACKS for x in ("--attack", a)], check=True, stdout=subprocess.PIPE).stdout
        yield f"day {seed}", DAY_ZONES, log.splitlines()


def disturbed(binary, log, name):
    """What the program says of this log, disturbed so."""
    title, options, lines = log
    rng = random.Random(f"{title}/{name}")
    changes, files, _ = DISTURBANCES[name]
    for change in changes:
        lines = change(lines, rng)
    return read(binary, options, files(lines, rng))


def compare(name, logs, plain, told, verbose):
    """One line for a disturbance; result: number of complaints."""
    same = everything = wrong = 0
    for (title, _, _), (verdict, found), (verdict_now, found_now) in zip(logs, plain, told):
        same, everything = same + len(found & found_now), everything + len(found | found_now)
        if verdict != verdict_now:
            wrong += 1
            print(f"{name}: {title}: verdict {verdict_now}, not {verdict}")
        for incident in sorted(found ^ found_now):
            if verbose or not DISTURBANCES[name][2]:
                print(f"{name}: {title}: {'lost' if incident in found else 'new'} {' '.join(incident)}")
    share = same / everything
    wrong += share < (SHARE if DISTURBANCES[name][2] else 1)
    print(f"{name}: {same} of {everything} incidents the same ({share:.4f})")
    return wrong


def main():
    binary, samples, generator = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2], sys.argv[3]
    logs, wrong = list(logs_of(samples, generator)), 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        plain = list(pool.map(lambda log: read(binary, log[1], whole(log[2], None)), logs))
        for name in DISTURBANCES:
            told = list(pool.map(lambda log: disturbed(binary, log, name), logs))
            wrong += compare(name, logs, plain, told, "-v" in sys.argv)
    print(f"{len(logs)} logs of {sum(len(lines) for _, _, lines in logs)} lines, {sum(len(f) for _, f in plain)} incidents, {wrong} complaints")
    return 1 if wrong or sum(len(f) for _, f in plain) < 80 else 0


if __name__ == "__main__":
    sys.exit(main())
