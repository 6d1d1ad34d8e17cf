#!/usr/bin/env python3
"""The systemd journal as an input: journal.py BINARY SAMPLES [OPTIONS of relaywatch]

Journal files are made by systemd-journal-remote from the lines of text logs. The journal, what journalctl gives by a pipe, and
the text log have the same alerts and verdict, batch and followed, over restarts, sudden ends and rotated files. Skipped (77)
where that program is not installed."""
import datetime, json, os, pathlib, random, re, shutil, signal, struct, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools"))
from harness import check, end, needs_landlock, skip, wait_for

binary, samples, more = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]
REMOTE = "/lib/systemd/systemd-journal-remote"
COMMON = [binary, "--no-config", "--local-domain", "example.org,example.net", "--memory", "48M", "--hash-key", "00" * 16]
BOOT, MACHINE = b"0123456789abcdef0123456789abcdef", b"fedcba9876543210fedcba9876543210"
work = pathlib.Path(tempfile.mkdtemp(prefix="journal-"))

if "the journal is left out" in subprocess.run([binary, "--version"], capture_output=True, text=True).stdout:
    done = subprocess.run([*COMMON, "journal:"], capture_output=True, text=True)
    check("built without: said, 78", done.returncode == 78 and "built without libsystemd" in done.stderr, done)
    end()
if not os.path.exists(REMOTE):
    skip("systemd-journal-remote is not installed")
if "on" in more:
    needs_landlock(binary)

# ---- journals ----

SYSLOG = re.compile(rb"(?:<\d+>)?(\w{3}) +(\d+) (\d\d:\d\d:\d\d) ([^\s:\[\]]+) ([^\[\]: ]+)(?:\[(\d+)\])?: (.*)")


