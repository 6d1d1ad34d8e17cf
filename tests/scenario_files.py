#!/usr/bin/env python3
"""Scenarios and policies as an admin meets them: scenario_files.py BINARY SIGNATURES CONTRIB

A scenario in a folder fires without a new build, under its own rule id, in every output. A broken one is named, with the
entry, the member and what is allowed, and exit status 78. What is shipped as examples loads and does what it promises;
manual page, schema and program know the same names."""
import copy, json, os, pathlib, re, shutil, subprocess, sys, tempfile

binary, shipped, contrib = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
failures, checks = [], 0


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {seen!r}")


def run(*args, stdin=b""):
    command = [args[0]] if args[0] == "explain" else []
    return subprocess.run([binary, *command, "--no-config", *map(str, args[len(command):])], input=stdin, capture_output=True, timeout=120)


def denied(second, client="203.0.113.9", rcpt="u@there.example", sender="s@there.example"):
    return (f"Mar  2 04:{second // 60:02}:{second % 60:02} mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[{client}]: "
            f"554 5.7.1 <{rcpt}>: Relay access denied; from=<{sender}> to=<{rcpt}> proto=SMTP helo=<h>")


def login(second, user, ok, client="203.0.113.9"):
    time = f"Mar  2 04:{second // 60:02}:{second % 60:02} mx postfix/smtpd[7]: "
    if ok:
        return time + f"4ABCDEF0123: client=unknown[{client}], sasl_method=LOGIN, sasl_username={user}"
    return time + f"warning: unknown[{client}]: SASL LOGIN authentication failed: authentication failure, sasl_username={user}"


# Lists of addresses and reports to others hold attackers of the built-in rules only.
NAME_NO_RULES = {"postfix-cidr", "postscreen", "nftables", "nft", "ipset", "fail2ban", "crowdsec", "exchange", "plain",
                 "xarf", "xarf3", "stix", "misp"}

GOOD = {"schema": 1, "kind": "scenarios", "title": "ours", "entries": [
    {"id": "LOCAL-RELAY-1", "title": 'Relaying "tried" <twice> & more', "severity": "high", "kind": "leaky",
     "events": ["rcpt"], "where": {"reason": "relay_denied", "client_zone": "outside"}, "by": ["client"],
     "capacity": 1, "leak": "10m", "cooldown": "1h", "advice": "Ask whoever is on duty.",
     "match": [[denied(0), denied(1)]], "nomatch": [[denied(0), denied(601)]]}]}
OTHER = {  # one more of each kind, on the members that GOOD has
    "trigger": ({}, [denied(0)], None),
    "window": ({"count": 3, "within": "1m"}, [denied(0), denied(30), denied(59)], [denied(0), denied(30), denied(60)]),
    "distinct": ({"distinct": "rcpt", "count": 3, "within": "1m"}, [denied(i, rcpt=f"u{i}@there.example") for i in range(3)],
                 [denied(i, rcpt=f"u{i % 2}@there.example") for i in range(6)]),
    "ratio": ({"where": {"outcome": ["refused", "accepted"]}, "bad": {"rcpt_domain": {"domain": "there.example"}}, "share": 0.5, "min": 4, "within": "10m"},
              [denied(i, rcpt=f"u@{'there' if i % 2 else 'other'}.example") for i in range(4)],
              [denied(i, rcpt=f"u@{'there' if i % 3 == 2 else 'other'}.example") for i in range(9)]),
    "cusum": ({"bad": {"rcpt": {"prefix": "bad"}}, "p0": 0.2, "p1": 0.8, "threshold": 4, "half_life": "1h", "min": 3},
              [denied(i, rcpt="bad@there.example") for i in range(3)], [denied(i, rcpt=["bad@there.example", "u@there.example"][i % 2]) for i in range(9)]),
    "seq": ({"events": None, "where": None, "steps": [{"events": ["rcpt"], "where": {"reason": "relay_denied"}}, {"events": ["mail"], "where": {"authenticated": True}}], "within": "5m"},
            [denied(0), login(10, "u@example.org", True)], [login(0, "u@example.org", True), denied(10)]),
}


def entry_of(kind):
    members, fires, not_fires = copy.deepcopy(OTHER[kind])
    e = {k: v for k, v in GOOD["entries"][0].items() if k not in ("capacity", "leak")}
    e.update(members, id=f"LOCAL-{kind.upper()}", kind=kind, match=[fires], nomatch=[not_fires] if not_fires else [])
    return {k: v for k, v in e.items() if v is not None}


