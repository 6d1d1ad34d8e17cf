#!/usr/bin/env python3
"""Block lists: blocks.py PART BINARY SOURCE

PART "lists": who is listed, who never is and what the list says of it, how entries end, merge and are written.
PART "postfix", "nftables", "ipset", "fail2ban", "crowdsec": the list in the real program; 77 = skipped, it is not installed
or the machine gives no network namespace."""
import ipaddress, json, os, pathlib, re, shutil, stat, subprocess, sys, tempfile, time

from logs import guess, harvest, hostile_fields, hostile_log, probe, write

part, binary, source = sys.argv[1], os.path.abspath(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
os.environ["PATH"] += ":/usr/sbin:/sbin"
OPTIONS = ["--no-config", "-qq", "--hash-key", "00112233445566778899aabbccddeeff", "--local-domain", "example.org"]
TRUSTED = ["--trusted", "192.0.2.0/24"]
LISTS = ["postfix-cidr", "postscreen", "nftables", "nft", "ipset", "crowdsec", "exchange", "plain"]
SKIP = 77
failures, checks = [], 0


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {str(seen)[:700]}")


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIP)


def run(log, name, *options):
    done = subprocess.run([binary, *OPTIONS, *options, "-o", name, str(log)], capture_output=True, stdin=subprocess.DEVNULL)
    check(f"{name} ends well", done.returncode == 0, done.stderr)
    return done.stdout.decode("utf-8")


def plain(log, *options):
    """The entries, and {what: why} of those that are not listed."""
    text = run(log, "plain", *options)
    listed = [line.split(" # ")[0] for line in text.splitlines() if not line.startswith("#")]
    refused = dict(re.findall(r"^# not listed: (\S+) \(RW-[A-Z-]+\): (.*)$", text, re.M))
    return listed, refused, text


ATTACKS = (guess(b"unknown[203.0.113.20]") + guess(b"unknown[203.0.113.21]", 1) + guess(b"unknown[203.0.113.22]", 2)
           + guess(b"unknown[203.0.113.23]", 3) + harvest(b"unknown[198.51.100.20]", 200) + guess(b"unknown[2001:db8:9::5]", 300)
           + guess(b"unknown[2001:db8:9::77]", 301) + harvest(b"unknown[198.51.100.77]", 250))


