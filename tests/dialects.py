#!/usr/bin/env python3
"""One scenario, every dialect: dialects.py BINARY [--table]

A day is told once, as sessions with what became of each recipient, and written as the log of each mail system. The
alerts (rule, entity, start, count) and the relay verdict must be those of the Postfix log wherever the dialect carries
the information; what a dialect cannot show is listed below, and nothing may be invented. The days are eight relay-test
batteries and the encapsulated forms of Exchange in all outcomes (refused; accepted and delivered; accepted, then bounced
here), an open relay in use, harvesting, backscatter, password guessing, and quiet mail."""
import datetime, json, pathlib, re, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lab"))
import lab_batteries

START = datetime.datetime(2026, 3, 2, 8, 0, 0)
SERVER, SERVER_IP = "mx1.example.org", "192.0.2.1"
ZONES = ["--local-domain", "example.org", "--trusted", "192.0.2.0/24", "--year", "2026"]
ADMIN_ZONES = ["--local-domain", "example.org,mx1.example.org,[192.0.2.1]"] + ZONES[2:]

# ---- the days ----


def session(at, client, helo, mails, user=None, guesses=()):
    """mails: [(sender, [(recipient, outcome)])]; outcome: refused, unknown, local, relayed, bounced; guesses: accounts
    whose password was wrong"""
    return dict(at=at, client=client, helo=helo, mails=mails, user=user, guesses=guesses)


T = "relaytest.example"
ENCAPSULATED = [(f"s@{T}", "IMCEASMTP-user+40relaytest+2Eexample@example.org"), (f"s@{T}", '"IMCEA user@relaytest.example"@example.org'),
                (f"s@{T}", f"u%{T}@example.org"), (f"s@{T}", f"{T}!u@example.org"), (f"s@{T}", f'"u@{T}"@example.org')]
BATTERIES = {kind: [(a.strip("<>"), b[1:-1] if b.startswith("<") else b) for a, b in lab_batteries.pairs(kind, SERVER, SERVER_IP, T)[0]]
             for kind in lab_batteries.BATTERIES}
QUIET = [session(60 * k, "198.51.100.7", "mail.example.com", [(f"ann{k}@example.com", [("joe@example.org", "local")])]) for k in range(12)]
PROBER = "203.0.113.66"


def battery(tests, outcome, at=1800):
    ours = lambda r: r.endswith(f"@[{SERVER_IP}]") and "%" not in r and "!" not in r and r.count("@") == 1  # one of Metasploit's
    return [session(at + 9 * n, PROBER, "tester.relaytest.example", [(s, [(r, "local" if ours(r) else outcome)])]) for n, (s, r) in enumerate(tests)]


HARVEST = [session(600 + 40 * k, "198.51.100.50", "dict", [(f"a{k}@list.example", [(f"{n}{k}@example.org", "unknown") for n in ("info", "sales", "bob")])])
           for k in range(25)]
NDRS = [session(600 + 7 * k, f"198.51.100.{60 + k % 120}", f"bot{k % 120}", [(f"stranger{k}@victim{k % 9}.example", [(f"nobody{k}@example.org", "bounced")])])
        for k in range(360)]
DAYS = {
    "quiet": QUIET,
    "encapsulated refused": QUIET + battery(ENCAPSULATED, "refused"),
    "encapsulated delivered": QUIET + battery(ENCAPSULATED, "relayed"),
    "encapsulated bounced": QUIET + battery(ENCAPSULATED, "bounced"),
    "harvest": QUIET + HARVEST,
    "backscatter": QUIET + NDRS,
    "open relay in use": QUIET + [session(3600 + 20 * k, f"203.0.113.{71 + k % 2}", f"win-{k % 2}",
                                          [(f"offer{k % 3}@bulk.example", [(f"v{k}@victim{k % 7}.example", "relayed")])]) for k in range(40)],
}
GUESSING = [session(600 + 30 * k, "203.0.113.10", "User", [], guesses=[f"user{k % 3}@example.org"] * 2) for k in range(30)]
DAYS["guessing"] = sorted(QUIET + GUESSING, key=lambda s: s["at"])
VERDICT = {"guessing": "no", "quiet": "no", "harvest": "no", "backscatter": "no", "encapsulated refused": "attempted", "encapsulated delivered": "yes",
           "encapsulated bounced": "attempted", "open relay in use": "yes"}
for kind, tests in BATTERIES.items():
    for outcome, verdict in ("refused", "attempted"), ("relayed", "yes"), ("bounced", "exposed"):  # each has plain forms too
        DAYS[f"{kind} {outcome}"] = QUIET + battery(tests, outcome)
        VERDICT[f"{kind} {outcome}"] = verdict


def leads_to(rcpt):
    """whose mailbox a recipient means, hidden or not"""
    plain = rcpt.replace('"', "")
    if "IMCEA" in rcpt:
        return "user@" + T
    if plain == rcpt and rcpt.count("@") == 1 and "%" not in rcpt and "!" not in rcpt:
        return rcpt
    if "!" in plain:
        user = plain.split("!")[1].split("@")[0]
    else:
        user = plain.split(":")[-1].replace("%", "@").split("@")[0]
    return f"{user}@{T}"


