#!/usr/bin/env python3
"""Threads change nothing: jobs.py BINARY SAMPLES

Every sample, packed, gives byte for byte the same report, alerts and events with --jobs 1, 2 and 8, alone and all files of
a folder together; and a run that ends early ends cleanly with a thread at work."""
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


def run(jobs, events, *paths):
    done = subprocess.run([binary, *OPTIONS, "--jobs", str(jobs), "-o", "json", "--events", events, *map(str, paths)],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    return done.returncode, done.stdout, done.stderr, events.read_bytes()


def compare(what, scratch, paths):
    name = what.replace("/", "+")
    seen = [run(jobs, scratch / f"{name}.{jobs}", *paths) for jobs in (1, 2, 8)]
    return what, seen[0] == seen[1] == seen[2], [s[0] for s in seen] + [s[2][-200:] for s in seen]


def end_early(scratch):
    """A reader that goes away, a signal, and damage far into the file, while a thread unpacks."""
    text = (samples / "relay-open.log").read_bytes()
    large = scratch / "large.gz"
    large.write_bytes(gzip.compress(text * (20_000_000 // len(text)), 1, mtime=0))
    gone = subprocess.run(f"'{binary}' {' '.join(OPTIONS)} --jobs 2 --events - '{large}' | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}",
                          shell=True, executable="/bin/bash", capture_output=True, timeout=60)
    check("a reader that goes away ends it quietly", gone.returncode == 0, (gone.returncode, gone.stderr))
    for number in (signal.SIGTERM, signal.SIGINT):
        running = subprocess.Popen([binary, *OPTIONS, "--jobs", "2", "-o", "json", large], stdout=subprocess.PIPE,
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
        groups.setdefault(log.parent.relative_to(samples).as_posix(), []).append((log.relative_to(samples).as_posix(), packed))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        work = [pool.submit(compare, name, d, [path]) for files in groups.values() for name, path in files]
        work += [pool.submit(compare, f"all of {folder}", d, [path for _, path in files]) for folder, files in groups.items()]
        for one in work:
            check(*one.result())
    end_early(d)

print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