def lists(d):
    log = write(ATTACKS, d / "attacks.log")
    listed, refused, text = plain(log, *TRUSTED)
    check("attackers are listed, neighbours as one, IPv6 by its /64",
          listed == ["198.51.100.20", "198.51.100.77", "203.0.113.20/30", "2001:db8:9::/64"], text)
    check("each with rule, end and id", all(re.search(r"# RW-[A-Z+-]+ (low|medium|high|critical)(, \d+ in one)?, until \S+Z, id [0-9a-f-]{36}$", l)
                                            for l in text.splitlines() if not l.startswith("#")), text)
    check("the header says until when and how many", re.match(r"# relaywatch \S+; log until 2026-03-02T\S+Z; entries: 4; ", text), text)
    check("no word of guessed networks when they are given", "guessed" not in text, text)
    check("but where they are not", "guessed" in run(log, "plain"), text)
    check("the same log gives the same list", plain(log, *TRUSTED)[2] == text)

    listed, refused, text = plain(log, *TRUSTED, "--block-allow", "203.0.113.21,2001:db8:9::/48")
    check("the allow list wins, and no network covers it", listed == ["198.51.100.20", "198.51.100.77", "203.0.113.20", "203.0.113.22/31"]
          and refused == {"203.0.113.21": "on the allow list", "2001:db8:9::/64": "on the allow list"}, text)
    (d / "allow").write_text("# mine\n198.51.100.0/24  # office\n\n203.0.113.20/30\n")
    listed, refused, text = plain(log, *TRUSTED, "--block-allow", f"@{d}/allow")
    check("the allow list from a file", listed == ["2001:db8:9::/64"] and len(refused) == 6, text)
    listed, refused, text = plain(log, "--trusted", "203.0.113.22/32,2001:db8:9::1/128")
    check("no trusted address, nor a /64 that has one", "203.0.113.20/31" in listed and "203.0.113.23" in listed
          and not [n for n in listed if ":" in n], text)
    listed, refused, text = plain(log, *TRUSTED, "--frontend", "203.0.113.20/32")
    check("no front end", not any(ipaddress.ip_address("203.0.113.20") in ipaddress.ip_network(n) for n in listed), text)

    log = write(guess(b"unknown[10.9.9.9]") + guess(b"pc.example.org[203.0.113.90]") + guess(b"mail-x1.google.com[203.0.113.91]")
                + guess(b"google.com.example.info[203.0.113.92]") + guess(b"notgoogle.com[203.0.113.94]"), d / "inside.log")
    listed, refused, text = plain(log, *TRUSTED)
    check("no inside address, no host of ours, no provider's shared server", listed == ["203.0.113.92", "203.0.113.94"] and
          refused.get("10.9.9.9") == "inside address" and "domain of ours" in refused.get("203.0.113.90", "")
          and "provider" in refused.get("203.0.113.91", ""), text)

    bounces = [(3 * i, b"smtpd[12]: NOQUEUE: reject: RCPT from mx%d.example.net[2001:db8:%x::25]: 550 5.1.1 <x%dq@example.org>: Recipient "
                b"address rejected: User unknown in local recipient table; from=<> to=<x%dq@example.org> proto=ESMTP helo=<mx>"
                % (i % 90, i % 90, i * 31, i * 31)) for i in range(1200)]
    flood = bounces + probe(b"mx1.example.net[198.51.100.2]", 100, 20, b"") + harvest(b"unknown[203.0.113.50]", 100, 80)
    log = write(flood, d / "flood.log")
    listed, refused, text = plain(log, *TRUSTED, "--block-severity", "low")
    rules = {json.loads(l)["rule"]["id"] for l in run(log, "json", *TRUSTED).splitlines() if '"kind":"alert"' in l}
    check("the flood is seen, who harvests in it, and a bounce that goes astray", {"RW-NDR-FLOOD", "RW-HARVEST", "RW-RELAY-PROBE"} <= rules, rules)
    check("no sender of bounces is listed, the harvester is", listed == ["203.0.113.50"] and
          "bounces" in refused.get("198.51.100.2", ""), text)
    check("nor banned", "198.51.100." not in run(log, "fail2ban", *TRUSTED, "--block-severity", "low"))

    spread = sum((probe(b"unknown[203.0.113.%d]" % n, 60 * n, 6, every=7) for n in range(1, 60)), [])
    log = write(spread, d / "network.log")
    listed, refused, text = plain(log, *TRUSTED)
    check("a whole network only when asked for", "203.0.113.0/24" not in listed and
          "--block-networks" in refused.get("203.0.113.0/24", ""), text)
    listed, refused, text = plain(log, *TRUSTED, "--block-networks")
    check("then with a warning", listed == ["203.0.113.0/24"] and "WHOLE NETWORK" in text, text)

    old = guess(b"unknown[203.0.113.60]") + guess(b"unknown[203.0.113.61]", 2 * 86400) + harvest(b"unknown[198.51.100.61]", 86400)
    log = write(old + probe(b"unknown[203.0.113.62]", 2 * 86400, 2), d / "old.log")
    check("high lasts a week, medium a day", plain(log, *TRUSTED)[0] == ["203.0.113.60/31"], plain(log, *TRUSTED)[2])
    check("or as long as is said", plain(log, *TRUSTED, "--block-expire", "12h")[0] == ["203.0.113.61"])
    check("less severe ones when asked for", "203.0.113.20/30" in plain(write(ATTACKS, log), *TRUSTED, "--block-severity", "high")[0]
          and "198.51.100.20" not in plain(log, *TRUSTED, "--block-severity", "high")[0])
    files(d)
    live(d)
    settings(d)
    hostile(d)