def ours(rcpt):
    """does a recipient look like one of this server, whatever it hides"""
    bare = re.sub(r'"[^"]*"', "q", rcpt)
    return "@" not in bare or bare.rsplit("@", 1)[1] in ("example.org", SERVER, f"[{SERVER_IP}]")


# ---- the dialects ----


def moments(day):
    """(time, session, mail number, sender, [(rcpt, outcome)]) in order"""
    n = 0
    for s in sorted(day, key=lambda s: s["at"]):
        for sender, rcpts in s["mails"]:
            n += 1
            yield START + datetime.timedelta(seconds=s["at"]), s, n, sender, rcpts


def seconds(n):
    return datetime.timedelta(seconds=n)


def guesses(day):
    """(time, session, account) in order"""
    for s in day:
        for k, user in enumerate(s["guesses"]):
            yield START + datetime.timedelta(seconds=s["at"] + k), s, user


def postfix(day):
    lines = []
    put = lambda t, daemon, text: lines.append((t, f"{t:%b} {t.day:2} {t:%H:%M:%S} mx1 postfix/{daemon}[{100 + len(daemon)}]: {text}"))
    for t, s, n, sender, rcpts in moments(day):
        peer, qid = f"unknown[{s['client']}]", f"{0xA00000 + n:X}"
        put(t, "smtpd", f"connect from {peer}")
        taken = [(r, o) for r, o in rcpts if o not in ("refused", "unknown")]
        for r, o in rcpts:
            if o == "refused":
                put(t, "smtpd", f"NOQUEUE: reject: RCPT from {peer}: 554 5.7.1 <{r}>: Relay access denied; from=<{sender}> to=<{r}> proto=ESMTP helo=<{s['helo']}>")
            if o == "unknown":
                put(t, "smtpd", f"NOQUEUE: reject: RCPT from {peer}: 550 5.1.1 <{r}>: Recipient address rejected: User unknown in local recipient table; from=<{sender}> to=<{r}> proto=ESMTP helo=<{s['helo']}>")
        if taken:
            put(t, "smtpd", f"{qid}: client={peer}")
            put(t, "cleanup", f"{qid}: message-id=<{n}@x.example>")
            put(t, "qmgr", f"{qid}: from=<{sender}>, size=900, nrcpt={len(taken)} (queue active)")
        for r, o in taken:
            hidden = leads_to(r) != r
            orig = f" orig_to=<{r}>," if hidden and o == "relayed" else ""
            if o == "local":
                put(t + seconds(1), "lmtp", f"{qid}: to=<{r}>, relay=mail.example.org[private/lmtp], delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)")
            elif o == "relayed":
                put(t + seconds(1), "smtp", f"{qid}: to=<{leads_to(r)}>,{orig} relay=mx.victim.example[198.51.100.200]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)")
            else:
                put(t + seconds(1), "error", f"{qid}: to=<{r}>, relay=none, delay=0.1, delays=0/0/0/0.1, dsn=5.1.1, status=bounced (User unknown in virtual alias table)")
                put(t + seconds(1), "bounce", f"{qid}: sender non-delivery notification: {0xB00000 + n:X}")
                put(t + seconds(1), "qmgr", f"{0xB00000 + n:X}: from=<>, size=2000, nrcpt=1 (queue active)")
                put(t + seconds(2), "smtp", f"{0xB00000 + n:X}: to=<{sender}>, relay=mx.sender.example[198.51.100.201]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)")
                put(t + seconds(2), "qmgr", f"{0xB00000 + n:X}: removed")
        put(t + seconds(2), "smtpd", f"disconnect from {peer} ehlo=1 mail=1 rcpt={len(taken)}/{len(rcpts)} data={1 if taken else 0} quit=1")
        if taken:
            put(t + seconds(2), "qmgr", f"{qid}: removed")
    for t, s, user in guesses(day):
        put(t, "smtpd", f"warning: unknown[{s['client']}]: SASL LOGIN authentication failed: authentication failure, sasl_username={user}")
    return {"mail.log": "\n".join(text for _, text in sorted(lines, key=lambda x: x[0])) + "\n"}


def exim(day):
    lines = []
    put = lambda t, text: lines.append((t, f"{t:%Y-%m-%d %H:%M:%S} {text}"))
    for t, s, n, sender, rcpts in moments(day):
        host, mid, bid = f"H=({s['helo']}) [{s['client']}]:4711", f"1vwxAa-{n:06d}-3c", f"1vwxBb-{n:06d}-3d"
        taken = [(r, o) for r, o in rcpts if o not in ("refused", "unknown")]
        for r, o in rcpts:
            if o in ("refused", "unknown"):
                put(t, f"{host} F=<{sender}> rejected RCPT <{r}>: " + ("relay not permitted" if o == "refused" else "Unrouteable address"))
        if taken:
            put(t, f"{mid} <= {sender or '<>'} {host} P=esmtp S=900 id={n}@x.example")
        for r, o in taken:
            u = t + seconds(1)
            if o == "local":
                put(u, f"{mid} => {r.split('@')[0]} <{r}> R=local_user T=mail_spool")
            elif o == "relayed":
                put(u, f"{mid} => {leads_to(r)} <{r}> R=dnslookup T=remote_smtp H=mx.victim.example [198.51.100.200] C=\"250 2.0.0 Ok\"")
            else:
                put(u, f"{mid} ** {r}: Unrouteable address")
                put(u, f"{bid} <= <> R={mid} U=Debian-exim P=local S=2000")
                put(t + seconds(2), f"{bid} => {sender or 'postmaster'} R=dnslookup T=remote_smtp H=mx.sender.example [198.51.100.201] C=\"250 2.0.0 Ok\"")
                put(t + seconds(2), f"{bid} Completed")
        if taken:
            put(t + seconds(2), f"{mid} Completed")
    for t, s, user in guesses(day):
        put(t, f"plain_login authenticator failed for ({s['helo']}) [{s['client']}]:4711: 535 Incorrect authentication data (set_id={user})")
    text = "\n".join(text for _, text in sorted(lines, key=lambda x: x[0])) + "\n"
    refusals = "\n".join(l for l in text.splitlines() if " rejected " in l or " failed for " in l)
    return {"mainlog": text, "rejectlog": refusals + "\n"}  # the second tells nothing new


