#!/usr/bin/env python3
"""SIGHUP, --user and --sandbox of a run that follows a log: reload.py BINARY [--sandbox on] [--only PART,..]

Each part starts a run, changes its configuration or a file that it names, sends SIGHUP, and adds lines: they must be judged
by the new one, with all that was known before. What is wrong changes nothing, what needs a restart is named."""
import argparse, json, os, pathlib, pwd, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools"))
import make_mmdb
from harness import check, end, needs_landlock, wait_for

args = argparse.ArgumentParser()
args.add_argument("binary")
args.add_argument("--sandbox", default="auto")
args.add_argument("--only")
args = args.parse_args()
binary = os.path.abspath(args.binary)

if args.sandbox == "on":
    needs_landlock(binary)


def text(path):
    return path.read_text() if path.exists() else ""


# ---- lines ----

minute = [0]


def line(daemon, words):
    minute[0] += 1
    return f"2026-03-02T{minute[0] // 3600:02}:{minute[0] // 60 % 60:02}:{minute[0] % 60:02}.5+00:00 mx postfix/{daemon}[2000]: {words}\n"


def probes(ip, count=12, domain="far.example"):
    return "".join(line("smtpd", f"NOQUEUE: reject: RCPT from unknown[{ip}]: 554 5.7.1 <v{i}@{domain}>: Relay access denied; from=<s@x.example> "
                        f"to=<v{i}@{domain}> proto=ESMTP helo=<x>") for i in range(count))


def relayed(ip, domain):
    q = f"{minute[0] + 0xABC000:X}"
    return (line("smtpd", f"{q}: client=unknown[{ip}]") + line("qmgr", f"{q}: from=<a@x.example>, size=900, nrcpt=1 (queue active)") +
            line("smtp", f"{q}: to=<u@{domain}>, relay=mx.{domain}[192.0.2.9]:25, delay=0.2, delays=0/0/0/0.2, dsn=2.0.0, status=sent (250 Ok)") +
            line("qmgr", f"{q}: removed"))


def login(ip, user):
    return line("smtpd", f"warning: unknown[{ip}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username={user}")


# ---- a run ----

class Notify:
    """What a service manager would be told."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.said = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            self.said.append(self.socket.recv(4096).decode())


class Run:
    def __init__(self, name, *options, conf=(), env=None, sandbox=args.sandbox):
        self.folder = work / name
        self.folder.mkdir(exist_ok=True)
        self.conf, self.log, self.out, self.errors = (self.folder / n for n in ("conf", "mail.log", "out.json", "stderr"))
        self.lines = 0
        self.log.touch()
        self.configure(*conf)
        self.command = [binary, "-c", str(self.conf), "-q", "--memory", "32M", "--sandbox", sandbox, "-F", *map(str, options), str(self.log)]
        self.env = {**os.environ, **(env or {})}
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=open(self.errors, "ab"), stdout=subprocess.DEVNULL, env=self.env)
        check(f"{self.folder.name}: it runs", wait_for(self.is_up), self.said())

    def is_up(self):
        """It takes signals."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.M)[1], 16)
        return self.out.exists() and all(caught >> (n - 1) & 1 for n in (signal.SIGHUP, signal.SIGUSR1))

    def configure(self, *lines, out=True):
        self.conf.write_text("\n".join([f"output = json:{self.out}"] * out + list(lines)) + "\n")

    def said(self):
        return text(self.errors)

    def documents(self, path=None):
        return [json.loads(l) for l in text(path or self.out).splitlines()]

    def alerts(self, path=None):
        return {(d["rule"]["id"], d["relaywatch"]["alert"]["entity"]["value"]) for d in self.documents(path) if d["event"]["kind"] == "alert"}

    def counted(self):
        counts = [d["relaywatch"]["input"]["lines"] for d in self.documents() if d["event"]["kind"] == "state"]
        return counts[-1] if counts else -1

    def add(self, lines):
        """Write them, and wait until they were read."""
        with self.log.open("a") as f:
            f.write(lines)
        self.lines += lines.count("\n")

        def read():
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(0.1)
            return self.counted() == self.lines
        check(f"{self.folder.name}: lines are read", wait_for(read), (self.counted(), self.lines, self.said()))

    def hup(self, good=True):
        """result: what was said about it"""
        before = len(self.said())
        word = "was read again" if good else "stays as it was"
        self.process.send_signal(signal.SIGHUP)
        check(f"{self.folder.name}: the configuration is {'good' if good else 'refused'}", wait_for(lambda: word in self.said()[before:]), self.said()[before:])
        return self.said()[before:]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        check(f"{self.folder.name}: it ends as asked", self.process.wait(timeout=30) == 143, self.said())
        check(f"{self.folder.name}: no sanitizer has a word", "Sanitizer" not in self.said() and "runtime error" not in self.said(), self.said())


