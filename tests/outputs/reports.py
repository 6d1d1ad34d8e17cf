#!/usr/bin/env python3
"""Abuse reports and threat intelligence: reports.py BINARY SAMPLES DATA [SCHEMA_DIR]

Without SCHEMA_DIR: what XARF, STIX and MISP demand is checked by rules written here, over the shipped samples, over logs whose
every field is hostile, and over one with client ports. With it: every document against the JSON Schemas of XARF 4, XARF 3
and STIX 2.1 in that folder; 77 = skipped, they or python3-jsonschema are not there."""
import base64, glob, json, os, pathlib, re, subprocess, sys, tempfile, uuid

from logs import guess, harvest, hostile_fields, hostile_log, probe, write

binary, samples, data = os.path.abspath(sys.argv[1]), *(pathlib.Path(p).resolve() for p in sys.argv[2:4])
schemas = sys.argv[4] if len(sys.argv) > 4 else None
OPTIONS = ["--no-config", "-qq", "--year", "2026", "--hash-key", "00112233445566778899aabbccddeeff", "--local-domain",
           "example.org,example.net", "--trusted", "192.0.2.0/24", "--block-severity", "low"]
REPORTER = ["--reporter", "Example Net Mail Operations <abuse@example.net>"]
GEOIP = ["--geoip-city", str(data / "geo-city.mmdb"), "--geoip-asn", str(data / "geo-as.mmdb")]
NAMES = ["xarf", "xarf3", "stix", "misp"]
EMAIL = r"[^@\s]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
failures, checks = [], 0


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {str(seen)[:600]}")


def run(logs, *options):
    with tempfile.TemporaryDirectory() as d:
        outputs = [part for name in NAMES for part in ("-o", f"{name}:{d}/{name}")]
        done = subprocess.run([binary, *OPTIONS, *options, *outputs, *map(str, logs)], capture_output=True, stdin=subprocess.DEVNULL)
        check("the program ends well", done.returncode == 0, done.stderr)
        return {name: pathlib.Path(d, name).read_bytes() for name in NAMES}


def read(out):
    """All documents of a run."""
    return {"xarf": [json.loads(l) for l in out["xarf"].decode().split("\n")[:-1]],
            "xarf3": [json.loads(l) for l in out["xarf3"].decode().split("\n")[:-1]],
            "stix": json.loads(out["stix"].decode()), "misp": json.loads(out["misp"].decode())}


def is_address(text):
    import ipaddress
    try:
        return str(ipaddress.ip_address(text)) == text
    except ValueError:
        return False


def xarf4(doc):
    check("xarf 4: version, id, time", doc["xarf_version"] == "4.2.0" and uuid.UUID(doc["report_id"]) and re.fullmatch(TIME, doc["timestamp"]), doc)
    for who in ("reporter", "sender"):
        check("xarf 4: who", set(doc[who]) == {"org", "contact", "domain"} and re.fullmatch(EMAIL, doc[who]["contact"]), doc)
    check("xarf 4: source", is_address(doc["source_identifier"]) and 1 <= doc.get("source_port", 1) <= 65535, doc)
    kind = doc["category"], doc["type"]
    check("xarf 4: kind", kind in {("connection", "vulnerability_scan"), ("connection", "login_attack"), ("messaging", "spam")}, kind)
    if kind[1] != "vulnerability_scan":
        check("xarf 4: a port where one is demanded", "source_port" in doc, doc)
    if kind[1] == "spam":
        check("xarf 4: spam has a sender", doc["protocol"] == "smtp" and re.fullmatch(EMAIL, doc["smtp_from"]), doc)
    else:
        check("xarf 4: connection", doc["protocol"] == "tcp" and re.fullmatch(TIME, doc["first_seen"]), doc)
    check("xarf 4: tags, confidence, description", all(re.fullmatch(r"[a-z0-9][a-z0-9_+-]*:[a-z0-9][a-z0-9_+-]*", t) for t in doc["tags"])
          and 0 <= doc["confidence"] <= 1 and len(doc["description"]) <= 1000, doc)
    for item in doc["evidence"]:
        check("xarf 4: evidence", len(base64.b64decode(item["payload"], validate=True)) == item["size"] > 0, item)