def sendmail(day):
    lines = []
    put = lambda t, n, text: lines.append((t, f"{t:%b} {t.day:2} {t:%H:%M:%S} mx1 sm-mta[{1000 + n}]: {text}"))
    for t, s, n, sender, rcpts in moments(day):
        qid, bid, peer = f"6228Aa{n % 100:02d}{1000 + n:06d}", f"6228Ab{n % 100:02d}{1000 + n:06d}", f"[{s['client']}]"
        taken = [(r, o) for r, o in rcpts if o not in ("refused", "unknown")]
        for r, o in rcpts:
            if o == "refused":
                put(t, n, f"{qid}: ruleset=check_rcpt, arg1=<{r}>, relay={peer}, reject=550 5.7.1 <{r}>... Relaying denied. IP name lookup failed {peer}")
            if o == "unknown":
                put(t, n, f"{qid}: <{r}>... User unknown")
        put(t, n, f"{qid}: from=<{sender}>, size={900 if taken else 0}, class=0, nrcpts={len(taken)}, msgid=<{n}@x.example>, proto=ESMTP, daemon=MTA, relay={peer}")
        for r, o in taken:
            u, tail = t + seconds(1), "delay=00:00:01, xdelay=00:00:01"
            if o == "local":
                put(u, n, f"{qid}: to=<{r}>, {tail}, mailer=local, pri=30900, dsn=2.0.0, stat=Sent")
            elif o == "relayed":
                put(u, n, f"{qid}: to=<{r}>, {tail}, mailer=esmtp, pri=30900, relay=mx.victim.example. [198.51.100.200], dsn=2.0.0, stat=Sent (Ok)")
            else:
                tried = "mailer=local, pri=30900, dsn=5.1.1, stat=User unknown" if ours(r) else f"mailer=esmtp, pri=30900, relay={T}, dsn=5.1.2, stat=Host unknown (Name server: {T}: host not found)"
                put(u, n, f"{qid}: to=<{r}>, {tail}, {tried}")
                put(u, n, f"{qid}: {bid}: DSN: " + ("User unknown" if ours(r) else "Host unknown"))
                put(t + seconds(2), n, f"{bid}: to=<{sender or 'postmaster'}>, {tail}, mailer=esmtp, pri=32000, relay=mx.sender.example. [198.51.100.201], dsn=2.0.0, stat=Sent (Ok)")
    for k, (t, s, user) in enumerate(guesses(day)):
        put(t, 5000 + k, f"6228Ac{k % 100:02d}{6000 + k:06d}: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user={user}, relay=[{s['client']}]")
    return {"mail.log": "\n".join(text for _, text in sorted(lines, key=lambda x: x[0])) + "\n"}


