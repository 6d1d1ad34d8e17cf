#!/usr/bin/env python3
"""Golden files of every sample: golden.py BINARY SAMPLES [--bless]

For each SAMPLES/**/X.log: X.events (normalised events as NDJSON) and X.alerts (JSON output) lie beside it and must be
what the program writes now. --bless rewrites them; a person looks at the difference before it is committed."""
import json, pathlib, subprocess, sys, tempfile

binary, samples, bless = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]), "--bless" in sys.argv
ZONES = ["--local-domain", "example.org,example.net", "--trusted", "127.0.0.0/8,192.0.2.0/24"]


def produce(log):
    options_file = log.with_suffix(".options")
    options = options_file.read_text().split() if options_file.exists() else ZONES
    with tempfile.TemporaryDirectory() as d:
        events, alerts = pathlib.Path(d, "events"), pathlib.Path(d, "alerts")
        subprocess.run([binary, "--no-config", "-qq", "--year", "2026", "--hash-key", "00112233445566778899aabbccddeeff",
                        *options, "-o", f"json:{alerts}", "--events", str(events), log.name],
                       cwd=log.parent, check=True, stdin=subprocess.DEVNULL)
        return {".events": events.read_bytes(), ".alerts": alerts.read_bytes()}


def first_difference(want, got):
    for n, (w, g) in enumerate(zip(want.splitlines(), got.splitlines()), 1):
        if w != g:
            return f"line {n}\n  want {w[:400]!r}\n  got  {g[:400]!r}"
    return f"{len(want.splitlines())} lines wanted, {len(got.splitlines())} written"


logs, wrong = sorted(samples.rglob("*.log")), 0
for log in logs:
    for suffix, got in produce(log).items():
        for line in got.splitlines():
            json.loads(line)
        golden = log.with_suffix(suffix)
        if bless:
            golden.write_bytes(got)
        elif not golden.exists() or golden.read_bytes() != got:
            wrong += 1
            print(f"{golden}: {first_difference(golden.read_bytes() if golden.exists() else b'', got)}")
print(f"{len(logs)} samples, {wrong} golden files differ")
sys.exit(1 if wrong or not logs else 0)
