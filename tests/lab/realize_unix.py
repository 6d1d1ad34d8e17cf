#!/usr/bin/env python3
"""Turns the raw log of a day played on Exim, OpenSMTPD or Sendmail into the log of that day.

usage: realize_unix.py OUT          reads OUT/raw.tsv and OUT/anchors.json, writes OUT/mail.log
As realize.py does for Postfix, whose clock, remote names and time stamps it uses. The text of every line is the server's
own. What changes: time stamps, addresses that stood for a client (lab_mta.alias), client names that a resolver would have
given, client ports, and the loopback relays. Ids that the servers make from the clock or the process id stay as they were.

How a line finds its session: by the client's port or alias; by the id of its message or session once one line has told
whose that is; by the Message-ID of the plan; by its process (Sendmail). A notification goes with the message it is about: Exim
says R=, Sendmail names both ids, OpenSMTPD says nothing, so it is the last failed message of the sender it goes to.
"""
import json
import re
import sys

from realize import Record, exchanger, place, stamp

SYSLOG = re.compile(r"^\w{3} [ \d]\d [\d:]{8} \S+ (\S+?)\[(\d+)\]: (.*)$")
EXIM = re.compile(r"^\d{4}-\d\d-\d\d [\d:]{8} ()()(.*)$")
LOOPBACK = re.compile(r"\b127\.\d+\.\d+\.\d+\b")


class Dialect:
    """What one server's lines tell about their session; here the common part."""
    line, lab = SYSLOG, re.compile(r"listening|daemon started|starting daemon|info: OpenSMTPD|logging to|(alias database|hostname|hosts file)")

    def __init__(self, meta):
        self.meta, self.owner, self.names = meta, {}, meta["names"]
        self.aliases = {a: str(p) for a, p in meta["aliases"].items()}
        self.ids = {k: str(v) for k, v in meta["message_ids"].items()}

    def by_alias(self, text):
        """The session whose alias stands in the text."""
        return next((self.aliases[a] for a in LOOPBACK.findall(text) if a in self.aliases), None)

    def client(self, port):
        """The real address of a session."""
        return self.meta["sessions"][port][1]

    def mx(self, text):
        """Name and address of the server of the text's first recipient."""
        m = re.search(r"(?:to=<?|[=-]> |\*\* |== )[^@\s]*@([\w.-]+)", text)
        return re.match(r"(.*)\[(.*)\]", exchanger(m[1].lower() if m else "down.example", self.meta["egress"])).groups()


class Exim(Dialect):
    """Main log: sessions by client port, messages by their id."""
    line = EXIM

    def session(self, text, pid):
        m = re.match(r"(\w{6}-\w{6}-\w\w) ", text)
        s = next((p for ip, p in re.findall(r"\[([0-9a-f.:]+)\]:(\d+)", text)
                  if p in self.meta["sessions"] and self.meta["sessions"][p][1] == ip), None)
        if not m:
            return s, s is not None
        found = re.search(r" R=(\w{6}-\w{6}-\w\w) ", text) if " <= <> " in text else None
        s = s or (self.owner.get(found[1]) if found else None)
        found = re.search(r" id=(\S+)", text) if " <= " in text else None
        s = s or (self.ids.get(found[1]) if found else None)
        if s:
            self.owner.setdefault(m[1], s)
        return self.owner.get(m[1]), " <= " in text

    def settle(self, records):
        """The failed look-up of an address belongs to the session of that address that speaks next."""
        following = {}
        for r in reversed(records):
            if r.session:
                following[self.client(r.session)] = r.session
            elif r.text.startswith("no host name found"):
                r.session, r.prog = following.get(r.text.split()[-1]), "/smtpd"

    def text(self, text, session):
        if text.startswith("no host name found") and text.split()[-1] in self.names:
            return None
        if session:
            ip = self.client(session)
            text = text.replace(f"[{ip}]:{session}", f"[{ip}]")
            name = self.names.get(ip)
            if name:
                text = text.replace(f"({name}) [{ip}]", f"{name} [{ip}]")
                text = re.sub(rf"(?:(?<=H=)|(?<=for )|(?<=from ))(\([^()]*\)) \[{re.escape(ip)}\]", rf"{name} \1 [{ip}]", text)
                text = text.replace(f"H=[{ip}]", f"H={name} [{ip}]")
        if "T=lmtp_store" in text:
            return text.replace("H=127.0.0.1 [127.0.0.1]", f"H={self.meta['host'].replace('mx1', 'store')} [{self.meta['egress']}]")
        if re.search(r" (?:=>|->|\*\*|==) ", text):
            name, ip = self.mx(text)
            text = re.sub(r"127\.0\.0\.1 \[127\.0\.0\.1\](?::\d+)?", f"{name} [{ip}]", text)
        return text

    def head(self, v, prog, pid):
        return stamp(v, {"stamp": "rfc3339"})[:19].replace("T", " ")


class Syslog(Dialect):
    """Lines with a process and its id."""

    def head(self, v, prog, pid):
        return f"{stamp(v, self.meta['log'])} {self.meta['host'].split('.')[0]} {prog}[{pid}]:"


