#!/usr/bin/env python3
"""Every format over every day: formats_check.py SCHEMA_DIR BINARY SAMPLES DATA [LOG...]

One run a log with all formats at once: json, ocsf, xarf, xarf3 and stix are held against their JSON Schemas, cef, leef, syslog,
gelf, splunk-hec and csv read by the strict readers. Logs are the samples, those whose every field is hostile (outputs/logs.py) and
the given ones: days of the lab, which are not part of this repository. Without SCHEMA_DIR or python3-jsonschema: 77, skipped."""
import glob, json, os, pathlib, re, subprocess, sys, tempfile

here = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(here.parent / "outputs"))
from logs import hostile_logs  # noqa: E402
from readers import READERS, Bad  # noqa: E402

schemas, binary, samples, data = sys.argv[1], os.path.abspath(sys.argv[2]), *(pathlib.Path(p).resolve() for p in sys.argv[3:5])
given = [pathlib.Path(p) for p in sys.argv[5:]]
OPTIONS = ["--no-config", "-qq", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted", "127.0.0.0/8,192.0.2.0/24",
           "--reporter", "Example Net <abuse@example.net>", "--block-severity", "low",
           "--geoip-city", str(data / "geo-city.mmdb"), "--geoip-asn", str(data / "geo-as.mmdb")]
NAMES = [*READERS, "xarf", "xarf3", "stix", "misp"]
failures, documents, alerts, told = [], {}, 0, 0
try:
    from jsonschema import Draft202012Validator, FormatChecker
    from referencing import Registry, Resource
except ImportError:
    print("skipped: no python3-jsonschema with referencing")
    sys.exit(77)
if not schemas or not glob.glob(os.path.join(schemas, "ecs", "ecs-*.schema.json")):
    print("skipped: no schemas (-DRW_SCHEMAS=FOLDER)")
    sys.exit(77)


def fail(what, why):
    failures.append(what)
    print(f"not ok - {what}: {str(why)[:500]}")


def registry():
    found = Registry()
    for path in glob.glob(os.path.join(schemas, "**", "*.json"), recursive=True):
        doc = json.loads(pathlib.Path(path).read_text())
        if isinstance(doc, dict) and "$id" in doc:
            found = found.with_resource(doc["$id"], Resource.from_contents(doc))
    return found


known, validators = registry(), {}


def judge(what, pattern, doc):
    """doc against each schema of this pattern (ocsf: several versions)"""
    if pattern not in validators:
        validators[pattern] = [Draft202012Validator(json.loads(pathlib.Path(p).read_text()), registry=known, format_checker=FormatChecker())
                               for p in sorted(glob.glob(os.path.join(schemas, pattern)))]
        if not validators[pattern]:
            fail(what, f"no schema {pattern}")
    for validator in validators[pattern]:
        for error in validator.iter_errors(doc):
            fail(f"{what}: {pattern}", f"/{'/'.join(map(str, error.absolute_path))}: {error.message}")
    documents[pattern] = documents.get(pattern, 0) + 1


def xarf_schema(doc):
    if "xarf_version" in doc:
        return f"xarf/v4/types/{doc['category']}-{doc['type'].replace('_', '-')}.json"
    return f"xarf/v3/{doc['Report']['ReportType'].lower()}.schema.json"


def check(what, log):
    global alerts, told
    with tempfile.TemporaryDirectory() as d:
        outputs = [part for name in NAMES for part in ("-o", f"{name}:{d}/{name}")]
        done = subprocess.run([binary, *OPTIONS, *outputs, str(log)], capture_output=True, stdin=subprocess.DEVNULL, timeout=300)
        if done.returncode != 0:
            fail(f"{what}: the program ends well", done.stderr)
            return 0
        out = {name: pathlib.Path(d, name).read_bytes() for name in NAMES}
    for name, reader in READERS.items():
        try:
            documents[name] = documents.get(name, 0) + len(reader(out[name]))
        except (Bad, ValueError, KeyError, UnicodeDecodeError) as error:
            fail(f"{what}: {name}", f"{type(error).__name__}: {error}")
    lines = {name: [json.loads(line) for line in out[name].decode().split("\n")[:-1]] for name in ("json", "ocsf", "xarf", "xarf3")}
    for doc in lines["json"]:
        judge(what, "ecs/ecs-*.schema.json", doc)
    for doc in lines["ocsf"]:
        judge(what, "ocsf/ocsf-1.[6-9].*-detection_finding.schema.json", doc)
    for doc in lines["xarf"] + lines["xarf3"]:
        judge(what, xarf_schema(doc), doc)
    for doc in json.loads(out["stix"])["objects"]:
        judge(what, f"stix21/*/{doc['type']}.json", doc)
    json.loads(out["misp"])
    alerts += len(lines["json"]) - 1
    return len(lines["json"]) - 1


for log in sorted(samples.rglob("*.log")):
    check(str(log.relative_to(samples)), log)
for log in given:
    if not check(f"{log.parent.name}/{log.name}", log):
        fail(str(log), "a day without an alert")
with tempfile.TemporaryDirectory() as folder:
    for what, files in hostile_logs():
        for name, content in files.items():
            log = pathlib.Path(folder, name)
            log.write_bytes(content)
            told += check(what, log) > 0
            log.unlink()
print(f"{alerts} alerts, {told} hostile logs with one; " + ", ".join(f"{n} {re.sub('.schema.json', '', p)}" for p, n in sorted(documents.items())))
print(f"{sum(documents.values())} documents checked, {len(failures)} failed")
sys.exit(bool(failures) or not alerts)
