#!/usr/bin/env python3
"""Slow scanners under a flood of fresh clients: flood.py RELAYWATCH FLOOD_LOG [--full] [--memory-checked]

A flood of clients that come twice and never again must hide nobody who comes once a minute. 500 slow scanners of each kind
(relaying tried, passwords guessed, recipients guessed), half of them by IPv6, are played through the program with
--memory 16M. Asserted: 99 % of each kind are named, as the entity of an alert or among its members; no alert is new twice;
RW-STATE-PRESSURE is raised; with --memory-checked (a build without sanitizers) the memory of the process, without the
pages of program and libraries, stays within 5 % of its budget.
The suite plays 200 fresh clients a second, some hundred times what a table holds. --full plays 5,000 a second, each kind
alone and all together, and prints a row each for bench/results.md (half an hour)."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

RULES = {"relay": {"RW-RELAY-PROBE"}, "auth": {"RW-SASL-BRUTE", "RW-SASL-SPRAY", "RW-SASL-DISTRIBUTED"}, "harvest": {"RW-HARVEST"}}
KINDS = list(RULES)
BUDGET_MIB, SCANNERS, SEED = 16, 500, 1
SUITE = {"minutes": 22, "rate": 200, "repeat": 2, "apart": 1, "bare": 1}
FULL = {"minutes": 30, "rate": 5000, "repeat": 2, "apart": 1, "bare": 0}


def scanner(kind, i):
    """The address of a scanner, as flood_log has it; of IPv6 the principal, a /64, is named by its first address."""
    k = KINDS.index(kind) + 1
    return f"198.{18 + i // 2 // 256}.{i // 2 % 256}.{10 * k}" if i % 2 == 0 else f"2001:db8:{0x8000 + i:x}:{k}::1"


def watch(process):
    """Wait for it; result: peak memory in KiB, all of it and that of it without files, and CPU seconds."""
    peak = anonymous = 0
    while True:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as f:
                for line in f:
                    if line.startswith("VmHWM"):
                        peak = max(peak, int(line.split()[1]))
                    elif line.startswith("RssAnon"):
                        anonymous = max(anonymous, int(line.split()[1]))
        except OSError:
            pass
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status), peak, anonymous, usage.ru_utime + usage.ru_stime
        time.sleep(.02)


def play(args, kind, shape, scanners=SCANNERS):
    """One log through the program; result: names in alerts by kind, rules, figures."""
    command = [args.flood_log, kind, str(args.seed), str(shape["minutes"]), str(scanners), str(shape["rate"]), str(shape["repeat"]),
               str(shape["apart"]), str(shape["bare"])]
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "alerts")
        maker = subprocess.Popen(command, stdout=subprocess.PIPE)
        reader = subprocess.Popen([args.relaywatch, "--no-config", "--year", "2026", "--local-domain", "example.org", "--memory", f"{BUDGET_MIB}M",
                                   "--hash-key", "00" * 16, "-qq", "-o", f"json:{out}", "-"], stdin=maker.stdout)
        maker.stdout.close()
        code, peak, anonymous, cpu = watch(reader)
        if maker.wait() != 0 or code != 0:
            sys.exit(f"{kind}: flood_log {maker.returncode}, relaywatch {code}")
        with open(out, encoding="utf-8") as f:
            docs = [json.loads(line) for line in f]
    named, told, news, alerts = {k: set() for k in KINDS}, {k: set() for k in KINDS}, {}, 0
    pressure = False
    for doc in docs:
        if doc["event"]["kind"] != "alert":
            continue
        alerts += 1
        alert, rule = doc["relaywatch"]["alert"], doc["rule"]["id"]
        pressure |= rule == "RW-STATE-PRESSURE"
        if alert["state"] == "new":
            news[alert["id"]] = news.get(alert["id"], 0) + 1
        for k in KINDS:
            if rule in RULES[k]:
                told[k].add(alert["entity"]["value"])
                named[k] |= {alert["entity"]["value"]} | {m["value"] for m in alert.get("related_entities", [])}
    return {"named": named, "told": told, "pressure": pressure, "alerts": alerts, "again": sum(n - 1 for n in news.values()), "peak": peak,
            "anonymous": anonymous, "cpu": cpu, "lines": docs[-1]["relaywatch"]["input"]["lines"]}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("relaywatch")
    p.add_argument("flood_log")
    p.add_argument("--full", action="store_true")
    p.add_argument("--memory-checked", action="store_true")
    p.add_argument("--seed", type=int, default=SEED)
    p.add_argument("--only", choices=KINDS + ["mixed"])
    for name in SUITE:
        p.add_argument(f"--{name}", type=int)
    args = p.parse_args()
    shape = {k: v if getattr(args, k) is None else getattr(args, k) for k, v in (FULL if args.full else SUITE).items()}
    failed = False
    runs = [args.only] if args.only else KINDS + ["mixed"] if args.full else ["mixed"]
    for kind in runs:
        r = play(args, kind, shape)
        for k in KINDS if kind == "mixed" else [kind]:
            found = sum(scanner(k, i) in r["named"][k] for i in range(SCANNERS))
            alone = sum(scanner(k, i) in r["told"][k] for i in range(SCANNERS))
            ok = found >= .99 * SCANNERS and r["pressure"] and not r["again"]
            ok &= not args.memory_checked or r["anonymous"] <= 1.05 * 1024 * BUDGET_MIB
            failed |= not ok
            print(f"{'ok' if ok else 'NOT OK'} {kind} {k}: {found} of {SCANNERS} named ({alone} by an alert of their own), pressure {r['pressure']}, "
                  f"{r['lines']:,} lines, {r['alerts']:,} alerts ({r['again']} new twice), peak {r['peak'] / 1024:.1f} MiB "
                  f"({r['anonymous'] / 1024:.1f} without files), {r['cpu']:.1f} CPU s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
