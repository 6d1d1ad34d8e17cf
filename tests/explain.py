#!/usr/bin/env python3
"""relaywatch explain as a user meets it: explain.py BINARY SAMPLES

Lines of every kind, joins in a file, shapes of unread lines, both outputs, hostile bytes, wrong use."""
import json, os, pathlib, subprocess, sys, tempfile

binary, samples = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
OPTIONS = ["--no-config", "--year", "2026", "--local-domain", "example.org", "--trusted", "192.0.2.0/24"]
failures, checks = [], 0
HEAD = "Sep  8 02:12:0%d mx1 postfix/%s: "
REFUSED = HEAD % (1, "smtpd[905]") + ("NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <%s>: Relay access denied; "
                                      "from=<a@s.example> to=<%s> proto=ESMTP helo=<h.example>")
TRICK = "u%victim.example@example.org"


def run(*args, stdin=None, env=None):
    return subprocess.run([binary, "explain", *args], input=stdin, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL if stdin is None else None, env={**os.environ, **(env or {})})


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {seen!r}")


def docs(*args, stdin=None):
    done = run(*OPTIONS, "-o", "json", *args, stdin=stdin)
    check(f"json of {args} ends well", done.returncode == 0, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def one(line):
    found = docs("--", line)
    check("a line gives one document", len(found) == 1, found)
    return found[0]


def says(event, name):
    return [d["says"] for d in event["detectors"] if d["name"] == name][0]


# --- a line of each kind ---
doc = one(REFUSED % (TRICK, TRICK))
event = doc["events"][0]
check("envelope", doc["envelope"] == {"form": "syslog (RFC 3164)", "time": "2026-09-08T02:12:01.000Z", "host": "mx1",
                                      "tag": "postfix/smtpd", "pid": "905"}, doc["envelope"])
check("parser", doc["parser"] == {"name": "postfix", "result": "event"}, doc["parser"])
check("event fields", (event["kind"], event["outcome"], event["reply_code"], event["status"], event["client"], event["rcpt"])
      == ("rcpt", "refused", 554, "5.7.1", "203.0.113.9", TRICK), event)
meaning = event["meaning"]
check("who", meaning["client_zone"] == "outside" and meaning["may_relay"].startswith("no: outside"), meaning)
check("the trick is decoded", (meaning["rcpt_class"], meaning["rcpt_form"], meaning["rcpt_inner"], meaning["rcpt_domain"])
      == ("trick", "percent", "u@victim.example", "victim.example"), meaning)
check("why, from the wording", meaning["reason"] == "relay_denied" and "wording" in meaning["reason_from"], meaning)
check("one hidden recipient is reported", says(event, "relay_probe").startswith("1 of 3 refusals, 1 of 4 address forms: reported"),
      says(event, "relay_probe"))
check("its alert", [(a["rule"], a["entity"], a["state"]) for a in doc["alerts"]] == [("RW-RELAY-PROBE", "203.0.113.9", "new")], doc)

event = one(REFUSED % ("u@victim.example", "u@victim.example"))["events"][0]
check("a plain refusal lacks two", says(event, "relay_probe") ==
      "1 of 3 refusals, 1 of 4 address forms: needs 2 more, 2 of them with another recipient or sender", says(event, "relay_probe"))
check("the wording that decided", (event["meaning"]["wording"], event["meaning"]["wording_file"]) == ("relay access denied", "built-in reasons.json")
      and event["meaning"]["wording_entry"] >= 1, event["meaning"])
event = one(REFUSED.replace("helo=<h.example>", "helo=<WIN-9QL4SDRB93L>") % ("u@victim.example", "u@victim.example"))["events"][0]
signs = {s["id"]: s["result"] for s in event["signatures"]}
check("patterns tried and hit", signs["helo-windows-name"] == "hit" and signs["sender-verp"] == "tried, no hit" and "scan-http" not in signs, signs)
text = run(*OPTIONS, REFUSED.replace("helo=<h.example>", "helo=<WIN-9QL4SDRB93L>") % ("u@victim.example", "u@victim.example")).stdout.decode()
check("the same as text", "helo-windows-name" in text and "hit: HELO is a Windows setup" in text and "relay access denied" in text, text)
listed = one(HEAD % (4, "smtp[908]") + "4ABC123: to=<u@victim.example>, relay=mx.victim.example[198.51.100.2]:25, delay=1, delays=0/0/0/1, dsn=5.7.1, "
             "status=bounced (host mx.victim.example[198.51.100.2] said: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org (in reply to RCPT TO command))")
check("the list a reply names", listed["events"][0]["meaning"]["list"] == "zen.spamhaus.org" and "wording" in listed["events"][0]["meaning"], listed)
event = one(REFUSED.replace("554 5.7.1", "550 5.1.1").replace("Relay access denied", "go away")
            % ("u@example.org", "u@example.org"))["events"][0]
check("why, from the codes", event["meaning"]["reason"] == "rcpt_unknown" and "codes" in event["meaning"]["reason_from"], event["meaning"])
check("a recipient of ours is no probe", says(event, "relay_probe") == "does not count here", event["detectors"])
check("an unknown recipient counts", says(event, "harvest").endswith("1 of 8 unknown recipients, 0 known: needs 7 more unknown recipients"),
      event["detectors"])

event = one(HEAD % (2, "postscreen[906]") + "PREGREET 14 after 0.05 from [203.0.113.10]:40000: EHLO there\\r\\n")["events"][0]
check("a bot is told at once", says(event, "protocol_abuse") == "1 anomalies, 0.0 of 5 sloppy ones: reported, low", event["detectors"])
event = one(REFUSED.replace("554 5.7.1", "550 5.1.1").replace("Relay access denied", "go away").replace("a@s.example", "a@example.org")
            % ("u@example.org", "u@example.org"))["events"][0]
check("a sender of ours from outside is told", says(event, "spoof_local").startswith("within an hour 1 of 5 senders, 0 of 10 recipients; "), event["detectors"])

event = one(HEAD % (2, "smtpd[906]") + "warning: unknown[203.0.113.10]: SASL LOGIN authentication failed: "
            "UGFzc3dvcmQ6, sasl_username=ann")["events"][0]
check("a failed login", event["kind"] == "auth" and event["user"] == "ann", event)
check("its score", says(event, "sasl_guess").startswith("client: score 1.8 of 9.2 after 1 failures, 1 of 5 accounts: score lacks 7.4"),
      says(event, "sasl_guess"))
event = one(HEAD % (3, "smtpd[907]") + "4ABC123: client=in.example.org[192.0.2.7]")["events"][0]
check("a client of ours", event["meaning"]["may_relay"] == "yes: its address is in --trusted"
      and event["meaning"]["message"]["queue_id"] == "4ABC123", event["meaning"])
event = one(HEAD % (4, "smtp[908]") + "4ABC123: to=<u@victim.example>, relay=mx.victim.example[198.51.100.2]:25, delay=1, "
            "delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)")["events"][0]
check("a delivery", (event["kind"], event["outcome"], event["route"]) == ("delivery", "delivered", "remote"), event)
check("a line alone has no client", event["meaning"]["may_relay"].startswith("not known"), event["meaning"])

for line, result, why in (("Sep  8 02:12:01 mx1 sshd[3]: Failed password", "foreign", "no parser reads"),
                          ("no log at all", "foreign", "no syslog"), ("", "skip", "blank"),
                          (HEAD % (1, "smtpd[905]") + "of no shape 12", "reject", "no shape")):
    doc = one(line)
    check(f"{line!r} is {result}", doc["parser"]["result"] == result and why in doc["parser"]["why"] and "events" not in doc, doc)
check("a foreign line shows its envelope", one("Sep  8 02:12:01 mx1 sshd[3]: x")["envelope"]["tag"] == "sshd")
for line, form in (("<22>1 2026-09-08T02:12:01Z mx1 postfix/smtpd 905 - - connect from unknown[203.0.113.9]", "RFC 5424"),
                   ("2026-09-08T02:12:01.5+02:00 mx1 postfix/smtpd[905]: connect from unknown[203.0.113.9]", "RFC 3339"),
                   ('{"MESSAGE":"connect from unknown[203.0.113.9]","SYSLOG_IDENTIFIER":"postfix/smtpd","SYSLOG_PID":"905",'
                    '"__REALTIME_TIMESTAMP":"1788833521000000"}', "journal JSON"),
                   ("2026-09-08T02:12:01Z stdout F Sep  8 02:12:01 mx1 postfix/smtpd[905]: connect from unknown[203.0.113.9]",
                    "Kubernetes CRI")):
    doc = one(line)
    check(f"the form {form}", form in doc["envelope"]["form"] and doc["parser"]["result"] == "event", doc)

# --- a file: joins ---
log = [HEAD % (1, "smtpd[905]") + "4ABC123: client=unknown[203.0.113.9]",
       HEAD % (2, "qmgr[9]") + "4ABC123: from=<a@s.example>, size=1000, nrcpt=1 (queue active)",
       HEAD % (3, "smtp[10]") + "4ABC123: to=<u@victim.example>, relay=mx.victim.example[198.51.100.2]:25, delay=1, "
       "delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)"]
found = docs("-f", "-", stdin="\n".join(log).encode() + b"\n")
check("a document a line, numbered", [(d["source"], d["line"]) for d in found] == [("(stdin)", n) for n in (1, 2, 3)], found)
third = found[2]["events"][0]
check("the third line knows client and sender", third["meaning"]["client"] == "203.0.113.9"
      and third["meaning"]["sender"] == "a@s.example" and "queued" in third["meaning"]["message"]["flags"], third["meaning"])
check("and completes the relaying", [a["rule"] for a in found[2]["alerts"]] == ["RW-RELAY-ACCEPTED"]
      and "alerts" not in found[1], found)
check("no threshold", "1 delivered recipients of this client: one is enough" in says(third, "relay_accepted"), third)
check("raw lines are kept", [d["raw"] for d in found] == log)

# --- relay testers ---
tests = [("", "relaytest@far.example"), ("antispam@far.example", "relaytest@far.example"), ("antispam@[192.0.2.1]", "relaytest%far.example@[192.0.2.1]"),
         ("antispam@[192.0.2.1]", "far.example!relaytest")]
tried = "\n".join((HEAD % (n, "smtpd[905]")) + f"NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <{r}>: Relay access denied; from=<{s}> to=<{r}> "
                  "proto=ESMTP helo=<x>" for n, (s, r) in enumerate(tests))
found = [says(d["events"][0], "relay_probe") for d in docs("-f", "-", stdin=tried.encode())]
check("the tester before it is known", "tester not known yet, nearest: " in found[1] and "2 of 16 tried" in found[1], found)
check("the tester with its count", found[3].endswith("; tester: nmap smtp-open-relay, 4 of 16 tried, all refused (built-in testers.json, entry 1)"), found)

# --- scores of an account and of an inside host ---
sent = log[2]
login = [HEAD % (1, "smtpd[905]") + "4ABC123: client=unknown[203.0.113.9], sasl_method=PLAIN, sasl_username=ann@example.org", log[1], sent]
event = docs("-f", "-", stdin="\n".join(login).encode())[2]["events"][0]
check("an account's score", "of 13.8, 1 of 15 recipients" in says(event, "account_burst")
      and event["meaning"]["may_relay"] == "yes: authenticated" and event["meaning"]["user"] == "ann@example.org", event)
check("an account is no inside host", says(event, "host_burst") == "does not count here", event["detectors"])
inside = [log[0].replace("203.0.113.9", "192.0.2.9"), log[1], sent]
event = docs("-f", "-", stdin="\n".join(inside).encode())[2]["events"][0]
check("an inside host's score", "0 of 5 refused; 1 of 50 first contacts" in says(event, "host_burst"), says(event, "host_burst"))
check("an inside host is no account", says(event, "account_burst") == "does not count here", event["detectors"])

# --- shapes ---
noise = ([HEAD % (1, "smtpd[905]") + f"strange thing {n} of <x{n}@y.example>" for n in range(3)] +
         [f"Sep  8 02:12:01 mx1 sshd[{n}]: Failed password for root from 192.0.2.{n}" for n in range(5)] + ["nothing known"] + log)
shapes = docs("-f", "-", "--unparsed", stdin="\n".join(noise).encode())
check("shapes, most frequent first", [(s["count"], s["result"], s["shape"]) for s in shapes] ==
      [(5, "foreign", "sshd: Failed password for root from N"), (3, "rejected", "postfix/smtpd: strange thing N of <>"),
       (1, "foreign", "(no envelope): nothing known")], shapes)
odd = "Mar  2 04:00:00 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 Not on a Tuesday; from=<a@example.net> to=<b@example.org> proto=SMTP helo=<x>"
known = odd.replace("554 Not on a Tuesday", "550 5.1.1 <b@example.org>: Recipient address rejected: User unknown in local recipient table")
asked = docs("-f", "-", "--unparsed", stdin="\n".join([odd, known, odd]).encode())
check("refusals that no entry explains are ranked, others not",
      [(d["count"], d["result"]) for d in asked] == [(2, "no reason")] and "Not on a Tuesday" in asked[0]["shape"], asked)
text = run(*OPTIONS, "-f", "-", "--unparsed", stdin="\n".join(noise).encode()).stdout.decode()
check("shapes as text", text.splitlines()[0].split(None, 2) == ["5", "foreign", "sshd: Failed password for root from N"], text)

# --- hostile bytes ---
hostile = (HEAD % (1, "smtpd[905]")).encode() + b"NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <\x1b]0;x\x07@\xff\xc2.example>: " \
    b"Relay access denied; from=<\xe2\x80\xae@s.example> to=<\x1b[2J@v.example> proto=ESMTP helo=<\x9b31m>"
for args, data in ((("--", hostile), None), (("-f", "-"), hostile + b"\n" + b"x" * 65536 + b"\n\n\xff\xfe\x00" + hostile),
                   (("--", b"a" * 65536), None), (("-f", "-", "--unparsed"), b"\x1b[31m red \xff\n" * 3)):
    plain = run(*OPTIONS, *args, stdin=data)
    seen = plain.stdout.decode()  # fails when it is no UTF-8
    check("hostile bytes do not reach a terminal", plain.returncode == 0 and not any(ord(c) < 32 and c != "\n" or 0x7f <= ord(c) < 0xa0
          or c == "\u202e" for c in seen), seen[:200])
    check("hostile bytes stay within the page", max(map(len, seen.splitlines())) <= 80, seen[:200])
    for line in run(*OPTIONS, "-o", "json", *args, stdin=data).stdout.splitlines():
        json.loads(line)
long = one("a" * 65536)
check("64 KiB are kept in JSON", len(long["raw"]) == 65536)

# --- whole samples: valid and the same again ---
for name in ("relay-open.log", "postfix/hostile.log", "exchange_protocol/hostile.log"):
    found = docs("-f", str(samples / name))
    check(f"{name}: documents", len(found) > 10 and docs("-f", str(samples / name)) == found)
    check(f"{name}: text fits 80 columns", max(map(len, run(*OPTIONS, "-f", str(samples / name)).stdout.decode().splitlines())) <= 80)
alerts = {a["rule"] for d in docs("-f", str(samples / "relay-open.log")) for a in d.get("alerts", [])}
run_alerts = {json.loads(line)["rule"]["id"] for line in subprocess.run(
    [binary, *OPTIONS, "-q", "-o", "json", str(samples / "relay-open.log")], capture_output=True).stdout.splitlines() if b'"alert"' in line
    and b'"rule"' in line}
check("the alerts of a run", alerts == run_alerts and alerts, (alerts, run_alerts))

# --- colour, outputs, options ---
check("no colour in a pipe", b"\x1b" not in run(*OPTIONS, log[0]).stdout)
os.environ["NO_COLOR"] = "1"
check("NO_COLOR is honoured unless asked", b"\x1b" not in run(*OPTIONS, "--color=auto", log[0]).stdout)
del os.environ["NO_COLOR"]
check("colour when asked", b"\x1b[" in run(*OPTIONS, "--color=always", log[0]).stdout)
with tempfile.TemporaryDirectory() as d:
    done = run(*OPTIONS, "-o", f"json:{d}/out", log[0])
    check("output to a file", done.stdout == b"" and json.loads(pathlib.Path(d, "out").read_text())["line"] == 1, done)
check("--tz counts", docs("--tz", "+02:00", log[0])[0]["envelope"]["time"] == "2026-09-08T00:12:01.000Z")
check("--since counts", "--since" in docs("--since", "2027-01-01", log[0])[0]["parser"]["why"])
check("--help", run("--help").returncode == 0 and b"relaywatch explain" in run("--help").stdout)

# --- wrong use ---
for args, word in (((), b"nothing to explain"), (("a", "b"), b"one LINE"), (("-f", "x", "y"), b"not both"),
                   (("--unparsed", "x"), b"needs -f"), (("-o", "json", "-o", "text", "x"), b"one output"),
                   (("--unparsd", "x"), b"did you mean --unparsed")):
    wrong = run("--no-config", *args)
    check(f"wrong use {args}", wrong.returncode == 2 and word in wrong.stderr and wrong.stdout == b"", wrong)
for args in (("-f", "x"), ("--unparsed", "x"), ("--file=x",)):
    wrong = subprocess.run([binary, "--no-config", *args], capture_output=True)
    check(f"{args} without explain", wrong.returncode == 2 and b'is for "relaywatch explain" only' in wrong.stderr, wrong)
check("a missing file", run("--no-config", "-f", "/nonexistent/log").returncode == 66)
check("no room", run("--no-config", "-o", "text:/dev/full", log[0]).returncode == 74)

print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
