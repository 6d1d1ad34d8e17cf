#!/usr/bin/env python3
"""Logs that grow and are rotated while they are read: follow.py BINARY [SAMPLES] [--kills N] [--seed N] [--keep] [--sandbox on]

A log of attacks is written at speed while relaywatch follows it, and rotated in four ways: renamed and made anew,
copied and truncated in place, a symbolic link switched to another file, a new dated file in a directory. In the second
half the process is killed (SIGKILL) at random moments and started again with its state. The alerts written must be
those of a batch run over the same lines, by id: none missing, none new, and every document with one event id the same."""
import argparse, concurrent.futures, gzip, json, os, pathlib, random, shutil, signal, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools"))
from harness import check, end, needs_landlock

args = argparse.ArgumentParser()
args.add_argument("binary")
args.add_argument("samples", nargs="?", help="folder of sample logs")
args.add_argument("--kills", type=int, default=50, help="kills in all")
args.add_argument("--seed", type=int, default=1)
args.add_argument("--lines", type=int, default=12000, help="lines of each log")
args.add_argument("--sandbox", default="auto", help="--sandbox of the runs that follow")
args.add_argument("--only", help="names of cases, comma separated")
args.add_argument("--keep", action="store_true", help="leave the working folder")
args = args.parse_args()
binary = os.path.abspath(args.binary)

if args.sandbox == "on":
    needs_landlock(binary)

# ---- a log with many attacks in it ----


def make_lines(seed, count, host="mx1", per_hour=3000):
    """Mail with probes, guessing, relaying and bounces in between; RFC 3339 times, so that no year is guessed."""
    rnd = random.Random(seed)
    lines, t, qid = [], 1772409600.0, 0x10000 + seed * 0x100000

    def put(daemon, text, pid=None):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t % 1 * 1e6):06}+00:00"
        lines.append(f"{stamp} {host} postfix/{daemon}[{pid or rnd.randrange(1000, 9999)}]: {text}\n")

    while len(lines) < count:
        t += rnd.expovariate(1) * 3600 / per_hour * 4
        qid += 1
        kind, ip = rnd.random(), f"203.0.113.{rnd.randrange(1, 255)}" if rnd.random() < 0.5 else f"198.51.100.{rnd.randrange(1, 255)}"
        if kind < 0.55:
            q = f"{qid:X}"
            put("smtpd", f"{q}: client=mail.x{rnd.randrange(50)}.example[{ip}]")
            put("cleanup", f"{q}: message-id=<{q}@x.example>")
            put("qmgr", f"{q}: from=<a{rnd.randrange(99)}@x.example>, size={rnd.randrange(900, 90000)}, nrcpt=1 (queue active)")
            put("lmtp", f"{q}: to=<u{rnd.randrange(40)}@example.org>, relay=mail.example.org[private/lmtp], delay=0.2, delays=0/0/0/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok)")
            put("qmgr", f"{q}: removed")
        elif kind < 0.75:
            for i in range(rnd.randrange(1, 9)):
                put("smtpd", f"NOQUEUE: reject: RCPT from unknown[{ip}]: 554 5.7.1 <v{i}@victim{rnd.randrange(9)}.example>: Relay access denied; from=<s@x.example> to=<v{i}@victim{rnd.randrange(9)}.example> proto=ESMTP helo=<x>")
                t += 0.7
        elif kind < 0.9:
            for i in range(rnd.randrange(1, 20)):
                put("smtpd", f"warning: unknown[{ip}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=u{rnd.randrange(40)}@example.org")
                t += 1.3
        elif kind < 0.96:
            for i in range(rnd.randrange(3, 16)):
                put("smtpd", f"NOQUEUE: reject: RCPT from unknown[{ip}]: 550 5.1.1 <n{rnd.randrange(10**6)}@example.org>: Recipient address rejected: User unknown in virtual mailbox table; from=<s@x.example> to=<n{i}@example.org> proto=ESMTP helo=<x>")
                t += 0.4
        else:
            q = f"{qid:X}"
            put("smtpd", f"{q}: client=unknown[{ip}]")
            put("qmgr", f"{q}: from=<a@x.example>, size=1200, nrcpt=1 (queue active)")
            put("smtp", f"{q}: to=<z{rnd.randrange(99)}@far{rnd.randrange(9)}.example>, relay=mx.far.example[192.0.2.9]:25, delay=0.2, delays=0/0/0/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok)")
            put("qmgr", f"{q}: removed")
    return lines[:count]


