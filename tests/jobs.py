#!/usr/bin/env python3
"""Threads change nothing: jobs.py BINARY SAMPLES

Every sample, plain and packed, gives byte for byte the same report, alerts and events with --jobs 1, 2 and 8, alone, all
files of a folder together, and in two runs with a state between; and a run that ends early ends cleanly with a thread at
work."""
import concurrent.futures, gzip, os, pathlib, signal, subprocess, sys, tempfile, time

binary, samples = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
OPTIONS = ["--no-config", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted", "192.0.2.0/24"]
failures, checks = [], 0


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {seen!r}")


def run(jobs, events, *paths, more=()):
    done = subprocess.run([binary, *OPTIONS, *more, "--jobs", str(jobs), "-o", "json", "--events", events, *map(str, paths)],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    return done.returncode, done.stdout, done.stderr, events.read_bytes()


def compare(what, scratch, paths):
    name = what.replace("/", "+")
    seen = [run(jobs, scratch / f"{name}.{jobs}", *paths) for jobs in (1, 2, 8)]
    return what, seen[0] == seen[1] == seen[2], [s[0] for s in seen] + [s[2][-200:] for s in seen]


def in_two_runs(what, scratch, path):
    """A third of the lines, then, from the state, all of them."""
    lines, part = path.read_bytes().splitlines(keepends=True), scratch / path.name
    part.parent.mkdir()
    part.write_bytes(b"".join(lines[:len(lines) // 3]))
    state = {jobs: ["--state", str(scratch / f"state{jobs}"), "--hash-key", "00" * 16] for jobs in (1, 2)}
    first = [run(jobs, scratch / "first", part, more=more)[:2] for jobs, more in state.items()]
    part.write_bytes(b"".join(lines))
    then = [run(jobs, scratch / "then", part, more=more)[:2] for jobs, more in state.items()]
    return f"{what} in two runs", first[0] == first[1] and then[0] == then[1], (first, then)


def end_early(scratch):
    """A reader that goes away, a signal, and damage far into the file, while a thread unpacks."""
    text = (samples / "relay-open.log").read_bytes()
    plain, large = scratch / "large.log", scratch / "large.gz"
    plain.write_bytes(text * (20_000_000 // len(text)))
    large.write_bytes(gzip.compress(plain.read_bytes(), 1, mtime=0))
    for jobs, log in ((2, plain), (2, large), (3, large)):
        gone = subprocess.run(f"'{binary}' {' '.join(OPTIONS)} --jobs {jobs} --events - '{log}' | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}",
                              shell=True, executable="/bin/bash", capture_output=True, timeout=60)
        check("a reader that goes away ends it quietly", gone.returncode == 0, (gone.returncode, gone.stderr))
    for number, jobs, log in ((signal.SIGTERM, 2, plain), (signal.SIGINT, 2, large), (signal.SIGTERM, 3, large)):
        running = subprocess.Popen([binary, *OPTIONS, "--jobs", str(jobs), "-o", "json", log], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        time.sleep(0.15)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
        check(f"{number.name} reports what was read", running.returncode in (128 + number, 0) and b"relaywatch.summary" in out,
              (running.returncode, err))
    packed = bytearray(large.read_bytes())
    packed[len(packed) // 2] ^= 0xFF
    (scratch / "damaged.gz").write_bytes(packed)
    what, same, seen = compare("damage far into a file", scratch, [scratch / "damaged.gz"])
    check(what, same and seen[0] == 66, seen)


with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    groups = {}
    for n, log in enumerate(sorted(samples.rglob("*.log"))):
        packed = d / f"{n:03}-{log.name}.packed"
        packed.write_bytes(gzip.compress(log.read_bytes(), 6, mtime=0))
        groups.setdefault(log.parent.relative_to(samples).as_posix(), []).append((log.relative_to(samples).as_posix(), packed, log))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        each = [one for files in groups.values() for one in files]
        work = [pool.submit(compare, name + " packed", d, [packed]) for name, packed, _ in each]
        work += [pool.submit(compare, name, d, [log]) for name, _, log in each]
        work += [pool.submit(compare, f"all of {folder}", d, [log for _, _, log in files]) for folder, files in groups.items()]
        work += [pool.submit(in_two_runs, name, d / f"{n}", log) for n, (name, _, log) in enumerate(each)]
        for one in work:
            check(*one.result())
    end_early(d)

print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
