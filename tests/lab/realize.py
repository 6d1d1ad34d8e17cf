#!/usr/bin/env python3
"""Turns the raw log of a played day into the log that the server would have written on that day.

usage: realize.py OUT          reads OUT/raw.tsv and OUT/anchors.json, writes OUT/mail.log
The text of every line is Postfix's own. What changes: time stamps (real -> virtual), process ids, the client names that a
resolver would have given, the loopback relays (they become the remote servers' names), delays, and lab paths.

How a line finds its time: the client port in the raw log numbers the session; a queue id belongs to the session of its
client= line, of its Message-ID, or of its parent (bounce, forward). A line's virtual time is the session's start plus the
stretched real distance; retries are stretched further. Lines are then sorted; smtpd visits get process ids from a pool, so
that no two visits of one process overlap. Limits: lines that belong to no session are placed by interpolation.
"""
import bisect
import json
import random
import re
import sys
import time
import zlib

LINE = re.compile(r"^\w{3} [ \d]\d [\d:]{8} \S+ (\S+?)\[(\d+)\]: (.*)$")
QUEUE_ID = re.compile(r"^([0-9A-F]{6,}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]+): ")
CLIENT = re.compile(r"\[([0-9a-fA-F.:]+)\]:(\d+)")
CHILD = re.compile(r"(?:notification: |forwarded as |:10025\): 250 2\.0\.0 Ok: queued as )([0-9A-Za-z]{6,})")
MESSAGE_ID = re.compile(r"message-id=<([^>]*)>")
DELAY = re.compile(r"delay=[\d.]+, delays=([\d.]+)/([\d.]+)/([\d.]+)/([\d.]+)")


class Record:
    """One raw line on its way."""
    __slots__ = ("real", "prog", "pid", "text", "key", "session", "v", "visit")

    def __init__(self, real, prog, pid, text):
        self.real, self.prog, self.pid, self.text = real, prog, pid, text
        self.key = self.session = self.visit = None
        self.v = 0.0


def read(path, meta):
    """The raw lines worth keeping, as records; queue ids carry the number of their reuse."""
    records, reuse = [], {}
    for row in open(path, encoding="latin-1"):
        real, _, line = row.rstrip("\n").partition("\t")
        m = LINE.match(line)
        if not m or m[1].endswith("/anvil") or (meta["instance"] in line and "daemon started" not in line):
            continue
        r = Record(float(real), m[1], m[2], m[3])
        q = QUEUE_ID.match(r.text)
        if q:
            r.key = (q[1], reuse.get(q[1], 0))
            if r.text.endswith(": removed"):
                reuse[q[1]] = reuse.get(q[1], 0) + 1
        records.append(r)
    return records, reuse


def session_of(text, sessions):
    """The session whose client address and port stand in this text, or None."""
    for m in CLIENT.finditer(text):
        s = sessions.get(m[2])
        if s and s[1] == m[1]:
            return m[2]
    return None


def own(records, meta):
    """Give every record its session where one can be known."""
    sessions, owner, parent, latest = meta["sessions"], {}, {}, {}
    for r in records:
        r.session = session_of(r.text, sessions)
        if not r.key:
            continue
        latest[r.key[0]] = r.key
        if r.session and "client=" in r.text:
            owner.setdefault(r.key, r.session)
        m = MESSAGE_ID.search(r.text)
        if m and m[1] in meta["message_ids"]:
            owner.setdefault(r.key, str(meta["message_ids"][m[1]]))
        m = CHILD.search(r.text)
        if m and m[1] in latest:
            parent[latest[m[1]]] = r.key
    for key in list(parent):
        chain = key
        while chain in parent and chain not in owner:
            chain = parent[chain]
        if chain in owner:
            owner.setdefault(key, owner[chain])
    for r in records:
        if r.key:
            r.session = owner.get(r.key, r.session)
    _neighbours(records)


