"""Logs for the tests of the HTML report: a bad day with many incidents, and one whose authors attack the reader."""
import base64

SCRIPT = "<script>window.hit=1;document.title='hit'</script>"
IMAGE = "<img src=x onerror=window.hit=2>"
LINK = "<a href=javascript:window.hit=3>x</a>"
HOSTILE_WORDS = [
    SCRIPT, IMAGE, LINK, "</code></figure></main><h1>No</h1>", "\"onmouseover=\"window.hit=4", "'><svg/onload=window.hit=5>",
    "</title><script>window.hit=6</script>", "--></style><script>window.hit=7</script>", "&lt;script&gt;", "&#60;b&#62;",
    "\u202egpj.exe\u2066x", "\u200b\ufeff\u00ad", "e" + "\u0301" * 12, "\u05d0\u05d1\u05d2", "x\x1bcred\x07", "\u2028\u2029",
    "\ufffe\ufdd0", "${7*7}{{7*7}}", "]]>", "\U000e0041",
]


def stamp(second):
    return f"Mar  2 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def message(second, qid, client, sender, to, relay="mx.dest.example[198.18.0.9]:25", daemon="smtp", user=None,
            status="status=sent (250 2.0.0 Ok)"):
    login = f", sasl_method=PLAIN, sasl_username={user}" if user else ""
    head = f"{stamp(second)} mx1 postfix/"
    return [(second, f"{head}smtpd[100]: connect from {client}"),
            (second, f"{head}smtpd[100]: {qid}: client={client}{login}"),
            (second, f"{head}cleanup[101]: {qid}: message-id=<{qid}@x.example>"),
            (second, f"{head}qmgr[102]: {qid}: from=<{sender}>, size={900 + second % 7000}, nrcpt=1 (queue active)"),
            (second, f"{head}{daemon}[103]: {qid}: to=<{to}>, relay={relay}, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, {status}"),
            (second, f"{head}qmgr[102]: {qid}: removed"),
            (second, f"{head}smtpd[100]: disconnect from {client} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5")]


def refusal(second, client, sender, to, helo="x"):
    return [(second, f"{stamp(second)} mx1 postfix/smtpd[100]: NOQUEUE: reject: RCPT from {client}: 554 5.7.1 <{to}>: Relay access "
                     f"denied; from=<{sender}> to=<{to}> proto=ESMTP helo=<{helo}>")]


def failed_login(second, client, user):
    word = base64.b64encode(user.encode()).decode()
    return [(second, f"{stamp(second)} mx1 postfix/submission/smtpd[104]: warning: {client}: SASL LOGIN authentication failed: "
                     f"{word}, sasl_username={user}")]


def text_of(lines):
    return "".join(line + "\n" for _, line in sorted(lines, key=lambda entry: entry[0]))


def unknown(second, client, sender, to):
    return [(second, f"{stamp(second)} mx1 postfix/smtpd[100]: NOQUEUE: reject: RCPT from {client}: 550 5.1.1 <{to}>: Recipient address "
                     f"rejected: User unknown in local recipient table; from=<{sender}> to=<{to}> proto=ESMTP helo=<x>")]


def ordinary_mail():
    lines = []
    for n in range(1500):
        second = 300 + n * 57
        if n % 3:
            lines += message(second, f"4A{n:04X}F", f"mail{n % 90}.partner{n % 90}.example[198.18.{n % 90}.{7 + n % 3}]",
                             f"anna{n % 40}@partner{n % 90}.example", f"user{n % 25}@example.org",
                             "mx1.example.org[private/dovecot-lmtp]", "lmtp")
        else:
            lines += message(second, f"4A{n:04X}F", "office.example.org[192.0.2.77]", f"user{n % 25}@example.org",
                             f"someone{n % 200}@customer{n % 60}.example", user=f"user{n % 25}@example.org")
    return lines


def bad_day(each=64):
    """A day of ordinary mail in which so many strangers relay, as many guess passwords, probe, and guess recipients."""
    lines = ordinary_mail()
    for n in range(each):
        for k in range(3):
            second = 10800 + n * 150 + k * 40
            lines += message(second, f"4C{n:03X}{k}F", f"host{n}.pool.example[203.0.113.{1 + n}]", f"billing{n}@bank{n % 7}.example",
                             f"victim{n}x{k}@dest{(n + k) % 31}.example")
        for k in range(120):
            second = 30000 + n * 600 + k * 4
            lines += failed_login(second, f"unknown[198.51.{n}.9]", f"user{k % 25}@example.org")
            lines += refusal(second, f"scan.example[198.18.{n}.200]", "probe@scan.example", f"t{k}@open{k % 9}.example")
            lines += unknown(second, f"list.example[198.19.{n}.7]", f"news{n}@list.example", f"name{k}@example.org")
    return text_of(lines)


def hostile_day():
    """Every field that a stranger fills in holds markup, controls, direction changes or ill-formed bytes."""
    lines = []
    for n, word in enumerate(HOSTILE_WORDS):
        client = f"{(word.split() or ['x'])[0][:40]}[203.0.113.{n + 1}]"
        for k in range(8):
            second = 3600 + n * 600 + k * 20
            lines += refusal(second, client, f"{word}@evil.example", f"{word}@victim{k}.example", word)
            lines += message(second + 5, f"4D{n:02X}{k}F", client, f"\"{word}\"@evil.example", f"{word}{k}@dest.example",
                             f"{word}[198.18.0.{n + 1}]:25", status=f"status=sent (250 {word})")
            lines += failed_login(second + 9, client, word)
    text = text_of(lines).encode()
    raw = [b"\xff\xfe\xc0\xbcscript\xc0\xbe", b"\xe2\x80", b"\xed\xa0\x80", b"a\x00b", b"<b>" * 22000]
    for n, word in enumerate(raw):
        for k in range(6):
            text += (f"Mar  2 20:0{n}:0{k} mx1 postfix/smtpd[100]: NOQUEUE: reject: RCPT from unknown[203.0.113.{100 + n}]: 554 5.7.1 <t@v{k}"
                     ".example>: Relay access denied; from=<").encode() + word + f"@e.example> to=<t@v{k}.example> proto=ESMTP helo=<".encode()
            text += word + b">\n"
    return text