def broken(change, kind="leaky"):
    doc = copy.deepcopy(GOOD)
    if kind != "leaky":
        doc["entries"] = [entry_of(kind)]
    change(doc, doc["entries"][0])
    return json.dumps(doc)


BREAKS = {  # name -> (text of the file, what the message must say)
    "unknown member": (broken(lambda d, e: e.update(regex="x")), 'entry 1 ("LOCAL-RELAY-1"): unknown member "regex"; allowed: events, where, capacity, leak, distinct, id, title'),
    "member of another kind": (broken(lambda d, e: e.update(within="1m")), 'unknown member "within"; allowed: events, where, capacity, leak'),
    "unknown kind": (broken(lambda d, e: e.update(kind="bucket")), '"kind" is "bucket"; allowed: trigger, leaky, window, distinct, ratio, cusum, seq'),
    "no kind": (broken(lambda d, e: e.pop("kind")), '"kind" is missing'),
    "no id": (broken(lambda d, e: e.pop("id")), 'entry 1: "id" is missing'),
    "id in small letters": (broken(lambda d, e: e.update(id="local-1")), '"id" must be 3 to 40 of A-Z, 0-9 and "-"'),
    "id of the program": (broken(lambda d, e: e.update(id="RW-RELAY-PROBE")), '"id" must not begin with RW-'),
    "id twice": (broken(lambda d, e: d["entries"].append(dict(e))), 'entry 2 ("LOCAL-RELAY-1"): "id" is that of another scenario'),
    "no title": (broken(lambda d, e: e.pop("title")), '"title" is missing'),
    "title of two lines": (broken(lambda d, e: e.update(title="one\ntwo")), '"title" must be on one line'),
    "unknown severity": (broken(lambda d, e: e.update(severity="urgent")), '"severity" is "urgent"; allowed: info, low, medium, high, critical'),
    "no events": (broken(lambda d, e: e.pop("events")), '"events" must be a list of kinds of events; allowed: connect, disconnect'),
    "unknown event": (broken(lambda d, e: e.update(events=["rcpt", "login"])), '"events" has "login"; allowed: connect, disconnect, lost, auth'),
    "unknown fact": (broken(lambda d, e: e.update(where={"country": "XX"})), '"where": there is no "country"; allowed: host, instance, service'),
    "fact that the event never has": (broken(lambda d, e: e.update(where={"anomaly": "pregreet"})), '"where": no event of these "events" has "anomaly"; it comes with: protocol'),
    "unknown word": (broken(lambda d, e: e.update(where={"reason": "relay"})), '"where": "reason" is "relay"; allowed: relay_denied, rcpt_unknown'),
    "unknown zone": (broken(lambda d, e: e.update(where={"client_zone": ["outside", "external"]})), '"client_zone" is "external"; allowed: outside, loopback, trusted, frontend'),
    "number for a word": (broken(lambda d, e: e.update(where={"outcome": 5})), '"outcome" is no text; allowed: accepted, refused'),
    "text for a number": (broken(lambda d, e: e.update(where={"reply_code": "554"})), '"reply_code" must be a number'),
    "text for a flag": (broken(lambda d, e: e.update(where={"outside": "yes"})), '"outside" must be true or false'),
    "no network": (broken(lambda d, e: e.update(where={"client": "203.0.113.0/33"})), '"client" must be an address or a network such as "192.0.2.0/24"'),
    "unknown comparison": (broken(lambda d, e: e.update(where={"rcpt": {"regex": "x"}})), '"rcpt" has no comparison "regex"; allowed: in, not, exists, prefix, suffix, contains, domain'),
    "comparison of another type": (broken(lambda d, e: e.update(where={"reply_code": {"prefix": "5"}})), '"reply_code" has no comparison "prefix"; allowed: in, not, exists, min, max'),
    "empty conditions": (broken(lambda d, e: e.update(where={})), '"where" must be conditions {"fact": value, ...}'),
    "empty list": (broken(lambda d, e: e.update(where={"reason": []})), '"reason" must have 1 to 256 values'),
    "any that is no list": (broken(lambda d, e: e.update(where={"any": {"reason": "policy"}})), '"any" must be a list of conditions'),
    "key that is no fact": (broken(lambda d, e: e.update(by=["ip"])), '"by": "ip" is no fact; allowed: host'),
    "key that the event never has": (broken(lambda d, e: e.update(by=["remote"])), '"by": "remote" is not in all of these events; allowed: host'),
    "too many keys": (broken(lambda d, e: e.update(by=["client", "user", "sender", "rcpt", "helo"])), '"by" must be a list of at most 4 facts'),
    "entity that is no key": (broken(lambda d, e: e.update(entity="sender")), '"entity" must be one of "by"'),
    "no capacity": (broken(lambda d, e: e.pop("capacity")), '"capacity" is missing: kind "leaky" needs it'),
    "capacity of half an event": (broken(lambda d, e: e.update(capacity=1.5)), '"capacity" must be a whole number from 1 to 1e+06'),
    "leak without a unit": (broken(lambda d, e: e.update(leak="600")), '"leak" must be a time from 1s to 30d, such as "90s"'),
    "window too large": (broken(lambda d, e: e.update(within="31d"), "window"), '"within" must be a time from 1s to 30d'),
    "count too large": (broken(lambda d, e: e.update(count=501), "window"), '"count" must be a whole number from 2 to 500'),
    "nothing to be distinct": (broken(lambda d, e: e.pop("distinct"), "distinct"), '"distinct": "" is no fact; allowed: host'),
    "share above one": (broken(lambda d, e: e.update(share=1.1), "ratio"), '"share" must be a number from 0.01 to 1'),
    "ratio of nothing": (broken(lambda d, e: e.pop("bad"), "ratio"), '"bad" is missing: kind "ratio" needs it'),
    "wrong word in bad": (broken(lambda d, e: e.update(bad={"outcome": "denied"}), "ratio"), '"bad": "outcome" is "denied"; allowed: accepted, refused'),
    "p1 below p0": (broken(lambda d, e: e.update(p1=0.1), "cusum"), '"p1", the share of bad ones of a bad source, must be larger than "p0"'),
    "one step": (broken(lambda d, e: e["steps"].pop(), "seq"), '"steps" must be a list of 2 to 8 steps'),
    "unknown member of a step": (broken(lambda d, e: e["steps"][1].update(event="x"), "seq"), '"steps 2": unknown member "event"; allowed: events, where'),
    "wrong word in a step": (broken(lambda d, e: e["steps"][0].update(where={"outcome": "no"}), "seq"), '"steps 1 where": "outcome" is "no"'),
    "shadow that is a text": (broken(lambda d, e: e.update(shadow="yes")), '"shadow" must be true or false'),
    "too few entries": (broken(lambda d, e: e.update(entries_max=1)), '"entries_max" must be a whole number from 16 to'),
    "no example": (broken(lambda d, e: e.pop("match")), '"match" must have at least one list of log lines'),
    "example that is no list": (broken(lambda d, e: e.update(match=[denied(0)])), '"match" must be a list of examples'),
    "example that does not fire": (broken(lambda d, e: e.update(match=[[denied(0)]])), '"match" 1 does not fire; "relaywatch explain'),
    "example that fires": (broken(lambda d, e: e.update(nomatch=[[denied(0)], [denied(0), denied(1)]])), '"nomatch" 2 fires, and must not'),
    "example that nobody reads": (broken(lambda d, e: e.update(match=[["hello"]])), '"match" 1 has no line that is understood'),
}
IN_SCHEMA = ("unknown member", "unknown kind", "no kind", "no id", "id in small letters", "id of the program", "no title", "unknown severity",
             "no events", "unknown event", "no capacity", "leak without a unit", "count too large", "share above one", "one step", "no example",
             "unknown member of a step", "shadow that is a text", "too many keys", "empty conditions")


