#!/usr/bin/env python3
"""The remote ends of the lab: one SMTP and one LMTP server on loopback that answer as many servers would.

usage: sink.py SITE.json
SMTP: the recipient decides. Mailboxes exist by lab_day.mailbox_exists(); a few domains refuse everybody, greylist, or
name a block list. Domains in "strict" know only a handful of names. LMTP: the site's mailboxes exist, others do not.
Nothing is stored. Limits: one message at a time per connection, no TLS, no pipelining bursts beyond the reader's buffer.
"""
import asyncio
import json
import sys
import time
import zlib

from lab_day import GREY, LISTED, REFUSE, mailbox_exists

STRICT_NAMES = {"desk", "sales", "jobs", "postmaster"}
UNKNOWN = ("550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table",
           "550 5.1.1 <{rcpt}>... User unknown", "550 5.1.1 No such user here - {rcpt}",
           "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {rcpt} not found by SMTP address lookup",
           "554 5.7.1 <{rcpt}>: this account does not exist or is disabled")
LIST_REPLIES = ("554 5.7.1 Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/{ip}",
                "550 5.7.1 Mail from {ip} refused: listed by zen.spamhaus.org",
                "554 5.7.1 Your address [{ip}] is on the block list zen.spamhaus.org, see https://check.spamhaus.org/")
grey_seen = {}


def smtp_answer(rcpt, site):
    """The reply to RCPT TO at a remote server."""
    local, _, domain = rcpt.lower().rpartition("@")
    style = zlib.crc32(domain.encode())
    if domain in LISTED:
        return LIST_REPLIES[LISTED.index(domain)].format(ip=site["egress"])
    if domain == GREY:
        first = grey_seen.setdefault(rcpt, time.monotonic())
        return "250 2.1.5 Ok" if time.monotonic() - first > 3 else "450 4.2.0 <%s>: Recipient address rejected: Greylisted, please try again in 300 seconds" % rcpt
    known = local in STRICT_NAMES if domain in site["strict"] else domain != REFUSE and mailbox_exists(rcpt)
    return "250 2.1.5 Ok" if known else UNKNOWN[style % len(UNKNOWN)].format(rcpt=rcpt)


def lmtp_answer(rcpt, site):
    """The reply to RCPT TO at our own mail store."""
    if rcpt.lower().partition("@")[0] in site["mailboxes"]:
        return "250 2.1.5 OK"
    return f"550 5.1.1 <{rcpt}> User doesn't exist: {rcpt}"


def queued(rcpt, lmtp):
    """The reply after the message."""
    token = "%012X" % ((zlib.crc32(rcpt.encode()) << 16 | int(time.monotonic() * 1e4) & 0xFFFF) & (1 << 48) - 1)
    if lmtp:
        return f"250 2.0.0 <{rcpt}> {token[:6].lower()}/Lab Saved"
    styles = (f"250 2.0.0 Ok: queued as {token[2:]}", f"250 OK id=1v{token[:4].lower()}-000{token[4:7]}-{token[7:9]}", f"250 2.6.0 message accepted {token}")
    return styles[zlib.crc32(rcpt.rpartition('@')[2].encode()) % 3]


def path(line):
    """The address between the angle brackets of a MAIL or RCPT line."""
    return line.partition("<")[2].rpartition(">")[0]


async def serve(reader, writer, lmtp, site):
    """One connection, command by command."""
    def say(text):
        writer.write(text.encode("latin-1", "replace") + b"\r\n")
    say("220 store LMTP" if lmtp else "220 mx.remote.example ESMTP")
    rcpts = []
    try:
        while raw := await reader.readline():
            line = raw.decode("latin-1").rstrip("\r\n")
            verb = line[:4].upper()
            if verb in ("EHLO", "LHLO"):
                say("250-remote\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES")
            elif verb == "RCPT":
                answer = (lmtp_answer if lmtp else smtp_answer)(path(line), site)
                if answer.startswith("250"):
                    rcpts.append(path(line))
                say(answer)
            elif verb == "DATA" and rcpts:
                say("354 go ahead")
                await writer.drain()
                while (body := await reader.readline()).rstrip(b"\r\n") != b".":
                    if not body:
                        return
                for r in rcpts if lmtp else rcpts[:1]:
                    say(queued(r, lmtp))
                rcpts = []
            elif verb == "DATA":
                say("503 5.5.1 no recipients")
            elif verb == "QUIT":
                say("221 2.0.0 Bye")
                await writer.drain()
                return
            else:
                rcpts = [] if verb in ("MAIL", "RSET") else rcpts
                say("250 2.1.0 Ok")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    """Open both ports and stay."""
    with open(sys.argv[1], encoding="utf-8") as f:
        site = json.load(f)
    await asyncio.start_server(lambda r, w: serve(r, w, False, site), "127.0.0.1", site["ports"]["sink"], backlog=500)
    await asyncio.start_server(lambda r, w: serve(r, w, True, site), "127.0.0.1", site["ports"]["lmtp"], backlog=500)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
