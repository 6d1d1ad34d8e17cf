#!/usr/bin/env python3
"""The lab's Python without a mail server: every day file gives a plan with its truth, addresses that stand for clients are
one to one, and realize_unix.py gives raw lines of each server their client, name and time back. No root, no network."""
import json
import pathlib
import subprocess
import sys
import tempfile

lab = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(lab))
sys.dont_write_bytecode = True
import lab_day  # noqa: E402
import lab_mta  # noqa: E402

RAW = {
    "exim": ("H=(mail.a.example) [198.18.0.9]:1024 F=<> rejected RCPT <x@b.example>: relay not permitted", "2026-11-28 00:00:00 ",
             "2026-04-14 00:10:00 H=mail.a.example [198.18.0.9] F=<> rejected RCPT <x@b.example>: relay not permitted"),
    "opensmtpd": ("79f8a984a717b584 smtp connected address=127.1.4.0 host=<unknown>", "Nov 28 00:00:00 mx1 smtpd[15]: ",
                  "Apr 14 00:10:00 mx1 smtpd[15]: 79f8a984a717b584 smtp connected address=198.18.0.9 host=mail.a.example"),
    "sendmail": ("6AS07k6f026534: from=<a@a.example>, size=9, class=0, nrcpts=1, proto=ESMTP, daemon=MTA, relay=[127.1.4.0]",
                 "Nov 28 00:00:00 mx1 sm-mta[26534]: ",
                 "Apr 14 00:10:00 mx1 sm-mta[26534]: 6AS07k6f026534: from=<a@a.example>, size=9, class=0, nrcpts=1, proto=ESMTP, "
                 "daemon=MTA, relay=mail.a.example [198.18.0.9]"),
}
wrong = []


def check(ok, what):
    """Note what is not so."""
    if not ok:
        wrong.append(what)


for path in sorted(lab.glob("days/**/*.json")):
    day = lab_day.load(path)
    truth = day.truth()
    check(len(day.sessions) > 20 and truth["benign"], f"{path.name}: sessions and benign actors")
    check(all(a["start"] < a["end"] or not a["events"] for a in truth["attacks"]), f"{path.name}: attacks take time")
    networks = lab_mta.may_relay(day)
    aliases = {lab_mta.alias(s, networks) for s in day.sessions}
    check(len(aliases) == len(day.sessions), f"{path.name}: one alias a session")
    inside = {s.ip for s in day.sessions if lab_mta.alias(s, networks).startswith(f"127.{lab_mta.TRUSTED}.")}
    check(all((s.ip in inside) == any(lab_mta.ipaddress.ip_address(s.ip) in n for n in networks) for s in day.sessions),
          f"{path.name}: who may relay")

for mta, (text, head, want) in RAW.items():
    with tempfile.TemporaryDirectory() as out:
        pathlib.Path(out, "raw.tsv").write_text(f"1000.000000\t{head}{text}\n", encoding="latin-1")
        meta = {"mta": mta, "t0": 1776124800, "host": "mx1.example.org", "lab_host": "lab", "egress": "192.0.2.25", "ports": {"lmtp": 2},
                "log": {}, "retry_scale": 20, "names": {"198.18.0.9": "mail.a.example"}, "sessions": {"1024": [1776125400, "198.18.0.9"]},
                "message_ids": {}, "anchors": [[1000.0, 1776125400]], "aliases": {} if mta == "exim" else {"127.1.4.0": 1024}}
        pathlib.Path(out, "anchors.json").write_text(json.dumps(meta), encoding="utf-8")
        subprocess.run([sys.executable, "-B", lab / "realize_unix.py", out], check=True, stdout=subprocess.DEVNULL)
        got = pathlib.Path(out, "mail.log").read_text(encoding="latin-1").rstrip("\n")
        check(got == want, f"{mta}: got {got!r}")

for line in wrong:
    print(line)
print(f"{len(wrong)} of the lab's plans and lines are wrong")
sys.exit(1 if wrong else 0)
