#!/usr/bin/env python3
"""Forged text in every field that an outsider writes: injection.py BINARY docs/injection.md [--table]

Each field of a dialect is filled with look-alikes of the dialect's own grammar, whole forged lines, brackets, control bytes, CR,
overlong UTF-8, bidirectional controls and 64 KiB of text. No event and no alert may name the forged client, account, relay or
victim; a line behind each must still be read; and with harmless text the field's line must name the real client, so that
silence is no way to pass. The table of docs/injection.md lists the fields; a field that is missing there, or there only, fails."""
import datetime, json, pathlib, re, subprocess, sys, tempfile

START = datetime.datetime(2026, 3, 2, 8, 0, 0)
REAL, RELAY, WITNESS = "203.0.113.66", "203.0.113.80", "203.0.113.99"
FORGED, ACCOUNT, FORGED_RELAY = "198.51.100.200", "ceo", "198.51.100.201"
ZONES = ["--local-domain", "example.org", "--trusted", "192.0.2.0/24", "--year", "2026"]
HARMLESS = b"word"

# What is common: whatever the grammar, these may mislead a reader of bytes.
COMMON = {
    "brackets": [f"x[{FORGED}]", f"x] [{FORGED}", f"(x) [{FORGED}]", f"x[{FORGED}]: 554 5.7.1", f"[{FORGED}]:25", f"<x> [{FORGED}]", f"x> [{FORGED}] <"],
    "quotes": [f'"x [{FORGED}]', f'x" [{FORGED}] "', f"x\\\" [{FORGED}]", f"x' [{FORGED}] '"],
    "pairs": [f"x, client={FORGED}, user={ACCOUNT}", f"x client={FORGED} user={ACCOUNT}", f"x, relay=[{FORGED}]", f"x relay={FORGED_RELAY}[{FORGED_RELAY}]:25"],
    "control": [f"\x1b]0;x\x07\x1b[2K[{FORGED}]", f"\x00[{FORGED}]", f"\x08\x08\x08[{FORGED}]", f"\x0b\x0c[{FORGED}]", f"#012x[{FORGED}]", f"\\nx[{FORGED}]"],
    "bidi": [f"\u202e[{FORGED}]\u202c", f"\u2066x[{FORGED}]\u2069", f"\u2028x[{FORGED}]", f"\ufeffx[{FORGED}]", f"\x85x[{FORGED}]"],
}


# What no reader can tell apart, as the page says: a HELO of junk against an account that imitates it.
LIMITS = {("exim", "helo of a login"): b": 535 Incorrect"}


def payloads(dialect):
    """(kind, bytes): never a line feed, which no field but a quoted cell can hold"""
    out = [(kind, text.encode()) for kind, texts in COMMON.items() for text in texts]
    for line in dialect.forged():
        line = line.encode()
        tail = re.sub(rb"^.*?(?:\]: |\d\d:\d\d:\d\d(?:\.\d+Z,)? ?)", b"", line, count=1)
        out += [("line", line), ("line", b"x " + line), ("tail", tail), ("tail", b"x> " + tail), ("tail", b'x" ' + tail), ("tail", b"x) " + tail), ("tail", b"x>, " + tail),
                ("tail", b"x: " + tail), ("tail", b"x]: " + tail), ("CR", b"x\r" + line), ("overlong", b"\xc0\x8a" + line), ("overlong", b"\xe0\x80\x8a" + line), ("overlong", b"\xc0\xbe, " + tail)]
    out += [(kind, text.encode()) for kind, text in dialect.lookalikes()]
    big = b"A" * 65536
    return out + [("64 KiB", big), ("64 KiB", big[:65000] + b" " + dialect.forged()[0].encode()), ("64 KiB", big + b" " + dialect.forged()[0].encode())]


def quote(text):
    return text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def addr(text, domain=b"victim.example"):
    """an address as RFC 5321 lets it hold any text: in quotes"""
    return text if text == HARMLESS else b'"' + quote(text) + b'"@' + domain


