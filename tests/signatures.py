#!/usr/bin/env python3
"""Files of wordings, as an admin meets them: signatures.py BINARY SIGNATURES

The shipped files fit their schema and their own texts. A file broken in any of many ways is named, with the entry, the
member and what is allowed, and exit status 78; one that is good changes the answer without a new build."""
import copy, json, os, pathlib, subprocess, sys, tempfile

binary, shipped = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
failures, checks = [], 0
GOOD = {"schema": 1, "kind": "reasons", "title": "ours", "entries": [
    {"literal": "no strangers, please", "reason": "relay_denied", "direction": "own", "source": "our own filter",
     "match": ["554 5.7.1 No strangers, please"], "nomatch": ["554 5.7.1 Strangers, please"]}]}


TESTERS = {"schema": 1, "kind": "testers", "title": "ours", "entries": [
    {"name": "our own probe", "sender": ["probe"], "user": ["sink"], "source": "our monitoring",
     "tests": ["<> <{user}@{target}>", "<{sender}@{ip}> <{user}%{target}@{host}>", "<{sender}@{target}> <{target}!{user}@{ip}>"],
     "match": ["<> <sink@far.example>", "<probe@[192.0.2.1]> <sink%far.example@mx.example.org>", "<probe@far.example> <far.example!sink@[192.0.2.1]>"],
     "nomatch": ["<probe@far.example> <sink@far.example>"]}]}


PATTERNS = {"schema": 1, "kind": "patterns", "title": "ours", "entries": [
    {"id": "our-bot", "title": "the bot of last week", "field": "helo", "literal": "evil", "regex": "^evil[0-9]+$", "meaning": "bot",
     "source": "our logs", "match": ["EVIL7"], "nomatch": ["evil.example.com"]}]}
SLOW = dict(PATTERNS, entries=[{"id": "slow", "title": "slow", "field": "rcpt", "on": ["refused", "relay"], "regex": "^(a+)+$", "meaning": "bot",
                                "source": "nobody", "match": ["aaa"]}])


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {seen!r}")


def run(*args, stdin=b""):
    return subprocess.run([binary, "--no-config", *map(str, args)], input=stdin, capture_output=True, timeout=60)


def broken(change, good=GOOD):
    doc = copy.deepcopy(good)
    change(doc, doc["entries"][0])
    return json.dumps(doc)


def twice(doc, entry):
    doc["entries"].append(dict(entry, literal=entry["literal"].upper()))