# ---- parts ----

def lists():
    """Block lists and allow lists; outputs are opened again."""
    folder = work / "lists"
    folder.mkdir()
    allow, blocks = folder / "allow", folder / "blocks"
    allow.write_text("192.0.2.0/24\n")
    run = Run("lists", conf=["local-domain = example.org", f"block-allow = @{allow}", "block-severity = info", f"output = plain:{blocks}"])
    run.add(probes("198.51.100.7") + probes("203.0.113.9"))
    in_list = lambda ip: ip in [l.split("#")[0].split("/")[0].strip() for l in text(blocks).splitlines()]
    check("a block list is made", wait_for(lambda: in_list("198.51.100.7")) and in_list("203.0.113.9"), text(blocks))

    def again(good=True):
        run.out.rename(folder / "out.old")
        said = run.hup(good)
        check("the output is made anew", wait_for(run.out.exists), run.said())
        run.process.send_signal(signal.SIGUSR1)
        check("... and written to", wait_for(lambda: text(run.out).endswith("\n")), run.said())
        return said

    allow.write_text("192.0.2.0/24\n198.51.100.7\n")
    again()
    check("who is allowed now is not in the list", wait_for(lambda: not in_list("198.51.100.7")), text(blocks))
    check("... others still are", in_list("203.0.113.9"))
    allow.write_text("nonsense\n")
    said = again(False)
    check("a wrong file is told and changes nothing", "nonsense" in said and in_list("203.0.113.9"), said)
    allow.write_text("")
    again()
    check("nobody is allowed any more", wait_for(lambda: in_list("198.51.100.7")), text(blocks))
    run.end()


def zones():
    """A domain, a network and a trap that are added change the verdict of later lines; what was known stays."""
    state = work / "zones.state"
    run = Run("zones", "--state", state, conf=["local-domain = example.org", "trusted = 192.0.2.0/24"])
    run.add(relayed("203.0.113.1", "ours.example") + relayed("198.51.100.1", "far.example") + login("203.0.113.5", "trap@example.org") + probes("203.0.113.6", 2))
    before = run.alerts()
    check("two relay", {("RW-RELAY-ACCEPTED", "203.0.113.1"), ("RW-RELAY-ACCEPTED", "198.51.100.1")} <= before, before)
    check("one login that failed is nothing", ("RW-SASL-BRUTE", "203.0.113.5") not in before, before)
    run.configure("local-domain = example.org", "relay-domain = ours.example", "trusted = 192.0.2.0/24", "trusted = 198.51.100.0/24", "honey-user = trap")
    said = run.hup()
    check("changes are named", "relay-domain, trusted, honey-user" in said, said)
    run.add(relayed("203.0.113.2", "ours.example") + relayed("198.51.100.2", "far.example") + relayed("203.0.113.3", "far.example") +
            login("203.0.113.7", "trap@example.org") + probes("203.0.113.6", 10))
    now = run.alerts() - before
    check("what is ours now is no relaying", not {who for _, who in now} & {"203.0.113.2", "198.51.100.2"}, now)
    check("the rest still is", ("RW-RELAY-ACCEPTED", "203.0.113.3") in now, now)
    check("a trap is one now", ("RW-SASL-BRUTE", "203.0.113.7") in now, now)
    check("tries before and after are added", any(r == "RW-RELAY-PROBE" and w == "203.0.113.6" for r, w in now), now)
    for wrong in ("local-domain = no domain at all!", "trusted = 300.0.0.0/8", "memory = lots", "no-such-thing = 1", "output = nonsense"):
        run.configure("local-domain = ours2.example", wrong)
        said = run.hup(False)
        check(f"{wrong}: where it is wrong", f"{run.conf}:3" in said, said)
    run.add(relayed("203.0.113.4", "ours2.example") + relayed("203.0.113.2", "ours.example"))
    check("one mistake and nothing of it is taken", ("RW-RELAY-ACCEPTED", "203.0.113.4") in run.alerts() and
          ("RW-RELAY-ACCEPTED", "203.0.113.2") not in run.alerts(), run.alerts())
    run.configure("local-domain = example.org", "relay-domain = ours.example", "trusted = 192.0.2.0/24", "trusted = 198.51.100.0/24", "honey-user = trap")
    run.end()
    run.start()
    run.add(relayed("203.0.113.8", "ours.example"))
    check("the state is one of the configuration of the end", "beginning anew" not in run.said(), run.said())
    check("... with all lines", run.counted() == run.lines)
    run.end()