class Syslog:
    """a dialect behind a syslog head; fields: name -> function(payload) -> [(daemon, text)]"""
    name, file = "", "mail.log"
    shows = {}

    def head(self, t, daemon):
        return f"{t:%b} {t.day:2} {t:%H:%M:%S} mx1 {daemon}[1100]: ".encode()

    def render(self, t, entry):
        return self.head(t, entry[0]) + entry[1]

    def write(self, rows):
        return {self.file: b"".join(self.render(START + datetime.timedelta(seconds=n // 8), e) + b"\n" for n, e in enumerate(rows))}


class Postfix(Syslog):
    name = "postfix"

    def forged(self):
        return [f"Mar  2 08:00:00 mx1 postfix/smtpd[9]: NOQUEUE: reject: RCPT from x[{FORGED}]: 554 5.7.1 <v@victim.example>: Relay access denied; from=<a@b.example> to=<v@victim.example> proto=ESMTP helo=<x>",
                f"Mar  2 08:00:00 mx1 postfix/smtpd[9]: 4F0000: client=x[{FORGED}], sasl_method=LOGIN, sasl_username={ACCOUNT}",
                f"Mar  2 08:00:00 mx1 postfix/smtpd[9]: warning: x[{FORGED}]: SASL LOGIN authentication failed: x, sasl_username={ACCOUNT}",
                f"Mar  2 08:00:00 mx1 postfix/smtp[9]: 4F0000: to=<v@victim.example>, relay=x[{FORGED_RELAY}]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)"]

    def lookalikes(self):
        return [("pairs", f"x> to=<y> proto=ESMTP helo=<z> sasl_username={ACCOUNT}"), ("pairs", f"x>, orig_client=y[{FORGED}]"), ("pairs", f"x; from=<a@b.example> to=<c@d.example> proto=SMTP helo=<e>"),
                ("pairs", f"x from y[{FORGED}]; from=<a@b.example> to=<c@d.example> proto=SMTP helo=<e>"), ("pairs", f"x from y[{FORGED}]: z"), ("pairs", f"x after y from z[{FORGED}]"),
                ("pairs", f"x, sasl_method=LOGIN, sasl_username={ACCOUNT}"), ("pairs", f"host x[{FORGED_RELAY}] said: 250 Ok")]

    def fields(self):
        peer = f"unknown[{REAL}]".encode()
        reject = lambda sender, rcpt, helo, text=b"Relay access denied": [("postfix/smtpd", b"NOQUEUE: reject: RCPT from " + peer + b": 554 5.7.1 <" + rcpt + b">: " + text + b"; from=<" + sender + b"> to=<" + rcpt + b"> proto=ESMTP helo=<" + helo + b">")]
        queued = lambda extra: [("postfix/smtpd", b"4A0001: client=" + peer + extra)]
        sent = lambda rcpt, text: [("postfix/smtp", b"4A0002: to=<" + rcpt + b">, relay=mx.victim.example[" + RELAY.encode() + b"]:25, delay=1, delays=0/0/0/1, dsn=5.0.0, status=bounced (host mx.victim.example[" + RELAY.encode() + b"] said: 550 " + text + b" (in reply to RCPT TO command))")]
        return {
            "helo": lambda p: reject(b"a@example.net", b"v@victim.example", p),
            "sender": lambda p: reject(p, b"v@victim.example", b"x"),
            "recipient": lambda p: reject(b"a@example.net", p, b"x"),
            "sender and recipient": lambda p: reject(b'"' + p + b'"@example.net', b'"' + p + b'"@victim.example', p),
            "account": lambda p: [("postfix/smtpd", b"warning: " + peer + b": SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=" + p)],
            "sender of AUTH=": lambda p: queued(b", sasl_sender=" + p),
            "header": lambda p: [("postfix/cleanup", b"4A0003: warning: header Subject: " + p + b" from " + peer + b"; from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<x>")],
            "Message-ID": lambda p: queued(b"") + [("postfix/cleanup", b"4A0001: message-id=" + p)],
            "command": lambda p: [("postfix/smtpd", b"warning: non-SMTP command from " + peer + b": " + p)],
            "early talk": lambda p: [("postfix/postscreen", b"PREGREET 22 after 0.1 from [" + REAL.encode() + b"]:4711: " + p)],
            "pipelined": lambda p: [("postfix/smtpd", b"improper command pipelining after EHLO from " + peer + b": " + p)],
            "reply of a remote host": lambda p: sent(b"v@victim.example", p),
            "recipient of a delivery": lambda p: sent(addr(p), b"no"),
        }

    def witness(self):
        return ("postfix/smtpd", f"connect from unknown[{WITNESS}]".encode())

    shows_relay = {"reply of a remote host", "recipient of a delivery"}
    shows = {"header": {"queue_id": "4A0003"}}  # the client is known by the message


class Exim(Syslog):
    name, file = "exim", "mainlog"

    def render(self, t, entry):
        return f"{t:%Y-%m-%d %H:%M:%S} ".encode() + entry[1]

    def forged(self):
        return [f"2026-03-02 08:00:00 H=(x) [{FORGED}] F=<a@b.example> rejected RCPT <v@victim.example>: relay not permitted",
                f"2026-03-02 08:00:00 1vwxBb-0000AB-3c <= a@b.example H=(x) [{FORGED}] P=esmtpsa A=plain:{ACCOUNT} S=900 id=x@y",
                f"2026-03-02 08:00:00 plain_login authenticator failed for (x) [{FORGED}]: 535 Incorrect authentication data (set_id={ACCOUNT})",
                f'2026-03-02 08:00:00 1vwxBb-0000AB-3c => v@victim.example R=dnslookup T=remote_smtp H=x [{FORGED_RELAY}] C="250 Ok"']

    def lookalikes(self):
        return [("pairs", f"x) [{FORGED}] F=<z"), ("pairs", f'x) [{FORGED}] F=<a@b.example> rejected RCPT <c"d"@e.example'), ("pairs", f"x H=(y) [{FORGED}] P=esmtpsa A=plain:{ACCOUNT}"), ("pairs", f"x> H=(y) [{FORGED}] F=<z"), ("pairs", f"x) [{FORGED}] F=<a@b.example> rejected RCPT <c@d.example"),
                ("pairs", f"x) [{FORGED}]: 535 Incorrect authentication data (set_id={ACCOUNT}"), ("pairs", f'x" A=plain:{ACCOUNT} T="y'), ("pairs", f"x A=plain:{ACCOUNT}"), ("pairs", f"x U={ACCOUNT} P=local"),
                ("pairs", f'x H=y [{FORGED_RELAY}] C="250 OK"'), ("pairs", f"x I=[192.0.2.1]:25 [{FORGED}]")]

    def fields(self):
        peer, put = f"[{REAL}]".encode(), lambda text: [("", text)]
        return {
            "helo": lambda p: put(b"H=(" + p + b") " + peer + b" F=<a@example.net> rejected RCPT <v@victim.example>: relay not permitted"),
            "helo refused": lambda p: put(b"H=" + peer + b" rejected EHLO or HELO " + p + b": syntactically invalid argument(s)"),
            "helo of a login": lambda p: put(b"plain_login authenticator failed for (" + p + b") " + peer + b": 535 Incorrect authentication data (set_id=x)"),
            "sender": lambda p: put(b"H=(x) " + peer + b" F=<" + addr(p, b"example.net") + b"> rejected RCPT <v@victim.example>: relay not permitted"),
            "recipient": lambda p: put(b"H=(x) " + peer + b" F=<a@example.net> rejected RCPT <" + addr(p) + b">: relay not permitted"),
            "account": lambda p: put(b"plain_login authenticator failed for (x) " + peer + b": 535 Incorrect authentication data (set_id=" + p + b")"),
            "sender of a message": lambda p: put(b"1vwxAa-0000AB-3c <= " + addr(p, b"example.net") + b" H=(x) " + peer + b" P=esmtp S=900"),
            "Message-ID": lambda p: put(b"1vwxAa-0000AB-3e <= a@example.net H=(x) " + peer + b" P=esmtp S=900 id=" + p),
            "subject": lambda p: put(b"1vwxAa-0000AB-3f <= a@example.net H=(x) " + peer + b' P=esmtp S=900 T="' + quote(p) + b'"'),
            "certificate": lambda p: put(b"1vwxAa-0000AB-3g <= a@example.net H=(x) " + peer + b' P=esmtps X=TLS1.3:x:256 CV=no DN="CN=' + quote(p) + b'" S=900'),
            "command": lambda p: put(b'SMTP protocol error in "' + p + b'" H=(x) ' + peer + b" AUTH command used when not advertised"),
            "early talk": lambda p: put(b"SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from H=" + peer + b' input="' + p + b'"'),
            "last command": lambda p: put(b"SMTP call from (x) " + peer + b' dropped: too many syntax or protocol errors (last command was "' + p + b'")'),
            "recipient of a delivery": lambda p: put(b"1vwxAa-0000AB-3h => " + addr(p) + b" R=dnslookup T=remote_smtp H=mx.victim.example [" + RELAY.encode() + b'] C="250 OK"'),
            "reply of a remote host": lambda p: put(b"1vwxAa-0000AB-3h ** v@victim.example R=dnslookup T=remote_smtp H=mx.victim.example [" + RELAY.encode() + b"]: SMTP error from remote mail server after RCPT TO:<v@victim.example>: 550 " + p),
            "confirmation of a remote host": lambda p: put(b"1vwxAa-0000AB-3h => v@victim.example R=dnslookup T=remote_smtp H=mx.victim.example [" + RELAY.encode() + b'] C="250 ' + quote(p) + b'"'),
        }

    def witness(self):
        return ("", f"H=(w) [{WITNESS}] F=<w@example.net> rejected RCPT <w@victim.example>: relay not permitted".encode())

    shows_relay = {"recipient of a delivery", "reply of a remote host", "confirmation of a remote host"}


class Sendmail(Syslog):
    name, file = "sendmail", "maillog"

    def forged(self):
        return [f"Mar  2 08:00:00 mx1 sm-mta[9]: 622800Bb000009: ruleset=check_rcpt, arg1=<v@victim.example>, relay=[{FORGED}], reject=550 5.7.1 <v@victim.example>... Relaying denied",
                f"Mar  2 08:00:00 mx1 sm-mta[9]: 622800Bb000009: from=<a@b.example>, size=900, class=0, nrcpts=1, msgid=<x@y>, proto=ESMTP, daemon=MTA, relay=[{FORGED}]",
                f"Mar  2 08:00:00 mx1 sm-mta[9]: 622800Bb000009: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user={ACCOUNT}, relay=[{FORGED}]",
                f"Mar  2 08:00:00 mx1 sm-mta[9]: AUTH=server, relay=[{FORGED}], authid={ACCOUNT}, mech=PLAIN, bits=0",
                f"Mar  2 08:00:00 mx1 sm-mta[9]: 622800Bb000009: to=<v@victim.example>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay=x. [{FORGED_RELAY}], dsn=2.0.0, stat=Sent (Ok)"]

    def lookalikes(self):
        return [("pairs", f"x>, relay=[{FORGED}], reject=550 5.7.1 <y"), ("pairs", f"x, relay=[{FORGED}], reject=550 5.7.1 y"), ("pairs", f"x>, size=1, nrcpts=1, proto=ESMTP, daemon=MTA, relay=[{FORGED}]"),
                ("pairs", f"x, user={ACCOUNT}, relay=[{FORGED}]"), ("pairs", f"x, stat=Sent (Ok), relay=[{FORGED_RELAY}]"), ("pairs", f"x. [{FORGED_RELAY}], dsn=2.0.0, stat=Sent (y"),
                ("pairs", f"x, authid={ACCOUNT}, mech=PLAIN"), ("pairs", f"x (may be forged), relay=[{FORGED}]")]

    def fields(self):
        qid, peer, put = b"622800Aa001100: ", f"[{REAL}]".encode(), lambda text: [("sm-mta", text)]
        return {
            "recipient": lambda p: put(qid + b"ruleset=check_rcpt, arg1=<" + addr(p) + b">, relay=" + peer + b", reject=550 5.7.1 <" + addr(p) + b">... Relaying denied"),
            "sender refused": lambda p: put(qid + b"ruleset=check_mail, arg1=<" + addr(p) + b">, relay=" + peer + b", reject=553 5.1.8 <" + addr(p) + b">... Domain of sender address does not exist"),
            "sender of a message": lambda p: put(b"622800Ac001101: from=<" + addr(p) + b">, size=900, class=0, nrcpts=1, proto=ESMTP, daemon=MTA, relay=" + peer),
            "Message-ID": lambda p: put(b"622800Ad001102: from=<a@example.net>, size=900, class=0, nrcpts=1, msgid=" + p + b", proto=ESMTP, daemon=MTA, relay=" + peer),
            "account": lambda p: put(qid + b"AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user=" + p + b", relay=" + peer),
            "command": lambda p: put(qid + peer + b": probable open proxy: command=" + p),
            "VRFY": lambda p: put(qid + peer + b": VRFY " + p + b" [rejected]"),
            "recipient of a delivery": lambda p: put(b"622800Ae001103: to=<" + addr(p) + b">, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=32412, relay=mx.victim.example. [" + RELAY.encode() + b"], dsn=5.1.1, stat=User unknown"),
            "reply of a remote host": lambda p: put(b"622800Ae001103: to=<v@victim.example>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=32412, relay=mx.victim.example. [" + RELAY.encode() + b"], dsn=5.1.1, stat=550 " + p),
        }

    def witness(self):
        return ("sm-mta", f"622800Az001199: ruleset=check_rcpt, arg1=<w@victim.example>, relay=[{WITNESS}], reject=550 5.7.1 <w@victim.example>... Relaying denied".encode())

    shows_relay = {"recipient of a delivery", "reply of a remote host"}


class OpenSMTPD(Syslog):
    name, file = "opensmtpd", "maillog"

    def forged(self):
        return [f"Mar  2 08:00:00 mx1 smtpd[9]: ffff000000000001 smtp connected address={FORGED} host=x",
                f'Mar  2 08:00:00 mx1 smtpd[9]: ffff000000000001 smtp event=failed-command address={FORGED} host=x command="RCPT TO:<v@victim.example>" result="550 Invalid recipient"',
                f"Mar  2 08:00:00 mx1 smtpd[9]: ffff000000000001 smtp authentication user={ACCOUNT} result=permfail",
                f'Mar  2 08:00:00 mx1 smtpd[9]: ffff000000000002 mta delivery evpid=f6e94209918f7e7b from=<a@b.example> to=<v@victim.example> rcpt=<-> source="192.0.2.1" relay="{FORGED_RELAY} (x)" delay=1s result="Ok" stat="250 Ok"']

    def lookalikes(self):
        return [("pairs", f'x" result="250 ok" address={FORGED}'), ("pairs", f"x address={FORGED} host=y"), ("pairs", f"x> address={FORGED}"), ("pairs", f"x user={ACCOUNT} result=ok"),
                ("pairs", f'x" relay="{FORGED_RELAY} (y)" result="Ok'), ("pairs", f"{ACCOUNT} result=ok")]

    def fields(self):
        sid, put = b"c1a89cb774083905 ", lambda *texts: [("smtpd", b"c1a89cb774083905 smtp connected address=" + REAL.encode() + b" host=<unknown>")] + [("smtpd", t) for t in texts]
        delivery = lambda rcpt, text: [("smtpd", b'5df87c9ffd0e785d mta delivery evpid=f6e94209918f7e7b from=<a@example.net> to=<' + rcpt + b'> rcpt=<-> source="192.0.2.1" relay="' + RELAY.encode() + b' (mx.victim.example)" delay=1s result="PermFail" stat="550 ' + text + b'"')]
        return {
            "command": lambda p: put(sid + b'smtp failed-command command="' + p + b'" result="500 5.5.1 Invalid command: Command unrecognized"'),
            "recipient": lambda p: put(sid + b'smtp failed-command command="RCPT TO:<' + p + b'>" result="550 Invalid recipient"'),
            "account": lambda p: put(sid + b"smtp authentication user=" + p.replace(b" ", b"\\040") + b" result=permfail"),
            "sender of a message": lambda p: put(sid + b"smtp message msgid=c405e39b size=901 nrcpt=1 proto=ESMTP", sid + b"smtp envelope evpid=c405e39bd6bbc64f from=<" + addr(p) + b"> to=<b@example.org>"),
            "recipient of a message": lambda p: put(sid + b"smtp message msgid=c405e39b size=901 nrcpt=1 proto=ESMTP", sid + b"smtp envelope evpid=c405e39bd6bbc64f from=<a@example.net> to=<" + addr(p) + b">"),
            "command, 6.0": lambda p: [("smtpd", sid + b"smtp event=connected address=" + REAL.encode() + b" host=x.example"), ("smtpd", sid + b"smtp event=failed-command address=" + REAL.encode() + b' host=x.example command="' + p + b'" result="550 Invalid recipient"')],
            "recipient of a delivery": lambda p: delivery(addr(p), b"no"),
            "reply of a remote host": lambda p: delivery(b"v@victim.example", p),
        }

    def witness(self):
        return ("smtpd", f"c1a89cb7740839ff smtp connected address={WITNESS} host=<unknown>".encode())

    shows_relay = {"recipient of a delivery", "reply of a remote host"}


def cell(data):
    return b'"' + data.replace(b'"', b'""') + b'"' if any(c in data for c in b',"\r\n') else data


class Exchange:
    kind, columns, shows = "", [], {}

    def write(self, rows):
        out = [b"#Software: Microsoft Exchange Server", b"#Version: 15.0.0.0", b"#Log-type: " + self.kind.encode(), b"#Date: 2026-03-02T08:00:00.000Z", b"#Fields: " + ",".join(self.columns).encode()]
        for n, row in enumerate(rows):
            t = START + datetime.timedelta(milliseconds=100 * n)
            row = {"date-time": f"{t:%Y-%m-%dT%H:%M:%S}.{t.microsecond // 1000:03}Z".encode()} | row
            out.append(b",".join(cell(row.get(c, b"")) for c in self.columns))
        return {self.file: b"\r\n".join(out) + b"\r\n"}


class Protocol(Exchange):
    name, kind, file = "exchange_protocol", "SMTP Receive Protocol Log", "RECV2026030208-1.LOG"
    columns = "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context".split(",")
    shows_relay = set()
    count = 0

    def forged(self):
        return [f"2026-03-02T08:00:00.000Z,MX1\\Default Frontend MX1,08DE000000000001,3,192.0.2.1:25,{FORGED}:1000,<,RCPT TO:<v@victim.example>,",
                f"2026-03-02T08:00:00.000Z,MX1\\Default Frontend MX1,08DE000000000001,3,192.0.2.1:25,{FORGED}:1000,*,EXAMPLE\\{ACCOUNT},authenticated"]

    def lookalikes(self):
        return [("pairs", f'x",*,EXAMPLE\\{ACCOUNT},authenticated'), ("pairs", f"x XPROXY SID=1 IP={FORGED} PORT=1 DOMAIN=x CAPABILITIES=0"), ("pairs", f"x XPROXYFROM SID=1 IP={FORGED} PORT=1"), ("pairs", f"x,{FORGED}:1000,<,QUIT,")]

    def session(self, helo=b"x", sender=b"a@example.net", rcpt=b"v@victim.example", command=None, login=None, client=REAL):
        self.count += 1
        steps = [(b"+", b"", b""), (b">", b"220 mx1.example.org Microsoft ESMTP MAIL Service ready", b""), (b"<", b"EHLO " + helo, b""), (b">", b"250  mx1.example.org Hello [" + client.encode() + b"] SIZE", b"")]
        if command is not None:
            steps += [(b"<", command, b""), (b">", b"500 5.3.3 Unrecognized command", b"")]
        if login is not None:
            steps += [(b"<", b"AUTH LOGIN", b""), (b">", b"334 <authentication response>", b""), (b"*", b"User Name: " + login, b""), (b">", b"535 5.7.3 Authentication unsuccessful", b"")]
        steps += [(b"<", b"MAIL FROM:<" + sender + b">", b""), (b">", b"250 2.1.0 Sender OK", b""), (b"<", b"RCPT TO:<" + rcpt + b">", b""),
                  (b">", b"550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", b""), (b"-", b"", b"Remote")]
        base = {"connector-id": b"MX1\\Default Frontend MX1", "session-id": f"08DC1DB1{self.count:08X}".encode(), "local-endpoint": b"192.0.2.1:25", "remote-endpoint": f"{client}:4711".encode()}
        return [base | {"sequence-number": str(k).encode(), "event": e, "data": d, "context": c} for k, (e, d, c) in enumerate(steps)]

    def fields(self):
        return {"helo": lambda p: self.session(helo=p), "sender": lambda p: self.session(sender=p), "recipient": lambda p: self.session(rcpt=p),
                "command": lambda p: self.session(command=p), "account": lambda p: self.session(login=p)}

    def witness(self):
        return self.session(client=WITNESS)


class Tracking(Exchange):
    name, kind, file = "exchange_tracking", "Message Tracking Log", "MSGTRK2026030208-1.LOG"
    columns = ("date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,internal-message-id,message-id,"
               "network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,"
               "sender-address,return-path,message-info,directionality,tenant-id,original-client-ip,original-server-ip,custom-data,transport-traffic-type,"
               "log-id,schema-version").split(",")
    shows_relay = {"reply of a remote host"}
    count = 0

    def forged(self):
        return [f"2026-03-02T08:00:00.000Z,{FORGED},x,192.0.2.1,MX1,08DC;x;0,MX1\\Default Frontend MX1,SMTP,RECEIVE,77,<x@y>,cc15cffe-04b1-b3f7-2e0f-000000000077,v@victim.example,,900,1,,,x,a@b.example,a@b.example,0cA:,Incoming,,{FORGED},,,Email,,",
                f"2026-03-02T08:00:00.000Z,192.0.2.1,MX1,{FORGED_RELAY},x,;250 Ok,Outbound,SMTP,SENDEXTERNAL,77,<x@y>,cc15cffe-04b1-b3f7-2e0f-000000000077,v@victim.example,250 Ok,900,1,,,x,a@b.example,a@b.example,,Incoming,,,,,Email,,"]

    def lookalikes(self):
        return [("cell", f'x",,SMTP,RECEIVE,1,,,v@victim.example,,,,,,,{FORGED}'), ("line in a cell", "x\r\n" + self.forged()[0]), ("line in a cell", "x\n" + self.forged()[1]), ("line in a cell", "x\r\n#Fields: client-ip,event-id,source\r\n" + FORGED + ",RECEIVE,SMTP"),
                ("pairs", f"S:ProxiedClientIPAddress={FORGED};S:FirstForestHop=x"), ("pairs", f"x;S:AccountName={ACCOUNT}"), ("pairs", f"v@victim.example;x[{FORGED}]")]

    def row(self, client=REAL, event=b"RECEIVE", **cells):
        self.count += 1
        base = {"client-ip": client.encode(), "client-hostname": b"x", "server-ip": b"192.0.2.1", "server-hostname": b"MX1", "source-context": b"08DC1DB100000001;2026-03-02T08:00:00.000Z;0", "connector-id": b"MX1\\Default Frontend MX1",
                "source": b"SMTP", "event-id": event, "internal-message-id": str(1000 + self.count).encode(), "message-id": f"<{self.count}@x.example>".encode(), "network-message-id": f"cc15cffe-04b1-b3f7-2e0f-{self.count:012x}".encode(),
                "recipient-address": b"v@victim.example", "total-bytes": b"900", "recipient-count": b"1", "message-subject": b"hello", "sender-address": b"a@example.net", "return-path": b"a@example.net", "directionality": b"Incoming",
                "original-client-ip": client.encode(), "transport-traffic-type": b"Email"}
        return [base | {k.replace("_", "-"): v for k, v in cells.items()}]

    def fields(self):
        return {"helo": lambda p: self.row(client_hostname=p), "sender": lambda p: self.row(sender_address=p, return_path=p), "recipient": lambda p: self.row(recipient_address=p),
                "Message-ID": lambda p: self.row(message_id=p), "subject": lambda p: self.row(message_subject=p), "reference": lambda p: self.row(reference=p),
                "reply of a remote host": lambda p: self.row(client="192.0.2.1", event=b"SENDEXTERNAL", server_ip=RELAY.encode(), server_hostname=b"mx.victim.example", original_client_ip=b"", recipient_status=p, source_context=b";250 " + p)}

    def witness(self):
        return self.row(client=WITNESS)


def walk(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, path)
    else:
        yield path, value


QUOTED = {".text", ".command", ".helo", ".sender", ".rcpt", ".message_id"}  # of an event: what was said, not who


def blamed(doc):
    """places in which a document names somebody forged"""
    return [(path, value) for path, value in walk(doc) if isinstance(value, str) and path not in QUOTED and (value in (FORGED, FORGED_RELAY, ACCOUNT, f"{ACCOUNT}@example.org", f"EXAMPLE\\{ACCOUNT}")
                                                                                     or value.startswith(("198.51.100.0/", "198.51.100.200:")))]


def analyse(binary, files):
    with tempfile.TemporaryDirectory() as d:
        logs = pathlib.Path(d, "logs")
        logs.mkdir()
        for name, data in files.items():
            (logs / name).write_bytes(data)
        out = subprocess.run([binary, "--no-config", "-qq", "-o", "json", "--events", d + "/events", *ZONES, str(logs)], capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
        events = [json.loads(l) for l in pathlib.Path(d, "events").read_text().splitlines()]
    docs = [json.loads(l) for l in out.splitlines()]
    return events, docs[:-1], docs[-1]


def listed(page):
    """(dialect, field) of the table"""
    rows = [[c.strip() for c in l.strip("|").split("|")] for l in page.splitlines() if l.startswith("| `")]
    return {(r[0].strip("`"), r[1]) for r in rows}


DIALECTS = (Postfix(), Exim(), Sendmail(), OpenSMTPD(), Protocol(), Tracking())


def as_rows(entry):
    return entry if isinstance(entry, list) else [entry]


def main():
    binary, page, wrong, total = sys.argv[1], pathlib.Path(sys.argv[2]).read_text(), 0, 0
    seen = set()
    for dialect in DIALECTS:
        texts = payloads(dialect)
        for field, make in dialect.fields().items():
            every = [t for t in texts if (dialect.name, field) not in LIMITS or LIMITS[dialect.name, field] not in t[1]]
            seen.add((dialect.name, field))
            bad = []
            want = dialect.shows.get(field) or {"client": REAL} if field not in dialect.shows_relay else {"remote": RELAY}
            events, _, _ = analyse(binary, dialect.write(make(HARMLESS)))
            if not any(e.get(k) == v for e in events for k, v in want.items()):
                bad.append(f"harmless text: no event with {want}: {events}")
            rows = []
            for _, payload in every:
                rows += make(payload) + as_rows(dialect.witness())
            events, alerts, summary = analyse(binary, dialect.write(rows))
            named = sum(any(e.get(k) == v for k, v in want.items()) for e in events)
            for e in events:
                bad += [f"event {b} in {json.dumps(e)[:300]}" for b in blamed(e)]
            for a in alerts:
                bad += [f"alert {a['rule']['id']} {b}" for b in blamed({k: v for k, v in a.items() if k != "relaywatch"} | {"relaywatch": {"alert": a["relaywatch"]["alert"]}})]
            bad += [f"summary {b}" for b in blamed({k: summary["relaywatch"][k] for k in ("verdict", "top")})]
            witnesses = len({e["line"] for e in events if e.get("client") == WITNESS})
            if witnesses < len(every):
                bad.append(f"{len(every) - witnesses} of {len(every)} lines behind a forged one were lost")
            total += len(every)
            wrong += bool(bad)
            if bad or "--table" in sys.argv:
                print(f"{'not ok' if bad else 'ok'} - {dialect.name} / {field}: {len(every)} texts, the real one named in {named} events, {len(alerts)} alerts" + "".join("\n    " + b for b in bad[:8]))
    for row in sorted(seen ^ listed(page)):
        wrong += 1
        print(f"not ok - {row} is {'not in the page' if row in seen else 'in the page only'}")
    print(f"{len(seen)} fields, {total} forged texts, {wrong} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