def opensmtpd(day):
    lines = []
    put = lambda t, sid, text: lines.append((t, f"{t:%b} {t.day:2} {t:%H:%M:%S} mx1 smtpd[75295]: {sid} {text}"))
    for t, s, n, sender, rcpts in moments(day):
        sid, bsid, msgid, bmsgid = f"{0xa0000000 + n:016x}", f"{0xb0000000 + n:016x}", f"{0xc0000000 + n:08x}", f"{0xd0000000 + n:08x}"
        taken = [(r, o) for r, o in rcpts if o not in ("refused", "unknown")]
        put(t, sid, f"smtp connected address={s['client']} host=<unknown>")
        for r, o in rcpts:
            if o in ("refused", "unknown"):
                put(t, sid, f"smtp failed-command command=\"RCPT TO:<{r}>\" result=\"550 Invalid recipient\"")
        if taken:
            put(t, sid, f"smtp message msgid={msgid} size=900 nrcpt={len(taken)} proto=ESMTP")
        for k, (r, o) in enumerate(taken):
            put(t, sid, f"smtp envelope evpid={msgid}{k:08x} from=<{sender}> to=<{r}>")
        put(t, sid, "smtp disconnected reason=quit")
        for k, (r, o) in enumerate(taken):
            u, head = t + seconds(1), f"evpid={msgid}{k:08x} from=<{sender}>"
            if o == "local":
                put(u, bsid, f"mda delivery {head} to=<{r}> rcpt=<{r}> user=joe delay=1s result=Ok stat=Delivered")
            elif o == "relayed":
                rcpt = r if leads_to(r) != r else "-"
                put(u, bsid, f"mta delivery {head} to=<{leads_to(r)}> rcpt=<{rcpt}> source=\"192.0.2.1\" relay=\"198.51.100.200 (mx.victim.example)\" delay=1s result=\"Ok\" stat=\"250 2.0.0 Ok\"")
            else:
                if ours(r):
                    put(u, bsid, f"mda delivery {head} to=<{r}> rcpt=<{r}> user=joe delay=1s result=PermFail stat=Error (\"550 5.1.1 User unknown\")")
                else:
                    put(u, bsid, f"mta delivery {head} to=<{r}> rcpt=<-> source=\"-\" relay=\"-\" delay=1s result=\"PermFail\" stat=\"Domain does not exist\"")
                put(u, bsid, "smtp connected address=local host=mx1.example.org")
                put(u, bsid, f"smtp message msgid={bmsgid} size=2000 nrcpt=1 proto=ESMTP")
                put(u, bsid, f"smtp envelope evpid={bmsgid}{k:08x} from=<> to=<{sender or 'postmaster@example.org'}>")
                put(u, bsid, "smtp disconnected reason=quit")
                put(t + seconds(2), bsid, f"mta delivery evpid={bmsgid}{k:08x} from=<> to=<{sender or 'postmaster@example.org'}> rcpt=<-> source=\"192.0.2.1\" relay=\"198.51.100.201 (mx.sender.example)\" delay=1s result=\"Ok\" stat=\"250 2.0.0 Ok\"")
    for k, (t, s, user) in enumerate(guesses(day)):
        sid = f"{0xe0000000 + k:016x}"
        put(t, sid, f"smtp connected address={s['client']} host=<unknown>")
        put(t, sid, f"smtp authentication user={user} result=permfail")
        put(t, sid, "smtp failed-command command=\"AUTH LOGIN (password)\" result=\"535 Authentication failed\"")
        put(t, sid, "smtp disconnected reason=quit")
    return {"maillog": "\n".join(text for _, text in sorted(lines, key=lambda x: x[0])) + "\n"}


def sqmail(day):
    return qmail(day, decisions=True)


def qmail(day, decisions=False):
    lines, number = [], [0]
    label = lambda t: f"@{(1 << 62) + 10 + int(t.replace(tzinfo=datetime.timezone.utc).timestamp()):016x}00000000"
    put = lambda t, text: lines.append((t, f"{label(t)} {text}"))

    def deliver(t, msg, kind, rcpt, result):
        number[0] += 1
        put(t, f"starting delivery {number[0]}: msg {msg} to {kind} {rcpt}")
        put(t, f"delivery {number[0]}: {result}")

    for t, s, n, sender, rcpts in moments(day):
        msg, bounce, qp = 90000 + n, 190000 + n, 2000 + n
        taken = [(r, o) for r, o in rcpts if o not in ("refused", "unknown")]
        put(t, f"tcpserver: pid {qp} from {s['client']}")
        put(t, f"tcpserver: ok {qp} mx1:192.0.2.1:25 :{s['client']}::4711")
        for r, o in rcpts if decisions else []:
            what = {"refused": "Reject::SNDR::Invalid_Relay", "unknown": "Reject::RCPT::Failed_Rcptto", "local": "Accept::RCPT::Rcpthosts_Rcptto"}.get(o)
            if what:
                put(t, f"qmail-smtpd: pid {qp} {what} P:ESMTP S:{s['client']}:unknown H:{s['helo']} F:{sender} T:{r}")
        if taken:
            put(t, f"new msg {msg}")
            put(t, f"info msg {msg}: bytes 900 from <{sender}> qp {qp} uid 82")
        put(t, f"tcpserver: end {qp} status 0")
        u = t + seconds(1)
        for r, o in taken:
            if o == "local":
                deliver(u, msg, "local", r, "success: did_1+0+0/")
            elif o == "relayed":
                deliver(u, msg, "remote", leads_to(r), "success: 198.51.100.200_accepted_message./Remote_host_said:_250_2.0.0_Ok/")
            else:
                deliver(u, msg, "local", r, "failure: Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/")
        if any(o == "bounced" for _, o in taken):
            put(u, f"bounce msg {msg} qp {50000 + n}")
        if taken:
            put(u, f"end msg {msg}")
        if any(o == "bounced" for _, o in taken):
            put(u, f"new msg {bounce}")
            put(u, f"info msg {bounce}: bytes 2000 from <{'' if sender else '#@[]'}> qp {50000 + n} uid 87")
            deliver(t + seconds(2), bounce, "remote", sender or "postmaster@example.org", "success: 198.51.100.201_accepted_message./Remote_host_said:_250_2.0.0_Ok/")
            put(t + seconds(2), f"end msg {bounce}")
    return {"current": "\n".join(text for _, text in sorted(lines, key=lambda x: x[0])) + "\n"}


