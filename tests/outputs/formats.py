#!/usr/bin/env python3
"""Every format over the same alerts: formats.py BINARY SAMPLES DATA [--bless]

Each format is read back by a strict reader of its own (readers.py) and must tell the same alerts with the same ids, times,
severities and sources as the json output, for the shipped samples and for logs whose every field is hostile. The golden
files beside this one hold what a small sample gives; --bless rewrites them, and a person looks at the difference."""
import datetime, json, os, pathlib, subprocess, sys, tempfile

sys.dont_write_bytecode = True
from logs import hostile_logs
from readers import READERS, Bad

here = pathlib.Path(__file__).parent
binary, samples, data = os.path.abspath(sys.argv[1]), *(pathlib.Path(p).resolve() for p in sys.argv[2:4])
OPTIONS = ["--no-config", "-qq", "--year", "2026", "--hash-key", "00112233445566778899aabbccddeeff", "--local-domain",
           "example.org,example.net", "--trusted", "127.0.0.0/8,192.0.2.0/24"]
GEOIP = ["--geoip-city", str(data / "geo-city.mmdb"), "--geoip-asn", str(data / "geo-as.mmdb")]
GOLDEN = ["exchange_w3c/relay-open.log", "exchange_online/trace-lines.log", "exchange_eventlog/archive.log",
          "exchange_tracking/hostile.log"]
GOLDEN_ONLY = ["postfix-cidr", "postscreen", "nftables", "ipset", "fail2ban", "crowdsec", "exchange", "plain", "xarf", "xarf3", "stix", "misp"]
REPORTED = ["relay-probed.log"]  # what GOLDEN_ONLY is made of
SEVERITIES = {  # json event.severity -> what the others must say
    1: {"ocsf": 1, "cef": 2, "leef": 2, "gelf": "informational", "splunk-hec": "informational", "csv": "info", "level": 6},
    21: {"ocsf": 2, "cef": 3, "leef": 3, "gelf": "low", "splunk-hec": "low", "csv": "low", "level": 5},
    47: {"ocsf": 3, "cef": 5, "leef": 5, "gelf": "medium", "splunk-hec": "medium", "csv": "medium", "level": 4},
    73: {"ocsf": 4, "cef": 8, "leef": 8, "gelf": "high", "splunk-hec": "high", "csv": "high", "level": 3},
    99: {"ocsf": 5, "cef": 10, "leef": 10, "gelf": "critical", "splunk-hec": "critical", "csv": "critical", "level": 2}}
failures, checks = [], 0


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {str(seen)[:500]}")


def run(logs, options=(), cwd=samples, names=tuple(READERS)):
    """The bytes of every format, from one run."""
    with tempfile.TemporaryDirectory() as d:
        outputs = [part for name in names for part in ("-o", f"{name}:{d}/{name}")]
        done = subprocess.run([binary, *OPTIONS, *options, *outputs, *map(str, logs)], cwd=cwd, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=300)
        check("the program ends well", done.returncode == 0, done.stderr)
        return {name: pathlib.Path(d, name).read_bytes() for name in names}


def micros(iso):
    return round(datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp() * 1000) * 1000


def compare(what, name, want, got):
    """One row of a format against the row of json about the same alert."""
    severity = SEVERITIES[want["severity"]]
    expected = {"cef": "cef", "syslog": "cef"}.get(name, name)
    same = {"rule": want["rule"], "id": want["id"], "source": want["source"],
            "severity": severity.get(expected, want["severity"])}
    if "event" in got:
        same["event"] = want["event"]
    if "state" in got:
        same["state"] = want["state"]
    if "level" in got:
        same["level"] = severity["level"]
    for key, value in same.items():
        check(f"{what}: {name}: {key}", got[key] == value, (got[key], value))
    time = got["time"] if "time" in got else micros(got["iso"])
    check(f"{what}: {name}: time", time == micros(want["iso"]), (time, want["iso"]))


def read_all(what, outputs):
    rows = {}
    for name, reader in READERS.items():
        try:
            rows[name] = reader(outputs[name])
        except (Bad, ValueError, KeyError, UnicodeDecodeError) as error:
            check(f"{what}: {name} can be read", False, f"{type(error).__name__}: {error}")
    for name, got in rows.items():
        check(f"{what}: {name} has as many alerts as json", len(got) == len(rows["json"]), (len(got), len(rows["json"])))
        for one, other in zip(rows["json"], got):
            compare(what, name, one, other)
    return rows


logs = sorted(samples.rglob("*.log"))
rows = read_all("samples", run(logs, GEOIP))
check("the samples give many alerts of many rules", len(rows["json"]) > 100 and len({r["rule"] for r in rows["json"]}) > 9)

golden = {**run(GOLDEN, GEOIP),
          **run(REPORTED, [*GEOIP, "--reporter", "Example Net <abuse@example.net>"], names=GOLDEN_ONLY)}
for name in sorted(set(golden) - {"json", "syslog-json"}):  # json has golden files beside the samples
    got = golden[name]
    path = here / "golden" / name
    if "--bless" in sys.argv:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(got)
    check(f"golden file of {name}", path.exists() and path.read_bytes() == got, "differs; look, then --bless")

silent = []
with tempfile.TemporaryDirectory() as d:
    for what, files in hostile_logs():
        for name, content in files.items():
            pathlib.Path(d, name).write_bytes(content)
        if not read_all(what, run(files, cwd=d)).get("json"):
            silent.append(what)
        for name in files:
            pathlib.Path(d, name).unlink()
check("hostile fields hide no attack", not silent, silent)

with tempfile.TemporaryDirectory() as d:
    one = [binary, *OPTIONS, "-o", f"csv:{d}/a.csv", str(samples / GOLDEN[0])]
    for _ in range(2):
        subprocess.run(one, check=True, stdin=subprocess.DEVNULL)
    text = pathlib.Path(d, "a.csv").read_text()
    check("a csv that is added to has one header", text.count("alert_id") == 1 and len(text.splitlines()) > 4, text[:200])
print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