def fixed():
    """What tables and rights depend on is named and left; the rest is taken."""
    state = work / "fixed.state"
    run = Run("fixed", conf=["local-domain = example.org", f"state = {state}"])
    run.configure("local-domain = example.net", f"state = {state}.other", "format = exim", "tz = +02:00", "year = 2020", "spool-max = 2M", "metrics-listen = 9")
    said = run.hup()
    for name in ("state", "format", "tz", "year", "spool-max", "metrics-listen"):
        check(f"{name} is named", f"relaywatch: {name} is another now: it takes effect at the next start\n" in said, said)
    check("what does take effect is named", "read again: local-domain\n" in said, said)
    run.add(relayed("203.0.113.1", "example.org") + relayed("203.0.113.2", "example.net"))
    check("the rest is taken", run.alerts() == {("RW-RELAY-ACCEPTED", "203.0.113.1")}, run.alerts())
    check("no more is said when nothing is another", run.hup().count("takes effect") == 6)
    run.end()
    check("the state is where it was", state.exists() and not pathlib.Path(f"{state}.other").exists())


def scenario(name, count, title="Site"):
    hit = "Mar  2 04:00:0{} mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <u@there.example>: Relay access denied; from=<s@there.example> to=<u@there.example> proto=ESMTP helo=<h.example>"
    return {"id": name, "title": title, "source": "tests", "severity": "medium", "kind": "leaky", "events": ["rcpt"], "where": {"reason": "relay_denied"},
            "by": ["client"], "capacity": count - 1, "leak": "1h", "cooldown": "1m", "match": [[hit.format(i) for i in range(count)]],
            "nomatch": [[hit.format(i) for i in range(count - 1)] or ["Mar  2 04:00:00 mx postfix/smtpd[7]: connect from unknown[203.0.113.9]"]]}


