"""logs.py - logs for the tests of the outputs: attacks by chosen clients, and fields of chosen bytes"""
import pathlib, sys


def stamp(n):
    """Second n of 2026-03-02, from 04:00 on."""
    return b"2026-03-%02dT%02d:%02d:%02d.000+00:00 mx1 postfix/" % (2 + (n + 14400) // 86400, (n + 14400) // 3600 % 24,
                                                                    n // 60 % 60, n % 60)


def probe(client, start=0, count=20, sender=b"a@example.info", every=3):
    """A client whose every recipient is refused as relaying."""
    return [(start + every * i, b"smtpd[11]: NOQUEUE: reject: RCPT from %s: 554 5.7.1 <u%d@d%d.example.com>: Relay access "
             b"denied; from=<%s> to=<u%d@d%d.example.com> proto=ESMTP helo=<h>" % (client, i, i, sender, i, i)) for i in range(count)]


def harvest(client, start=0, count=40, sender=b"a@example.info"):
    """A client that tries recipients of ours which do not exist."""
    return [(start + 2 * i, b"smtpd[12]: NOQUEUE: reject: RCPT from %s: 550 5.1.1 <x%dq@example.org>: Recipient address "
             b"rejected: User unknown in local recipient table; from=<%s> to=<x%dq@example.org> proto=ESMTP helo=<h>"
             % (client, i, sender, i)) for i in range(count)]


def guess(client, start=0, count=40, port=b""):
    """A client that guesses passwords."""
    return [(start + 5 * i, b"smtpd[13]: warning: %s%s: SASL LOGIN authentication failed: UGFzc3dvcmQ6, "
             b"sasl_username=joe@example.org" % (client, port)) for i in range(count)]


def write(events, path):
    path.write_bytes(b"".join(stamp(n) + text + b"\n" for n, text in sorted(events, key=lambda e: e[0])))
    return path


def hostile_fields():
    long = b"A" * 65000
    return [b"\xff\xfe\xc3(", b"'\"|\\=^\t]`", b"x\\n\\\\|=y", b"\x1b[31m\x07\x08\x7f\xc2\x9b31m", b"\xe2\x80\xae\xe2\x80\xa8txt",
            b"<script>alert(1)</script>", b"=cmd|' /C calc'!A0", b"@SUM(1+1)", b"+1-1", b"${jndi:ldap://x}", b"%s%n%1000000d",
            b"';DROP TABLE x;--", b"CEF:0|a|b|c|d|e|9|src=192.0.2.1", b"ban ip=192.0.2.9 rule=x", b"\xf0\x9f\x92\xa9" * 300,
            b"\xed\xa0\x80", b"a b  c ", b" ", b"\x00", b"\r", b"=", b"|", b"]", b'"', long, b"\x01" * 3000, b"\\" * 3000,
            b"=" * 3000, b"\xc3" * 3000, b"'); Remove-Item C:\\ #", b"\" flush ruleset"]


def hostile_log(field):
    """The field wherever a stranger decides: relaying tried, relayed, guessed."""
    lines = []
    for i in range(40):
        client = b"%s[203.0.113.%d]" % (field[:200] if i % 2 else b"unknown", i % 3 + 7)
        lines += [(4 * i, b"smtpd[11]: NOQUEUE: reject: RCPT from %s: 554 5.7.1 <%s@example.com>: Relay access denied; "
                   b"from=<%s@example.info> to=<%s@example.com> proto=ESMTP helo=<%s>" % (client, field, field, field, field)),
                  (4 * i + 1, b"smtpd[12]: warning: %s: SASL LOGIN authentication failed: %s, sasl_username=%s"
                   % (client, field, field)),
                  (4 * i + 2, b"smtpd[13]: ABC%04X: client=%s" % (i, client)),
                  (4 * i + 2, b"cleanup[14]: ABC%04X: message-id=<%s>" % (i, field)),
                  (4 * i + 2, b"qmgr[15]: ABC%04X: from=<%s@example.info>, size=900, nrcpt=1 (queue active)" % (i, field)),
                  (4 * i + 3, b"smtp[16]: ABC%04X: to=<%s@example.com>, relay=%s[198.51.100.8]:25, delay=1, dsn=2.0.0, "
                   b"status=sent (250 %s)" % (i, field, field[:100], field)),
                  (4 * i + 3, b"qmgr[15]: ABC%04X: removed" % i),
                  # names that a server gives itself: from a stranger only in a forged or damaged log
                  (4 * i + 3, b"smtpd[17]: %s: client=%s, sasl_method=%s, sasl_username=%s" % (field[:64], client, field, field)),
                  (4 * i + 3, b"cleanup[14]: ABC%04X: warning: header Subject: %s from %s; from=<%s@example.info> to=<%s@example.org> "
                   b"proto=ESMTP helo=<%s>" % (i, field, client, field, field, field)),
                  (4 * i + 3, b"local[18]: ABC%04X: to=<%s@example.org>, orig_to=<%s@example.org>, relay=local, delay=1, dsn=5.1.1, "
                   b"status=bounced (unknown user: %s)" % (i, field, field, field))]
    return b"".join(stamp(n) + text.replace(b"\n", b" ") + b"\n" for n, text in lines)


def relayed(tracking, field, i):
    """A message from outside that goes out again, in the rows of message tracking."""
    field = field[:9000]  # a row has it six times, and a line 64 KiB
    same = {"internal_message_id": b"%d" % (9000 + i), "message_id": field, "network_message_id": b"cc15cffe-04b1-b3f7-2e0f-ffffffffff%02x" % i,
            "recipient_address": b"v%d@victim.example" % i, "sender_address": field, "return_path": field, "message_subject": field}
    return (tracking.row(client_hostname=field, **same) + tracking.row(client="192.0.2.1", event=b"SENDEXTERNAL", server_ip=b"203.0.113.80",
            server_hostname=field, original_client_ip=b"", recipient_status=field, source_context=b";250 " + field, **same))


def hostile_logs():
    """(what, files): hostile_log() of every field, and the same bytes in every field of each dialect in injection.py."""
    sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
    import injection
    for number, field in enumerate(hostile_fields()):
        yield f"hostile {number} {field[:12]!r}", {"mail.log": hostile_log(field)}
        for dialect in injection.DIALECTS:
            rows = []
            for _ in range(12):
                for make in dialect.fields().values():
                    rows += make(field)
                rows += injection.as_rows(dialect.witness())
            if dialect.name == "exchange_tracking":
                rows += [row for i in range(12) for row in relayed(dialect, field, i)]
            yield f"{dialect.name} {number} {field[:12]!r}", dialect.write(rows)