def _neighbours(records):
    """Lines without key or client: smtpd's follow their visit, a delivery agent's belong to its next line."""
    visit, number, pending = {}, 0, {}
    for r in records:
        pid = (r.prog, r.pid)
        if r.prog.endswith("/smtpd"):
            if r.text.startswith("connect from"):
                number += 1
                visit[pid] = number
            r.visit = visit.get(pid)
        elif r.session is None and r.prog.endswith(("/smtp", "/lmtp")):
            pending.setdefault(pid, []).append(r)
        elif r.session:
            for p in pending.pop(pid, []):
                p.session = r.session
    of_visit = {}
    for r in records:
        if r.visit and r.session:
            of_visit.setdefault(r.visit, r.session)
    for r in records:
        if r.visit and not r.session:
            r.session = of_visit.get(r.visit)


def stretch(dt, factor, retry_scale):
    """Virtual seconds for real seconds since the connect line: first the dialogue, then waits, then retries."""
    quick, middle, late = min(dt, 0.25), min(max(dt - 0.25, 0), 1.25), max(dt - 1.5, 0)
    return quick * factor + middle * 6 + late * retry_scale


def place(records, meta):
    """Give every record its virtual time, increasing within a session."""
    rng = random.Random(1)
    anchors = meta["anchors"]
    reals = [a for a, _ in anchors]
    virtual, top = [], 0.0
    for _, v in anchors:
        top = max(top, v)
        virtual.append(top)
    first, factor, last = {}, {}, {}
    for r in records:
        s = r.session
        if s is None:
            k = bisect.bisect_right(reals, r.real) - 1
            r.v = virtual[k] if k >= 0 else meta["t0"]
            continue
        if s not in first:
            first[s], factor[s] = r.real, rng.uniform(4, 24)
        late = 6 if r.prog.endswith(("/smtpd", "/cleanup")) else meta["retry_scale"]   # these two never retry
        r.v = meta["sessions"][s][0] + stretch(r.real - first[s], factor[s], late) + rng.uniform(0, 0.004)
        r.v = last[s] = max(r.v, last.get(s, 0) + 0.0002)
    order = sorted(range(len(records)), key=lambda i: (records[i].v, i))
    return [records[i] for i in order]


class Pids:
    """Process ids as a master daemon would hand them out: idle processes are used again for a while."""

    def __init__(self):
        self.rng, self.next, self.uses = random.Random(2), 900, {}
        self.idle, self.busy, self.fixed, self.service = {}, {}, {}, {}

    def fresh(self):
        self.next += self.rng.randrange(1, 9)
        return self.next

    def of(self, r, ends):
        """The pid to print for a record; ends says that it is the last line of its visit."""
        if r.visit is None:
            if (r.prog, r.pid) not in self.fixed:
                self.fixed[(r.prog, r.pid)] = self.fresh()
            return self.fixed[(r.prog, r.pid)]
        if r.visit not in self.busy:
            pool = self.idle.setdefault(self._service(r), [])
            while pool and r.v - pool[-1][0] > 100:
                pool.pop()
            pid = pool.pop()[1] if pool else self.fresh()
            self.uses[pid] = self.uses.get(pid, 0) + 1
            self.busy[r.visit] = pid
        pid = self.busy[r.visit]
        if ends:
            del self.busy[r.visit]
            if self.uses[pid] < 100:
                self.idle[self.service.pop(r.visit)].append((r.v, pid))
        return pid

    def _service(self, r):
        """Visits of one master.cf service share processes; the re-injection port is a service of its own."""
        return self.service.setdefault(r.visit, (r.prog, "from localhost" in r.text))


def exchanger(domain, egress):
    """Name and address of a remote domain's server, the same all day."""
    h = zlib.crc32(domain.encode())
    return f"mx{1 + h % 2}.{domain}[198.{18 + (h >> 8) % 2}.{(h >> 12) & 255}.{1 + (h >> 20) % 250}]"


def pretty(seconds):
    """A delay as Postfix prints it: two digits."""
    return str(int(seconds + 0.5)) if seconds >= 10 else f"{max(round(seconds, 2), 0):.2g}"