def signatures():
    """Scenarios, policies, patterns and wordings: added, changed, removed; broken ones are refused."""
    folder = work / "signatures-of-site"
    folder.mkdir()
    put = lambda name, kind, entries: (folder / name).write_text(json.dumps({"schema": 1, "kind": kind, "title": "Site", "entries": entries}))
    state = work / "signatures.state"
    run = Run("signatures", "--metrics-textfile", work / "signatures.prom", "--state", state, "--state-every", "1", conf=["local-domain = example.org", f"signatures = {folder}"])
    run.add(probes("203.0.113.1", 1))
    check("one try is nothing", run.alerts() == set(), run.alerts())
    put("site.json", "scenarios", [scenario("SITE-TWICE", 2), scenario("SITE-FIVE", 5)])
    run.hup()
    run.add(probes("203.0.113.2", 3))
    check("a scenario that is added fires", ("SITE-TWICE", "203.0.113.2") in run.alerts(), run.alerts())
    put("site.json", "scenarios", [scenario("SITE-THRICE", 3), scenario("SITE-FIVE", 5, "Five of them")])
    run.hup()
    run.add(probes("203.0.113.2", 2, "near.example") + probes("203.0.113.3", 3))
    check("... another too; groups go on", {("SITE-FIVE", "203.0.113.2"), ("SITE-THRICE", "203.0.113.3")} <= run.alerts(), run.alerts())
    check("... and one that was removed does not", ("SITE-TWICE", "203.0.113.3") not in run.alerts(), run.alerts())
    (folder / "site.json").write_text("{")
    said = run.hup(False)
    check("a broken file is named", str(folder / "site.json") in said, said)
    put("site.json", "scenarios", [{**scenario("SITE-WRONG", 2), "where": {"reason": "greylist"}}])
    said = run.hup(False)
    check("an example that does not fire is named", "SITE-WRONG" in said and "does not fire" in said, said)
    run.add(probes("203.0.113.4", 3))
    check("the old one holds", ("SITE-THRICE", "203.0.113.4") in run.alerts(), run.alerts())
    (folder / "site.json").unlink()
    run.hup()
    run.add(probes("203.0.113.5", 3))
    check("none fires any more", not [r for r, who in run.alerts() if who == "203.0.113.5" and r.startswith("SITE")], run.alerts())
    titles = [d["rule"]["name"] for d in run.documents() if d["event"]["kind"] == "alert" and d["rule"]["id"] == "SITE-TWICE"]
    put("policy.json", "policies", [{"id": "RW-RELAY-PROBE", "source": "tests", "settings": {"plain_varied": 1},
                                     "match": [[l.rstrip("\n") for l in probes("203.0.113.20", 1).splitlines()]],
                                     "nomatch": [["Mar  2 04:00:00 mx postfix/smtpd[7]: connect from unknown[203.0.113.9]"]]}])
    put("patterns.json", "patterns", [{"id": "site-helo", "title": "The HELO of our guest", "field": "helo", "literal": "guest-helo", "meaning": "bot",
                                       "source": "tests", "match": ["guest-helo"], "nomatch": ["host"]}])
    run.hup()
    run.add(probes("203.0.113.6", 1).replace("helo=<x>", "helo=<guest-helo>"))
    check("a policy takes effect", ("RW-RELAY-PROBE", "203.0.113.6") in run.alerts(), run.alerts())
    check("a pattern is named", "site-helo" in text(run.out).splitlines()[-2], text(run.out).splitlines()[-2])
    written = state.stat().st_mtime_ns
    run.add(probes("203.0.113.8", 1))
    check("a state is written", wait_for(lambda: state.stat().st_mtime_ns != written), run.said())
    for file in folder.iterdir():
        file.unlink()
    run.hup()
    written = state.stat().st_mtime_ns
    run.add(probes("203.0.113.9", 1))
    check("... and once more with what is gone", wait_for(lambda: state.stat().st_mtime_ns != written), run.said())
    run.add(probes("203.0.113.6", 1) + probes("203.0.113.7", 1))
    check("what removed scenarios have said stays said", titles and all(t == titles[0] for t in titles), titles)
    check("... and gone it is gone", not [a for a in run.alerts() if a[1] == "203.0.113.7"], run.alerts())
    run.end()
    run.start()
    run.end()
    check("it goes on from that state", "beginning anew" not in run.said(), run.said())
    check("the figure of success", "\nrelaywatch_config_last_reload_successful 1\n" in text(work / "signatures.prom"), text(work / "signatures.prom")[:600])


def geoip():
    """A database that is replaced by renaming is used; one that is broken is told, and the one of before is used."""
    folder = work / "geo"
    folder.mkdir()
    file = folder / "country.mmdb"

    def put(code, broken=False):
        data = make_mmdb.database({"203.0.113.0/24": {"country": {"iso_code": code}}})
        (folder / "new").write_bytes(data[:40] if broken else data)
        (folder / "new").rename(file)

    def country(ip):
        run.add(probes(ip))
        return [d.get("source", {}).get("geo", {}).get("country_iso_code") for d in run.documents()
                if d["event"]["kind"] == "alert" and d["relaywatch"]["alert"]["entity"]["value"] == ip][:1]

    run = Run("geoip", "--metrics-textfile", work / "geoip/m.prom", conf=["local-domain = example.org"], sandbox="on" if args.sandbox == "on" else "off")
    check("no place without a file", country("203.0.113.1") == [None])
    put("SE")
    run.configure("local-domain = example.org", f"geoip-country = {file}")
    if args.sandbox == "on":
        run.hup()
        check("the sandbox has only what was named", "Permission denied" in run.said(), run.said())
        run.end()
        shutil.rmtree(run.folder)
        run = Run("geoip", conf=["local-domain = example.org", f"geoip-country = {file}"])
    else:
        run.hup()
    check("one that is added is asked", country("203.0.113.2") == ["SE"])
    put("NO")
    run.hup()
    check("one that is replaced is opened", country("203.0.113.3") == ["NO"])
    put("DK", broken=True)
    run.hup()
    check("a broken one is told", "the one of before stays in use" in run.said(), run.said())
    check("... and the old one used", country("203.0.113.4") == ["NO"])
    put("FI")
    run.process.send_signal(signal.SIGHUP)
    built = f'\nrelaywatch_geoip_build_timestamp_seconds{{db="country"}} {make_mmdb.EPOCH}\n'
    check("when it was made is a figure", args.sandbox == "on" or wait_for(lambda: built in text(work / "geoip/m.prom")), text(work / "geoip/m.prom")[:900])
    check("and a good one again", wait_for(lambda: country(f"203.0.113.{5 + minute[0] % 100}") == ["FI"]))
    run.configure("local-domain = example.org")
    run.hup()
    check("one that is named no more is closed", country("203.0.113.200") == [None])
    run.end()


