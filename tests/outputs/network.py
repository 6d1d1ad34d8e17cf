#!/usr/bin/env python3
"""Outputs to a collector: network.py BINARY SOURCE

Over TCP with each framing, UDP, a socket of the system, IPv6; a collector that comes late, breaks off, reads slowly, or never
comes: what arrives is what a file gets, and a dead one holds nothing up."""
import json, os, pathlib, socket, subprocess, sys, tempfile, threading, time

binary, source = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
LOG = source / "samples/relay-probed.log"
COMMAND = [binary, "--no-config", "-qq", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted", "192.0.2.0/24"]
failures, checks = [], 0


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {str(seen)[:500]}")


def run(*outputs, logs=(LOG,), timeout=60):
    started = time.monotonic()
    done = subprocess.run([*COMMAND, *[x for o in outputs for x in ("-o", o)], *map(str, logs)], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=timeout)
    return done, time.monotonic() - started


def lines(name, logs=(LOG,)):
    return run(name, logs=logs)[0].stdout.split(b"\n")[:-1]


class Collector:
    """Takes connections and keeps the bytes of each; breaks the first off after `first` bytes."""

    def __init__(self, family=socket.AF_INET, host="127.0.0.1", port=0, first=None, pause=0.0):
        self.server = socket.create_server((host, port), family=family)
        self.port, self.parts, self.first, self.pause = self.server.getsockname()[1], [], first, pause
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            self.parts.append(b"")
            with peer:
                if self.pause:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                while chunk := peer.recv(1 << 12):
                    self.parts[-1] += chunk
                    time.sleep(self.pause)
                    if self.first and len(self.parts) == 1 and len(self.parts[0]) >= self.first:
                        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                        break

    def end(self):
        seen = -1
        while seen != (seen := sum(map(len, self.parts))):  # until nothing more comes
            time.sleep(0.4)
        self.server.close()
        return self.parts


def octets(raw):
    while raw:
        length, blank, rest = raw.partition(b" ")
        if not blank or not length.isdigit() or len(rest) < int(length):
            return  # cut
        yield rest[:int(length)]
        raw = rest[int(length):]


FRAMES = {"syslog": lambda raw: list(octets(raw)), "syslog-json": lambda raw: list(octets(raw)), "gelf": lambda raw: raw.split(b"\0")[:-1],
          "cef": lambda raw: raw.split(b"\n")[:-1], "json": lambda raw: raw.split(b"\n")[:-1]}

for name, unframe in FRAMES.items():
    collector = Collector()
    done, _ = run(f"{name}:tcp://127.0.0.1:{collector.port}")
    parts = collector.end()
    check(f"{name} over TCP, framed", done.returncode == 0 and len(parts) == 1 and unframe(parts[0]) == lines(name), (done, parts[:1]))

if socket.has_ipv6:
    try:
        collector = Collector(socket.AF_INET6, "::1")
        run(f"cef:tcp://[::1]:{collector.port}")
        check("over IPv6", FRAMES["cef"](b"".join(collector.end())) == lines("cef"))
    except OSError as error:
        print("no IPv6 here:", error)

with tempfile.TemporaryDirectory() as d:
    for address, family, bound in (("udp://127.0.0.1:%d", socket.AF_INET, ("127.0.0.1", 0)), (f"unix:{d}/log", socket.AF_UNIX, f"{d}/log")):
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            s.bind(bound)
            s.settimeout(2)
            got = []

            def receive():
                try:
                    while True:
                        got.append(s.recv(65536))
                except OSError:
                    pass
            reader = threading.Thread(target=receive)
            reader.start()
            done, _ = run("syslog:" + (address % s.getsockname()[1] if "%d" in address else address))
            reader.join()
            check(f"{address}: a message a datagram", done.returncode == 0 and got == lines("syslog"), (done, len(got), got[:1]))

with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
done, took = run(f"syslog:tcp://127.0.0.1:{port}", "json")
told, want = done.stdout.split(b"\n")[:-1], lines("json")
last = json.loads(told.pop())
row = last["relaywatch"].pop("output")[0]
check("nobody there: the other output is whole, it is said, and it ends", told == want[:-1] and last == json.loads(want[-1]) and took < 20
      and row["waiting"] == len(told) and done.returncode == 74
      and b"Connection refused" in done.stderr and b"messages were lost" in done.stderr, (took, done.stderr))

late = []
threading.Timer(1.0, lambda: late.append(Collector(port=port))).start()
done, _ = run(f"syslog:tcp://127.0.0.1:{port}")
check("one that comes late gets all", late and FRAMES["syslog"](b"".join(late[0].end())) == lines("syslog"), done.stderr)

collector = Collector(first=3000)
logs = sorted(source.glob("samples/**/*.log"))
want = lines("syslog-json", logs)
done, _ = run(f"syslog-json:tcp://127.0.0.1:{collector.port}", logs=logs)
parts = collector.end()
got = [m for part in parts for m in octets(part)]
check("after a break all that follows comes whole, on a new connection", len(parts) == 2 and got[-1] == want[-1] and set(got) <= set(want)
      and list(octets(parts[1])) == want[-len(list(octets(parts[1]))):], (len(parts), len(got), len(want), done.stderr))

collector = Collector(pause=0.01)
done, _ = run(f"json:tcp://127.0.0.1:{collector.port}", logs=logs)
check("a slow one loses nothing", FRAMES["json"](b"".join(collector.end())) == lines("json", logs), done.stderr)

for output, word in (("syslog:tcp://127.0.0.1", b"no collector"), ("syslog:udp://:514", b"no collector"), ("syslog:unix:log", b"no path of a socket"),
                     ("csv:tcp://127.0.0.1:1", b"goes to files"), ("text:udp://127.0.0.1:1", b"goes to files"),
                     ("syslog:tcp://no-such-name.invalid:514", b"tcp://no-such-name.invalid:514")):
    done, _ = run(output)
    check(f"{output} is refused with a reason", done.returncode == 74 and word in done.stderr, done)
print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