def files(d):
    log, path = write(ATTACKS, d / "attacks.log"), d / "list"
    path.write_text("old\n" * 10000)
    path.chmod(0o604)
    (d / "link").symlink_to(path)
    before, one = path.stat().st_ino, open(path)
    run(log, f"plain:{d}/link", *TRUSTED)
    check("the file is replaced whole, its mode and the link to it stay", path.stat().st_ino != before and "old" not in path.read_text()
          and stat.S_IMODE(path.stat().st_mode) == 0o604 and (d / "link").is_symlink())
    check("who has the old one open reads the old one", one.read() == "old\n" * 10000)
    check("nothing is left beside it", sorted(p.name for p in d.glob("list*")) == ["list"])
    run(log, f"plain:{d}/new", *TRUSTED)
    check("a new file is not for everybody", stat.S_IMODE((d / "new").stat().st_mode) == 0o640)
    done = subprocess.run([binary, *OPTIONS, "-o", f"plain:{d}/none/list", str(log)], capture_output=True, stdin=subprocess.DEVNULL)
    check("no folder: said before the log is read", done.returncode == 74 and b"cannot write to" in done.stderr, done)
    run(log, "plain:/dev/null", *TRUSTED)
    check("a device is no file to replace", stat.S_ISCHR(os.stat("/dev/null").st_mode))
    empty = write(probe(b"unknown[203.0.113.62]", 0, 1), d / "empty.log")
    for name in LISTS:
        run(empty, f"{name}:{d}/list", *TRUSTED)
        check(f"{name}: nobody to block is a list too", "203.0.113" not in path.read_text())


def wait_for(path, word):
    for _ in range(200):
        if path.exists() and word in path.read_text():
            return True
        time.sleep(0.05)
    return False


def live(d):
    """While a log is followed, its block list is made anew as alerts come."""
    log, path, more = d / "live.log", d / "live", d / "more.log"
    log.write_bytes(b"")
    follower = subprocess.Popen([binary, *OPTIONS, *TRUSTED, "-F", "-o", f"plain:{path}", "-o", f"json:{d}/live.json", str(log)])
    try:
        for n, client in enumerate((b"203.0.113.20", b"203.0.113.90")):
            with open(log, "ab") as f:
                f.write(write(guess(b"unknown[%s]" % client, 300 * n), more).read_bytes())
            check(f"followed: {client} is listed soon", wait_for(path, client.decode()), path.exists() and path.read_text())
        check("other documents wait for the end", b"relaywatch.summary" not in (d / "live.json").read_bytes())
    finally:
        follower.terminate()
        follower.wait(20)
    check("at the end it is all there", "entries: 2" in path.read_text(), path.read_text())


def settings(d):
    for value, word in (("--block-allow=x", b"list of networks"), ("--block-severity=x", b"none of info"), ("--block-expire=7", b"is no time"),
                        ("--block-expire=0d", b"is no time"), (f"--block-allow=@{d}/none", b"cannot read")):
        done = subprocess.run([binary, *OPTIONS, value, "-"], capture_output=True, stdin=subprocess.DEVNULL)
        check(f"{value} is refused with a reason", done.returncode in (2, 78) and word in done.stderr, done)


LINE = {  # every line of a list; none has room for a byte of a log
    "postfix-cidr": r"#.*|[0-9a-f:./]+ REJECT 5\.7\.1 Blocked for abuse of this mail server, id [0-9a-f]{8}",
    "postscreen": r"#.*|[0-9a-f:./]+ reject",
    "nftables": r"#.*|[ \ta-z0-9_{}@,;=-]*|\t+[0-9a-f:./]+ timeout \d+s comment \"RW-[A-Z+-]+(RW-[A-Z-]+)* [0-9a-f-]{36}\",?",
    "ipset": r"#.*|(create|flush|swap|destroy) [a-z0-9 :-]+|add relaywatch[46]-new [0-9a-f:./]+ timeout \d+ comment \"[A-Z+-]+ [0-9a-f-]{36}\" -exist",
    "exchange": r"\ufeff?#.*|if \(-not \(Get-IPBlockListEntry -IPAddress [0-9a-f:.]+\)\) \{ Add-IPBlockListEntry -IP(Address|Range) [0-9a-f:./]+ "
                r"-ExpirationTime \(\[datetime\]::Parse\('[0-9TZ:.-]+'\)\) -Comment '[A-Z+-]+ [0-9a-f-]{36}' \}\r",
    "plain": r"#.*|[0-9a-f:./]+ # RW-[A-Z+-]+ (low|medium|high|critical)(, \d+ in one)?, until [0-9TZ:.-]+, id [0-9a-f-]{36}",
    "fail2ban": r"[0-9TZ:.-]+ [!-~]+ relaywatch\[0\]: ban ip=[0-9a-f:.]+ rule=RW-[A-Z-]+ severity=[a-z]+ count=\d+ ttl=\d+ id=[0-9a-f-]{36}"}