def ims(day):
    stamp = lambda t: f"{t.month}/{t.day}/{t:%y} {t.hour % 12 or 12}:{t:%M:%S} {t:%p}"
    out, files = [], {}

    def dialogue(t, lines):
        for k, text in enumerate(lines):
            out.append(f"{stamp(t)} : {text}")

    for t, s, n, sender, rcpts in moments(day):
        taken = [(r, o) for r, o in rcpts if o not in ("refused", "unknown")]
        lines = [f"A connection was accepted from [{s['client']}].", f"<<< HELO {s['helo']}", ">>> 250 OK",
                 f"<<< MAIL FROM:<{sender}>", f">>> 250 OK - mail from <{sender}>"]
        for r, o in rcpts:
            lines += [f"<<< RCPT TO:<{r}>", ">>> 550 Relaying is prohibited" if o == "refused" else ">>> 550 User unknown" if o == "unknown" else f">>> 250 OK - Recipient <{r}>"]
        if taken:
            lines += ["<<< DATA", ">>> 354 Send data.  End with CRLF.CRLF", f">>> 250 OK <{n}@x.example>"]
        dialogue(t, lines + ["<<< QUIT", ">>> 221 closing connection"])
        for r, o in taken:
            target, origin = (leads_to(r), sender) if o == "relayed" else (sender, "") if o == "bounced" and sender else (None, None)
            if target:
                dialogue(t + seconds(1), ["A connection to mx.victim.example was established.", "<<< 220 mx.victim.example ready", f">>> HELO {SERVER}",
                                          "<<< 250 mx.victim.example", f">>> MAIL FROM:<{origin}>", "<<< 250 Ok", f">>> RCPT TO:<{target}>", "<<< 250 Ok",
                                          ">>> DATA", "<<< 354 go on", "<<< 250 2.0.0 Ok", ">>> QUIT", "<<< 221 Bye"])
    return {"L0000000.LOG": "\r\n".join(out) + "\r\n"}


def w3c(day):
    rows = ["#Software: Microsoft Internet Information Services 6.0", "#Version: 1.0", f"#Date: {START:%Y-%m-%d %H:%M:%S}",
            "#Fields: date time c-ip cs-username s-sitename s-computername s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status sc-win32-status sc-bytes cs-bytes time-taken cs-version cs-host cs(User-Agent) cs(Cookie) cs(Referer) "]

    def row(t, ip, name, sip, port, verb, query, status, sent, got=20, win=0):
        rows.append(f"{t:%Y-%m-%d %H:%M:%S} {ip} {name} SMTPSVC1 MX1 {sip} {port} {verb} - {query} {status} {win} {sent} {got} 0 SMTP - - - -")

    for t, s, n, sender, rcpts in moments(day):
        taken = [(r, o) for r, o in rcpts if o not in ("refused", "unknown")]
        a = (s["client"], s["helo"], SERVER_IP, 0)
        row(t, *a, "HELO", f"+{s['helo']}", 250, 48)
        row(t, *a, "MAIL", f"+FROM:<{sender}>", 250, 25 + len(sender) + (2 if not sender else 0))
        for r, o in rcpts:
            row(t, *a, "RCPT", f"+TO:<{r.replace(' ', '+')}>", 250 if (r, o) in taken else 550, 24 if o == "unknown" else (32 if o == "refused" else 13) + len(r))
        if taken:
            row(t, *a, "DATA", f"+<{n}@x.example>", 250, 120, 900)
        row(t, *a, "QUIT", s["helo"], 240, 68, 4, 900)
        for r, o in taken:
            target, origin = (leads_to(r), sender) if o == "relayed" else (sender, "") if o == "bounced" and sender else (None, None)
            if not target:
                continue
            u = t + seconds(1)
            command = lambda verb, query: row(u, "198.51.100.200", "OutboundConnectionCommand", "-", 25, verb, query, 0, 4, 0)
            reply = lambda text: row(u, "198.51.100.200", "OutboundConnectionResponse", "-", 25, "-", text.replace(" ", "+"), 0, len(text), 0)
            reply("220 mx.victim.example ESMTP")
            command("EHLO", SERVER), reply("250 mx.victim.example")
            command("MAIL", f"FROM:<{origin}>+SIZE=900"), reply("250 2.1.0 Ok")
            command("RCPT", f"TO:<{target}>"), reply("250 2.1.5 Ok")
            command("DATA", "-"), reply("354 go on"), reply("250 2.0.0 Ok")
            command("QUIT", "-"), reply("221 2.0.0 Bye")
    return {"ex260302.log": "\r\n".join(rows) + "\r\n"}


TRACKING = ("date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,internal-message-id,message-id,"
            "network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,"
            "sender-address,return-path,message-info,directionality,tenant-id,original-client-ip,original-server-ip,custom-data,transport-traffic-type,"
            "log-id,schema-version").split(",")


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"') else cell


def head(kind, fields):
    return ["#Software: Microsoft Exchange Server", "#Version: 15.0.0.0", f"#Log-type: {kind}", f"#Date: {START:%Y-%m-%dT%H:%M:%S}.000Z", "#Fields: " + ",".join(fields)]


def iso(t):
    return f"{t:%Y-%m-%dT%H:%M:%S}.{t.microsecond // 1000:03}Z"


def internal_id(n):
    return str(27921582391000 + n)


