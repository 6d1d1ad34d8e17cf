#!/usr/bin/env python3
"""Outputs that cannot be written for a while: backlog.py BINARY

A file whose disk is full for a while, a collector that is gone for a while, with and without a spool, over a sudden end:
every document arrives, whole, and what there was no room for is counted and said. A log is followed meanwhile."""
import json, os, pathlib, resource, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools"))
from harness import check, end, needs_landlock, probing_clients, wait_for

binary = os.path.abspath(sys.argv[1])
more = sys.argv[2:]
COMMON = [binary, "--no-config", "-q", "--local-domain", "example.org", "--memory", "48M", "--hash-key", "00" * 16, *more]
work = pathlib.Path(tempfile.mkdtemp(prefix="backlog-"))

if "on" in more:
    needs_landlock(binary)


def alerts_of(texts):
    """Alert documents by event id, in the order in which they came first; every text has to be a whole document."""
    found = {}
    for text in texts:
        doc = json.loads(text)
        if doc["event"]["kind"] == "alert":
            found.setdefault(doc["event"]["id"], doc)
    return found


def read(path):
    return path.read_bytes() if path.exists() else b""


def told(path):
    """Alerts in a file that is being written."""
    return alerts_of(read(path).split(b"\n")[:-1])


def clients(path):
    return len([d for d in told(path).values() if d["relaywatch"]["alert"]["state"] == "new"])


class Run:
    def __init__(self, name, *options):
        self.folder = work / name
        self.folder.mkdir(exist_ok=True)
        self.log, self.errors = self.folder / "mail.log", self.folder / "stderr"
        self.log.touch()
        with open(self.errors, "ab") as err:
            self.process = subprocess.Popen([*COMMON, "-F", *options, str(self.log)], stderr=err)

    def add(self, text):
        with open(self.log, "a") as f:
            f.write(text)

    def said(self):
        return self.errors.read_text()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=40)


class Collector:
    """Takes one connection after the other; stop() breaks it off with what lies unread in it."""

    def __init__(self, address):
        self.address, self.raw, self.server = address, [], None

    def start(self):
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        self.server, self.going = socket.socket(family), True
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(self.address)
        self.server.listen()
        self.server.settimeout(0.1)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while self.going:
            try:
                peer, _ = self.server.accept()
            except OSError:
                continue
            self.raw.append(b"")
            with peer:
                peer.settimeout(0.1)
                while self.going:
                    try:
                        chunk = peer.recv(4096)
                    except TimeoutError:
                        continue
                    except OSError:
                        break
                    if not chunk:
                        break
                    self.raw[-1] += chunk

    def stop(self):
        self.going = False
        self.thread.join()
        self.server.close()
        if isinstance(self.address, str):
            os.unlink(self.address)

    def texts(self):
        """Whole documents: what a break cut off is none."""
        return [t for raw in self.raw for t in raw.split(b"\n")[:-1]]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return ("127.0.0.1", s.getsockname()[1])


def full_file(name, path, fill, empty):
    """A file that cannot grow for a while. Beside it one that can says what there is to be told."""
    run = Run(name, "-o", f"json:{path}", "-o", f"json:{work / name / 'all.json'}")
    whole = work / name / "all.json"
    run.add(probing_clients(0, 20))
    check(f"{name}: it begins well", wait_for(lambda: read(path).count(b"\n") >= 20), run.said())
    fill(run)
    run.add(probing_clients(20, 40))
    check(f"{name}: the other output goes on", wait_for(lambda: clients(whole) >= 60))
    check(f"{name}: it is told once", wait_for(lambda: run.said().count("trying again") == 1), run.said())
    run.process.send_signal(signal.SIGUSR1)
    check(f"{name}: a summary says what waits", wait_for(lambda: '"output":[{' in whole.read_text()))
    rows = [json.loads(t) for t in whole.read_text().splitlines() if '"output":[{' in t]
    check(f"{name}: ... with figures", rows and rows[-1]["relaywatch"]["output"][0]["waiting"] > 0 and rows[-1]["relaywatch"]["output"][0]["lost"] == 0, rows[-1:])
    empty(run)
    check(f"{name}: what waited comes within seconds, without more to do", wait_for(lambda: path.read_bytes().count(b"\n") == whole.read_bytes().count(b"\n")), run.said())
    run.add(probing_clients(60, 5))
    status = run.stop()
    check(f"{name}: it ends as asked", status == 143 and "lost" not in run.said(), (status, run.said()))
    if path.read_bytes() == whole.read_bytes():
        print(f"{name:12} {len(told(path))} alerts, all there, byte for byte")
    else:
        check(f"{name}: both files are the same", len(path.read_bytes()) == len(whole.read_bytes()) and
              [json.loads(a)["event"] for a in path.read_text().splitlines()] == [json.loads(a)["event"] for a in whole.read_text().splitlines()])


