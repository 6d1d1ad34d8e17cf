#!/usr/bin/env python3
"""No memory error, no leak, by valgrind: valgrind.py BINARY SAMPLES [--logs FOLDER]... [--lines N] [--together N]

Every sample, and every log under each --logs cut after N lines (3,000), through a build without sanitizers, some together
(24), with alerts, events, the HTML report and a state; then the same again from that state. Each run must end with status 0
and valgrind with no error and no leak, definite, indirect or possible. The preset quick is the build for it."""
import argparse, concurrent.futures, json, os, pathlib, re, subprocess, sys, tempfile, time

VALGRIND = ["valgrind", "-q", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible", "--errors-for-leak-kinds=definite,indirect,possible",
            "--error-exitcode=99", f"--suppressions={pathlib.Path(__file__).resolve().parent}/valgrind.supp"]
OPTIONS = ["--no-config", "--memory", "32M", "-qq", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted", "192.0.2.0/24"]


def cut(path, lines, to):
    """The first lines of a log; a UTF-16 one keeps whole units."""
    data = path.read_bytes()
    kept = b"".join(data.splitlines(True)[:lines])
    to.write_bytes(kept if data[:1] not in (b"\xff", b"\xfe") else data[:len(kept) & ~1])
    return kept.count(b"\n") + (kept[-1:] != b"\n")


def run(binary, d, k, logs):
    command = [*VALGRIND, binary, *OPTIONS, "-o", f"json:{d}/{k}.json", "-o", f"html:{d}/{k}.html", "--events", f"{d}/{k}.events",
               "--state", f"{d}/{k}.state", *map(str, logs)]
    for again in (False, True):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=3600)
        if done.returncode or b"== " in done.stderr:
            return f"status {done.returncode}, {'again' if again else 'first'}: {' '.join(p.name for p in logs)}\n{done.stderr[-9000:].decode(errors='replace')}"
    return None


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("binary", type=lambda p: str(pathlib.Path(p).resolve()))
    parser.add_argument("samples", type=pathlib.Path)
    parser.add_argument("--logs", action="append", type=pathlib.Path, default=[])
    parser.add_argument("--lines", type=int, default=3000)
    parser.add_argument("--together", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    found = sorted(args.samples.rglob("*.log")) + [p for folder in args.logs for p in sorted(folder.rglob("*"))
        if p.is_file() and p.stat().st_size and not re.search(r"\.(tsv|json|md|py)$", p.name)]
    began, failed, lines = time.time(), 0, 0
    with tempfile.TemporaryDirectory(prefix="relaywatch-valgrind-") as d, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        d, logs = pathlib.Path(d), []
        for n, path in enumerate(found):
            logs.append(d / f"{n:04}-{path.name}")
            lines += cut(path, args.lines, logs[-1])
        groups = [logs[at:at + args.together] for at in range(0, len(logs), args.together)]
        for n, wrong in enumerate(pool.map(lambda k: run(args.binary, d, k, groups[k]), range(len(groups))), 1):
            failed += wrong is not None
            print(f"not ok - {wrong}" if wrong else f"{n} of {len(groups)} runs, {time.time() - began:.0f} s", file=sys.stdout if wrong else sys.stderr, flush=True)
    print(json.dumps({"logs": len(found), "lines": lines, "runs": 2 * len(groups), "failed": failed, "seconds": round(time.time() - began)}))
    sys.exit(bool(failed))


main()
