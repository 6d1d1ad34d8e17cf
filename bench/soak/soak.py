#!/usr/bin/env python3
"""Many lines through a log that is followed: soak.py RELAYWATCH SOAK_LOG [--lines N] [--hours H] ... (see --help)

soak_log writes a day of mail as fast as relaywatch reads it, renames the log every so many bytes and deletes what was
renamed before, so that little disk is used. Measured: lines, lines a second, resident memory all along, and for each
attack in between the time from the end of the write() to the line of JSON in this process's hands. Asserted, with an
exit status of 1: every line was counted once, every attack raised its alert once, memory at the end is not above that
at a tenth by more than --growth, no alert took longer than --slowest. The state is written every --state-every seconds
meanwhile, and with --hup another configuration is read every so many seconds."""
import argparse, ipaddress, json, os, pathlib, shutil, signal, statistics, subprocess, sys, tempfile, threading, time

args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
args.add_argument("relaywatch")
args.add_argument("soak_log")
args.add_argument("--lines", type=int, default=500_000_000)
args.add_argument("--hours", type=float, default=24, help="of the log's own time")
args.add_argument("--rotate", type=int, default=256 << 20, help="bytes after which the log is renamed")
args.add_argument("--marks", type=int, default=16_000, help="lines from one attack to the next")
args.add_argument("--lag", type=int, default=1 << 20, help="bytes that the writer may be ahead")
args.add_argument("--memory", default="256M")
args.add_argument("--state-every", type=int, default=10)
args.add_argument("--hup", type=float, default=0, help="seconds between two SIGHUP; 0 none")
args.add_argument("--growth", type=float, default=8, help="MiB that memory may grow after a tenth of the lines")
args.add_argument("--slowest", type=float, default=1, help="seconds an alert may take")
args.add_argument("--dir", help="where the log is (default: the system's temporary folder)")
args = args.parse_args()
failures = []
EXPECTED = {"relayed": {"RW-RELAY-ACCEPTED"}, "guessed": {"RW-SASL-BRUTE"}, "probed": {"RW-RELAY-PROBE"}, "harvested": {"RW-HARVEST"}}


def check(what, good, detail=""):
    if not good:
        failures.append(what)
        print(f"FAIL {what} {str(detail)[:600]}", flush=True)


def configure(work, turn):
    """The configuration of a turn: each differs from the one before in domains, a trap, an output and the patterns."""
    (work / "signatures").mkdir(exist_ok=True)
    pattern = {"id": f"soak-{turn % 5}", "title": "Named for the soak", "field": "helo", "literal": "soak-name", "meaning": "bot",
               "source": "bench/soak", "match": ["soak-name"], "nomatch": ["other"]}
    (work / "signatures/site.json").write_text(json.dumps({"schema": 1, "kind": "patterns", "title": "Of the soak", "entries": [pattern]}))
    lines = ["local-domain = example.org", "trusted = 192.0.2.0/24", f"signatures = {work / 'signatures'}", "output = json", f"output = text:{work / 'report'}"]
    if turn % 2:
        lines += [f"local-domain = site-{turn}.example.net", f"honey-user = trap-{turn}", f"output = csv:{work / 'alerts.csv'}"]
    (work / "conf").write_text("\n".join(lines) + "\n")


