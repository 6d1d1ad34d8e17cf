#!/usr/bin/env python3
"""The command as a user meets it: cli.py BINARY SAMPLES DATA

Pipe, file, gzip and standard input give the same alerts; wrong flags, missing, empty and broken input give a clear
message and the documented exit status; nothing but data goes to standard output."""
import bz2, gzip, json, lzma, os, pathlib, re, shutil, signal, subprocess, sys, tempfile, time

binary, samples, data = os.path.abspath(sys.argv[1]), *(pathlib.Path(p).resolve() for p in sys.argv[2:4])
OPTIONS = ["--no-config", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted", "192.0.2.0/24"]
log = samples / "relay-open.log"
failures, checks = [], 0


def run(*args, stdin=None, env=None):
    return subprocess.run([binary, *map(str, args)], input=stdin, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL if stdin is None else None, env={**os.environ, **(env or {})})


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {seen!r}")


def pack_zstd(text):
    """None where there is no zstd(1) to make one."""
    tool = shutil.which("zstd")
    return tool and subprocess.run([tool, "-q", "-c"], input=text, capture_output=True, check=True).stdout


def ids(out):
    docs = [json.loads(line) for line in out.splitlines()]
    return [d["event"]["id"] for d in docs if d["event"]["kind"] == "alert"], docs


with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    text = log.read_bytes()
    plain = run(*OPTIONS, "-o", "json", log)
    want, docs = ids(plain.stdout)
    check("a file gives alerts", plain.returncode == 0 and len(want) > 3, plain.stderr)
    check("the last document is the summary", docs[-1]["event"].get("dataset") == "relaywatch.summary", docs[-1])
    check("the relay verdict is yes", docs[-1]["relaywatch"]["verdict"]["relay"]["state"] == "yes", docs[-1])
    check("a run again gives the same bytes", run(*OPTIONS, "-o", "json", log).stdout == plain.stdout)
    check("a pipe gives the same ids", ids(run(*OPTIONS, "-o", "json", "-", stdin=text).stdout)[0] == want)
    nothing = run("--no-config", "-", stdin=b"no mail log at all\n")
    check("a log of nothing known is said to be that", nothing.returncode == 0 and b"--list-formats" in nothing.stderr
          and b"too little to say" in nothing.stdout, nothing.stderr)
    check("no operand reads standard input", ids(run(*OPTIONS, "-o", "json", stdin=text).stdout)[0] == want)
    (d / "mail.log.1").write_bytes(gzip.compress(text, mtime=0))
    check("gzip gives the same ids whatever its name",
          ids(run(*OPTIONS, "-o", "json", d / "mail.log.1").stdout)[0] == want)
    half = len(text) // 2
    cut = text.rindex(b"\n", 0, half) + 1
    (d / "two.gz").write_bytes(gzip.compress(text[:cut], mtime=0) + gzip.compress(text[cut:], mtime=0))
    check("gzip of two members gives the same ids", ids(run(*OPTIONS, "-o", "json", d / "two.gz").stdout)[0] == want)
    (d / "torn.gz").write_bytes(gzip.compress(text, mtime=0)[:-2000])
    torn = run(*OPTIONS, "-o", "json", d / "torn.gz")
    check("torn gzip is read as far as it goes, with a warning", torn.returncode == 0 and b"ends in the middle" in torn.stderr
          and len(ids(torn.stdout)[0]) > 0, torn.stderr)
    reads = re.search(rb"^reads (.*)$", run("--version").stdout, re.M).group(1).split(b"; not ")
    for name, packed in [("zstd", pack_zstd(text)), ("xz", lzma.compress(text)), ("bzip2", bz2.compress(text))]:
        if packed is None:
            continue
        (d / name).write_bytes(packed)
        got = run(*OPTIONS, "-o", "json", d / name)
        if name.encode() in reads[0]:
            check(f"{name} gives the same ids", ids(got.stdout)[0] == want, got.stderr)
            (d / name).write_bytes(packed[:-9])
            got = run(*OPTIONS, "-o", "json", d / name)
            check(f"torn {name} is read as far as it goes, with a warning", got.returncode == 0
                  and b"ends in the middle" in got.stderr, got.stderr)
            (d / name).write_bytes(packed[:99] + b"\0" * 99 + packed[198:])
            got = run(*OPTIONS, "-o", "json", d / name)
            check(f"damaged {name} is told, with status 66", got.returncode == 66 and b"damaged " + name.encode() in got.stderr,
                  (got.returncode, got.stderr))
        else:
            check(f"without its library {name} is refused with a way out", got.returncode == 66
                  and b"this build cannot read " + name.encode() in got.stderr, (got.returncode, got.stderr))
    parts = d / "parts"
    parts.mkdir()
    (parts / "mail.log").write_bytes(text[cut:])
    (parts / "mail.log.1").write_bytes(text[:cut])
    check("rotated parts of a directory give the same ids", ids(run(*OPTIONS, "-o", "json", parts).stdout)[0] == want)
    check("arguments in the wrong order give the same ids",
          ids(run(*OPTIONS, "-o", "json", parts / "mail.log", parts / "mail.log.1").stdout)[0] == want)

    text_report = run(*OPTIONS, log)
    check("the text report fits 80 columns", max(map(len, text_report.stdout.decode().splitlines())) <= 80)
    check("the verdict is in the first line", text_report.stdout.startswith(b"RELAY        YES"), text_report.stdout[:80])
    check("no colour when not on a terminal", b"\x1b" not in text_report.stdout)
    check("colour when asked", b"\x1b[" in run(*OPTIONS, "--color=always", log).stdout)
    both = run(*OPTIONS, "-o", "text", "-o", f"json:{d}/out.json", "--events", d / "events", log)
    check("several outputs at once", both.stdout == text_report.stdout and (d / "out.json").read_bytes() == plain.stdout)
    check("--events writes a line an event", (d / "events").read_bytes().count(b"\n") > 500)

    empty = run(*OPTIONS, "-o", "json", "-", stdin=b"")
    check("empty input is no error", empty.returncode == 0 and ids(empty.stdout)[0] == [], empty.stderr)
    noise = run(*OPTIONS, "-o", "json", "-", stdin=os.urandom(100000) + b"\n" + b"x" * 1000000 + b"\n" + text)
    check("noise ahead of a log loses nothing", noise.returncode == 0 and ids(noise.stdout)[0] == want, noise.stderr)
    clipped = run(*OPTIONS, "-o", "json", "-", stdin=text[:-40])
    check("a torn last line loses nothing else", clipped.returncode == 0 and len(ids(clipped.stdout)[0]) > 3)

    for args, status, words in [
        (["--lokal-domain", "x.example", log], 2, b"--local-domain"), (["--trusted", "300.1.1.1", log], 2, b"network"),
        (["-o", "jsn", log], 2, b"json"), (["--year", "twenty", log], 2, b"year"), (["--memory", "1M", log], 2, b"16M"),
        (["--format", "nonesuch", log], 2, b"postfix"), (["--since"], 2, b"needs a value"),
        (["--fail-on", "bad", log], 2, b"critical"), ([d / "nofile"], 66, b"No such file"),
        (["-c", d / "noconf", log], 78, b"cannot open"), (["-o", f"json:{d}/no/such", log], 74, b"no/such"),
    ]:
        got = run("--no-config", *args) if "-c" not in args else run(*args)
        check(f"{args} exits with {status}", got.returncode == status and words in got.stderr and not got.stdout,
              (got.returncode, got.stderr))
    one_bad = run(*OPTIONS, "-o", "json", d / "nofile", log)
    check("one missing file: the rest is analysed, status 66", one_bad.returncode == 66 and ids(one_bad.stdout)[0] == want)
    check("--fail-on", run(*OPTIONS, "-q", "--fail-on", "critical", log).returncode == 10)
    (d / "conf").write_text("# zones\nlocal-domain = example.org, example.net\ntrusted = 192.0.2.0/24\nyear = 2026\n")
    check("a configuration file says the same", ids(run("-c", d / "conf", "-o", "json", log).stdout)[0] == want)
    (d / "conf").write_text("local-domian = example.org\n")
    bad = run("-c", d / "conf", "--check-config")
    check("a wrong key names file, line and the right one", bad.returncode == 78 and b"conf:1" in bad.stderr
          and b"local-domain" in bad.stderr, bad.stderr)
    check("--help and --version", run("--help").returncode == 0 and run("--version").stdout.startswith(b"relaywatch "))
    check("--help fits 80 columns", max(map(len, run("--help").stdout.decode().splitlines())) <= 80)
    head = subprocess.run(f"'{binary}' {' '.join(OPTIONS)} -o json '{log}' | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}",
                          shell=True, executable="/bin/bash", capture_output=True, timeout=60)
    check("a reader that goes away is no failure", head.returncode == 0, head.stderr)
    waiting = subprocess.Popen([binary, *OPTIONS, "-o", "json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    waiting.stdin.write(text)
    waiting.stdin.flush()
    time.sleep(1)
    waiting.send_signal(signal.SIGTERM)
    out, err = waiting.communicate(timeout=30)
    check("SIGTERM reports what was read", waiting.returncode == 143 and b"relaywatch.summary" in out, (waiting.returncode, err))
    geo = run(*OPTIONS, "-q", "-o", "json", "--geoip-city", data / "geo-city.mmdb", "--geoip-asn", data / "geo-as.mmdb", log)
    places = {doc["source"].get("geo", {}).get("country_iso_code") for doc in ids(geo.stdout)[1] if "source" in doc}
    check("a GeoIP database adds places and changes no id", ids(geo.stdout)[0] == want and {"DE", "VN"} <= places
          and not geo.stderr, (places, geo.stderr))
    gone = run(*OPTIONS, "-q", "-o", "json", "--geoip-country", d / "none.mmdb", "--geoip-city", data / "geo-torn.mmdb", log)
    check("databases that cannot be used are a warning each and nothing else", gone.returncode == 0
          and gone.stdout == plain.stdout and gone.stderr.count(b"\n") == 2 and b"none.mmdb: No such file" in gone.stderr,
          gone.stderr)
    look = run("--no-config", "--check-config", "--geoip-city", data / "geo-torn.mmdb")
    check("--check-config tries the databases", look.returncode == 0 and b"geo-torn.mmdb" in look.stderr, look.stderr)
    full = run(*OPTIONS, "-o", "json:/dev/full", log)
    check("a full disk is told and exits with 74", full.returncode == 74 and b"No space" in full.stderr, full.stderr)

print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