COMMENT = (r"\ufeff?#(!/usr/sbin/nft -f| relaywatch [0-9.]+; log until [0-9TZ:.-]+; entries: \d+; do not edit, it is written anew|"
           r" not listed: [0-9a-f:./]+ \(RW-[A-Z-]+\): [a-zA-Z0-9';:, -]+| not listed: \d+ more|"
           r" RW-[A-Z+-]+ (low|medium|high|critical)(, \d+ in one)?, until [0-9TZ:.-]+, id [0-9a-f-]{36})\r?")


def hostile(d):
    names = [*LINE, "crowdsec"]
    for field in hostile_fields():
        log = d / "hostile.log"
        log.write_bytes(hostile_log(field))
        for name in names:
            (d / f"hostile.{name}").unlink(missing_ok=True)
        run(log, "json", *TRUSTED, "--block-severity", "low", *[x for n in names for x in ("-o", f"{n}:{d}/hostile.{n}")])
        for name, pattern in LINE.items():
            text = (d / f"hostile.{name}").read_bytes().decode("utf-8")
            check(f"{name} lists somebody of {field[:12]!r}", "203.0.113." in text, text)
            for line in text.split("\n")[:-1]:
                ok = re.fullmatch(pattern, line) and (not re.match("\ufeff?#", line) or re.fullmatch(COMMENT, line))
                check(f"{name}: no byte of a log: {field[:12]!r}", ok, repr(line))
        doc = json.loads((d / "hostile.crowdsec").read_text())
        check("crowdsec of a hostile log", doc and all(set(e) == {"duration", "reason", "scope", "type", "value"} for e in doc), doc)


def tool(name):
    return shutil.which(name) or skip(f"{name} is not installed")


def namespace():
    """The command prefix that gives a network of its own; skipped where the machine has none to give."""
    for prefix in (["unshare", "-n"], ["unshare", "-rn"]):
        if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            return prefix
    return skip("no network namespace to be had (unshare -n)")


def postfix(d):
    tool("postmap")
    for folder in ("pf", "spool"):
        (d / folder).mkdir()
    (d / "pf" / "main.cf").write_text(f"compatibility_level = 3.6\nqueue_directory = {d}/spool\n")
    for name, action in (("postfix-cidr", "REJECT 5.7.1 "), ("postscreen", "reject")):
        run(write(ATTACKS, d / "attacks.log"), f"{name}:{d}/list.cidr", *TRUSTED)
        keys = ["203.0.113.20", "203.0.113.23", "2001:db8:9::1234", "198.51.100.20", "203.0.113.24", "192.0.2.1", "2001:db8:a::5"]
        done = subprocess.run(["postmap", "-c", str(d / "pf"), "-q", "-", f"cidr:{d}/list.cidr"], input="\n".join(keys) + "\n", text=True,
                              capture_output=True)
        found = dict(line.split("\t", 1) for line in done.stdout.splitlines())
        check(f"postmap finds the listed in {name} and nobody else", set(found) == set(keys[:4]) and
              all(v.startswith(action) for v in found.values()), (done.stdout, done.stderr))
        check("and warns of nothing", done.stderr == "", done.stderr)