BREAKS = {  # name -> (text of the file, what the message must say)
    "bad JSON": (json.dumps(GOOD)[:-2], "own.json:1:"),
    "unknown member": (broken(lambda d, e: e.update(regex="x")), 'unknown member "regex"; allowed: literal, reason,'),
    "unknown reason": (broken(lambda d, e: e.update(reason="rude")), '"reason" is "rude"; allowed: relay_denied,'),
    "missing literal": (broken(lambda d, e: e.pop("literal")), 'entry 1: "literal" is missing'),
    "too short": (broken(lambda d, e: e.update(literal="no")), 'must have 4 to 128 bytes; a shorter one needs "short_because"'),
    "wrong direction": (broken(lambda d, e: e.update(direction="in")), '"direction" is "in"; allowed: own, remote, both'),
    "match that does not match": (broken(lambda d, e: e.update(match=["554 Go away"])), '"match" 1 "554 Go away" does not match'),
    "nomatch that matches": (broken(lambda d, e: e.update(nomatch=["No strangers, please!"])), '"nomatch" 1 "No strangers, please!" matches'),
    "literal twice": (broken(twice), "entry 2 (\"NO STRANGERS, PLEASE\"): the literal is that of entry 1 already"),
    "entry that an earlier one hides": (broken(lambda d, e: d["entries"].append(dict(e, literal="no strangers, please now", match=["No strangers, please now"]))),
                                        'is decided by entry 1 ("no strangers, please") before'),
    "no source": (broken(lambda d, e: e.pop("source")), '"source" is missing'),
    "unknown kind": (broken(lambda d, e: d.update(kind="regexes")), '"kind" is none of reasons, block-lists'),
    "another schema": (broken(lambda d, e: d.update(schema=2)), '"schema" must be 1'),
    "mark with a kind": (json.dumps(dict(GOOD, kind="block-lists", entries=[{"mark": "listed near ", "kind": "list"}])), 'unknown member "kind"; allowed: mark, expect,'),
    "mark that reads another zone": (json.dumps(dict(GOOD, kind="block-lists", entries=[{"mark": "listed near ", "expect": "a.example", "source": "s", "match": ["listed near b.example"]}])), 'gives the name "b.example"'),
    "tester: unknown placeholder": (broken(lambda d, e: e["tests"].append("<{me}> <{user}@{target}>"), TESTERS), '"tests" 4 "<{me}> <{user}@{target}>" is not "<SENDER> <RECIPIENT>"; names are written as {sender},'),
    "tester: no pair": (broken(lambda d, e: e.update(tests=["{user}@{target}"]), TESTERS), '"tests" 1 "{user}@{target}" is not "<SENDER> <RECIPIENT>"'),
    "tester: no tests": (broken(lambda d, e: e.update(tests=[]), TESTERS), '"tests" must have at least 1 text'),
    "tester: too few tests": (broken(lambda d, e: e.update(tests=e["tests"][:2], match=e["match"][:2]), TESTERS), 'fewer than 3 different tests: needs "user" and "target"'),
    "tester: no name": (broken(lambda d, e: e.pop("name"), TESTERS), '"name" is missing'),
    "tester: long name": (broken(lambda d, e: e.update(name="n" * 61), TESTERS), '"name" must have 1 to 60 bytes and no control bytes'),
    "tester: name for a terminal": (broken(lambda d, e: e.update(name="a\x1b[2J"), TESTERS), '"name" must have 1 to 60 bytes and no control bytes'),
    "pattern: title with a line break": (broken(lambda d, e: e.update(title="a\nb"), PATTERNS), '"title" must have 1 to 100 bytes and no control bytes'),
    "tester: unknown member": (broken(lambda d, e: e.update(literal="x"), TESTERS), 'unknown member "literal"; allowed: name, url, helo,'),
    "tester: marks that are no list": (broken(lambda d, e: e.update(helo="x"), TESTERS), '"helo" must be a list of texts'),
    "tester: too many marks": (broken(lambda d, e: e.update(helo=[f"h{i}" for i in range(17)]), TESTERS), '"helo" has more than 16 texts'),
    "tester: match of no test": (broken(lambda d, e: e["match"].append("<a@b.example> <c@b.example>"), TESTERS), '"match" 4 "<a@b.example> <c@b.example>" does not match any of "tests"'),
    "tester: match that is no pair": (broken(lambda d, e: e["match"].append("c@b.example"), TESTERS), '"match" 4 "c@b.example" is not "<SENDER> <RECIPIENT>"'),
    "tester: too few matches": (broken(lambda d, e: e.update(match=e["match"][:2]), TESTERS), '"match": the texts are too few to name a battery'),
    "tester: nomatch that is a test": (broken(lambda d, e: e.update(nomatch=["<> <x@y.example>"]), TESTERS), '"nomatch" 1 "<> <x@y.example>" matches'),
    "tester: a twin": (broken(lambda d, e: d["entries"].append(dict(e, name="another")), TESTERS), '"match": the texts fit "another" as well'),
    "pattern: no id": (broken(lambda d, e: e.pop("id"), PATTERNS), '"id" is missing'),
    "pattern: bad id": (broken(lambda d, e: e.update(id="Our Bot"), PATTERNS), '"id" must have 1 to 40 bytes of a to z, 0 to 9 and "-"'),
    "pattern: no title": (broken(lambda d, e: e.pop("title"), PATTERNS), 'entry 1 ("our-bot"): "title" is missing'),
    "pattern: unknown field": (broken(lambda d, e: e.update(field="subject"), PATTERNS), '"field" is "subject"; allowed: helo, helo_kind, client_name,'),
    "pattern: unknown meaning": (broken(lambda d, e: e.update(meaning="evil"), PATTERNS), '"meaning" is "evil"; allowed: bot, scanner, forged, attack,'),
    "pattern: unknown severity": (broken(lambda d, e: e.update(severity="bad"), PATTERNS), '"severity" is "bad"; allowed: info, low, medium, high, critical'),
    "pattern: unknown occasion": (broken(lambda d, e: e.update(on=["always"]), PATTERNS), '"on" 1 is "always"; allowed: relay, refused, auth_failed, protocol'),
    "pattern: no occasion": (broken(lambda d, e: e.update(on=[]), PATTERNS), '"on" must have at least 1 text'),
    "pattern: no literal": (broken(lambda d, e: e.pop("literal"), PATTERNS), 'without "literal" it needs both "regex" and "on"'),
    "pattern: short literal": (broken(lambda d, e: e.update(literal="evi"), PATTERNS), '"literal" must have 4 to 128 bytes; a shorter one needs "short_because"'),
    "pattern: bad expression": (broken(lambda d, e: e.update(regex="^evil(["), PATTERNS), '"regex", byte 8: missing terminating ] for character class'),
    "pattern: matches nothing": (broken(lambda d, e: e.update(regex="x*"), PATTERNS), '"regex" matches where nothing stands; say what must be there'),
    "pattern: nested too deep": (broken(lambda d, e: e.update(regex="(" * 17 + "evil" + ")" * 17), PATTERNS), '"regex", byte 18: parentheses are too deeply nested'),
    "pattern: control byte": (broken(lambda d, e: e.update(regex="evil\x07"), PATTERNS), '"regex" must have 1 to 500 bytes and no control bytes'),
    "pattern: unknown member": (broken(lambda d, e: e.update(reason="policy"), PATTERNS), 'unknown member "reason"; allowed: id, title, field,'),
    "pattern: match that does not match": (broken(lambda d, e: e["match"].append("evil"), PATTERNS), '"match" 2 "evil" does not match'),
    "pattern: nomatch that matches": (broken(lambda d, e: e["nomatch"].append("evil2"), PATTERNS), '"nomatch" 2 "evil2" matches'),
    "pattern: a twin": (broken(lambda d, e: d["entries"].append(e), PATTERNS), 'entry 2 ("our-bot"): "id" is that of '),
    "pattern: too many steps": (broken(lambda d, e: e.update(literal="aaaa", regex="^(a+)+$", match=["aaaa"], nomatch=["a" * 60 + "!"]), PATTERNS),
                                'the expression needs more than 20000 steps'),
    "too large": (" " * (1 << 20) + json.dumps(GOOD), "is larger than 1 MiB"),
}
LOG = b"""Mar  2 04:00:00 mx postfix/smtpd[7]: connect from unknown[203.0.113.9]
Mar  2 04:00:01 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <u@there.example>: Recipient address rejected: No strangers, please; from=<s@there.example> to=<u%d@there.example> proto=SMTP helo=<h>
"""
LISTED = b"""Mar  2 04:00:00 mx postfix/smtp[7]: 4ABCDEF0123: to=<u@there.example>, relay=mx.there.example[203.0.113.25]:25, delay=1, dsn=5.0.0, status=bounced (host mx.there.example[203.0.113.25] said: 550 5.0.0 client [192.0.2.1] is not welcome, says HouseList (in reply to MAIL FROM command))
"""