def limited_file():
    """RLIMIT_FSIZE of the running process stands for the disk: it ends a write midway. It counts for both files, so that
    the one that is compared with is a pipe's."""
    folder = work / "limit"
    folder.mkdir()
    out, pipe = folder / "out.json", folder / "pipe"
    os.mkfifo(pipe)
    taken = []
    threading.Thread(target=lambda: taken.extend(open(pipe)), daemon=True).start()
    run = Run("limit", "-o", f"json:{out}", "-o", f"json:{pipe}")
    run.add(probing_clients(0, 10))
    check("limit: it begins well", wait_for(lambda: read(out).count(b"\n") >= 10), run.said())
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (out.stat().st_size + 3000, resource.RLIM_INFINITY))
    run.add(probing_clients(10, 30))
    check("limit: it is told", wait_for(lambda: "trying again" in run.said()), run.said())
    torn = not read(out).endswith(b"\n")
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    check("limit: what waited comes", wait_for(lambda: clients(out) >= 40), run.said())
    run.stop()
    check("limit: a write was cut, and gone on with", torn and out.read_text() == "".join(taken), (torn, run.said()))
    check("limit: all of it", clients(out) >= 40)
    print(f"limit        {len(taken)} documents, one of them cut and completed")


def tmpfs():
    folder = work / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "relaywatch-test", str(folder)], capture_output=True)
    if done.returncode != 0:
        print("tmpfs        not permitted here")
        return
    try:
        ballast = folder / "ballast"

        def fill(_):
            with open(ballast, "wb", buffering=0) as f:
                try:
                    while True:
                        f.write(b"x" * 1024)
                except OSError:
                    pass
        full_file("tmpfs", folder / "out.json", fill, lambda _: ballast.unlink())
    finally:
        subprocess.run(["umount", "-l", str(folder)])


def whole_file():
    """A document that is replaced: the latest waits."""
    folder = work / "whole"
    folder.mkdir()
    page = folder / "report.html"
    run = Run("whole", "-o", f"html:{page}")
    check("whole: it is up", wait_for(lambda: (folder / "report.html.new").exists()))
    time.sleep(0.5)
    page.mkdir()  # which no file can replace
    run.add(probing_clients(0, 10))
    time.sleep(1)
    run.process.send_signal(signal.SIGUSR1)
    check("whole: it is told", wait_for(lambda: "trying again" in run.said()), run.said())
    page.rmdir()
    check("whole: the latest comes", wait_for(lambda: page.is_file()), run.said())
    check("whole: nothing is lost", run.stop() == 143 and "lost" not in run.said(), run.said())


def full_for_good():
    done = subprocess.run([*COMMON, "-o", "json:/dev/full", "-"], input=probing_clients(0, 5), capture_output=True, text=True, timeout=30)
    check("full: what is left at the end is counted, said, and 74",
          done.returncode == 74 and "documents were lost" in done.stderr and done.stderr.count("trying again") == 1, done)


def away(name, address, target, *options):
    """The collector is stopped and started again three times while alerts come."""
    collector, whole = Collector(address), work / name / "all.json"
    collector.start()
    run = Run(name, "-o", f"json:{target}", "-o", f"json:{whole}", *options)
    for step in range(4):
        run.add(probing_clients(step * 60, 30))
        wait_for(lambda: clients(whole) >= step * 60 + 30)
        collector.stop()
        run.add(probing_clients(step * 60 + 30, 30))
        wait_for(lambda: clients(whole) >= step * 60 + 60)
        time.sleep(0.3)
        collector.start()
    want = told(whole)
    wait_for(lambda: len(alerts_of(collector.texts())) >= len(want))
    status = run.stop()
    want, got = told(whole), alerts_of(collector.texts())
    check(f"{name}: every alert arrives", set(want) == set(got) and len(want) >= 240, (len(want), len(got), run.said()))
    check(f"{name}: in order", list(want) == list(got))
    check(f"{name}: nothing is lost", status == 143 and "lost" not in run.said(), (status, run.said()))
    again = len([t for t in collector.texts() if b'"kind":"alert"' in t]) - len(got)
    print(f"{name:12} {len(got)} alerts over {len(collector.raw)} connections, {again} came twice")
    collector.stop()
    left = list((work / name).glob("*.spool"))
    check(f"{name}: an empty spool leaves no file", not left, left)