def nftables(d):
    nft, prefix = tool("nft"), namespace()
    run(write(ATTACKS, d / "attacks.log"), f"nftables:{d}/list.nft", *TRUSTED)
    run(write(ATTACKS[-40:], d / "fewer.log"), f"nftables:{d}/fewer.nft", *TRUSTED)
    run(write(probe(b"unknown[203.0.113.62]", 0, 1), d / "empty.log"), f"nftables:{d}/empty.nft", *TRUSTED)
    probe_run = subprocess.run([*prefix, nft, "list", "ruleset"], capture_output=True, text=True)
    if probe_run.returncode != 0:
        skip("nft cannot be used here: " + probe_run.stderr.strip()[:200])
    for name in ("list", "fewer", "empty"):
        done = subprocess.run([*prefix, nft, "-c", "-f", f"{d}/{name}.nft"], capture_output=True, text=True)
        check(f"nft -c takes {name}.nft", done.returncode == 0, done.stderr)
    script = f"nft -f {d}/list.nft && nft -f {d}/list.nft && nft list set inet relaywatch block4 && echo == && nft -f {d}/fewer.nft && nft list ruleset"
    done = subprocess.run([*prefix, "sh", "-c", script], capture_output=True, text=True)
    check("nft -f loads it, and again", done.returncode == 0, done.stderr)
    first, _, second = done.stdout.partition("==")
    check("with all that is listed", "198.51.100.20 " in first and "203.0.113.20/30 " in first and "timeout" in first, first)
    check("who is no longer listed is gone", "203.0.113.20" not in second and "198.51.100.77 " in second, second)


def ipset(d):
    tool("ipset")
    prefix = namespace()
    run(write(ATTACKS, d / "attacks.log"), f"ipset:{d}/list.ipset", *TRUSTED)
    run(write(ATTACKS[-40:], d / "fewer.log"), f"ipset:{d}/fewer.ipset", *TRUSTED)
    if subprocess.run([*prefix, "ipset", "list"], capture_output=True).returncode != 0:
        skip("ipset cannot be used here")
    script = (f"ipset restore -f {d}/list.ipset && ipset restore -f {d}/list.ipset && ipset save && echo == && "
              f"ipset test relaywatch4 203.0.113.23 && ipset test relaywatch6 2001:db8:9::99 && ! ipset test relaywatch4 203.0.113.24 && "
              f"ipset restore -f {d}/fewer.ipset && ipset save")
    done = subprocess.run([*prefix, "sh", "-c", script], capture_output=True, text=True)
    check("ipset restore loads it, and again; members match, others do not", done.returncode == 0, done.stderr)
    first, _, second = done.stdout.partition("==")
    check("with all that is listed", first.count("add relaywatch") == 4 and "-new" not in first, first)
    check("who is no longer listed is gone", second.count("add relaywatch") == 1, second)


def fail2ban(d):
    tool("fail2ban-regex")
    log = write(ATTACKS, d / "attacks.log")
    run(log, f"fail2ban:{d}/bans", *TRUSTED)
    lines = (d / "bans").read_text().splitlines()
    with open(d / "bans", "a") as f:
        f.write("2026-03-02T04:00:00.000Z mx1 relaywatch[0]: other ip=203.0.113.1 rule=x\n")
    common = pathlib.Path("/etc/fail2ban/filter.d/common.conf")
    if not common.exists():
        skip("fail2ban's filter.d/common.conf is not there")
    for path in (common, source / "contrib/fail2ban/filter.d_relaywatch.conf"):
        shutil.copy(path, d)
    done = subprocess.run(["fail2ban-regex", f"{d}/bans", f"{d}/filter.d_relaywatch.conf"], capture_output=True, text=True)
    check("fail2ban-regex matches every ban and nothing else", f"{len(lines)} matched, 1 missed" in done.stdout, done.stdout + done.stderr)
    found = subprocess.run(["fail2ban-regex", "-o", "ip", f"{d}/bans", f"{d}/filter.d_relaywatch.conf"], capture_output=True,
                           text=True).stdout.split()
    check("with the addresses", {"203.0.113.20", "2001:db8:9::5", "198.51.100.77"} <= set(found), found)


def crowdsec(d):
    cscli = tool("cscli")
    run(write(ATTACKS, d / "attacks.log"), f"crowdsec:{d}/list.json", *TRUSTED)
    done = subprocess.run([cscli, "decisions", "import", "--help"], capture_output=True, text=True)
    check("cscli can import decisions", done.returncode == 0, done.stderr)
    durations = [e["duration"] for e in json.loads((d / "list.json").read_text())]
    check("durations are Go's", all(re.fullmatch(r"[1-9]\d*s", t) for t in durations), durations)


with tempfile.TemporaryDirectory() as folder:
    globals()[part](pathlib.Path(folder))
print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures) or not checks)