def rules(log, *args):
    out = run("--year", "2026", "--local-domain", "example.org", "--trusted", "192.0.2.0/24", "-o", "json", "-q", *args, "-", stdin=log).stdout
    return {d["rule"]["id"] for d in map(json.loads, out.splitlines()) if d["event"]["kind"] == "alert"}


with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    own = d / "own.json"
    r = run("--check-config")
    check("the built-in files are good", r.returncode == 0, r.stderr)
    r = run("--check-config", "--signatures", shipped)
    check("the shipped files are good", r.returncode == 0, r.stderr)
    own.write_text(json.dumps(GOOD))
    r = run("--check-config", "--signatures", d)
    check("a good file is good", r.returncode == 0, r.stderr)

    for name, (text, want) in BREAKS.items():
        own.write_text(text)
        r = run("--check-config", "--signatures", d)
        said = r.stderr.decode()
        check(f"{name}: status 78", r.returncode == 78, (r.returncode, said))
        check(f"{name}: file named", said.startswith(f"relaywatch: {own}"), said)
        check(f"{name}: said", want in said and said.count("\n") == 1 and not r.stdout, said)
    own.write_text(BREAKS["unknown reason"][0])
    r = run("--signatures", d, "-", stdin=LOG)
    check("a run refuses a broken file too", r.returncode == 78 and not r.stdout, r.stderr)
    own.unlink()
    own.mkdir()
    r = run("--check-config", "--signatures", d)
    check("not a file", r.returncode == 78 and b"own.json: is not a regular file" in r.stderr, r.stderr)
    own.rmdir()
    os.mkfifo(own)
    r = run("--check-config", "--signatures", d)
    check("a FIFO does not block", r.returncode == 78 and b"own.json: is not a regular file" in r.stderr, r.stderr)
    own.unlink()
    r = run("--check-config", "--signatures", d / "none")
    check("no folder", r.returncode == 78 and b"cannot read the folder of signatures" in r.stderr, r.stderr)

    log = LOG.splitlines(True)[0] + b"".join(LOG.splitlines(True)[1] % i for i in range(30))
    check("without the file the words say nothing", "RW-RELAY-PROBE" not in rules(log), rules(log))
    own.write_text(json.dumps(GOOD))
    check("an added file changes the answer", "RW-RELAY-PROBE" in rules(log, "--signatures", d), rules(log, "--signatures", d))
    conf = d / "relaywatch.conf"
    conf.write_text(f"signatures = {d}\n")
    r = subprocess.run([binary, "-c", conf, "--check-config"], capture_output=True)
    check("the configuration file may name the folder", r.returncode == 0, r.stderr)
    lists = {"schema": 1, "kind": "block-lists", "title": "ours", "entries": [
        {"literal": "says houselist", "kind": "list", "name": "house.example", "source": "a partner's server",
         "match": ["550 not welcome, says HouseList"]}]}
    check("an unknown list is not told", "RW-LISTED" not in rules(LISTED), rules(LISTED))
    (d / "lists.json").write_text(json.dumps(lists))
    check("an added list is told", "RW-LISTED" in rules(LISTED, "--signatures", d), rules(LISTED, "--signatures", d))
    probes = ["", "probe@[192.0.2.1]", "probe@far.example"], ["sink@far.example", "sink%far.example@mx.example.org", "far.example!sink@[192.0.2.1]"]
    tried = b"".join(LOG.splitlines(True)[1].replace(b"No strangers, please", b"Relay access denied").replace(b"<s@there.example>", b"<%s>" % s.encode())
                     .replace(b"<u%d@there.example>", b"<%s>" % r.encode()) for s, r in zip(*probes))
    helo = tried.replace(b"helo=<h>", b"helo=<Evil42>")
    own.write_text(broken(lambda d, e: e.update(severity="high"), PATTERNS))
    site = "--year", "2026", "--local-domain", "example.org", "-o", "json", "-q", "--signatures", d, "-"
    found = [json.loads(l) for l in run(*site, stdin=helo).stdout.splitlines()]
    check("a pattern that hits is on the alert", found[0]["tags"][-1] == "our-bot" and found[0]["event"]["severity"] == 73 and
          found[0]["relaywatch"]["signatures"] == [{"id": "our-bot", "title": "the bot of last week", "meaning": "bot"}], found[0])
    row = found[-1]["relaywatch"]["signatures"]["hit"]
    check("and in the summary", [(r["id"], r["hits"], r["clients"], r["file"], r["entry"]) for r in row] == [("our-bot", 3, 1, str(own), 1)], row)
    text = run("--year", "2026", "--local-domain", "example.org", "-q", "--signatures", d, "-", stdin=helo).stdout.decode()
    check("the report shows it", "the bot of last week (bot)" in text, text)
    check("a pattern that does not hit is not", "our-bot" not in run(*site, stdin=tried).stdout.decode())
    own.write_text(json.dumps(SLOW))
    slow = b"".join(LOG.splitlines(True)[1].replace(b"<u%d@there.example>", b"<" + b"a" * 400 + b"%d@there.example>" % i) for i in range(300))
    r = run(*site, stdin=slow)
    relay = json.loads(r.stdout.splitlines()[-1])["relaywatch"]["signatures"]
    check("a slow expression is named, once", r.stderr.decode() == f'relaywatch: {own}: entry 1 ("slow"): its "regex" needed more than 20000 steps 3 times; '
          "it is switched off for this run\n", r.stderr)
    check("and counted", relay["limited"] == 3 and relay["hit"][0]["id"] == "slow" and relay["hit"][0]["off"] is True, relay)
    check("and the run is what it was", json.loads(r.stdout.splitlines()[-1])["relaywatch"]["input"]["parsed"] == 300)
    text = run(*(a for a in site if a not in ("-o", "json")), stdin=slow).stdout.decode()
    check("and told in the report", "1 patterns switched off (too many steps)" in text, text)
    own.write_text(broken(lambda d, e: e.update(title="the <bot> of last week"), PATTERNS))
    page = run(*(a.replace("json", "html") if isinstance(a, str) else a for a in site), stdin=helo).stdout.decode()
    check("the page shows it, escaped", "the &lt;bot&gt; of last week</bdi> (bot)" in page, page[:300])
    own.write_text(json.dumps(TESTERS))
    told = run("--year", "2026", "--local-domain", "example.org", "-o", "json", "-q", "--signatures", d, "-", stdin=tried).stdout
    relay = json.loads(told.splitlines()[-1])["relaywatch"]["verdict"]["relay"]
    check("an added battery is named with its count", relay.get("tester") == "our own probe, 3 of 3 refused" and relay["how"][-1] == relay["tester"], relay)
    over = dict(GOOD["entries"][0], literal="relay access denied", reason="policy", match=["Relay access denied"], nomatch=[])
    own.write_text(json.dumps(dict(GOOD, entries=[over])))
    denied = log.replace(b"No strangers, please", b"Relay access denied")
    check("an added wording goes before a built-in one",
          "RW-RELAY-PROBE" in rules(denied) and "RW-RELAY-PROBE" not in rules(denied, "--signatures", d))
    r = run("--check-config", "--signatures", d)
    check("and the built-in texts are judged by their own file", r.returncode == 0, r.stderr)
    own.unlink()
    (d / "reasons.json").write_text(json.dumps(dict(GOOD, entries=[])))
    check("a file of the same name replaces the built-in one",
          "RW-RELAY-PROBE" not in rules(denied, "--signatures", d), rules(denied, "--signatures", d))

