#!/usr/bin/env python3
"""Small logs with one meaning each: scenarios.py BINARY

Every scenario is a few Postfix lines and what must, and must not, come of them: the relay verdict, rules with their
entity. They are the verdict matrix and the joins that are easy to get wrong: aliases, filters, notifications, queue ids
that are used again, forged text."""
import json, subprocess, sys

ZONES = ["--local-domain", "example.org,example.net", "--relay-domain", "backup.example", "--trusted", "192.0.2.0/24"]
clock = [0]


def line(daemon, text, seconds=1):
    clock[0] += seconds
    t = 8 * 3600 + clock[0]
    return f"Mar  2 {t // 3600:02}:{t // 60 % 60:02}:{t % 60:02} mx1 postfix/{daemon}: {text}"


def mail(qid, client, sender, to, extra="", status="sent (250 2.0.0 Ok)", relay="mx.victim.example[198.18.0.9]:25",
         daemon="smtp", orig="", dsn="2.0.0"):
    orig = f" orig_to=<{orig}>," if orig else ""
    return [line("smtpd[100]", f"{qid}: client={client}{extra}"),
            line("cleanup[101]", f"{qid}: message-id=<{qid}@x.example>"),
            line("qmgr[102]", f"{qid}: from=<{sender}>, size=900, nrcpt=1 (queue active)"),
            line(f"{daemon}[103]", f"{qid}: to=<{to}>,{orig} relay={relay}, delay=0.1, delays=0/0/0/0.1, dsn={dsn}, status={status}"),
            line("qmgr[102]", f"{qid}: removed")]


def refuse(client, sender, to, text="554 5.7.1 <{to}>: Relay access denied"):
    return [line("smtpd[100]", f"NOQUEUE: reject: RCPT from {client}: {text.format(to=to)}; from=<{sender}> to=<{to}> proto=ESMTP helo=<x>")]


def deliver(qid, to, **kw):
    return [mail(qid, "x[1.2.3.4]", "", to, **kw)[3]]


OUT, IN, BOX = "unknown[203.0.113.9]", "app.example.org[192.0.2.9]", dict(daemon="lmtp", relay="mail.example.org[private/lmtp]")
RELAY, PROBE = ("RW-RELAY-ACCEPTED", "203.0.113.9"), ("RW-RELAY-PROBE", "203.0.113.9")
FILTER = "127.0.0.1[127.0.0.1]:10024"
USER = ", sasl_method=PLAIN, sasl_username=joe@example.org"
scenarios = []


def scenario(name, verdict, lines, must=(), must_not=(), zones=ZONES):
    scenarios.append((name, verdict, lines, must, must_not, zones))


scenario("nothing but inbound mail", "no", mail("A00001", OUT, "a@x.example", "joe@example.org", **BOX))
scenario("L1: plain recipients refused", "attempted",
         sum((refuse(OUT, "a@x.example", f"u{i}@victim.example") for i in range(3)), []), must=[PROBE])
scenario("L1: one plain refusal is counted, not reported", "attempted", refuse(OUT, "a@x.example", "u@victim.example"),
         must_not=[PROBE])
scenario("L1: one hidden recipient refused", "attempted", refuse(OUT, "a@x.example", "u%victim.example@example.org"), must=[PROBE])
scenario("the temporary refusal of newer Postfix counts as well", "attempted",
         refuse(OUT, "a@x.example", "u@victim.example", "454 4.7.1 <{to}>: Relay access denied"))
scenario("greylisting is no probe", "no",
         refuse(OUT, "a@x.example", "u@example.org", "450 4.2.0 <{to}>: Recipient address rejected: Greylisted"))
scenario("a user who forgot to authenticate is no stranger", "no",
         refuse(OUT, "joe@example.org", "a@x.example") + refuse(OUT, "joe@example.org", "b@y.example"))
scenario("L4: queued and refused by the remote server", "exposed",
         mail("A00001", OUT, "a@x.example", "u@victim.example", dsn="5.1.1",
              status="bounced (host mx.victim.example[198.18.0.9] said: 550 5.1.1 no such user (in reply to RCPT TO command))"), must=[RELAY])
scenario("L4: queued and waiting", "exposed",
         mail("A00001", OUT, "a@x.example", "u@victim.example", relay="none", dsn="4.4.1",
              status="deferred (connect to mx.victim.example[198.18.0.9]:25: Connection timed out)"), must=[RELAY])
scenario("L5: delivered", "yes", mail("A00001", OUT, "a@x.example", "u@victim.example"), must=[RELAY])
for form in ["u%victim.example@example.org", "victim.example!u@example.org", '"u@victim.example"@example.org',
             "u@victim.example@example.org", "u%victim.example"]:
    scenario(f"L5: delivered through {form}", "yes", mail("A00001", OUT, "a@x.example", "u@victim.example", orig=form), must=[RELAY])
scenario("L5n: hidden recipient accepted, then bounced here", "attempted",
         mail("A00001", OUT, "a@x.example", "u%victim.example@example.org", relay="none", daemon="error", dsn="5.1.1",
              status="bounced (User unknown in virtual alias table)"), must_not=[RELAY])
scenario("authenticated mail is no relay", "no", mail("A00001", OUT, "joe@example.org", "u@victim.example", extra=USER), must_not=[RELAY])
scenario("a trusted network is no relay", "no", mail("A00001", IN, "joe@example.org", "u@victim.example"))
scenario("a relay domain is no relay", "no", mail("A00001", OUT, "a@x.example", "u@backup.example"), must_not=[RELAY])
scenario("an alias that leads outside is no relay", "no",
         mail("A00001", OUT, "a@x.example", "joe@gmail.example", orig="joe@example.org"), must_not=[RELAY])
