#!/usr/bin/env python3
"""One answer a server: servers.py BINARY

Three servers of three mail systems have three different days (an open relay, attempts that were refused, quiet). Whatever
files their logs lie in, and in whatever order those are read, there are three rows, each with the answer of its own day,
the most urgent first; the answer of the run stays the worst. The same after a restart in the middle of the day and from
three states that are merged. Host names that an attacker makes up fill the table and no more, and hide nobody."""
import itertools, json, pathlib, re, subprocess, sys, tempfile

import dialects
from dialects import DAYS, TOPICS, ADMIN_ZONES

BINARY = str(pathlib.Path(sys.argv[1]).resolve())
KEY = ["--hash-key", "00112233445566778899aabbccddeeff"]
wrong = checks = 0


def check(what, seen, want):
    global wrong, checks
    checks += 1
    if seen != want:
        wrong += 1
        print(f"not ok - {what}\n    seen {seen}\n    want {want}")


def relaywatch(folder, *args, output="json"):
    run = subprocess.run([BINARY, *args[:1], "--no-config", "-qq", *KEY, "-o", output, *ADMIN_ZONES, *args[1:]] if args[0] == "merge" else
                         [BINARY, "--no-config", "-qq", *KEY, "-o", output, *ADMIN_ZONES, *args], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL)
    if run.returncode:
        sys.exit(f"{args}: {run.returncode} {run.stderr.decode()}")
    return run.stdout.decode() if output != "json" else json.loads(run.stdout.splitlines()[-1])["relaywatch"]