schema = json.loads((shipped / "schema.json").read_text())
try:
    import jsonschema
except ImportError:
    print("no python3-jsonschema: the schema is not tested")
else:
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sorted(shipped.glob("*.json")):
        if path.name != "schema.json":
            errors = [f"{list(e.path)}: {e.message[:200]}" for e in validator.iter_errors(json.loads(path.read_text()))]
            check(f"{path.name} fits the schema", not errors, errors[:3])
    for name, (text, _) in BREAKS.items():
        if name in ("unknown member", "unknown reason", "missing literal", "too short", "wrong direction", "no source",
                    "unknown kind", "another schema", "mark with a kind", "tester: no pair", "tester: no tests", "tester: no name",
                    "tester: long name", "tester: unknown member", "tester: marks that are no list", "tester: too many marks",
                    *(n for n in BREAKS if n.startswith("pattern: ") and not any(w in n for w in ("match", "expression", "nested", "twin", "steps", "break", "control")))):
            check(f"the schema refuses: {name}", not validator.is_valid(json.loads(text)))
    check("the schema takes a good file", all(map(validator.is_valid, (GOOD, TESTERS, PATTERNS, SLOW))))
reasons = schema["$defs"]["reason"]["properties"]["reason"]["enum"]
with tempfile.TemporaryDirectory() as d:
    (pathlib.Path(d) / "own.json").write_text(BREAKS["unknown reason"][0])
    said = run("--check-config", "--signatures", d).stderr.decode()
    check("schema and program know the same reasons", said.strip().endswith("allowed: " + ", ".join(reasons)), (said, reasons))
print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