scenario("local mail of a process is no relay", "no",
         [line("pickup[99]", "A00001: uid=33 from=<www>")] + mail("A00001", OUT, "www@example.org", "u@victim.example")[1:])
scenario("a .forward leads to a child message: no relay", "no",
         mail("A00001", OUT, "a@x.example", "joe@example.org", daemon="local", relay="local", status="sent (forwarded as A00002)")
         + mail("A00002", OUT, "a@x.example", "joe@gmail.example", orig="joe@example.org")[1:], must_not=[RELAY])
scenario("a queue id used again by a stranger does not inherit the login", "yes",
         mail("A00001", "home[198.51.100.7]", "joe@example.org", "u@ok.example", extra=USER)
         + mail("A00001", OUT, "a@x.example", "u@victim.example"), must=[RELAY])
filtered = [line("smtpd[110]", "B00001: client=localhost[127.0.0.1]"),
            line("qmgr[102]", "B00001: from=<a@x.example>, size=900, nrcpt=1 (queue active)")]
scenario("behind a content filter: relayed", "yes",
         mail("A00001", OUT, "a@x.example", "u@victim.example")[:3] + filtered
         + deliver("A00001", "u@victim.example", relay=FILTER, status="sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as B00001)")
         + deliver("B00001", "u@victim.example"), must=[RELAY])
scenario("behind a content filter: the hand-over is logged last", "yes",
         mail("A00001", OUT, "a@x.example", "u@victim.example")[:3] + filtered + deliver("B00001", "u@victim.example")
         + deliver("A00001", "u@victim.example", relay=FILTER, status="sent (250 2.0.0 Ok: queued as B00001)"), must=[RELAY])
scenario("behind a content filter: authenticated", "no",
         mail("A00001", OUT, "joe@example.org", "u@victim.example", extra=USER)[:3]
         + [line("smtpd[110]", "B00001: client=localhost[127.0.0.1], orig_queue_id=A00001, orig_client=unknown[203.0.113.9]"), filtered[1]]
         + deliver("A00001", "u@victim.example", relay=FILTER, status="sent (250 2.0.0 Ok: queued as B00001)")
         + deliver("B00001", "u@victim.example"), must_not=[RELAY])
scenario("behind a content filter: an alias had led outside before it", "no",
         mail("A00001", OUT, "a@x.example", "joe@gmail.example")[:3] + filtered
         + deliver("A00001", "joe@gmail.example", orig="joe@example.org", relay=FILTER, status="sent (250 2.0.0 Ok: queued as B00001)")
         + deliver("B00001", "joe@gmail.example"), must_not=[RELAY])
scenario("a filter that tells the client but not the login proves nothing", "no",
         [line("smtpd[110]", "B00001: client=localhost[127.0.0.1], orig_client=unknown[203.0.113.9]"), filtered[1]]
         + deliver("B00001", "u@victim.example"), must_not=[RELAY])
scenario("a stranger cannot log in by what he writes into AUTH=", "yes",
         mail("A00001", OUT, "a@x.example", "u@victim.example", extra=", sasl_sender=<x, sasl_username=joe@example.org>"), must=[RELAY])
scenario("a remote server cannot forge a delivery", "exposed",
         mail("A00001", OUT, "a@x.example", "u@victim.example", dsn="5.1.1",
              status="bounced (host evil[198.18.0.9] said: 550 5.1.1 ok) status=sent (250 2.0.0 Ok: queued as AAAAAA (in reply to RCPT TO command))"),
         must=[RELAY])
scenario("a Message-ID cannot forge a client", "no",
         [line("cleanup[101]", "A00001: message-id=<x> A00002: client=unknown[203.0.113.9], sasl_method=LOGIN, sasl_username=ceo"),
          line("qmgr[102]", "A00002: from=<a@x.example>, size=900, nrcpt=1 (queue active)")] + deliver("A00002", "u@victim.example"),
         must_not=[RELAY])
scenario("zones are learnt: relayed", "yes",
         mail("A00001", OUT, "a@x.example", "joe@example.org", **BOX) + mail("A00002", OUT, "a@x.example", "u@victim.example"),
         must=[RELAY], zones=[])
scenario("zones are learnt: a client with a name of ours is inside", "no",
         mail("A00001", OUT, "a@x.example", "joe@example.org", **BOX)
         + mail("A00002", "news.example.org[198.51.100.20]", "list@example.org", "u@victim.example"), zones=[])


def run(binary, lines, zones):
    out = subprocess.run([binary, "--no-config", "--year", "2026", "-qq", "-o", "json", *zones, "-"],
                         input="\n".join(lines).encode() + b"\n", capture_output=True, check=True).stdout
    return [json.loads(l) for l in out.splitlines()]


wrong = 0
for name, verdict, lines, must, must_not, zones in scenarios:
    docs = run(sys.argv[1], lines, zones)
    state = docs[-1]["relaywatch"]["verdict"]["relay"]["state"]
    seen = {(d["rule"]["id"], d["relaywatch"]["alert"]["entity"]["value"]) for d in docs if d["event"]["kind"] == "alert"}
    if state != verdict or not set(must) <= seen or set(must_not) & seen or docs[-1]["relaywatch"]["input"].get("rejected"):
        wrong += 1
        print(f"not ok - {name}: verdict {state} (want {verdict}), alerts {sorted(seen)}, rejected {docs[-1]['relaywatch']['input'].get('rejected')}")
print(f"{len(scenarios)} scenarios, {wrong} wrong")
sys.exit(bool(wrong))