# ---- running ----

COMMON = ["--no-config", "-qq", "--local-domain", "example.org", "--memory", "48M", "--hash-key", "000102030405060708090a0b0c0d0e0f"]


def documents(path):
    """The alerts of a JSON file; a line torn by a kill is passed over."""
    found = []
    for text in path.read_text(errors="replace").splitlines() if path.exists() else []:
        try:
            doc = json.loads(text)
        except ValueError:
            continue
        if doc["event"]["kind"] == "alert":
            found.append(doc)
    return found


def ids(docs):
    return {d["relaywatch"]["alert"]["id"] for d in docs}


def batch(paths, out, *more):
    subprocess.run([binary, *COMMON, "-o", f"json:{out}", *more, *map(str, paths)], check=True, timeout=120)
    return documents(out)


class Follower:
    def __init__(self, out, *operands, state=None, more=()):
        self.command = [binary, *COMMON, "-F", "--sandbox", args.sandbox, "-o", f"json:{out}", *(["--state", str(state), "--state-every", "1"] if state else []), *more, *map(str, operands)]
        self.out, self.kills, self.starting = out, 0, False
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command)

    def wait_until_up(self):
        """A log that was rotated away before the first start is none of its business."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        while True:
            caught = [int(l.split()[1], 16) for l in status.read_text().splitlines() if l.startswith("SigCgt")]
            if caught and caught[0] >> (signal.SIGUSR1 - 1) & 1:
                break
            time.sleep(0.01)
        return report(self) is not None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.kills += 1

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def lines_read(out):
    """Lines as the last summary counts them."""
    for text in reversed(out.read_text().splitlines()):
        doc = json.loads(text)
        if doc["event"].get("dataset") == "relaywatch.summary":
            return doc["relaywatch"]["input"]["lines"]
    return None


def report(follower, timeout=20):
    """SIGUSR1, and the number of lines of the summary that comes."""
    if follower.starting:
        follower.starting = False
        follower.wait_until_up()
    before = follower.out.read_text().count('"relaywatch.summary"') if follower.out.exists() else 0
    follower.process.send_signal(signal.SIGUSR1)
    end = time.time() + timeout
    while time.time() < end:
        text = follower.out.read_text() if follower.out.exists() else ""
        if text.count('"relaywatch.summary"') > before and text.endswith("\n"):
            return lines_read(follower.out)
        time.sleep(0.05)
    return None


def settle(follower, lines, timeout=40):
    """Wait until that many lines have been read."""
    end = time.time() + timeout
    while time.time() < end and follower.process.poll() is None:
        if report(follower) == lines:
            return True
        time.sleep(0.2)
    return False


# ---- ways of rotating: each is given pieces of a log and writes them; it returns all files in order of time ----

def append(path, text):
    with open(path, "a") as f:
        f.write(text)


def pieces_of(lines, rnd, parts):
    """Each part as writes of random sizes, which end anywhere in a line; between parts the log is rotated."""
    size = len(lines) // parts + 1
    for i in range(parts):
        text = "".join(lines[i * size:(i + 1) * size])
        writes, at = [], 0
        while at < len(text):
            n = rnd.choice([40, 500, 3000, 20000, 60000])
            writes.append(text[at:at + n])
            at += n
        yield writes


def write_all(path, writes, between, pause):

    for text in writes:
        append(path, text)
        between()
        time.sleep(pause)
    time.sleep(0.5)


def by_rename(folder, parts, between, pause):
    log, done = folder / "mail.log", 0
    for writes in parts:
        if log.exists():
            for n in range(done, 0, -1):
                (folder / f"mail.log.{n}").rename(folder / f"mail.log.{n + 1}")
            log.rename(folder / "mail.log.1")
            done += 1
            between()
        write_all(log, writes, between, pause)
    return [folder / f"mail.log.{n}" for n in range(done, 0, -1)] + [log]


def by_copytruncate(folder, parts, between, pause):
    log, done = folder / "mail.log", 0
    for writes in parts:
        if log.exists():
            for n in range(done, 0, -1):
                (folder / f"mail.log.{n}").rename(folder / f"mail.log.{n + 1}")
            shutil.copyfile(log, folder / "mail.log.1")
            between()
            os.truncate(log, 0)
            done += 1
            between()
        write_all(log, writes, between, pause)
    return [folder / f"mail.log.{n}" for n in range(done, 0, -1)] + [log]


def by_symlink(folder, parts, between, pause):
    store = folder / "store"
    store.mkdir()
    files = []
    for i, writes in enumerate(parts):
        files.append(store / f"mail-{i}.log")
        append(files[-1], "")
        link = folder / "new-link"
        link.symlink_to(files[-1])
        link.rename(folder / "mail.log")
        between()
        write_all(files[-1], writes, between, pause)
    return files


def by_date(folder, parts, between, pause):
    files = []
    for i, writes in enumerate(parts):
        files.append(folder / f"mail-2026030{2 + i // 24}{i % 24:02}.log")
        write_all(files[-1], writes, between, pause)
        between()
    return files


WAYS = {"rename": (by_rename, "mail.log"), "copytruncate": (by_copytruncate, "mail.log"),
        "symlink": (by_symlink, "mail.log"), "dated": (by_date, "mail-*.log")}


def compare(name, batch_docs, live_docs, resumed):
    want, got = ids(batch_docs), ids(live_docs)
    check(f"{name}: no alert is missing", not want - got, f"{len(want - got)} of {len(want)}")
    check(f"{name}: no alert is new", not got - want, f"{len(got - want)} beside {len(want)}")
    seen = {}
    for d in live_docs:
        key, body = d["event"]["id"], (d["relaywatch"]["alert"]["id"], d["relaywatch"]["alert"]["state"])
        check(f"{name}: one event id is one document", seen.setdefault(key, body) == body)
    return len(want), len(live_docs), len(live_docs) - len({d["event"]["id"] for d in live_docs})


def run_case(way, kills, seed, folder):
    rnd = random.Random(seed)
    rotate, operand = WAYS[way]
    lines = make_lines(seed, args.lines)
    out, state = folder / "live.json", folder / "state"
    logs = folder / "logs"
    logs.mkdir(parents=True)
    follower = Follower(out, logs / operand, state=state if kills else None)
    check(f"{way}: starts without a log", follower.wait_until_up())
    writes = list(pieces_of(lines, rnd, 5))
    pause = 0.02 if kills else 0.002  # so that a state is written now and then
    steps = sum(map(len, writes)) + 5
    when = sorted(rnd.sample(range(steps // 20, steps), kills)) if kills else []
    step = [0]

    def between():
        step[0] += 1
        if when and step[0] >= when[0]:
            when.pop(0)
            follower.kill()
            time.sleep(rnd.choice([0, 0, 0.02]))
            follower.start()
            follower.starting = True

    def paced():
        """Rotations that follow each other faster than names are looked at are none: the log must have been begun,
        though not read to its end, before it is rotated again."""
        size = len(lines) // 5 + 1
        for i, part in enumerate(writes):
            end = time.time() + 30
            while i and time.time() < end and (report(follower) or 0) <= (i - 1) * size:
                time.sleep(0.05)
            yield part

    began = time.time()
    files = rotate(logs, paced(), between, pause)
    if kills:
        time.sleep(0.1)
    good = settle(follower, len(lines))
    check(f"{way}: every line is counted once", good, f"{lines_read(out) if out.exists() else None} of {len(lines)}")
    status = follower.stop()
    check(f"{way}: ends with 143 after SIGTERM", status == 143, str(status))
    want = batch(files, folder / "batch.json")
    alerts, told, again = compare(f"{way}{' killed' if kills else ''}", want, documents(out), bool(kills))
    print(f"{way:12} {len(lines)} lines, 4 rotations, {follower.kills:2} kills: {alerts} alerts, {told} documents"
          f" ({again} again after a kill), {time.time() - began:.1f} s", flush=True)


def run_fast(folder, lines_each):
    """Rotated twenty times faster than anybody looks: what came and went in between is read from where it is by now. In
    which order is left open, since names are looked at while they change."""
    folder.mkdir()
    log, out, rotations, began = folder / "mail.log", folder / "out", 20, time.time()
    lines = make_lines(args.seed + 30, rotations * lines_each)
    append(log, "")
    follower = Follower(out, log)
    check("fast: starts", follower.wait_until_up())
    for r in range(rotations):
        if r:
            for n in range(r - 1, 0, -1):
                (folder / f"mail.log.{n}").rename(folder / f"mail.log.{n + 1}")
            log.rename(folder / "mail.log.1")
        append(log, "".join(lines[r * lines_each:(r + 1) * lines_each]))
    took = time.time() - began
    check(f"fast: every line of {lines_each} a file is counted once", settle(follower, len(lines)), f"{lines_read(out)} of {len(lines)}")
    follower.stop()
    print(f"fast         {len(lines)} lines, {rotations - 1} rotations in {took:.2f} s, all read after {time.time() - began:.1f} s", flush=True)


def run_prompt(folder):
    """Lines of now, before and after a rotation: nobody waits for the log that was moved away."""
    folder.mkdir()
    log, out, took = folder / "mail.log", folder / "out", []
    append(log, "")
    follower = Follower(out, log)
    check("prompt: starts", follower.wait_until_up())
    for n in range(6):
        if n == 2:
            log.rename(folder / "mail.log.1")
        ip, stamp = f"203.0.113.{n}", time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        began = time.time()
        append(log, f"{stamp} mx postfix/smtpd[1]: ABC00{n}: client=unknown[{ip}]\n"
                    f"{stamp} mx postfix/qmgr[1]: ABC00{n}: from=<a@x.example>, size=9, nrcpt=1 (queue active)\n"
                    f"{stamp} mx postfix/smtp[1]: ABC00{n}: to=<u@far{n}.example>, relay=mx.far.example[192.0.2.9]:25, delay=0.2, delays=0/0/0/0.2, dsn=2.0.0, status=sent (250 Ok)\n")
        while ip not in out.read_text() and time.time() < began + 20:
            time.sleep(0.01)
        took.append(time.time() - began)
    check("prompt: an alert waits for no log that was moved away", sorted(took[2:5])[1] < 1.5, took)
    follower.stop()
    print(f"prompt       alerts after {', '.join(f'{t:.2f}' for t in took)} s, rotated before the third", flush=True)


def run_boundary(folder):
    """Rotated while nobody reads, in the middle of a message whose lines are of one time: the old log goes first."""
    folder.mkdir()
    log, state, out, lines = folder / "mail.log", folder / "state", folder / "out", make_lines(args.seed + 40, 300)
    stamp = "2026-03-02T23:00:00.000000+00:00 mx1 postfix"
    append(log, "".join(lines))
    follower = Follower(out, log, state=state)
    check("boundary: starts", follower.wait_until_up())
    check("boundary: the log is read", settle(follower, len(lines)))
    follower.stop()
    append(log, f"{stamp}/smtpd[7]: ABCDEF: client=unknown[203.0.113.250]\n{stamp}/qmgr[8]: ABCDEF: from=<a@x.example>, size=9, nrcpt=1 (queue active)\n")
    log.rename(folder / "mail.log.1")
    append(log, f"{stamp}/smtp[9]: ABCDEF: to=<u@far.example>, relay=mx.far.example[192.0.2.9]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 Ok)\n")
    follower.start()
    follower.starting = True
    check("boundary: ... and its rest, and the next", settle(follower, len(lines) + 3))
    follower.stop()
    blamed = {d["relaywatch"]["alert"]["entity"]["value"] for d in documents(out) if d["rule"]["id"] == "RW-RELAY-ACCEPTED"}
    check("boundary: who relayed is named", "203.0.113.250" in blamed, blamed)


def run_batches(folder):
    """A nightly batch with a state: only what is new is read, whatever rotation has done to the files meanwhile."""
    folder.mkdir()
    lines = make_lines(args.seed + 20, args.lines)
    log, state, out = folder / "mail.log", folder / "state", folder / "days.json"
    third = len(lines) // 3
    append(log, "".join(lines[:third]) + lines[third][:30])  # the last line is being written
    with_state = ["--state", str(state)]
    os.utime(log, times=(time.time() + 3600,) * 2)
    batch([log], out, *with_state)
    append(log, lines[third][30:] + "".join(lines[third + 1:third + 200]))
    with open(log, "rb") as plain, gzip.open(folder / "mail.log.1.gz", "wb") as packed:
        packed.write(plain.read())
    log.unlink()
    append(log, "".join(lines[third + 200:2 * third]))
    batch([folder / "mail.log.1.gz", log], out, *with_state)
    append(log, "".join(lines[2 * third:]))
    batch([folder / "mail.log.1.gz", log], out, *with_state)
    before = len(documents(out))
    check("batches: every line is counted once", lines_read(out) == len(lines), f"{lines_read(out)} of {len(lines)}")
    batch([folder / "mail.log.1.gz", log], out, *with_state)
    check("batches: nothing new gives nothing", len(documents(out)) == before, f"{len(documents(out)) - before} more")
    long, counts = folder / "long.log", folder / "long.json"  # a line that is cut is one line, on however many days it was written
    for text in ("".join(lines[:5]) + 70000 * "x", 70000 * "y", "z\n" + "".join(lines[5:10])):
        append(long, text)
        os.utime(long, times=(time.time() + 3600,) * 2)
        batch([long], counts, "--state", str(folder / "long.state"))
    check("batches: a line that was cut goes on", lines_read(counts) == 11, f"{lines_read(counts)} lines of 11")
    append(folder / "whole.log", "".join(lines))
    want = batch([folder / "whole.log"], folder / "batch.json")
    alerts, told, _ = compare("batches", want, documents(out), True)
    print(f"batches      {len(lines)} lines on 3 days, renamed and compressed: {alerts} alerts, {told} documents", flush=True)


def run_damaged(folder):
    """A state that is cut or changed anywhere is refused with a message, and the run begins anew."""
    folder.mkdir()
    rnd = random.Random(args.seed)
    log, state = folder / "mail.log", folder / "state"
    append(log, "".join(make_lines(args.seed, 300)))
    run = lambda: subprocess.run([binary, *COMMON[:1], *COMMON[2:], "-q", "-o", f"json:{folder / 'out'}", "--state", str(state), str(log)],
                                 capture_output=True, text=True, timeout=60)
    run()
    whole = state.read_bytes()
    check("damaged: the whole state is taken", run().stderr == "")
    whole = state.read_bytes()
    tried = 12
    for _ in range(tried):
        if rnd.random() < 0.5:
            data = whole[:rnd.randrange(len(whole))]
        else:
            at = rnd.randrange(len(whole))
            data = whole[:at] + bytes([whole[at] ^ (1 << rnd.randrange(8))]) + whole[at + 1:]
        state.write_bytes(data)
        done = run()
        check("damaged: status 0", done.returncode == 0, str(done.returncode) + done.stderr[-300:])
        check("damaged: a message", "beginning anew" in done.stderr or len(data) == 0, done.stderr[-300:])
    done = subprocess.run([binary, *COMMON[:1], *COMMON[2:], "-q", "--trusted", "192.0.2.0/24", "--state", str(state), str(log)],
                          capture_output=True, text=True, timeout=60)
    check("damaged: another configuration", "another configuration" in done.stderr, done.stderr[-300:])
    print(f"damaged      a state of {len(whole)} bytes, {tried} times cut or changed", flush=True)


def run_merge(folder):
    """Two servers, a state each: the merged report has the incidents of both and the sums of what adds up."""
    folder.mkdir()
    parts = []
    for n in (1, 2):
        log, out, state = folder / f"mx{n}.log", folder / f"mx{n}.json", folder / f"mx{n}.state"
        append(log, "".join(make_lines(args.seed + n, args.lines // 2, f"mx{n}")))
        parts.append((batch([log], out, "--state", str(state)), out, state))
    out = folder / "merged.json"
    subprocess.run([binary, "merge", *COMMON, "-o", f"json:{out}", *(str(p[2]) for p in parts)], check=True, timeout=60)
    who = lambda docs: {(d["rule"]["id"], d["relaywatch"]["alert"]["entity"]["value"]) for d in docs}
    want, got = who(parts[0][0]) | who(parts[1][0]), who(documents(out))
    check("merge: the incidents of both", got == want, f"{len(got)} of {len(want)}")
    check("merge: the lines of both", lines_read(out) == sum(lines_read(p[1]) for p in parts))
    bad = subprocess.run([binary, "merge", *COMMON, str(parts[0][2]), str(folder / "none")], capture_output=True)
    check("merge: a state that is not there is a failure", bad.returncode == 66, str(bad.returncode))
    print(f"merge        2 states: {len(got)} incidents", flush=True)


def run_samples(folder, samples):
    """Logs of every kind, left in the middle of a line and gone on with: the events must be those of one go."""
    logs = [max(d.glob("*.log"), key=lambda p: p.stat().st_size) for d in sorted(samples.iterdir()) if d.is_dir() and any(d.glob("*.log"))]

    def one(log):
        here = folder / log.parent.name
        here.mkdir(parents=True)
        whole, events = log.read_bytes(), here / "live.events"
        base = [binary, *COMMON, "--events"]
        subprocess.run([*base, str(here / "batch.events"), "-o", f"json:{here / 'batch'}", str(log)], check=True, timeout=60)
        copy = here / log.name
        copy.write_bytes(b"")
        os.utime(copy, (log.stat().st_mtime,) * 2)
        cut = len(whole) * 2 // 5
        for text in (whole[:cut], whole[cut:]):
            follower = Follower(here / "out", copy, state=here / "state", more=["--events", str(events)])
            check(f"samples: {log.parent.name} starts", follower.wait_until_up())
            with open(copy, "ab") as f:
                f.write(text)
            settle(follower, copy.read_bytes().count(b"\n"), timeout=10)
            follower.stop()
        # what a log in disorder, or a record without its end, holds back: a batch knows that nothing more comes
        subprocess.run([*base, str(events), "-o", f"json:{here / 'out'}", "--state", str(here / "state"), str(copy)], check=True, timeout=60)
        want, got = (here / "batch.events").read_text().splitlines(), events.read_text().splitlines()
        check(f"samples: {log.parent.name} goes on", got == want, f"{len(got)} of {len(want)} events")
        return len(got)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(one, logs))
    print(f"samples      {len(logs)} formats left in the middle and gone on with: {sum(counts)} events", flush=True)


work = pathlib.Path(tempfile.mkdtemp(prefix="follow-"))
only = args.only.split(",") if args.only else None
jobs = []
for n, way in enumerate(WAYS):
    jobs.append((way, run_case, way, 0, args.seed, work / way))
    jobs.append((way, run_case, way, (args.kills + n) // len(WAYS), args.seed + 1 + n, work / f"{way}-killed"))
if args.samples:
    jobs.append(("samples", run_samples, work / "samples", pathlib.Path(args.samples)))
jobs += [("fast", run_fast, work / f"fast-{n}", n) for n in (3, 300)]
jobs += [("prompt", run_prompt, work / "prompt"), ("boundary", run_boundary, work / "boundary"), ("merge", run_merge, work / "merge"), ("batches", run_batches, work / "batches"), ("damaged", run_damaged, work / "damaged")]
try:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = [pool.submit(*job[1:]) for job in jobs if not only or job[0] in only]
        for one in running:
            one.result()
finally:
    if args.keep:
        print(work)
    else:
        shutil.rmtree(work, ignore_errors=True)
end()