def datagrams():
    """A local socket that is made, taken away and made again."""
    name = "unix"
    (work / name).mkdir()
    address, whole, got, going = str(work / name / "log"), work / name / "all.json", [], []

    def listen(stop):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(address)
            s.settimeout(0.1)
            idle = False
            while not (stop.is_set() and idle):
                try:
                    got.append(s.recv(1 << 20))
                except TimeoutError:
                    idle = True
        os.unlink(address)

    run = Run(name, "-o", f"json:unix:{address}", "-o", f"json:{whole}")
    for step in range(3):
        run.add(probing_clients(step * 40, 20))
        wait_for(lambda: clients(whole) >= step * 40 + 20)
        stop = threading.Event()
        thread = threading.Thread(target=listen, args=(stop,))
        thread.start()
        run.add(probing_clients(step * 40 + 20, 20))
        wait_for(lambda: clients(whole) >= step * 40 + 40)
        wait_for(lambda: len(got) >= len(told(whole)))
        if step < 2:
            stop.set()
            thread.join()
    run.stop()
    stop.set()
    thread.join()
    want, arrived = told(whole), alerts_of(got)
    check("unix: every alert arrives, in order, once", list(want) == list(arrived) and len(want) >= 300, (len(want), len(arrived), run.said()))
    print(f"unix         {len(arrived)} alerts to a local socket that was away twice")


def killed():
    """The collector is away, and relaywatch is killed meanwhile, twice: the spool and the state have it all."""
    address, name = free_port(), "killed"
    (work / name).mkdir()
    options = ("-o", "json:tcp://127.0.0.1:%d" % address[1], "-o", f"json:{work / name / 'all.json'}", "--spool", str(work / name),
               "--state", str(work / name / "state"), "--state-every", "1")
    whole, collector = work / name / "all.json", Collector(address)
    for step in range(3):
        run = Run(name, *options)
        run.add(probing_clients(step * 40, 40))
        check("killed: alerts come", wait_for(lambda: clients(whole) >= step * 40 + 40))
        time.sleep(1.6 if step == 0 else 0.1)
        run.stop(signal.SIGKILL)
    run = Run(name, *options)
    collector.start()
    wait_for(lambda: len(alerts_of(collector.texts())) >= 120)
    run.stop()
    want, got = told(whole), alerts_of(collector.texts())
    check("killed: every alert arrives", set(want) <= set(got) and len(want) >= 120, (len(want), len(got), run.said()))
    again = len([t for t in collector.texts() if b'"kind":"alert"' in t]) - len(got)
    print(f"killed       {len(got)} alerts after 3 sudden ends without a collector, {again} came twice")
    collector.stop()


def bounded():
    """More than there is room for: the older arrive, the rest is counted and said."""
    address, name = free_port(), "bounded"
    (work / name).mkdir()
    whole, collector = work / name / "all.json", Collector(address)
    run = Run(name, "-o", "json:tcp://127.0.0.1:%d" % address[1], "-o", f"json:{whole}", "--spool", str(work / name), "--spool-max", "1M")
    run.add(probing_clients(0, 500))
    check("bounded: it is said", wait_for(lambda: "no room for what waits" in run.said()), run.said())
    wait_for(lambda: clients(whole) >= 500)
    spools = list((work / name).glob("*.spool"))
    check("bounded: the spool keeps its bound", spools and spools[0].stat().st_size <= (1 << 20) + 16, [s.stat() for s in spools])
    status = run.stop()
    want = told(whole)
    run = Run(name, "-o", "json:tcp://127.0.0.1:%d" % address[1], "--spool", str(work / name), "--from-end")
    collector.start()
    before = -1
    while before != (before := len(collector.texts())) or before == 0:
        time.sleep(1.2)
    run.stop()
    got = alerts_of(collector.texts())
    check("bounded: 74, the loss is counted", status == 143 and "messages were lost" in run.said(), (status, run.said()))
    check("bounded: the oldest arrive after the restart", list(got) == list(want)[:len(got)] and len(got) > 100, (len(got), len(want)))
    rows = [json.loads(t)["relaywatch"]["output"][0] for t in whole.read_text().splitlines() if '"output":[{' in t]
    check("bounded: the summary counts them", rows and rows[-1]["lost"] > 0 and rows[-1]["spooled_bytes"] > 900000, rows[-1:])
    print(f"bounded      1 MiB kept {len(got)} of {len(want)} alerts, {rows[-1]['lost'] if rows else '?'} documents lost and counted")
    collector.stop()


try:
    full_for_good()
    limited_file()
    tmpfs()
    whole_file()
    port = free_port()
    away("tcp", port, "tcp://127.0.0.1:%d" % port[1])
    (work / "spooled").mkdir()
    port = free_port()
    away("spooled", port, "tcp://127.0.0.1:%d" % port[1], "--spool", str(work / "spooled"))
    datagrams()
    killed()
    bounded()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