def tracking(day):
    rows, count = head("Message Tracking Log", TRACKING), [0]

    def put(t, **cells):
        count[0] += 1
        cells = {k.replace("_", "-"): v for k, v in cells.items()} | {"date-time": iso(t), "log-id": f"80cbe9c6-678e-650c-064f-{count[0]:012x}", "schema-version": "15.01.2375.007",
                                                                      "transport-traffic-type": "Email"}
        rows.append(",".join(quoted(cells.get(c, "")) for c in TRACKING))

    for t, s, n, sender, rcpts in moments(day):
        taken = [(r, o) for r, o in rcpts if o not in ("refused", "unknown")]
        if not taken:
            continue
        ids = dict(internal_message_id=internal_id(n), message_id=f"<{n}@x.example>", network_message_id=f"cc15cffe-04b1-b3f7-2e0f-{n:012x}", total_bytes="900", return_path=sender or "<>", sender_address=sender)
        names = ";".join(r for r, _ in taken)
        put(t, client_ip=s["client"], client_hostname=s["helo"], server_ip=SERVER_IP, server_hostname="MX1", source_context=f"08DC1DB1{n:08X};{iso(t)};0",
            connector_id="MX1\\Default Frontend MX1", source="SMTP", event_id="RECEIVE", recipient_address=names, recipient_count=str(len(taken)), message_subject="hello",
            message_info="0cA:", directionality="Incoming", original_client_ip=s["client"], custom_data="S:FirstForestHop=mx1.example.org;S:FromEntity=Internet;S:DeliveryPriority=Normal", **ids)
        for r, o in taken:
            u = t + seconds(1)
            if o == "local":
                put(u, client_hostname="MX1", server_hostname="MX1", source="STOREDRIVER", event_id="DELIVER", recipient_address=r, recipient_status="Inbox", recipient_count="1", directionality="Incoming", **ids)
            elif o == "relayed":
                put(u, client_ip=SERVER_IP, client_hostname="MX1", server_ip="198.51.100.200", server_hostname="mx.victim.example", source_context=";250 2.0.0 Ok;ClientSubmitTime:",
                    connector_id="Outbound Internet", source="SMTP", event_id="SENDEXTERNAL", recipient_address=leads_to(r), recipient_status="250 2.1.5 Ok", recipient_count="1",
                    directionality="Incoming", custom_data="S:ToEntity=Internet;S:FromEntity=Internet", related_recipient_address="", **ids)
            else:
                put(u, server_hostname="MX1", source="ROUTING", event_id="FAIL", recipient_address=r, recipient_status="550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", recipient_count="1",
                    reference=f"<ndr{n}@mx1.example.org>", directionality="Incoming", **ids)
                if not sender:
                    continue
                bounce = ids | dict(message_id=f"<ndr{n}@mx1.example.org>", internal_message_id=internal_id(500000 + n), network_message_id=f"cc15cffe-04b1-b3f7-2e0f-{500000 + n:012x}",
                                    return_path="<>", sender_address="MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org")
                put(u, server_hostname="MX1", source="DSN", event_id="DSN", recipient_address=sender, recipient_count="1", reference=ids["message_id"], directionality="Originating",
                    message_subject="Undeliverable: hello", **bounce)
                put(u + seconds(1), client_ip=SERVER_IP, client_hostname="MX1", server_ip="198.51.100.201", server_hostname="mx.sender.example", source_context=";250 2.0.0 Ok",
                    connector_id="Outbound Internet", source="SMTP", event_id="SENDEXTERNAL", recipient_address=sender, recipient_status="250 2.1.5 Ok", recipient_count="1", directionality="Originating", **bounce)
    return {"MSGTRK2026030208-1.LOG": "\r\n".join(rows) + "\r\n"}


PROTOCOL = "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context".split(",")