class Collector:
    """A TCP listener that keeps what comes, once it is open."""

    def __init__(self):
        self.server = socket.socket()
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(("127.0.0.1", 0))
        self.port, self.data = self.server.getsockname()[1], b""

    def open(self):
        self.server.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.server.accept()
            threading.Thread(target=self.read, args=(peer,), daemon=True).start()

    def read(self, peer):
        while piece := peer.recv(65536):
            self.data += piece


def outputs():
    """Added, removed, kept; what waits for an absent collector is not lost with its row."""
    second, third, events = (work / "outputs" / n for n in ("second.json", "third.csv", "events.json"))
    collector = Collector()
    tcp = f"output = json:tcp://127.0.0.1:{collector.port}"
    run = Run("outputs", "--metrics-textfile", work / "outputs/m.prom", conf=["local-domain = example.org", tcp])
    run.add(probes("203.0.113.1"))
    run.configure("local-domain = example.org", tcp, f"output = json:{second}", f"output = csv:{third}", f"events = {events}")
    run.hup()
    run.add(probes("203.0.113.2"))
    who = lambda path: {w for _, w in run.alerts(path)}
    check("an output that is added gets alerts", who(second) == {"203.0.113.2"}, text(second))
    check("... a header first", text(third).startswith("@timestamp") or "," in text(third).split("\n")[0], text(third)[:200])
    check("... the one of before goes on", who(run.out) == {"203.0.113.1", "203.0.113.2"})
    check("events too", wait_for(lambda: text(events).count("\n") >= 12), text(events))
    run.configure("local-domain = example.org", f"output = csv:{third}")
    run.hup()
    run.add(probes("203.0.113.3"))
    check("one that is removed gets no more", who(second) == {"203.0.113.2"}, text(second))
    check("... others do", wait_for(lambda: "203.0.113.3" in text(third)), text(third))
    collector.open()
    came = lambda: [ip for ip in ("203.0.113.1", "203.0.113.2", "203.0.113.3") if f'"value":"{ip}"'.encode() in collector.data]
    check("what waited for the one that was removed goes to it", wait_for(lambda: came() == ["203.0.113.1", "203.0.113.2"]), (came(), run.said()))
    run.configure("local-domain = example.org", f"output = json:{work}/no/such/folder", f"output = csv:{second}.csv")
    said = run.hup(False)
    check("one that cannot be opened is named", "no/such/folder" in said, said)
    third.rename(work / "outputs/third.old")
    run.process.send_signal(signal.SIGHUP)
    check("rotation works though the configuration is wrong", wait_for(third.exists), run.said())
    check("no output is left of what was refused", not text(pathlib.Path(f"{second}.csv")))
    run.configure("local-domain = example.org", tcp, f"output = csv:{third}")
    run.hup()
    run.add(probes("203.0.113.4"))
    check("one that comes again gets alerts", wait_for(lambda: b'"value":"203.0.113.4"' in collector.data), run.said())
    run.end()
    check("the last one was good", "\nrelaywatch_config_last_reload_successful 1\n" in text(work / "outputs/m.prom"))


