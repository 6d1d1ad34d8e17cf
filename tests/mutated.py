#!/usr/bin/env python3
"""Damaged logs do no harm: mutated.py BINARY MUTATE SAMPLES DATA [--bytes N[K|M|G]] [--seed N] [--logs FOLDER]...
[--jobs N] [--only PIECE]...

MUTATE (mutate.c) damages the lines of every dialect, from SAMPLES and from the logs under each --logs; the program reads
them in pieces, each with options drawn anew: plain, packed, from a pipe, as UTF-16, in two parts with a state between,
together with another log; budgets of 16M to 256M; one or two threads; every output; any format instead of the right one.
Each run must end with status 0, say nothing of a sanitizer or a failed assertion, count as many lines as were written,
give every line a fate, and write JSON that parses. Seeded: the same in every run. With a build of the preset dev, to look
for memory errors, undefined behaviour and leaks. 1 GB: tests/mutated.py build/dev/relaywatch build/dev/tests/mutate
samples build/dev/tests/data --bytes 1G --logs FOLDER. A piece that fails is kept, and its command printed."""
import argparse, bz2, collections, concurrent.futures, gzip, json, lzma, os, pathlib, random, re, shlex, subprocess, sys, tempfile, time

BAD = re.compile(rb"ERROR: (?:Address|Leak|Undefined)|Sanitizer|runtime error:|panic:|Assertion")
JSON_LINES = "ecs", "ocsf", "gelf", "splunk-hec", "xarf", "xarf3"
JSON_WHOLE = "stix", "misp"
OTHERS = ("text", "html", "cef", "leef", "syslog", "syslog-json", "csv", "postfix-cidr", "postscreen", "nftables", "nft", "ipset",
          "fail2ban", "crowdsec", "exchange", "plain")
PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lambda b: lzma.compress(b, preset=0)}
FATES = "parsed", "skipped", "rejected", "foreign"
ROUND, ALONE = 8, 6  # of eight pieces six are of one dialect, one of two, one of all
UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}


def logs_of(samples, folders):
    """[(dialect, files)]: a folder of the samples each, and single logs of other folders."""
    groups = collections.defaultdict(list)
    for path in sorted(samples.rglob("*.log")):
        groups[path.parent.name if path.parent != samples else "postfix"].append(path)
    single = [(f"{f.name}/{p.relative_to(f)}", [p]) for f in folders for p in sorted(f.rglob("*"))
              if p.is_file() and p.stat().st_size and not re.search(r"\.(tsv|json|md|py)$", p.name)]
    return list(groups.items()) + single