class OpenSmtpd(Syslog):
    """Sessions and messages by their ids, clients by alias."""

    def __init__(self, meta):
        super().__init__(meta)
        self.failed = {}

    def session(self, text, pid):
        m = re.match(r"([0-9a-f]{16}) (smtp|mda|mta) ", text)
        if not m:
            return None, False
        key, s = m[1], self.by_alias(text)
        if s:
            self.owner[key] = s
        msg = re.search(r"(?:msgid|evpid)=([0-9a-f]{8})", text)
        if msg and m[2] == "smtp":
            to = re.search(r" from=<> to=<([^>]*)>", text)
            s = self.owner.get(key) or (self.failed.get(to[1]) if to else None)   # one local session hands in many notifications
            if s:
                self.owner.setdefault(msg[1], s)
        if msg and re.search(r' result="?PermFail', text):
            sender = re.search(r" from=<([^>]*)>", text)
            if sender and msg[1] in self.owner:
                self.failed[sender[1]] = self.owner[msg[1]]
        return self.owner.get(msg[1] if msg else key), m[2] == "smtp"

    def settle(self, records):
        """Connection lines of local sessions and of the sending side: the session that their id came to have, or the next line's."""
        following = {}
        for r in reversed(records):
            key = r.text.split(" ", 1)[0]
            if " smtp connected " in r.text:
                following["proxy"] = r.session
            elif " smtp event=proxy " in r.text:      # under an id of its own, just before the connection
                r.session, r.prog = following.get("proxy"), "/smtpd"
            msg = re.search(r" smtp message msgid=([0-9a-f]{8})", r.text)
            r.session = r.session or self.owner.get(msg[1] if msg else "")
            if r.session:
                following[key] = r.session
            elif key in following:
                r.session = following[key]

    def text(self, text, session):
        if session:
            ip = self.client(session)
            alias = next((a for a in LOOPBACK.findall(text) if a in self.aliases), None)
            if alias:
                name = self.names.get(ip, "<unknown>")
                text = re.sub(r" host=\S+", f" host={name}", text.replace(alias, f"[{ip}]" if ":" in ip else ip))
        here = self.meta["lab_host"]
        text = re.sub(rf"( host=|@){re.escape(here)}(?=[ >]|$)", rf"\1{self.meta['host']}", text)
        if " mta delivery " in text:
            name, ip = self.mx(text)
            store = f":{self.meta['ports']['lmtp']}" in text
            relay = f"{self.meta['egress']} (store.{self.meta['host'].partition('.')[2]})" if store else f"{ip} ({name})"
            text = re.sub(r'source="[^"]*" relay="[^"]*"', f'source="{self.meta["egress"]}" relay="{relay}"', text)
        elif " mta " in text:
            return None if "127.0.0.1" in text else text
        return text


class Sendmail(Syslog):
    """Messages by queue id, clients by alias, the rest by process."""

    def __init__(self, meta):
        super().__init__(meta)
        self.process = {}

    def session(self, text, pid):
        m = re.match(r"([0-9A-Za-z]{8}\d{6,}): ", text)
        s = self.by_alias(text)
        mid = re.search(r"msgid=<([^>]*)>", text)
        s = s or (self.ids.get(mid[1]) if mid else None)
        if s and (" relay=" in text or s):
            self.process[pid] = s
        if m:
            if s:
                self.owner.setdefault(m[1], s)
            child = re.match(r"\S+: ([0-9A-Za-z]{8}\d{6,}): ", text)
            own = self.owner.get(m[1])
            if child and own:
                self.owner.setdefault(child[1], own)
            if own is None and pid in self.process and not re.search(r" to=| from=", text):
                own = self.process[pid]
            return own, " to=" not in text and not child
        return s or self.process.get(pid), True

    def settle(self, records):
        """Lines of a queue id before the one that names the client."""
        for r in records:
            m = re.match(r"([0-9A-Za-z]{8}\d{6,}): ", r.text)
            if r.session is None and m:
                r.session = self.owner.get(m[1])

    def text(self, text, session):
        alias = next((a for a in LOOPBACK.findall(text) if a in self.aliases), None)
        if alias:
            ip = self.client(self.aliases[alias])
            name, shown = self.names.get(ip), f"IPv6:{ip}" if ":" in ip else ip
            if name:
                text = text.replace(f"relay=[{alias}]", f"relay={name} [{shown}]").replace(f"IP name lookup failed [{alias}]", name)
                text = text.replace(f"arg1=[{alias}]", f"arg1={name}")
            text = re.sub(rf"\b{re.escape(alias)}\b", shown, text)
        if " to=" in text and "mailer=" in text:
            name, ip = self.mx(text)
            if "mailer=cyrusv2" in text:
                name, ip = f"store.{self.meta['host'].partition('.')[2]}", self.meta["egress"]
            text = re.sub(r"relay=\[127\.0\.0\.[12]\](?: \[127\.0\.0\.[12]\])?", f"relay={name}. [{ip}]", text)
        return text


DIALECTS = {"exim": Exim, "opensmtpd": OpenSmtpd, "sendmail": Sendmail}


def main():
    out = sys.argv[1]
    with open(f"{out}/anchors.json", encoding="utf-8") as f:
        meta = json.load(f)
    dialect, records = DIALECTS[meta["mta"]](meta), []
    for row in open(f"{out}/raw.tsv", encoding="latin-1"):
        real, _, line = row.rstrip("\n").partition("\t")
        m = dialect.line.match(line)
        if not m or re.match(r"(Start|End) queue run|exim \d", m[3]):
            continue
        r = Record(float(real), m[1], m[2], m[3])
        r.session, dialogue = dialect.session(r.text, r.pid)
        r.key = m[1]                      # the tag to print; place() looks at prog to tell dialogue from delivery
        r.prog = "/smtpd" if dialogue else "/smtp"
        records.append(r)
    dialect.settle(records)
    rows, lines, lost = place(records, meta), 0, 0
    with open(f"{out}/mail.log", "w", encoding="latin-1") as f:
        for r in rows:
            text = dialect.text(r.text, r.session)
            if text is None:
                continue
            f.write(f"{dialect.head(r.v, r.key, r.pid)} {text}\n")
            lines, lost = lines + 1, lost + (r.session is None)
    print(f"{out}: {lines} lines, {lost} placed by interpolation")


if __name__ == "__main__":
    main()