class Entry:
    def __init__(self, time_us, host, tag, pid, text):
        self.time_us, self.host, self.tag, self.pid, self.text = time_us, host, tag, pid, text

    def line(self):
        stamp = datetime.datetime.fromtimestamp(self.time_us / 1e6, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
        return b"%s %s %s%s: %s" % (stamp.encode(), self.host, self.tag, b"[%s]" % self.pid if self.pid else b"", self.text)

    def export(self, number):
        fields = [(b"_HOSTNAME", self.host), (b"PRIORITY", b"6"), (b"SYSLOG_FACILITY", b"2"), (b"SYSLOG_IDENTIFIER", self.tag), (b"MESSAGE", self.text),
                  (b"_SOURCE_REALTIME_TIMESTAMP", b"%d" % self.time_us)]
        if self.pid:
            fields += [(b"SYSLOG_PID", self.pid), (b"_PID", self.pid)]
        out = b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%s\n_MACHINE_ID=%s\n" % (self.time_us, number, BOOT, MACHINE)
        for name, value in fields:
            binary_form = any(b < 32 for b in value)
            out += name + (b"\n" + struct.pack("<Q", len(value)) + value if binary_form else b"=" + value) + b"\n"
        return out + b"\n"


def entries_of(*logs):
    """The lines of syslog of a log, each a little later than the one before, so that their order is certain."""
    found, last = [], 0
    for log in logs:
        for raw in log.read_bytes().splitlines():
            m = SYSLOG.match(raw)
            if not m:
                continue
            try:
                at = datetime.datetime.strptime(f"2026 {m[1].decode()} {m[2].decode()} {m[3].decode()}", "%Y %b %d %H:%M:%S")
            except ValueError:
                continue
            time_us = int(at.replace(tzinfo=datetime.timezone.utc).timestamp()) * 1000000
            if not m[7] or time_us < last - 1000000:
                continue
            last = max(last + 1, time_us)
            found.append(Entry(last, m[4], m[5], m[6], m[7]))
    return found


def relay_days(first, count):
    """A client a day, each with enough refused relay attempts for alerts of its own."""
    out = []
    for n in range(first, first + count):
        for i in range(12):
            text = (f"NOQUEUE: reject: RCPT from unknown[198.51.100.{n % 250 + 1}]: 554 5.7.1 <v{i}@far{n}.example>: Relay access denied; "
                    f"from=<s@x.example> to=<v{i}@far{n}.example> proto=ESMTP helo=<x>")
            out.append(Entry((1609459200 + n * 86400 + i) * 1000000, b"mx", b"postfix/smtpd", b"%d" % (2000 + n), text.encode()))
    return out


def make_journal(path, entries, start=1):
    done = subprocess.run([REMOTE, "-o", str(path), "-"], input=b"".join(e.export(n) for n, e in enumerate(entries, start)), capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"systemd-journal-remote: {done.stderr}")


class Writer:
    """A journal file that grows entry by entry."""

    def __init__(self, path):
        self.path = path
        self.process = subprocess.Popen([REMOTE, "-o", str(path), "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def add(self, entries, start):
        self.process.stdin.write(b"".join(e.export(n) for n, e in enumerate(entries, start)))
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


# ---- what a run says ----


def run(*args, text=None):
    return subprocess.run([*COMMON, "-q", "-o", "json", *more, *args], input=text, capture_output=True, timeout=120)


def told(raw):
    """Alerts by id, and the verdict: what must be the same whatever the lines came by."""
    docs = [json.loads(t) for t in raw.splitlines()]
    alerts = {d["event"]["id"]: (d["rule"]["id"], d["relaywatch"]["alert"]["entity"], d["relaywatch"]["alert"]["state"], d["relaywatch"]["alert"]["observed"],
                                 d["event"]["start"], d["event"]["end"]) for d in docs if d["event"]["kind"] == "alert"}
    summaries = [d["relaywatch"] for d in docs if d["event"]["kind"] == "state"]
    return alerts, [s["verdict"] for s in summaries[-1:]], [s["input"]["lines"] for s in summaries[-1:]]


def same_verdict():
    """Each sample with lines of syslog: text, journal, pipe."""
    compared = alerts = 0
    for log in sorted(samples.glob("**/*.log")):
        entries = entries_of(log)
        if len(entries) < 5:
            continue
        folder = work / f"sample{compared}"
        folder.mkdir()
        (work / "text.log").write_bytes(b"\n".join(e.line() for e in entries) + b"\n")
        make_journal(folder / "x.journal", entries)
        text, by_folder, by_file = run(str(work / "text.log")), run(f"journal:{folder}"), run(f"journal:{folder}/x.journal")
        name = log.relative_to(samples)
        check(f"{name}: it is read", by_folder.returncode == text.returncode == 0, (text.stderr, by_folder.stderr))
        check(f"{name}: folder and text", told(by_folder.stdout) == told(text.stdout), (told(by_folder.stdout), told(text.stdout)))
        check(f"{name}: file and folder", told(by_file.stdout) == told(by_folder.stdout))
        if shutil.which("journalctl"):
            lines = subprocess.run(["journalctl", "-D", str(folder), "-o", "json", "--all"], capture_output=True, check=True).stdout
            check(f"{name}: pipe and folder", told(run("-", text=lines).stdout) == told(by_folder.stdout))
        compared, alerts = compared + 1, alerts + len(told(text.stdout)[0])
        shutil.rmtree(folder)
    check("samples were compared", compared >= 10 and alerts >= 20, (compared, alerts))
    print(f"same verdict {compared} samples, {alerts} alerts")


def hostile():
    """Texts that an outsider may write, and those that no syslog would give."""
    good = relay_days(0, 1)[0]
    texts = [b"warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: a\"b\\c\td", b"connect from \xff\xfe\x80[192.0.2.2]", b"connect from a\x00b[192.0.2.3]",
             b"connect from x[192.0.2.4]\nMar  1 00:00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <v@far.example>: Relay "
             b"access denied; from=<s@x.example> to=<v@far.example> proto=ESMTP helo=<x>", b"connect from y[192.0.2.5]" + b" x" * 15000,
             b"connect from \x1b[31m[192.0.2.6]", b"{\"MESSAGE\":\"connect from z[192.0.2.7]\"}", "connect from ü[192.0.2.8]".encode(), b""]
    entries = [Entry(good.time_us + n, good.host, good.tag, good.pid, text) for n, text in enumerate(texts)]
    entries += [Entry(good.time_us + 100, b"mx\n\"}", b"postfix/smtpd\"}{", b"1\"", b"connect from a[192.0.2.9]"), Entry(good.time_us + 101, b"mx", good.tag, None, good.text)]
    folder = work / "hostile"
    folder.mkdir()
    make_journal(folder / "x.journal", entries)
    done = run(f"journal:{folder}", "--events", str(folder / "events"))
    lines = subprocess.run(["journalctl", "-D", str(folder), "-o", "json", "--all"], capture_output=True, check=True).stdout
    piped = run("-", "--events", str(folder / "piped"), text=lines)

    def events(name):
        keep = [json.loads(t) for t in (folder / name).read_text(errors="surrogateescape").splitlines()]
        for e in keep:
            for key in ("source", "offset", "line", "pos"):
                e.pop(key, None)
        return keep
    check("hostile: it is read", done.returncode == 0 and len(lines.splitlines()) == len(entries), (done, len(entries)))
    check("hostile: the same events as by a pipe", events("events") == events("piped") and len(events("events")) > 5,
          [(a, b) for a, b in zip(events("events"), events("piped")) if a != b] or (len(events("events")), len(events("piped"))))
    check("hostile: the same counts as by a pipe", told(done.stdout)[1:] == told(piped.stdout)[1:], (told(done.stdout)[2], told(piped.stdout)[2]))
    check("hostile: a text of two lines forges none", not any(e.get("client") == "203.0.113.9" for e in events("events")))
    (work / "long").mkdir()
    make_journal(work / "long/x.journal", [Entry(good.time_us, good.host, good.tag, good.pid, good.text + b" \"" * 60000)])
    done = run(f"journal:{work}/long", "--events", str(folder / "long"))
    check("hostile: a text longer than a line may be is cut, and read", done.returncode == 0 and [e["kind"] for e in events("long")] == ["rcpt"], (events("long"), done))


def fields_and_times():
    folder = work / "fields"
    folder.mkdir()
    others = [Entry(e.time_us + 5, e.host, b"cron", b"1", b"(root) CMD (true)") for e in relay_days(0, 20)]
    both = sorted(relay_days(0, 20) + others, key=lambda e: e.time_us)
    make_journal(folder / "x.journal", both)
    everything, only = run(f"journal:{folder}"), run(f"journal:{folder}?SYSLOG_IDENTIFIER=postfix/smtpd")
    check("fields: others are passed over", told(everything.stdout)[0] == told(only.stdout)[0] and told(everything.stdout)[2] == [480] and told(only.stdout)[2] == [240],
          (told(everything.stdout)[2], told(only.stdout)[2]))
    either = run(f"journal:{folder}?SYSLOG_IDENTIFIER=postfix/smtpd&SYSLOG_IDENTIFIER=cron")
    check("fields: values of one are alternatives", told(either.stdout)[2] == [480], told(either.stdout)[2])
    since, text = run("--since", "2021-01-10", f"journal:{folder}"), run("--since", "2021-01-10", "-", text=b"\n".join(e.line() for e in both))
    check("--since: the same alerts, and what is older is not read", told(since.stdout)[0] == told(text.stdout)[0] and told(since.stdout)[2][0] < 300,
          (told(since.stdout)[2], told(text.stdout)[2]))
    for name, word in ((f"journal:{work}/none", b"No such file"), (f"journal:{folder}?nonsense", b"FIELD=VALUE"), (f"journal:{folder}?&", b"FIELD=VALUE")):
        for how in ((), ("-F",)):
            done = run(*how, name)
            check(f"{name} {how}: 66 and a reason", done.returncode == 66 and word in done.stderr, done)
    (work / "empty").mkdir()
    done = run(f"journal:{work}/empty")
    check("an empty one: 66 and a reason", done.returncode == 66 and b"systemd-journal" in done.stderr, done)
    twice = run(f"journal:{folder}", f"journal:{folder}", "/dev/null")
    check("twice the same is read once", told(twice.stdout)[2] == [480], twice)


def nightly():
    """Batch runs with a state read only what is new; a text log beside it changes nothing."""
    folder, entries, seen, lines = work / "nightly", relay_days(0, 60), {}, []
    folder.mkdir()
    (folder / "other.log").write_bytes(Entry(1609455600000000, b"mx", b"postfix/smtpd", b"1", b"connect from a.example[192.0.2.77]").line() + b"\n")
    for start, end in ((0, 130), (130, 131), (131, 131), (131, 700), (700, 720)):
        make_journal(folder / "x.journal", entries[start:end], start + 1)
        done = run("--state", str(folder / "state"), f"journal:{folder}", str(folder / "other.log"))
        check(f"nightly {start}: it is read", done.returncode == 0, done)
        alerts, _, total = told(done.stdout)
        seen.update(alerts)
        lines += total
    check("nightly: each line once", lines == [131, 132, 132, 701, 721], lines)
    whole = told(run(f"journal:{folder}", str(folder / "other.log")).stdout)
    first, want = ({i for i, a in alerts.items() if a[2] == "new"} for alerts in (seen, whole[0]))
    check("nightly: the alerts of one run over all", first == want and len(first) >= 60 and set(whole[0]) <= set(seen), (first ^ want, set(whole[0]) - set(seen)))


# ---- followed ----


class Run:
    def __init__(self, folder, *options):
        self.out, self.errors = folder / "out.json", folder / "stderr"
        with open(self.errors, "ab") as err:
            self.process = subprocess.Popen([*COMMON, "-q", "-F", "-o", f"json:{self.out}", *more, *options], stderr=err)

    def documents(self):
        raw = self.out.read_bytes() if self.out.exists() else b""
        return raw[:raw.rfind(b"\n") + 1]

    def alerts(self):
        return told(self.documents())[0]

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(timeout=60)
        if how == signal.SIGKILL and self.out.exists():  # a line that was cut
            self.out.write_bytes(self.documents())
        return status, self.errors.read_text()


def followed():
    """Entries come while it runs, is killed, and files are rotated: nothing is lost and nothing comes that a batch does not tell."""
    folder, journals, entries, chance = work / "followed", work / "followed/journal", relay_days(0, 200), random.Random(6)
    journals.mkdir(parents=True)
    options = ("--state", str(folder / "state"), "--state-every", "1", f"journal:{journals}")
    writer, run_now, at, kills, rotations = Writer(journals / "remote.journal"), Run(folder, *options), 0, 0, 0
    while at < len(entries):
        step = chance.randrange(1, 60)
        writer.add(entries[at:at + step], at + 1)
        at += step
        time.sleep(chance.choice((0.0, 0.05, 0.3)))
        if at // 300 > rotations:
            rotations += 1
            if rotations % 2:
                time.sleep(1)  # all is read, and the file that was read last goes
            writer.end()
            (journals / "remote.journal").rename(journals / f"remote@{rotations:032x}-{at:016x}-{at:016x}.journal")
            writer = Writer(journals / "remote.journal")
        if at // 400 > kills:
            kills += 1
            time.sleep(chance.choice((0.1, 1.3)))
            run_now.stop(signal.SIGKILL)
            run_now = Run(folder, *options)
    writer.end()
    whole = told(run(f"journal:{journals}").stdout)
    good = wait_for(lambda: {a[1]["value"] for a in run_now.alerts().values()} >= {a[1]["value"] for a in whole[0].values()})
    status, said = run_now.stop()
    alerts, _, lines = told(run_now.documents())
    check("followed: every alert", good and len(whole[0]) >= 200, (len(alerts), len(whole[0]), said))
    check("followed: and no other", set(alerts) == set(whole[0]), set(alerts) - set(whole[0]))
    check("followed: each line counted once", lines == whole[2] == [len(entries)], (lines, whole[2]))
    check("followed: it ends as asked", status == 143, (status, said))
    print(f"followed     {len(alerts)} alerts, {kills} sudden ends, {rotations} rotations, {lines} lines")


def from_end():
    folder, journals = work / "end", work / "end/journal"
    journals.mkdir(parents=True)
    make_journal(journals / "x.journal", relay_days(0, 5))
    options = ("--from-end", "--state", str(folder / "state"), "--state-every", "1", f"journal:{journals}")
    run_now, writer = Run(folder, *options), None
    time.sleep(1.5)
    writer = Writer(journals / "y.journal")
    writer.add(relay_days(5, 5), 61)
    wait_for(lambda: len(run_now.alerts()) >= 5)
    latency = time.monotonic()
    writer.add(relay_days(10, 1), 121)
    wait_for(lambda: any("198.51.100.11" in str(a) for a in run_now.alerts().values()))
    latency = time.monotonic() - latency
    run_now.stop()
    writer.add(relay_days(11, 3), 133)
    writer.end()
    run_now = Run(folder, *options)  # it knows better than --from-end
    wait_for(lambda: any("198.51.100.14" in str(a) for a in run_now.alerts().values()))
    run_now.stop()
    seen = {a[1]["value"] for a in run_now.alerts().values()}
    check("from the end: what was there is passed over, what comes is not, nor what came meanwhile", seen == {f"198.51.100.{n + 1}" for n in range(5, 14)}, seen)
    check("from the end: an entry is told of within a second", latency < 3, latency)


try:
    same_verdict()
    hostile()
    fields_and_times()
    nightly()
    followed()
    from_end()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