def resident(pid):
    """Resident memory in KiB: all, and that without files."""
    facts = dict(l.split(":", 1) for l in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(facts["VmRSS"].split()[0]), int(facts["RssAnon"].split()[0])


class Alerts(threading.Thread):
    """Reads the JSON of a run, with the time at which each line came."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.came, self.rules, self.lines, self.again = stream, {}, {}, None, 0
        self.start()

    def run(self):
        for text in self.stream:
            now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            doc = json.loads(text)
            if doc["event"]["kind"] != "alert":
                self.lines = doc["relaywatch"]["input"]["lines"]
                continue
            if doc["relaywatch"]["alert"]["state"] != "new":
                continue
            rule, who = doc["rule"]["id"], doc["relaywatch"]["alert"]["entity"]["value"]
            self.rules[rule] = self.rules.get(rule, 0) + 1
            self.again += (rule, who) in self.came
            self.came.setdefault((rule, who), now)


class Writer(threading.Thread):
    """Starts the writer and reads what it says."""

    def __init__(self, log, pid):
        super().__init__(daemon=True)
        command = [args.soak_log, str(log), str(args.lines), str(pid), str(args.hours), str(args.rotate), str(args.marks), str(args.lag)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.marks, self.lines, self.done = [], 0, None
        self.start()

    def run(self):
        for text in self.process.stdout:
            word, *rest = text.split()
            if word == "mark":
                self.marks.append((rest[0], str(ipaddress.ip_address(rest[1])), int(rest[2])))
            elif word == "lines":
                self.lines = int(rest[0])
            elif word == "done":
                self.done = [int(n) for n in rest]


def summarised(run, alerts, lines):
    """Wait until the run has counted that many lines."""
    end = time.time() + 60
    while time.time() < end and run.poll() is None and alerts.lines != lines:
        run.send_signal(signal.SIGUSR1)
        time.sleep(0.5)
    return alerts.lines


def at_share(samples, share):
    """The sample at which that share of the lines was written."""
    return next((s for s in samples if s[1] >= args.lines * share), samples[-1])


def principal(address):
    """An IPv6 client is named by the first address of its /64."""
    return str(ipaddress.ip_network(address + "/64", strict=False).network_address)


def latencies(marks, alerts):
    """Milliseconds from the write to the alert, for those that came."""
    took, missing = [], []
    for kind, address, wrote in marks:
        came = [alerts.came[(rule, who)] for rule in EXPECTED[kind] for who in (address, principal(address)) if (rule, who) in alerts.came]
        took.extend([(min(came) - wrote) / 1000] if came else [])
        missing.extend([] if came else [(kind, address)])
    return sorted(took), missing


def soak(work, log):
    configure(work, 0)
    errors = open(work / "stderr", "wb")
    run = subprocess.Popen([args.relaywatch, "-c", str(work / "conf"), "-q", "--memory", args.memory, "--state", str(work / "state"), "--state-every",
                            str(args.state_every), "-F", str(log)], stdout=subprocess.PIPE, stderr=errors)
    alerts, began = Alerts(run.stdout), time.monotonic()
    writer, samples, hups, next_hup, told = Writer(log, run.pid), [], 0, time.monotonic() + args.hup, 0
    while writer.process.poll() is None and run.poll() is None:
        time.sleep(0.25)
        try:
            samples.append((time.monotonic() - began, writer.lines, *resident(run.pid)))
        except (OSError, KeyError):
            break
        if args.hup and time.monotonic() >= next_hup:
            configure(work, hups + 1)
            run.send_signal(signal.SIGHUP)
            hups, next_hup = hups + 1, time.monotonic() + args.hup
        if writer.lines >= told + args.lines // 20:
            told = writer.lines
            print(f"{writer.lines:,} lines, {samples[-1][0]:.0f} s, {samples[-1][2] / 1024:.1f} MiB, {len(alerts.came)} alerts, load {os.getloadavg()[0]:.0f}", flush=True)
    elapsed = time.monotonic() - began
    if run.poll() is not None:
        check("it runs", False, (run.returncode, (work / "stderr").read_text(errors="replace")))
    writer.process.kill() if writer.process.poll() is None else None
    writer.join(10)
    if failures:
        return
    lines, size, rotations, waits = writer.done or [0] * 4
    counted = summarised(run, alerts, lines)
    end = resident(run.pid)
    cpu = sum(map(int, pathlib.Path(f"/proc/{run.pid}/stat").read_text().rsplit(") ", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    run.send_signal(signal.SIGTERM)
    status = run.wait(timeout=60)
    took, missing = latencies(writer.marks, alerts)
    args.lines = min(args.lines, lines)
    at = {share: at_share(samples, share) for share in (0.1, 0.5, 1)}
    told = (work / "stderr").read_text(errors="replace")
    check("every line is counted once", counted == lines, f"{counted} of {lines}")
    check("every attack has its alert", not missing, missing[:5])
    check("no alert is new twice", alerts.again == 0, alerts.again)
    check("memory is flat", end[0] - at[0.1][2] <= args.growth * 1024, (at, end))
    check("alerts are quick", not took or took[-1] <= args.slowest * 1000, took[-5:])
    check("it ends as asked", status == 143, (status, told))
    print(f"\n{lines:,} lines, {size / 1e9:.1f} GB, {args.hours:g} hours of the log in {elapsed:.0f} s: {lines / elapsed:,.0f} lines/s; {rotations} rotations; "
          f"the writer waited {waits:,} times; {hups} SIGHUP; CPU of the run {cpu:.0f} s")
    print("resident at 10, 50, 100 % of the lines: " + ", ".join(f"{at[s][2] / 1024:.1f}" for s in at) + f" MiB, most {max(s[2] for s in samples) / 1024:.1f}; "
          "without files " + ", ".join(f"{at[s][3] / 1024:.1f}" for s in at))
    if took:
        print(f"from line to alert: median {statistics.median(took):.1f} ms, 99 % {took[int(len(took) * 0.99)]:.1f}, most {took[-1]:.1f} ({len(took)} samples)")
    print(f"alerts: {len(took)} of {len(writer.marks)} expected; by rule {dict(sorted(alerts.rules.items()))}; state {(work / 'state').stat().st_size / 1e6:.1f} MB")
    if told:
        print("said: " + told[:2000])


work = pathlib.Path(tempfile.mkdtemp(prefix="soak-"))
place = pathlib.Path(tempfile.mkdtemp(prefix="soak-", dir=args.dir))
try:
    soak(work, place / "mail.log")
finally:
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(place, ignore_errors=True)
print(f"{len(failures)} failures" if failures else "all good")
sys.exit(bool(failures))
