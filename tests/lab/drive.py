#!/usr/bin/env python3
"""Plays one lab day against the running mail server.

usage: drive.py DAY.json INSTANCE OUT [--threads N] [--drain SECONDS] [--mta NAME]
Sessions run in the order of their virtual times, a few at once. Each client announces its address as the server
allows (lab_mta.py): by a PROXY header whose port is the number of the session, or by an address of its own. A tail
thread stamps every raw log line with its real time in microseconds. Writes OUT/raw.tsv, OUT/anchors.json (for realize.py), OUT/truth.json and OUT/options.
"""
import argparse
import base64
import json
import os
import queue
import socket
import ssl
import subprocess
import sys
import threading
import time

import lab_day
import lab_mta
import lab_site


class Tail(threading.Thread):
    """Follows the raw log and keeps (real time, line) pairs."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.lines, self.stop = path, [], False

    def run(self):
        rest = b""
        with open(self.path, "rb") as f:
            while True:
                last_round = self.stop
                data = rest + f.read()
                now = time.time()
                *whole, rest = data.split(b"\n")
                self.lines.extend((now, line.decode("latin-1")) for line in whole)
                if last_round:
                    return
                time.sleep(0.003)


class Client:
    """One SMTP conversation."""

    def __init__(self, mta, port, session):
        self.s = mta.connect(port, session)
        self.f = self.s.makefile("rb")
        if session.early:
            self.s.sendall(session.early)

    def reply(self):
        """The code of one whole reply; 000 when the server hung up."""
        while True:
            line = self.f.readline()
            if not line:
                return "000"
            if line[3:4] != b"-":
                return line[:3].decode("latin-1")

    def ask(self, line):
        """Send one command and wait for its reply."""
        self.s.sendall(line.encode("latin-1") + b"\r\n")
        return self.reply()

    def starttls(self, helo):
        """Switch to TLS and greet again."""
        if self.ask("STARTTLS") != "220":
            return
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.s = context.wrap_socket(self.s)
        self.f = self.s.makefile("rb")
        self.ask("EHLO " + helo)

    def login(self, user, password, mechanism):
        """True when the server accepts the password."""
        def b64(text):
            return base64.b64encode(text.encode()).decode()
        if mechanism == "PLAIN":
            return self.ask("AUTH PLAIN " + b64(f"\0{user}\0{password}")) == "235"
        return self.ask("AUTH LOGIN") == "334" and self.ask(b64(user)) == "334" and self.ask(b64(password)) == "235"


def body(mail):
    """Header and text of a message, dot-terminated."""
    head = [f"From: <{mail.sender}>", "To: undisclosed-recipients:;", "Subject: lab"]
    if mail.message_id:
        head.append(f"Message-ID: <{mail.message_id}>")
    return "\r\n".join(head) + "\r\n\r\n" + ("x" * 70 + "\r\n") * (1 + mail.size // 72) + "."


def transact(client, mail):
    """One MAIL transaction; False when the connection is to be dropped."""
    sender = mail.sender if mail.verbatim else f"<{mail.sender}>"
    if client.ask("MAIL FROM:" + sender) != "250":
        client.ask("RSET")
        return True
    taken = 0
    for rcpt in mail.rcpts:
        taken += client.ask("RCPT TO:" + (rcpt if mail.verbatim else f"<{rcpt}>")) == "250"
    if mail.finish == "drop":
        return False
    if mail.finish in ("data", "always") and (taken or mail.finish == "always"):
        if client.ask("DATA") == "354":
            client.ask(body(mail))
    elif mail.finish == "rset" or not taken:
        client.ask("RSET")
    return True


def converse(client, session, tls):
    """The dialogue of an ordinary session after the greeting."""
    client.ask(("EHLO " if session.esmtp else "HELO ") + session.helo)
    if tls:
        client.starttls(session.helo)
    if session.auth and not client.login(*session.auth):
        return True
    return all(transact(client, m) for m in session.mails)


def play(session, ports, mta):
    """Play one session from connect to disconnect."""
    if session.pickup:
        sender, rcpt = session.pickup
        subprocess.run([*mta.submit(), "-i", "-f", sender, rcpt], check=True, timeout=20,
                       input=(body(session.mails[0]).rstrip(".").replace("\r", "")).encode())
        return
    client = Client(mta, ports["submission" if session.submission else "mx"], session)
    try:
        if client.reply() != "220":
            return
        if session.raw is not None:
            for delay, data in session.raw:
                time.sleep(delay)
                client.s.sendall(data)
            if session.end != "drop":
                while client.reply() != "000":
                    pass
            else:
                time.sleep(0.02)
        elif converse(client, session, session.tls or (session.auth and mta.tls_for_auth)) and session.end == "quit":
            client.ask("QUIT")
    finally:
        client.s.close()


def worker(jobs, anchors, ports, mta):
    """Takes sessions from the queue until it meets None."""
    while (s := jobs.get()) is not None:
        anchors.append((time.time(), s.t))
        try:
            play(s, ports, mta)
        except (OSError, subprocess.SubprocessError) as e:
            print(f"session {s.port} {s.ip}: {e}", file=sys.stderr)


def hold_back(mta, most=40):
    """Wait while the server has too much in hand: a real day is never as dense as its replay."""
    for _ in range(100):
        if mta.in_hand() <= most:
            return
        time.sleep(0.05)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("day")
    a.add_argument("instance")
    a.add_argument("out")
    a.add_argument("--threads", type=int, default=4)
    a.add_argument("--drain", type=float, help="seconds to wait for the queue, instead of the day's")
    a.add_argument("--mta", choices=sorted(lab_mta.KINDS), default="postfix")
    a = a.parse_args()
    day = lab_day.load(a.day)
    os.makedirs(a.out, exist_ok=True)
    mta = lab_mta.KINDS[a.mta](a.instance, lab_mta.may_relay(day))
    tail, jobs, anchors, begun = Tail(f"{a.instance}/{mta.raw_log}"), queue.Queue(maxsize=8), [], time.time()
    tail.start()
    crew = [threading.Thread(target=worker, args=(jobs, anchors, lab_site.ports(), mta)) for _ in range(a.threads)]
    for t in crew:
        t.start()
    for k, s in enumerate(day.sessions):
        if k % 10 == 0:
            hold_back(mta)
        jobs.put(s)
    for _ in crew:
        jobs.put(None)
    for t in crew:
        t.join()
    played = time.time()
    while mta.waiting() and time.time() - played < (a.drain or day.spec.get("drain_s", 60)):
        mta.retry()
        time.sleep(mta.retry_every)
    time.sleep(0.5)
    tail.stop = True
    tail.join()
    with open(f"{a.out}/raw.tsv", "w", encoding="latin-1") as f:
        f.writelines(f"{t:.6f}\t{line}\n" for t, line in tail.lines)
    with open(f"{a.out}/anchors.json", "w", encoding="utf-8") as f:
        json.dump({"t0": day.t0, "host": day.host, "egress": day.egress, "ports": lab_site.ports(), "instance": os.path.abspath(a.instance),
                   "log": day.spec.get("log", {}), "retry_scale": mta.retry_scale or day.spec.get("retry_scale", 200),
                   "names": {s.ip: s.name for s in day.sessions if s.name},
                   "sessions": {s.port: [s.t, s.ip] for s in day.sessions}, "mta": a.mta, "lab_host": socket.gethostname(),
                   "aliases": {lab_mta.alias(s, mta.networks): s.port for s in day.sessions} if mta.aliases else {},
                   "message_ids": {m.message_id: s.port for s in day.sessions for m in s.mails if m.message_id},
                   "anchors": sorted(anchors)}, f)
    with open(f"{a.out}/truth.json", "w", encoding="utf-8") as f:
        json.dump(day.truth(), f, indent=1)
    with open(f"{a.out}/options", "w", encoding="utf-8") as f:
        f.write(day.options() + "\n")
    print(f"{day.spec['name']}: {len(day.sessions)} sessions in {played - begun:.0f} s, drained in {time.time() - played:.0f} s")


if __name__ == "__main__":
    main()