def protocol(day):
    receive, send = head("SMTP Receive Protocol Log", PROTOCOL), head("SMTP Send Protocol Log", PROTOCOL)

    def dialogue(rows, t, connector, sid, local, remote, steps):
        for k, (event, data, context) in enumerate([("+", "", "")] + steps + [("-", "", "Local" if rows is send else "Remote")]):
            rows.append(",".join([iso(t + datetime.timedelta(milliseconds=k)), connector, sid, str(k), local, remote, event, quoted(data), quoted(context)]))

    for t, s, n, sender, rcpts in moments(day):
        taken = [(r, o) for r, o in rcpts if o not in ("refused", "unknown")]
        steps = [(">", f"220 {SERVER} Microsoft ESMTP MAIL Service ready", ""), ("<", f"EHLO {s['helo']}", ""), (">", f"250  {SERVER} Hello [{s['client']}] SIZE PIPELINING DSN", ""),
                 ("<", f"MAIL FROM:<{sender}>", ""), ("*", f"08DC1DB1{n:08X};{iso(t)};1", "receiving message"), (">", "250 2.1.0 Sender OK", "")]
        for r, o in rcpts:
            steps += [("<", f"RCPT TO:<{r}>", ""), (">", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain" if o == "refused" else "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup" if o == "unknown" else "250 2.1.5 Recipient OK", "")]
        if taken:
            steps += [("<", "DATA", ""), (">", "354 Start mail input; end with <CRLF>.<CRLF>", ""),
                      (">", f"250 2.6.0 <{n}@x.example> [InternalId={internal_id(n)}, Hostname={SERVER}] Queued mail for delivery", "")]
        dialogue(receive, t, "MX1\\Default Frontend MX1", f"08DC1DB1{n:08X}", f"{SERVER_IP}:25", f"{s['client']}:40{n:03}", steps + [("<", "QUIT", ""), (">", "221 2.0.0 Service closing transmission channel", "")])
        for r, o in taken:
            target, origin = (leads_to(r), sender) if o == "relayed" else (sender, "") if o == "bounced" and sender else (None, None)
            if target:
                dialogue(send, t + seconds(1), "Outbound Internet", f"08DC1DB2{n:08X}", f"{SERVER_IP}:50{n:03}", "198.51.100.200:25",
                         [("<", "220 mx.victim.example ESMTP", ""), (">", f"EHLO {SERVER}", ""), ("<", "250 mx.victim.example", ""),
                          ("*", f"{internal_id(n if o == 'relayed' else 500000 + n)}", "sending message with RecordId " + internal_id(n if o == "relayed" else 500000 + n)),
                          (">", f"MAIL FROM:<{origin}> SIZE=900", ""), ("<", "250 2.1.0 Ok", ""), (">", f"RCPT TO:<{target}>", ""), ("<", "250 2.1.5 Ok", ""),
                          (">", "DATA", ""), ("<", "354 go on", ""), ("<", "250 2.0.0 Ok: queued", ""), (">", "QUIT", ""), ("<", "221 2.0.0 Bye", "")])
    return {"RECV2026030208-1.LOG": "\r\n".join(receive) + "\r\n", "SEND2026030208-1.LOG": "\r\n".join(send) + "\r\n"}


def both(day):
    return protocol(day) | tracking(day)


DIALECTS = {"postfix": postfix, "exim": exim, "sendmail": sendmail, "opensmtpd": opensmtpd, "qmail": qmail, "s/qmail": sqmail, "exchange ims": ims, "exchange w3c": w3c, "exchange tracking": tracking, "exchange protocol": protocol, "exchange protocol + tracking": both}
# What a dialect cannot show (docs/formats.md): rules that it must not invent, days whose verdict it must leave open.
MAILBOXES = "exchange ims", "exchange w3c", "exchange protocol"  # they do not say why we bounced, only that a null sender left
CANNOT = {"exchange tracking": {"RW-RELAY-PROBE": [d for d in DAYS if d.endswith("refused")], "RW-HARVEST": ["harvest"]},
          **{d: {"RW-HARVEST": ["backscatter"], "RW-SPOOF-LOCAL": [d for d in DAYS if d.startswith("metasploit")]} for d in MAILBOXES}}
CANNOT["exchange protocol"]["RW-BACKSCATTER"] = ["backscatter"]  # a send log does not tie a bounce to the mail it is about
OTHER_VERDICT = {**{("exchange tracking", d): "no" for d in DAYS if d.endswith("refused")}, ("exchange protocol", "encapsulated bounced"): "exposed",
                 # all came back as notifications and nothing was tried: a server that takes mail and does not reroute it
                 ("exchange ims", "orbs bounced"): "attempted", ("exchange w3c", "orbs bounced"): "attempted"}
# Twelve of twelve came back to one sender, with nothing tried: that is what a reverse NDR attack looks like.
ALSO = {(d, "orbs bounced"): {"RW-REVERSE-NDR"} for d in ("exchange ims", "exchange w3c")}
NAMELESS = {"exchange ims", "exim", "qmail", "s/qmail"}  # the log does not name its server
for d in [d for d in DIALECTS if d.startswith("exchange")]:
    CANNOT.setdefault(d, {})["RW-SASL-BRUTE"] = ["guessing"]  # not written here; tests/unit has their logins
# The log of qmail-send names no client: nobody can be blamed, and the answer is "no evidence".
CANNOT["qmail"] = {rule: list(DAYS) for rule in ("RW-RELAY-PROBE", "RW-RELAY-ACCEPTED", "RW-HARVEST", "RW-SPOOF-LOCAL", "RW-SASL-BRUTE", "RW-BACKSCATTER")}
OTHER_VERDICT |= {("qmail", d): "no" for d in DAYS}
# That of s/qmail's server names those it refused.
CANNOT["s/qmail"] = {rule: list(DAYS) for rule in ("RW-RELAY-ACCEPTED", "RW-SPOOF-LOCAL", "RW-SASL-BRUTE", "RW-BACKSCATTER")} | {
    "RW-HARVEST": ["backscatter"]}
OTHER_VERDICT |= {("s/qmail", d): "no" for d in DAYS if not d.endswith("refused")}
NO_EVIDENCE = {"qmail"}
# A null sender that leaves may be a receipt or an absence note: some are not counted, and the alert waits for more.
LOOSE = {(d, "backscatter") for d in MAILBOXES}

# The battery's name and how many of its tests the day has, of how many: wherever recipients are logged as the client wrote them.
TESTERS = {"nmap": ("nmap smtp-open-relay", 16, 16), "abusenet": ("abuse.net relay test", 17, 17), "mailradar": ("MailRadar open relay test", 20, 20),
           "metasploit": ("Metasploit smtp_relay", 16, 16), "maps": ("MAPS relay-test", 12, 12), "dsbl": ("DSBL relaytest", 16, 16),
           "orbs": ("ORBS envelopes", 12, 13), "nessus": ("Nessus or OpenVAS smtp_relay2", 17, 17), "encapsulated": ("encapsulated addresses", 5, 5)}


def want_tester(day, dialect):
    """what the verdict must say, None where it must be silent, "" where the log shows inner recipients only"""
    battery, _, outcome = day.partition(" ")
    if battery not in TESTERS:
        return None
    if battery == "encapsulated" and dialect == "exchange w3c":  # W3C logs a blank as "+", and so no "+40"
        return None
    if dialect == "exchange tracking" and outcome != "bounced":
        return None if outcome == "refused" else ""
    if dialect == "qmail" or (dialect == "s/qmail" and outcome != "refused"):  # no client
        return None
    if dialect in ("sendmail", "opensmtpd") and outcome == "refused":  # no sender of a refused recipient: no envelope
        return None
    name, tried, tests = TESTERS[battery]
    answer = "refused" if outcome == "refused" else "accepted"
    if battery == "metasploit":  # its fourth recipient is at our own address
        return f"{name}, 16 of 16 tried: {15 if answer == 'refused' else 0} refused, {15 if answer == 'accepted' else 0} accepted, 1 addressed to us"
    return f"{name}, {tried} of {tests} {'tried, all ' if tried < tests else ''}{answer}"


def run(binary, files):
    with tempfile.TemporaryDirectory() as d:
        for name, text in files.items():
            pathlib.Path(d, name).write_bytes(text.encode())
        out = subprocess.run([binary, "--no-config", "-qq", "-o", "json", *ADMIN_ZONES, d], capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
    docs = [json.loads(l) for l in out.splitlines()]
    alerts = {}
    for doc in docs[:-1]:
        a = doc["relaywatch"]["alert"]
        alerts[doc["rule"]["id"], a["entity"]["value"]] = (a["first"], a["observed"])
    return alerts, docs[-1]["relaywatch"]


def want_of(day, dialect, reference):
    """the verdict and the alerts that this dialect can show"""
    cannot = CANNOT.get(dialect, {})
    want = {(rule, "server" if entity == "mx1" and dialect in NAMELESS else entity): v
            for (rule, entity), v in reference.items() if day not in cannot.get(rule, [])}
    return OTHER_VERDICT.get((dialect, day), VERDICT[day]), want


def close(a, b, loose):
    parse = lambda s: datetime.datetime.fromisoformat(s.replace("Z", "+00:00"))
    return abs((parse(a[0]) - parse(b[0])).total_seconds()) <= (60 if loose else 3) and abs(a[1] - b[1]) <= (b[1] / 20 if loose else 0)


TOPICS = "relay", "backscatter", "victim", "account", "inside"  # of the only server, and of the run


def main():
    binary, wrong, checks = sys.argv[1], 0, 0
    for name, day in DAYS.items():
        reference = None
        for dialect, write in DIALECTS.items():
            alerts, summary = run(binary, write(day))
            reference = alerts if reference is None else reference
            verdict, want = want_of(name, dialect, reference)
            state = summary["verdict"]["relay"]["state"]
            checks += 1
            bad = []
            if state != verdict:
                bad.append(f"verdict {state}, want {verdict}")
            if dialect in NO_EVIDENCE and not summary["verdict"]["relay"].get("no_evidence"):
                bad.append("a verdict without evidence")
            if (rows := [(r[t]["state"], r[t]["count"], r[t].get("since")) for r in summary["servers"] for t in TOPICS]) != [
                    (v["state"], v["count"], v.get("since")) for v in (summary["verdict"][t] for t in TOPICS)]:
                bad.append(f"servers {rows}")
            if summary["input"]["rejected"] or summary["input"]["foreign"]:
                bad.append(f"rejected {summary['input']['rejected']}, foreign {summary['input']['foreign']}")
            tester, seen = want_tester(name, dialect), summary["verdict"]["relay"].get("tester")
            if tester != "" and seen != tester:
                bad.append(f"tester {seen}, want {tester}")
            if seen and summary["verdict"]["relay"]["how"][-1] != seen:
                bad.append(f"how {summary['verdict']['relay']['how']}")
            for key in sorted(set(want) | set(alerts)):
                if key not in alerts:
                    bad.append(f"missing {key}")
                elif key not in want and key[0] in ALSO.get((dialect, name), ()):
                    continue
                elif key not in want:
                    bad.append(f"not in Postfix: {key} {alerts[key]}")
                elif not close(want[key], alerts[key], (dialect, name) in LOOSE):
                    bad.append(f"{key}: {alerts[key]}, Postfix {want[key]}")
            if "--table" in sys.argv or bad:
                print(f"{'not ok' if bad else 'ok'} - {name} / {dialect}: {state}, {len(alerts)} alerts" + "".join("\n    " + b for b in bad))
            wrong += bool(bad)
    print(f"{checks} logs of {len(DAYS)} days in {len(DIALECTS)} dialects, {wrong} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