def alerts(log, *args):
    out = run("--year", "2026", "--local-domain", "example.org", "--trusted", "192.0.2.0/24", "-o", "json", "-q", *args, "-", stdin=("\n".join(log) + "\n").encode()).stdout
    docs = [json.loads(line) for line in out.splitlines()]
    return [d for d in docs if d["event"]["kind"] == "alert" and not d["rule"]["id"].startswith("RW-")], docs[-1]["relaywatch"]


with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    own = d / "own.json"
    for name, (text, want) in BREAKS.items():
        own.write_text(text)
        r = run("--check-config", "--signatures", d)
        said = r.stderr.decode()
        check(f"{name}: status 78", r.returncode == 78, (r.returncode, said))
        check(f"{name}: file named", said.startswith(f"relaywatch: {own}: entry "), said)
        check(f"{name}: said", want in said and said.count("\n") == 1 and not r.stdout, said)
    own.write_text(BREAKS["unknown fact"][0])
    r = run("--signatures", d, "-", stdin=denied(0).encode())
    check("a run refuses a broken file too", r.returncode == 78 and not r.stdout, r.stderr)

    own.write_text(json.dumps(dict(GOOD, entries=GOOD["entries"] + [entry_of(k) for k in OTHER])))
    r = run("--check-config", "--signatures", d)
    check("one of each kind is good", r.returncode == 0, r.stderr)

    log = [denied(0), denied(1), denied(2), denied(3, client="203.0.113.10")]
    check("without the file there is no such rule", alerts(log)[0] == [], alerts(log)[0])
    own.write_text(json.dumps(GOOD))
    got, summary = alerts(log, "--signatures", d)
    first = got[0] if got else {}
    check("a new scenario fires without a build", [a["rule"]["id"] for a in got] == ["LOCAL-RELAY-1"] * len(got) and len(got) >= 1, got)
    check("with its own name, severity and advice", first.get("rule", {}).get("name") == GOOD["entries"][0]["title"]
          and first["event"]["severity"] == 73 and first["relaywatch"]["alert"]["advice"] == "Ask whoever is on duty.", first)
    check("about its entity", first["relaywatch"]["alert"]["entity"] == {"type": "ip", "value": "203.0.113.9"}, first["relaywatch"]["alert"])
    check("the summary counts it", [(s["id"], s["events"], s["fired"]) for s in summary["scenarios"]] == [("LOCAL-RELAY-1", 4, 1)], summary["scenarios"])
    check("a case names it", any("LOCAL-RELAY-1" in c["rules"] for c in summary["cases"]) or not summary["cases"], summary["cases"])
    text = run("--year", "2026", "--local-domain", "example.org", "-q", "--signatures", d, "-", stdin="\n".join(log).encode()).stdout.decode()
    check("the report shows it", "LOCAL-RELAY-1" in text and "SCENARIOS" in text and "Ask whoever is on duty." in text, text)
    for writer in re.findall(r'^WRITER\(\w+, "([\w-]+)"\)', (shipped.resolve().parent / "analyzer/output/writers.def").read_text(), re.M):
        if writer in NAME_NO_RULES:
            continue
        out = run("--year", "2026", "--local-domain", "example.org", "-q", "-o", writer, "--signatures", d, "-", stdin="\n".join(log).encode())
        check(f"{writer} names the scenario", b"LOCAL-RELAY-1" in out.stdout, (out.stdout[:300], out.stderr))
    run_twice = [run("--year", "2026", "--local-domain", "example.org", "-q", "-o", "json", "--signatures", d, "-", stdin="\n".join(log).encode()).stdout for _ in range(2)]
    check("two runs say the same", run_twice[0] == run_twice[1])

    shadow = copy.deepcopy(GOOD)
    shadow["entries"][0]["shadow"] = True
    own.write_text(json.dumps(shadow))
    got, summary = alerts(log, "--signatures", d)
    check("in its shadow it raises nothing", got == [], got)
    check("but counts", [(s["shadow"], s["fired"]) for s in summary["scenarios"]] == [(True, 1)], summary["scenarios"])
    check("and its examples are run", run("--check-config", "--signatures", d).returncode == 0)

    two = copy.deepcopy(GOOD)
    two["entries"].append(dict(entry_of("trigger"), severity="low"))
    own.write_text(json.dumps(two))
    (d / "log").write_text("\n".join(log) + "\n")
    lines = run("explain", "-o", "json", "--signatures", d, "--year", "2026", "--local-domain", "example.org", "-f", d / "log").stdout.decode()
    check("explain shows the state", "LOCAL-RELAY-1: 1 of 2" in lines and "LOCAL-RELAY-1: fired, high, 2 events" in lines and "LOCAL-TRIGGER: fired, low" in lines, lines[:3000])
    (d / "log").write_text(denied(0, client="192.0.2.7") + "\n")
    lines = run("explain", "--signatures", d, "--year", "2026", "--local-domain", "example.org", "--trusted", "192.0.2.0/24", "-f", d / "log").stdout.decode()
    check("explain shows what failed", 'not by "client_zone", which is trusted' in " ".join(lines.split()), lines)

    many = [denied(i // 60, client=f"198.51.{i // 250}.{i % 250}") for i in range(3000)]
    small = copy.deepcopy(GOOD)
    small["entries"][0]["entries_max"] = 64
    own.write_text(json.dumps(small))
    got, summary = alerts(many + [denied(3000), denied(3001)], "--signatures", d)
    check("a flood stays in its bounds and is counted", summary["scenarios"][0]["groups_dropped"] >= 2900, summary["scenarios"])
    check("and does not hide who comes after it", [a["relaywatch"]["alert"]["entity"]["value"] for a in got] == ["203.0.113.9"], got[:2])

# ---- every comparison, on lines that it must and must not fit ----
OUT, IN, SIX = denied(0), denied(0, client="192.0.2.7"), denied(0, client="2001:db8:1::9")
TRICK, CASE = denied(0, rcpt="u%there.example@example.org"), denied(0, rcpt="U@SUB.There.Example", sender="")
SENT = "Mar  2 04:00:00 mx postfix/smtp[7]: 4ABCDEF0123: to=<u@there.example>, relay=mx.there.example[198.51.100.25]:25, delay=7.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
BYE = "Mar  2 04:00:00 mx postfix/smtpd[7]: disconnect from unknown[203.0.113.9] ehlo=1 auth=0/5 rcpt=1/3 commands=2/9"
QUEUED = "Mar  2 04:00:00 mx postfix/qmgr[7]: 4ABCDEF0123: from=<a@example.org>, size=1000, nrcpt=30 (queue active)"
WHERE = [  # events, where, lines that fit, lines that do not
    (["rcpt"], {"client": "203.0.113.0/24"}, [OUT], [IN, SIX]), (["rcpt"], {"client": ["192.0.2.7", "2001:db8::/32"]}, [IN, SIX], [OUT]),
    (["rcpt"], {"client": {"not": "203.0.113.9"}}, [IN, SIX], [OUT]), (["rcpt"], {"not": {"client_zone": "trusted"}}, [OUT, SIX], [IN]),
    (["rcpt"], {"client_network": "203.0.113.0/24"}, [OUT], [IN]), (["rcpt"], {"outside": True}, [OUT], [IN]), (["rcpt"], {"outside": False}, [IN], [OUT]),
    (["rcpt"], {"rcpt": "u@sub.there.EXAMPLE"}, [CASE], [OUT]), (["rcpt"], {"rcpt": {"prefix": "U@S"}}, [CASE], [OUT]), (["rcpt"], {"rcpt": {"suffix": ".example"}}, [OUT, CASE], [TRICK]),
    (["rcpt"], {"rcpt": {"contains": ["%", "SUB"]}}, [CASE, TRICK], [OUT]), (["rcpt"], {"rcpt_domain": {"domain": "there.example"}}, [OUT, CASE, TRICK], [denied(0, rcpt="u@nothere.example")]),
    (["rcpt"], {"rcpt_domain": {"domain": "sub.there.example"}}, [CASE], [OUT]), (["rcpt"], {"rcpt_class": "trick", "address_form": "percent"}, [TRICK], [OUT]),
    (["rcpt"], {"address_form": ["plain"]}, [OUT], [TRICK]), (["rcpt"], {"null_sender": True}, [CASE], [OUT]), (["rcpt"], {"sender": ""}, [CASE], [OUT]),
    (["rcpt"], {"sender_domain": {"exists": False}}, [CASE], [OUT]), (["rcpt"], {"sender_zone": "local"}, [denied(0, sender="a@example.org")], [OUT, CASE]),
    (["rcpt"], {"reply_code": 554}, [OUT], [OUT.replace("554", "550")]), (["rcpt"], {"reply_code": [550, 554]}, [OUT], [OUT.replace("554", "454")]),
    (["rcpt"], {"reply_code": {"min": 500, "max": 599}}, [OUT], [OUT.replace("554", "454")]), (["rcpt"], {"status": {"prefix": "5.7."}}, [OUT], [OUT.replace("5.7.1", "5.1.1")]),
    (["rcpt"], {"hour": 4}, [OUT], [OUT.replace(" 04:", " 05:")]), (["rcpt"], {"helo": "H"}, [OUT], [OUT.replace("helo=<h>", "helo=<i>")]),
    (["rcpt"], {"any": [{"hour": 5}, {"rcpt": {"prefix": "x"}}, {"outcome": "refused"}]}, [OUT], [OUT.replace("554", "454")]),
    (["rcpt"], {"all": [{"rcpt": {"contains": "u"}}, {"rcpt": {"contains": "%"}}]}, [TRICK], [OUT]),
    (["rcpt"], {"not": {"any": [{"client": "203.0.113.9"}, {"null_sender": True}]}}, [IN], [OUT, CASE]),
    (["rcpt"], {"stage": {"in": ["rcpt", "data"]}, "soft": False}, [OUT], []), (["rcpt"], {"program": "smtpd", "host": "MX", "session": "7"}, [OUT], []),
    (["delivery"], {"delay": {"min": 7, "max": 8}, "route": "remote", "remote": "198.51.100.0/24", "relay": {"domain": "there.example"}}, [SENT], [SENT.replace("7.5", "9")]),
    (["disconnect"], {"auth_all": {"min": 5}, "auth_ok": 0, "rcpt_all": 3, "commands_all": {"max": 9}}, [BYE], [BYE.replace("0/5", "1/5"), BYE.replace("0/5", "0/4")]),
    (["queued"], {"nrcpt": {"min": 30}, "size": 1000}, [QUEUED], [QUEUED.replace("=30", "=29")]),
    (["auth"], {"user": ["A@example.org"], "mechanism": "login", "reason": "auth_fail"}, [login(0, "a@example.org", False)], [login(0, "b@example.org", False)]),
]
with tempfile.TemporaryDirectory() as d:
    for n, (events, where, fits, not_fits) in enumerate(WHERE):
        entry = {"id": f"LOCAL-{n}", "title": "one comparison", "severity": "info", "kind": "trigger", "events": events, "where": where,
                 "match": [[line] for line in fits], "nomatch": [[line] for line in not_fits]}
        (pathlib.Path(d) / "own.json").write_text(json.dumps(dict(GOOD, entries=[entry])))
        r = run("--check-config", "--signatures", d)
        check(f"where {json.dumps(where)}", r.returncode == 0, r.stderr)

POLICY = {"schema": 1, "kind": "policies", "title": "ours", "entries": [{"id": "RW-RELAY-PROBE", "settings": {"plain_varied": 5, "severity_few": "high"}}]}
POLICY_BREAKS = {
    "unknown rule": ({"id": "RW-HARVEST"}, '"id": "RW-HARVEST" has no policy; allowed: RW-RELAY-PROBE, RW-SPOOF-LOCAL, RW-LISTED, RW-PROTOCOL'),
    "unknown setting": ({"settings": {"sloppy_many": 3}}, '"settings": there is no "sloppy_many"; allowed: plain_varied, forms_battery'),
    "number out of range": ({"settings": {"forms_battery": 11}}, '"forms_battery" must be a whole number from 1 to 10'),
    "time without a unit": ({"settings": {"half_life_fast": 3600}}, '"half_life_fast" must be a time from 1m to 30d'),
    "unknown severity": ({"settings": {"severity_few": "bad"}}, '"severity_few" must be one of info, low, medium, high, critical'),
    "unknown form": ({"settings": {"tricks": ["percent", "plain"]}}, '"tricks" must be a list of source_route, percent, bang'),
    "unknown class": ({"id": "RW-PROTOCOL", "settings": {"pregreet": "evil"}}, '"pregreet" must be one of ignore, sloppy, bot'),
    "word with a digit": ({"id": "RW-SPOOF-LOCAL", "settings": {"roles_board": ["ceo2"]}}, '"roles_board" must be a list of at most 32 words'),
    "setting in the wrong place": ({"plain_varied": 3}, 'unknown member "plain_varied"; allowed: id, settings, source, match, nomatch'),
    "example that does not fire": ({"match": [[denied(0)]]}, '"match" 1 does not fire'),
}
with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    own = d / "own.json"
    for name, (members, want) in POLICY_BREAKS.items():
        own.write_text(json.dumps(dict(POLICY, entries=[dict(POLICY["entries"][0], **members)])))
        r = run("--check-config", "--signatures", d)
        said = r.stderr.decode()
        check(f"policy, {name}: status 78 and said", r.returncode == 78 and said.startswith(f"relaywatch: {own}: entry 1 (") and want in said, said)
    own.write_text(json.dumps(POLICY))
    r = run("--check-config", "--signatures", d)
    check("a policy of the site is not held against the built-in examples", r.returncode == 0, r.stderr)
    POLICY["entries"][0]["match"] = [[denied(i, rcpt=f"u{i}@there.example") for i in range(5)]]
    (d / "policy-relay-probe.json").write_text(json.dumps(POLICY))
    own.unlink()
    r = run("--check-config", "--signatures", d)
    check("a file that replaces a policy must set all", r.returncode == 78 and b'no signature file sets "forms_battery" of RW-RELAY-PROBE' in r.stderr, r.stderr)
    (d / "policy-relay-probe.json").unlink()

    def probes(count, *args):
        log = "\n".join(denied(i, rcpt=f"u{i}@there.example") for i in range(count))
        out = run("--year", "2026", "--local-domain", "example.org", "-o", "json", "-q", *args, "-", stdin=log.encode()).stdout
        return [a["event"]["severity"] for a in map(json.loads, out.splitlines()) if a["event"]["kind"] == "alert"]
    own.write_text(json.dumps(POLICY))
    check("as shipped three are enough, and low", probes(3)[:1] == [21] and probes(2) == [], probes(3))
    check("a policy changes threshold and severity without a build", probes(4, "--signatures", d) == [] and probes(5, "--signatures", d)[:1] == [73], probes(5, "--signatures", d))

r = run("--check-config", "--signatures", contrib)
check("the translated scenarios do what they promise", r.returncode == 0, r.stderr)

# ---- what is written about them ----
root = shipped.resolve().parent
page = root / "docs/man/relaywatch-signatures.5"
manual = re.findall(r"[\w.-]+", page.read_text())
NAMES = {"analyzer/event/event_kinds.def": r'^EVENT_KIND\(\w+, "(\w+)"', "analyzer/detect/scenario_facts.def": r'^FACT\(\w+, "(\w+)"',
         "analyzer/match/reasons.def": r'^REASON\(\w+, "(\w+)"', "analyzer/detect/policy.def": r"^POLICY\(\w+, (\w+)"}
schema = json.loads((shipped / "schema.json").read_text())
for path, pattern in NAMES.items():
    names = re.findall(pattern, (root / path).read_text(), re.M)
    check(f"the manual has every name of {path}", len(names) > 3 and set(names) <= set(manual), sorted(set(names) - set(manual)))
    if "policy" not in path and "reasons" not in path:
        known = schema["$defs"]["fact"]["enum"] if "facts" in path else schema["$defs"]["kinds"]["items"]["enum"]
        check(f"the schema has every name of {path}", sorted(known) == sorted(names), set(known) ^ set(names))
if shutil.which("mandoc"):
    r = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True)
    check("the manual page is well formed", r.returncode == 0, r.stdout)
blocks = re.findall(r"```json\n(.*?)```", (root / "docs/signatures.md").read_text(), re.S)
blocks = [re.sub(r"^   ", "", b, flags=re.M) for b in blocks]
whole = [b for b in blocks if '"schema": 1' in b]
for n, block in enumerate(whole, 1):
    with tempfile.TemporaryDirectory() as d:
        (pathlib.Path(d) / "own.json").write_text(block)
        r = run("--check-config", "--signatures", d)
        check(f"example {n} of docs/signatures.md is good", r.returncode == 0, (block, r.stderr))
check("docs/signatures.md has an example of each kind of file", len(whole) >= 3, whole)
try:
    import jsonschema
except ImportError:
    print("no python3-jsonschema: the schema is not tested")
else:
    validator = jsonschema.Draft202012Validator(schema)
    errors = [e.message[:300] for e in validator.iter_errors(POLICY)]
    check("the schema takes a policy", not errors, errors[:3])
    for name, (members, _) in POLICY_BREAKS.items():
        if name != "example that does not fire":
            check(f"the schema refuses a policy: {name}", not validator.is_valid(dict(POLICY, entries=[dict(POLICY["entries"][0], **members)])))
    for path in sorted(contrib.glob("*.json")):
        errors = [f"{list(e.path)}: {e.message[:200]}" for e in validator.iter_errors(json.loads(path.read_text()))]
        check(f"{path.name} fits the schema", not errors, errors[:3])
    for kind in OTHER:
        errors = [e.message[:300] for e in validator.iter_errors(dict(GOOD, entries=[entry_of(kind)]))]
        check(f"the schema takes a {kind}", not errors, errors[:3])
    for name in IN_SCHEMA:
        check(f"the schema refuses: {name}", not validator.is_valid(json.loads(BREAKS[name][0])))
print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