def xarf3(doc):
    report = doc["Report"]
    check("xarf 3: frame", doc["Version"] == "3" and doc["Disclosure"] is True and re.fullmatch(EMAIL, doc["ReporterInfo"]["ReporterOrgEmail"]), doc)
    check("xarf 3: kind", report["ReportClass"] == "Activity" and report["ReportType"] in ("Spam", "LoginAttack"), doc)
    check("xarf 3: source and times", is_address(report["SourceIp"]) and re.fullmatch(TIME, report["Date"]) and re.fullmatch(TIME, report["FirstSeen"]), doc)
    for key in ("SmtpMailFromAddress", "SmtpRcptToAddress"):
        check("xarf 3: address", key not in report or re.fullmatch(EMAIL, report[key]), report)
    check("xarf 3: lines", report["Samples"] and all(s["Payload"] for s in report["Samples"]), doc)


def stix(bundle):
    ids = [o["id"] for o in bundle["objects"]]
    check("stix: ids are unique and of their type", len(set(ids)) == len(ids) and all(
        re.fullmatch(re.escape(o["type"]) + "--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", o["id"]) for o in bundle["objects"]), ids)
    addresses = set()
    for o in bundle["objects"]:
        for key, value in o.items():
            for ref in [value] if key.endswith("_ref") else value if key.endswith("_refs") else []:
                check("stix: references are in the bundle", ref in ids, (key, ref))
        if o["type"] in ("ipv4-addr", "ipv6-addr"):
            want = uuid.uuid5(uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7"), json.dumps({"value": o["value"]}, separators=(",", ":")))
            check("stix: id of an address", is_address(o["value"]) and o["id"] == f"{o['type']}--{want}", o)
            addresses.add(o["value"])
        if o["type"] == "indicator":
            term = r"(ipv4-addr:value = '[0-9.]+'|ipv6-addr:value = '[0-9a-f:]+')"
            check("stix: pattern", re.fullmatch(r"\[" + term + "( OR " + term + r")*\]", o["pattern"]), o["pattern"])
            check("stix: pattern and addresses agree", set(re.findall(r"'([^']+)'", o["pattern"])) <= addresses | {
                x["value"] for x in bundle["objects"] if x["type"].endswith("-addr")}, o)
            check("stix: times", o["created"] <= o["modified"] and o["valid_from"] < o["valid_until"], o)
        if o["type"] == "sighting":
            check("stix: times of a sighting", o["first_seen"] <= o["last_seen"] and 0 <= o["count"] <= 999999999, o)


def misp(doc):
    event, seen = doc["Event"], []
    check("misp: event", re.fullmatch(r"\d{4}-\d\d-\d\d", event["date"]) and event["timestamp"].isdigit() and event["published"] is False
          and event["threat_level_id"] in "1234" and event["analysis"] in "012", event)
    for one in event.get("Object", []):
        check("misp: object", one["template_uuid"] == "9b39afe0-9809-4fe0-8a0b-4cec2b140dd2" and one["template_version"] == "4", one)
        relations = [a["object_relation"] for a in one["Attribute"]]
        check("misp: type, total and one more", {"type", "total"} <= set(relations) and {"ip-src", "username"} & set(relations), relations)
        seen.append(one["uuid"])
    for a in event.get("Attribute", []) + [a for o in event.get("Object", []) for a in o["Attribute"]]:
        seen.append(a["uuid"])
        check("misp: attribute", a["type"] in ("ip-src", "AS", "text", "counter") and isinstance(a["value"], str) and a["value"]
              and (a["type"] != "ip-src" or is_address(a["value"])) and (a["type"] == "ip-src" or a["to_ids"] is False), a)
    check("misp: uuids are unique", len(set(seen)) == len(seen), sorted(seen)[:3])


def check_all(docs):
    for doc in docs["xarf"]:
        (xarf4 if "xarf_version" in doc else xarf3)(doc)
    for doc in docs["xarf3"]:
        xarf3(doc)
    stix(docs["stix"])
    misp(docs["misp"])


def ported(d):
    """A log that tells the client's port, spam through the server included."""
    events = guess(b"unknown[203.0.113.20]", 0, 40, b":51844") + harvest(b"unknown[198.51.100.20]", 200) + probe(b"unknown[203.0.113.40]", 300, 30)
    events += guess(b"unknown[203.0.113.21]") + guess(b"unknown[192.0.2.7]") + guess(b"mail-x1.google.com[203.0.113.91]")
    for i in range(20):
        events += [(900 + i, b"smtpd[31]: D%05X: client=unknown[203.0.113.77]:40112" % i),
                   (900 + i, b"qmgr[32]: D%05X: from=<billing@bank.example>, size=900, nrcpt=1 (queue active)" % i),
                   (901 + i, b"smtp[33]: D%05X: to=<v%d@dest.example>, relay=mx.dest.example[198.51.100.8]:25, delay=1, dsn=2.0.0, "
                             b"status=sent (250 2.0.0 OK)" % (i, i)), (901 + i, b"qmgr[32]: D%05X: removed" % i)]
    return write(events, d / "ported.log")


def streams(d):
    yield "samples", sorted(samples.rglob("*.log"))
    yield "ports", [ported(d)]
    for field in hostile_fields():
        (d / "hostile.log").write_bytes(hostile_log(field))
        yield repr(field[:12]), [d / "hostile.log"]


def by_rules(d):
    for what, logs in streams(d):
        try:
            docs = read(run(logs, *REPORTER, *GEOIP))
        except ValueError as error:
            check(f"{what}: can be read", False, error)
            continue
        check(f"{what}: somebody is reported", docs["xarf"] and docs["misp"]["Event"]["Attribute"])
        check_all(docs)
        if what == "ports":
            kinds = {(x.get("source_identifier"), x.get("type"), x.get("source_port")) for x in docs["xarf"] if "type" in x}
            check("with ports: version 4 for guessing and spam", {("203.0.113.20", "login_attack", 51844), ("203.0.113.77", "spam", 40112)} <= kinds, kinds)
            check("a probe needs none", ("203.0.113.40", "vulnerability_scan", None) in kinds, kinds)
            threes = {x["Report"]["SourceIp"] for x in docs["xarf"] if "Report" in x}
            check("without: version 3, a provider's server included", threes == {"203.0.113.21", "203.0.113.91"}, threes)
            values = {o["value"] for o in docs["stix"]["objects"] if "value" in o}
            check("nobody of ours is named, no shared server is an indicator", not values & {"192.0.2.7", "203.0.113.91"} and "203.0.113.20" in values, values)
            ids = {a["value"]: a["to_ids"] for a in docs["misp"]["Event"]["Attribute"]}
            check("nor one to block", ids.get("203.0.113.91", True) is False or "203.0.113.91" not in ids, ids)
            again = run(logs, *REPORTER, *GEOIP)
            check("a second run gives the same ids", read(again) == docs)
    done = subprocess.run([binary, *OPTIONS, "-o", "xarf", "-"], capture_output=True, stdin=subprocess.DEVNULL)
    check("a report of nobody is refused", done.returncode == 2 and b"--reporter" in done.stderr, done.stderr)
    done = subprocess.run([binary, *OPTIONS, "--reporter", "nobody", "-"], capture_output=True, stdin=subprocess.DEVNULL)
    check("a reporter without an address too", done.returncode == 2 and b"no reporter" in done.stderr, done.stderr)


def by_schemas(d):
    try:
        from jsonschema import Draft202012Validator, FormatChecker
        from referencing import Registry, Resource
    except ImportError:
        print("skipped: no python3-jsonschema with referencing")
        sys.exit(77)
    folders = {"xarf4": "xarf/v4", "xarf3": "xarf/v3", "stix": "stix21"}
    if not schemas or not all(glob.glob(os.path.join(schemas, f)) for f in folders.values()):
        print("skipped: no schemas of XARF and STIX (-DRW_SCHEMAS=FOLDER)")
        sys.exit(77)
    registry = Registry()
    for path in glob.glob(os.path.join(schemas, "**", "*.json"), recursive=True):
        doc = json.load(open(path, encoding="utf-8"))
        if "$id" in doc:
            registry = registry.with_resource(doc["$id"], Resource.from_contents(doc))
    validators = {}

    def judge(path, doc):
        found = glob.glob(os.path.join(schemas, path))
        check(f"a schema {path}", len(found) == 1)
        if path not in validators:
            validators[path] = Draft202012Validator(json.load(open(found[0])), registry=registry, format_checker=FormatChecker())
        errors = ["/".join(map(str, e.absolute_path)) + ": " + e.message[:200] for e in validators[path].iter_errors(doc)]
        check(path, not errors, errors)

    for _, logs in streams(d):
        docs = read(run(logs, *REPORTER, *GEOIP))
        for doc in docs["xarf"] + docs["xarf3"]:
            if "xarf_version" in doc:
                judge(f"xarf/v4/types/{doc['category']}-{doc['type'].replace('_', '-')}.json", doc)
            else:
                judge(f"xarf/v3/{doc['Report']['ReportType'].lower()}.schema.json", doc)
        for doc in docs["stix"]["objects"]:
            judge(f"stix21/*/{doc['type']}.json", doc)


with tempfile.TemporaryDirectory() as folder:
    (by_schemas if len(sys.argv) > 4 else by_rules)(pathlib.Path(folder))
print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures) or not checks)