def manager():
    """What the service manager is told; and the time of the last success."""
    notify = Notify(work / "notify")
    run = Run("manager", "--metrics-listen", "0", conf=["local-domain = example.org"], env={"NOTIFY_SOCKET": str(work / "notify")})
    port = lambda: re.search(r"at port (\d+)", run.said())
    check("it listens", wait_for(port), run.said())

    def figures():
        with socket.create_connection(("127.0.0.1", int(port()[1]))) as c:
            c.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: c.recv(65536), b"")).decode()
        return {n: float(v) for n, v in re.findall(r"^relaywatch_config_last_reload_(\w+) (\S+)$", answer, re.M)}

    check("a start is a success", wait_for(lambda: figures().get("successful") == 1) and abs(figures()["success_timestamp_seconds"] - time.time()) < 60)
    first = figures()["success_timestamp_seconds"]
    check("it is ready", wait_for(lambda: any("READY=1" in s for s in notify.said)), notify.said)
    for good in (False, True):
        notify.said.clear()
        run.configure("local-domain = example.org" if good else "local-domain = !")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        run.hup(good)
        check("reloading, then ready", wait_for(lambda: notify.said[-1:] == ["READY=1"]), notify.said)
        word = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", next((s for s in notify.said if "RELOADING" in s), ""))
        check("... with the time", word and before <= int(word[1]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000, notify.said)
        check("the figure follows", wait_for(lambda: figures().get("successful") == good), figures())
        check("... and the time of success", (figures()["success_timestamp_seconds"] > first) == good, (first, figures()))
    run.end()


def user():
    """Root is left behind; files of the user are still opened again, those that he may not read are named."""
    if os.geteuid() != 0:
        return
    os.chmod(work, 0o755)
    mine = work / "user"
    mine.mkdir()
    who = pwd.getpwnam("nobody")
    os.chown(mine, who.pw_uid, who.pw_gid)
    run = Run("user", "--user", "nobody", "--state", mine / "state", "--state-every", "1", conf=["local-domain = example.org"])
    run.conf.chmod(0o644)
    run.add(probes("203.0.113.1"))
    status = pathlib.Path(f"/proc/{run.process.pid}/status").read_text()
    check("another user in all ways", f"Uid:\t{who.pw_uid}\t{who.pw_uid}\t{who.pw_uid}\t{who.pw_uid}\n" in status and "NoNewPrivs:\t1" in status, status)
    run.out.rename(mine / "old")
    run.configure("local-domain = example.org", "relay-domain = ours.example", f"output = csv:{mine}/more.csv")
    run.hup()
    check("he opens outputs again", wait_for(run.out.exists) and run.out.stat().st_uid == who.pw_uid, run.said())
    check("... and new ones", (mine / "more.csv").exists())
    run.lines = 0  # of the file that is there now
    run.conf.chmod(0o600)
    said = run.hup(False)
    check("a file that only root reads is named", "Permission denied" in said and str(run.conf) in said, said)
    run.process.send_signal(signal.SIGTERM)
    check("... and writes the state", run.process.wait(timeout=30) == 143 and (mine / "state").exists(), run.said())
    bad = subprocess.run([binary, "--no-config", "--user", "no-such-user", "-o", "json:/dev/null", str(run.log)], capture_output=True, text=True)
    check("no such user is 78", bad.returncode == 78 and "no-such-user" in bad.stderr, bad)


def sandbox():
    """What it forbids is said."""
    if args.sandbox != "on":
        return
    elsewhere = work / "elsewhere"
    elsewhere.mkdir()
    run = Run("sandbox", conf=["local-domain = example.org"])
    run.configure("local-domain = example.org", f"output = csv:{elsewhere}/a.csv")
    said = run.hup(False)
    check("a folder that was not named", "Permission denied" in said and "the sandbox admits the places of the start only" in said, said)
    collector = Collector()
    collector.open()
    run.configure("local-domain = example.org", f"output = json:tcp://127.0.0.1:{collector.port}")
    before = len(run.said())
    run.process.send_signal(signal.SIGHUP)
    check("a port is refused, or an old kernel does not mind", wait_for(lambda: "was not there at the start" in run.said()[before:] or
                                                                        "was read again" in run.said()[before:]), run.said()[before:])
    run.configure("local-domain = example.org", f"output = csv:{run.folder}/a.csv")
    run.hup()
    check("one in a folder that was named is opened", (run.folder / "a.csv").exists())
    run.end()


PARTS = [lists, zones, fixed, signatures, geoip, outputs, manager, user, sandbox]
work = pathlib.Path(tempfile.mkdtemp(prefix="reload-"))
try:
    for part in PARTS:
        if not args.only or part.__name__ in args.only.split(","):
            part()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