class Text:
    """Rewrites the text of lines."""

    def __init__(self, meta):
        self.meta, self.begin = meta, {}
        p = meta["ports"]
        self.sinks, self.store, self.filter = (p["sink"], p["down"]), p["lmtp"], p["filter"]
        self.keep_ports = meta["log"].get("client_ports", False)
        self.domain_of_pid = {}

    def _client(self, m):
        s = self.meta["sessions"].get(m[2])
        return f"[{m[1]}]" if s and s[1] == m[1] and not self.keep_ports else m[0]

    def _name(self, m):
        return f"{self.meta['names'].get(m[1], 'unknown')}[{m[1]}]"

    def _delay(self, r, m):
        total = r.v - self.begin.get(r.key, r.v)
        parts = [float(x) for x in m.groups()]
        b, c, d = (min(x, total / 4) for x in parts[1:])
        return f"delay={pretty(total)}, delays={pretty(max(total - b - c - d, 0))}/{pretty(b)}/{pretty(c)}/{pretty(d)}"

    def _relays(self, text, prog):
        to = re.search(r"to=<([^>]*)>", text)
        domain = (to[1].rpartition("@")[2] if to else "down.example") or "down.example"
        store = f"{self.meta['host'].replace('mx1', 'mail')}[private/dovecot-lmtp]"
        if prog.endswith("/lmtp"):
            return text.replace(f"127.0.0.1[127.0.0.1]:{self.store}", store).replace("127.0.0.1[127.0.0.1]", store)
        if f":{self.filter}" in text or "10025" in text:
            return text.replace(f"127.0.0.1[127.0.0.1]:{self.filter}", "127.0.0.1[127.0.0.1]:10024")
        if "127.0.0.1[127.0.0.1]" in text and "client=" not in text:
            mx = exchanger(domain, self.meta["egress"])
            for port in self.sinks:
                text = text.replace(f"127.0.0.1[127.0.0.1]:{port}", mx + ":25")
            text = text.replace("127.0.0.1[127.0.0.1]", mx)
        return text

    def of(self, r):
        """The final text of a record."""
        if r.key:
            self.begin.setdefault(r.key, r.v)
        text = r.text
        if r.prog.endswith(("/smtp", "/lmtp", "/error", "/retry", "/qmgr")):
            text = self._relays(text, r.prog)
        text = CLIENT.sub(self._client, text)
        if not self.keep_ports:
            text = re.sub(r"localhost\[127\.0\.0\.1\]:\d+", "localhost[127.0.0.1]", text)
        text = re.sub(r"unknown\[([0-9a-fA-F.:]+)\]", self._name, text)
        text = DELAY.sub(lambda m: self._delay(r, m), text)
        text = re.sub(r"message-id=<\d{14}\.", lambda m: "message-id=<" + time.strftime("%Y%m%d%H%M%S", time.gmtime(r.v)) + ".", text)
        text = text.replace(self.meta["instance"] + "/etc", "/etc/postfix")
        if not self.meta["log"].get("sasl_names", True):
            text = re.sub(r"(authentication failed: .*), sasl_username=\S+$", r"\1", text)
        return text


def stamp(v, log):
    """The head of a line up to the host name."""
    zone = log.get("zone", "+00:00")
    local = v + int(zone[:3]) * 3600
    g = time.gmtime(local)
    if log.get("stamp", "rfc3164") == "rfc3164":
        return f"{time.strftime('%b', g)} {g.tm_mday:2d} {time.strftime('%H:%M:%S', g)}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', g)}.{int(local % 1 * 1e6):06d}{zone}"


def main():
    out = sys.argv[1]
    with open(f"{out}/anchors.json", encoding="utf-8") as f:
        meta = json.load(f)
    records, _ = read(f"{out}/raw.tsv", meta)
    own(records, meta)
    rows = place(records, meta)
    final = {r.visit: r for r in rows if r.visit is not None}
    pids, text = Pids(), Text(meta)
    short = meta["log"].get("host", meta["host"].split(".")[0])
    lost = sum(r.session is None for r in rows)
    with open(f"{out}/mail.log", "w", encoding="latin-1") as f:
        for r in rows:
            pid = pids.of(r, r.visit is not None and final[r.visit] is r)
            f.write(f"{stamp(r.v, meta['log'])} {short} {r.prog}[{pid}]: {text.of(r)}\n")
    print(f"{out}: {len(rows)} lines, {lost} placed by interpolation")


if __name__ == "__main__":
    main()