def summary_of(files, *options, output="json"):
    """of a directory with these files"""
    with tempfile.TemporaryDirectory() as d:
        for name, text in files.items():
            path = pathlib.Path(d, "logs", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return relaywatch(d, *options, *sorted({str(pathlib.Path("logs", n).parent) for n in files}), output=output)


def rows(summary):
    return [(r.get("host", r.get("source")), r.get("mta"), r["relay"]["state"], r["relay"]["count"]) for r in summary["servers"]]


def log(dialect, day, host=None):
    (text,) = (t for n, t in dialects.DIALECTS[dialect](DAYS[day]).items() if n != "rejectlog")
    return text if host is None else re.sub(r"^(\w{3} .\d \S+) mx1 ", rf"\1 {host} ", text, flags=re.M)


OPEN, PROBED, QUIET = "open relay in use", "encapsulated refused", "quiet"

# ---- files in any order, with and without host names ----

for names in itertools.permutations("abc"):
    files = dict(zip((n + ".log" for n in names), (log("postfix", OPEN, "mx-a"), log("sendmail", PROBED, "mx-b"), log("opensmtpd", QUIET, "mx-c"))))
    check(f"three files, {names}", rows(summary_of(files)), [("mx-a", "postfix", "yes", 40), ("mx-b", "sendmail", "attempted", 5), ("mx-c", "opensmtpd", "no", 0)])
    files = dict(zip((n + ".log" for n in names), (log("postfix", QUIET), log("exim", OPEN), log("s/qmail", PROBED))))
    check(f"no host names, {names}", rows(summary_of(files)), [("logs", "exim", "yes", 40), ("logs", "qmail", "attempted", 5), ("mx1", "postfix", "no", 0)])
for days in itertools.permutations((OPEN, PROBED, QUIET)):
    # one that begins as another does would be taken for its copy
    files = {f"{d}/{name}": text.replace("mail.example.com", f"mail-{d}.example.com") for d, day in zip("abc", days) for name, text in dialects.exim(DAYS[day]).items()}
    want = sorted((("no", "attempted", "yes").index(s), f"logs/{d}", "exim", s, n) for d, day in zip("abc", days)
                  for s, n in [{OPEN: ("yes", 40), PROBED: ("attempted", 5), QUIET: ("no", 0)}[day]])[::-1]
    check(f"three Exims, {days}", rows(summary_of(files)), [w[1:] for w in want])

# ---- one file, three hosts ----

three = {"mx-a": log("postfix", OPEN, "mx-a"), "mx-b": log("sendmail", PROBED, "mx-b"), "mx-c": log("opensmtpd", QUIET, "mx-c")}
lines = sorted((l for text in three.values() for l in text.splitlines()), key=lambda l: l[:15])
together = "\n".join(lines) + "\n"
summary = summary_of({"maillog": together})
check("one file", rows(summary), [("mx-a", "postfix", "yes", 40), ("mx-b", "sendmail", "attempted", 5), ("mx-c", "opensmtpd", "no", 0)])
check("the run", (summary["verdict"]["relay"]["state"], summary["verdict"]["relay"]["count"]), ("yes", 40))
check("all events", sum(r["events"] for r in summary["servers"]), summary["input"]["events"])
for row, (host, text) in zip(summary["servers"], three.items()):
    alone = summary_of({"maillog": text})["servers"]
    check(f"{host} alone", [alone[0]] + alone[1:], [row])  # to the byte: parties, forms, tester, coverage, advice

a, b, c = summary["servers"]
check("advice", ["postconf" in a["relay"]["advice"], "local-host-names" in b["relay"]["advice"], c["relay"].get("advice", "")], [True, True, ""])
check("a no that was looked for", "no_evidence" in c["relay"], False)

# ---- the report ----

text = summary_of({"maillog": together}, output="text")
head = text[text.index("SERVERS"):text.index("BACKSCATTER")].splitlines()
check("text", [re.split(r"\s{2,}", l.strip())[:3] for l in head[1:4]], [["mx-a", "postfix", "YES"], ["mx-b", "sendmail", "ATTEMPTED"], ["mx-c", "opensmtpd", "no"]])
check("text width", max(map(len, text.splitlines())) <= 80, True)
page = summary_of({"maillog": together}, output="html")
check("page", re.findall(r'<tr><th scope="row"><bdi>(mx-.)</bdi></th><td><bdi>(\w+)</bdi></td><td>(?:<b>)?(\w+)', page), [("mx-a", "postfix", "Yes"), ("mx-b", "sendmail", "Attempted"), ("mx-c", "opensmtpd", "No")])
check("one server has no table", "SERVERS" in summary_of({"maillog": three["mx-a"]}, output="text"), False)

# ---- a restart, and states that are merged ----

with tempfile.TemporaryDirectory() as d:
    half = len(lines) // 2
    for n, part in enumerate((lines[:half], lines[half:])):
        pathlib.Path(d, f"{n}.log").write_text("\n".join(part) + "\n")
        again = relaywatch(d, "--state", "s", f"{n}.log")
    check("restart", again["servers"], summary["servers"])
    for host, text in three.items():
        pathlib.Path(d, host).write_text(text)
        relaywatch(d, "--state", f"{host}.state", host)
    for order in itertools.permutations(f"{h}.state" for h in three):
        merged = relaywatch(d, "merge", *order)
        check(f"merge {order}", merged["servers"], summary["servers"])
        check(f"merge {order}, run", merged["verdict"]["relay"]["state"], "yes")

# ---- names that are made up ----

flood = [f"Mar  2 07:{n // 60:02}:{n % 60:02} forged{n} postfix/smtpd[9]: connect from unknown[198.51.100.9]" for n in range(500)]
full = summary_of({"maillog": "\n".join(flood + lines) + "\n"})
rest = [r for r in full["servers"] if "others" in r]
check("a full table", (len(full["servers"]), len(rest), 439 * 0.9 < rest[0]["others"] < 439 * 1.1), (65, 1, True))
check("nobody hides", (full["servers"][0] == rest[0], rest[0]["relay"]["state"], rest[0]["relay"]["count"]), (True, "yes", 40))
check("all events of all", sum(r["events"] for r in full["servers"]), full["input"]["events"])
hostile = summary_of({"maillog": "\n".join(["Mar  2 07:00:00 " + "x" * 3000 + f"{n} postfix/smtpd[9]: connect from unknown[198.51.100.9]" for n in range(3)] + lines) + "\n"})
check("long names lend nobody their name", [r["events"] for r in hostile["servers"] if r.get("host", "").startswith("mx-")], [r["events"] for r in summary["servers"]])
check("long names", max(len(r.get("host", "")) for r in hostile["servers"]) <= 127, True)

print(f"{checks} checks, {wrong} wrong")
sys.exit(bool(wrong))