def mutate(args, seed, size, files, to, utf16=False):
    command = [args.mutate, str(seed), str(size), *(["--utf16"] if utf16 else []), *map(str, files)]
    with open(to, "wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"{shlex.join(command)}: {done.stderr.decode()}")
    return int(done.stderr)


def draw_options(args, rng, d):
    """options, and the files that hold JSON lines and JSON documents"""
    out = ["--no-config", "--color", "never", "--memory", rng.choice(("16M", "17M", "32M", "64M", "128M", "256M")), "--jobs", rng.choice("1123")]
    if rng.random() < .8:
        out += ["--local-domain", "example.org,example.net", "--trusted", "192.0.2.0/24,2001:db8::/48"]
    if rng.random() < .8:
        out += ["--year", rng.choice(("2026", "2024", "1999"))]
    if rng.random() < .3:
        out += ["--tz", rng.choice(("+02:00", "Europe/Berlin", "America/New_York"))]
    if rng.random() < .3:
        out += ["--top", rng.choice(("0", "1", "100"))]
    if rng.random() < .2:
        out += ["--honey-user", "test,admin,anna", "--frontend", "198.51.100.7,203.0.113.0/28"]
    if rng.random() < .2:
        out += ["--geoip-city", str(args.data / "geo-city.mmdb")]
    if rng.random() < .2:
        out += ["--block-networks", "--block-severity", "info", "--block-allow", "203.0.113.7"]
    if rng.random() < .1:
        out += ["--since", "2026-03-02T04:00"]
    if rng.random() < .1:
        out += ["--format", rng.choice(args.formats)]
    lines, whole = ["summary"], []
    out += ["-o", f"json:{d}/summary"]
    for name in rng.sample(JSON_LINES + JSON_WHOLE + OTHERS, rng.choice((0, 1, 3, 6))):
        out += ["-o", f"{name}:{d}/{name}"]
        lines += [name] if name in JSON_LINES else []
        whole += [name] if name in JSON_WHOLE else []
        if name.startswith("xarf"):
            out += ["--reporter", "Site <abuse@example.org>"]
    if rng.random() < .4:
        out += ["--events", f"{d}/events"]
        lines.append("events")
    if rng.random() < .2:
        out += ["--metrics-textfile", f"{d}/figures.prom"]
    return out, lines, whole


def check(d, lines, whole):
    """what is wrong with the JSON that was written, and the last summary"""
    summary = None
    for name in lines:
        path = d / name
        for n, line in enumerate(path.read_bytes().split(b"\n") if path.exists() else (), 1):
            if not line:
                continue
            try:
                document = json.loads(line.decode("utf-8"))
            except ValueError as e:
                return f"{name}, line {n}: {e}", summary
            if name == "summary" and document["event"].get("dataset") == "relaywatch.summary":
                summary = document["relaywatch"]
    for name in whole:
        try:
            json.loads((d / name).read_text("utf-8"))
        except (ValueError, OSError) as e:
            return f"{name}: {e}", summary
    return None if summary else "no summary", summary


def start(args, options, inputs, pipe):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1", UBSAN_OPTIONS="print_stacktrace=1")
    command = [str(args.binary), *options, *(["-"] if pipe else map(str, inputs))]
    with open(inputs[0] if pipe else os.devnull, "rb") as stdin:
        done = subprocess.run(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=1800)
    wrong = f"status {done.returncode}" if done.returncode else "a report" if BAD.search(done.stderr) else None
    return wrong and f"{wrong}: {done.stderr[-3000:].decode(errors='replace')}", shlex.join(command)


def piece(args, k, size, groups):
    """one log, or two; how it was read and what came of it"""
    rng = random.Random(args.seed * 1_000_003 + k)
    d = args.scratch / f"piece-{k}"
    d.mkdir()
    turn = k % ROUND
    chosen = [groups[(k // ROUND * ALONE + turn) % len(groups)]] if turn < ALONE else rng.sample(groups, 2) if turn == ALONE else groups
    files = [path for _, paths in chosen for path in paths]
    options, as_lines, as_whole = draw_options(args, rng, d)
    way = rng.choice(("plain", "plain", "pipe", "utf16", "state", "state", "two", *PACK))
    log = d / "log"
    expected = mutate(args, rng.getrandbits(40), size, files, log, way == "utf16")
    inputs, written = [log], log.stat().st_size
    if way in PACK:
        (d / f"log.{way}").write_bytes(PACK[way](log.read_bytes()))
        inputs = [d / f"log.{way}"]
    if way == "two":
        other = d / "other"
        expected += mutate(args, rng.getrandbits(40), size // 4, rng.choice(groups)[1], other)
        inputs, written = [log, other], written + other.stat().st_size
    wrong, command = None, ""
    if way == "state":  # a part, cut anywhere, then all of it
        options += ["--state", f"{d}/state"]
        data = log.read_bytes()
        part = data[:rng.randrange(1, len(data))]
        if rng.random() < .5:
            part = part[:part.rfind(b"\n") + 1]
        log.write_bytes(part)
        os.utime(log, times=(time.time() + 3600,) * 2)  # it is being written: the beginning of a line is left to the next run
        wrong, command = start(args, options, inputs, False)
        with open(log, "ab") as out:
            out.write(data[log.stat().st_size:])
        os.utime(log, times=(time.time() - 3600,) * 2)
    if not wrong:
        wrong, command = start(args, options, inputs, way == "pipe")
    seen = {}
    if not wrong:
        wrong, seen = check(d, as_lines, as_whole)
    counts = seen["input"] if seen else {}
    if not wrong and counts["lines"] != expected:
        wrong = f"{expected} lines written, {counts['lines']} counted"
    if not wrong and counts["sources_failed"]:
        wrong = f"{counts['sources_failed']} logs failed"
    if not wrong and sum(counts[f] for f in FATES) != counts["lines"]:
        wrong = f"lines without a fate: {counts}"
    if not wrong:
        for path in d.iterdir():
            path.unlink()
        d.rmdir()
    return k, wrong, command, written, way, "all" if len(chosen) > 2 else chosen[0][0], counts


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("binary", "mutate", "samples", "data"):
        parser.add_argument(name, type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--bytes", default="2M")
    parser.add_argument("--piece", default="0")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, action="append", help="a piece by its number, as a failure names it")
    parser.add_argument("--logs", action="append", type=lambda p: pathlib.Path(p).resolve(), default=[])
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    number = lambda t: int(t[:-1]) * UNITS[t[-1]] if t[-1] in UNITS else int(t)
    args.formats = [l.split()[0] for l in subprocess.run([args.binary, "--list-formats"], capture_output=True, text=True).stdout.splitlines() if l.split()]
    args.scratch = pathlib.Path(tempfile.mkdtemp(prefix="relaywatch-mutated-"))
    groups, wanted = logs_of(args.samples, args.logs), number(args.bytes)
    size = number(args.piece) or max(50_000, min(4_000_000, wanted // 50))
    began, totals, ways, dialects, failed = time.time(), collections.Counter(), collections.Counter(), collections.Counter(), 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        pieces = args.only or range(max(-(-len(groups) * ROUND // ALONE), -(-wanted // size)))
        for k, wrong, command, written, way, dialect, counts in pool.map(lambda k: piece(args, k, size, groups), pieces):
            failed += wrong is not None
            totals.update({"bytes": written, "pieces": 1, **{f: counts.get(f, 0) for f in ("lines", "events", "lines_cut", *FATES)}})
            ways[way] += 1
            dialects[dialect.split("/")[0]] += written
            if wrong:
                print(f"not ok - piece {k} ({way}, {dialect}): {wrong}\n  {command}", flush=True)
            elif totals["pieces"] % 20 == 0:
                print(f"{totals['pieces']} of {len(pieces)} pieces, {totals['bytes'] / 1e6:.0f} MB, {failed} failed, {time.time() - began:.0f} s",
                      file=sys.stderr, flush=True)
    print(json.dumps({**totals, "failed": failed, "seconds": round(time.time() - began), "read as": ways, "logs": len(groups), "bytes of": dialects}))
    if not failed:
        args.scratch.rmdir()
    sys.exit(bool(failed))


main()
