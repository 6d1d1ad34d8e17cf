#!/usr/bin/env python3
"""Logs of Exim, Sendmail, OpenSMTPD, qmail and login daemons as files and streams: unix_logs.py BINARY SAMPLES

What the tests of single parsers cannot show: what goes on in the next file, what two files tell, several programs in one
stream, the two queues of one Sendmail, a filter behind Exim, and which server a log with logins is of."""
import json, pathlib, subprocess, sys, tempfile

BINARY, SAMPLES = sys.argv[1], pathlib.Path(sys.argv[2])
ZONES = ["--local-domain", "example.org", "--trusted", "192.0.2.0/24", "--year", "2026"]
wrong = 0


def run(files, zones=ZONES):
    """files: {name: text}; alerts as {(rule, entity): observed}, and the summary"""
    with tempfile.TemporaryDirectory() as d:
        for name, text in files.items():
            pathlib.Path(d, name).write_text(text)
        out = subprocess.run([BINARY, "--no-config", "-qq", "-o", "json", *zones, d], capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
    docs = [json.loads(l) for l in out.splitlines()]
    alerts = {(d["rule"]["id"], d["relaywatch"]["alert"]["entity"]["value"]): d["relaywatch"]["alert"]["observed"] for d in docs[:-1]}
    return alerts, docs[-1]["relaywatch"]


def check(what, good, seen):
    global wrong
    wrong += not good
    print(f"{'ok' if good else 'not ok'} - {what}" + ("" if good else f": {seen}"))


def stamp(n):
    return f"Mar  2 {8 + n // 3600:02}:{n // 60 % 60:02}:{n % 60:02} mx1"


# Unknown recipients at the end of one file, the line that names their client at the beginning of the next.
rcpts = "".join(f"{stamp(k)} sm-mta[1500]: 622800Aa001500: <name{k}@example.org>... User unknown\n" for k in range(40))
tail = f"{stamp(60)} sm-mta[1500]: 622800Aa001500: from=<a@list.example>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA, relay=[203.0.113.50]\n"
alerts, summary = run({"mail.log.1": rcpts, "mail.log": tail})
whole, _ = run({"mail.log": rcpts + tail})
check("recipients held over a rotation are the client's", alerts == whole and ("RW-HARVEST", "203.0.113.50") in alerts, alerts)

# One process id, another client: a login is not inherited.
login = (f"{stamp(0)} sm-mta[1390]: AUTH=server, relay=[203.0.113.25], authid=dave, mech=PLAIN, bits=0\n"
         f"{stamp(1)} sm-mta[1390]: 622800Aa001390: from=<dave@example.org>, size=9, class=0, nrcpts=1, proto=ESMTP, daemon=MSA, relay=[203.0.113.25]\n"
         f"{stamp(2)} sm-mta[1391]: 622800Aa001390: to=<x@victim.example>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx. [198.51.100.2], dsn=2.0.0, stat=Sent (ok)\n")
alerts, summary = run({"mail.log": login})
check("mail with a login is no relay", summary["verdict"]["relay"]["state"] == "no" and not alerts, alerts)
other = login.replace("relay=[203.0.113.25], authid", "relay=[203.0.113.77], authid")
alerts, summary = run({"mail.log": other})
check("a login of another client is not inherited", summary["verdict"]["relay"]["state"] == "yes", alerts)

# The submission queue hands over to the daemon of the same host.
msp = (f"{stamp(0)} sendmail[10]: 622800Aa000010: from=www, size=9, class=0, nrcpts=1, msgid=<a@mx1>, relay=www@localhost\n"
       f"{stamp(1)} sm-mta[11]: 622800Ab000011: from=<www@mx1.example.org>, size=9, class=0, nrcpts=1, msgid=<a@mx1>, proto=ESMTP, daemon=MTA, relay=localhost [127.0.0.1]\n"
       f"{stamp(1)} sendmail[10]: 622800Aa000010: to=x@victim.example, ctladdr=www (33/33), delay=00:00:01, mailer=relay, pri=1, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (622800Ab000011 Message accepted for delivery)\n"
       f"{stamp(2)} sm-mta[12]: 622800Ab000011: to=<x@victim.example>, ctladdr=<www@mx1.example.org> (33/33), delay=00:00:01, mailer=esmtp, pri=1, relay=mx. [198.51.100.2], dsn=2.0.0, stat=Sent (ok)\n")
alerts, summary = run({"mail.log": msp})
check("mail of a process through both queues is no relay", summary["verdict"]["relay"]["state"] == "no" and not alerts, alerts)

# A filter behind Exim brings the message back from loopback: its first client is to blame, once.
exim = ("2026-03-02 08:00:00 1vwxAa-0000AB-3c <= s@x.example H=(bot) [203.0.113.66] P=esmtp S=9\n"
        "2026-03-02 08:00:01 1vwxAb-0000AB-3c <= s@x.example H=localhost [127.0.0.1] P=esmtp S=9\n"
        "2026-03-02 08:00:01 1vwxAa-0000AB-3c => v@victim.example R=filter T=to_filter H=127.0.0.1 [127.0.0.1]:10024 C=\"250 OK id=1vwxAb-0000AB-3c\"\n"
        "2026-03-02 08:00:02 1vwxAb-0000AB-3c => v@victim.example R=dnslookup T=remote_smtp H=mx [198.51.100.2] C=\"250 OK\"\n")
alerts, summary = run({"mainlog": exim})
check("behind a filter of Exim the first client is named, once", alerts == {("RW-RELAY-ACCEPTED", "203.0.113.66"): 1}, alerts)

# A cut-off main log and its reject log: each line once, in any order of the files.
refused = "".join(f"2026-03-02 08:{k:02}:00 H=(bot) [203.0.113.66] F=<s{k}@x.example> rejected RCPT <v{k}@victim.example>: relay not permitted\n" for k in range(6))
one, _ = run({"mainlog": refused})
two, _ = run({"mainlog": refused, "rejectlog": refused, "paniclog": refused[: len(refused) // 2]})
check("what the reject log repeats counts once", one == two and one, (one, two))

# Everything in one stream.
stream = refused + msp + (SAMPLES / "opensmtpd" / "lines.log").read_text() + (SAMPLES / "qmail" / "lines.log").read_text() + exim
out = subprocess.run([BINARY, "--no-config", "-qq", "-o", "json", *ZONES, "-"], input=stream.encode(), capture_output=True, check=True).stdout
read = json.loads(out.splitlines()[-1])["relaywatch"]["input"]
check("one stream of five formats is read", read["foreign"] == 0 and read["rejected"] <= 1, read)

# Logins do not say what server this is.
mixed = f"{stamp(0)} dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=203.0.113.25, lip=192.0.2.1\n{stamp(1)} postfix/smtpd[1]: connect from unknown[203.0.113.30]\n"
_, summary = run({"mail.log": mixed})
check("a log with logins is the mail server's", summary["coverage"]["server_mta"] == "postfix", summary["coverage"])
sys.exit(bool(wrong))
