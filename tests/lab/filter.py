#!/usr/bin/env python3
"""A content filter that finds nothing: takes mail from Postfix and hands it back on the re-injection port.

usage: filter.py SITE.json
Works after the queue and before it. With "xforward" true the original client's attributes are passed on, so the second
pass logs orig_client= and orig_queue_id=; otherwise the second pass knows only localhost.
"""
import asyncio
import json
import sys


async def reply(reader):
    """One whole SMTP reply as a list of lines."""
    lines = []
    while True:
        line = await reader.readline()
        lines.append(line)
        if not line or line[3:4] != b"-":
            return lines


def trim(lines, xforward):
    """The EHLO reply without what this filter does not do."""
    hide = [b"PIPELINING", b"CHUNKING", b"STARTTLS"] + ([] if xforward else [b"XFORWARD"])
    kept = [l[4:] for l in lines if not any(l[4:].startswith(h) for h in hide)]
    return [b"250" + (b"-" if k + 1 < len(kept) else b" ") + text for k, text in enumerate(kept)]


async def serve(reader, writer, site):
    """One connection: every command is asked upstream, the body is passed through."""
    back, forth = await asyncio.open_connection("127.0.0.1", site["ports"]["reinject"])
    try:
        writer.writelines(await reply(back))
        while line := await reader.readline():
            forth.write(line)
            answer = await reply(back)
            if line[:4].upper() == b"EHLO":
                answer = trim(answer, site["xforward"])
            writer.writelines(answer)
            if line[:4].upper() == b"DATA" and answer[-1].startswith(b"354"):
                while (body := await reader.readline()) and body != b".\r\n":
                    forth.write(body)
                forth.write(body)
                final = (await reply(back))[-1].rstrip()
                writer.write(final[:9] + b" from MTA(smtp:[127.0.0.1]:10025): " + final + b"\r\n")
            if line[:4].upper() == b"QUIT":
                break
    except ConnectionError:
        pass
    finally:
        forth.close()
        writer.close()


async def main():
    """Listen on the filter port and stay."""
    with open(sys.argv[1], encoding="utf-8") as f:
        site = json.load(f)
    await asyncio.start_server(lambda r, w: serve(r, w, site), "127.0.0.1", site["ports"]["filter"], backlog=500)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
