#!/usr/bin/env python3
"""Files of contrib/ in the programs they are for: shippers.py PART BINARY SOURCE DATA

PART "fields": what dashboards, templates and add-ons name is in the output. PART "lnav", "rsyslog": the program itself reads
the output with our file. PART "rsyslog-json": rsyslog takes json from a growing file apart with its own parser and hands it
to a collector. 77 = skipped, it is not installed."""
import json, os, pathlib, re, shutil, socket, subprocess, sys, tempfile, threading, time

from logs import hostile_fields, hostile_log

part, binary, source, data = sys.argv[1], os.path.abspath(sys.argv[2]), *(pathlib.Path(p).resolve() for p in sys.argv[3:5])
os.environ["PATH"] += ":/usr/sbin:/sbin"
contrib = source / "contrib"
failures, checks = [], 0


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {str(seen)[:700]}")


def tool(name):
    if shutil.which(name) is None:
        print(f"skipped: {name} is not installed")
        sys.exit(77)


def run(name, logs):
    return subprocess.run([binary, "--no-config", "-qq", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted",
                           "192.0.2.0/24", "--geoip-city", data / "geo-city.mmdb", "--geoip-asn", data / "geo-as.mmdb", "-o", name, *logs], capture_output=True, check=True).stdout


def samples():
    return sorted((source / "samples").rglob("*.log"))


def paths(doc, prefix=""):
    """Every member of a document as "a.b.c"; a list is its items."""
    if isinstance(doc, dict):
        for key, value in doc.items():
            yield prefix + key
            yield from paths(value, prefix + key + ".")
    elif isinstance(doc, list):
        for item in doc:
            yield from paths(item, prefix)


def fields(d):
    docs = [json.loads(line) for line in run("json", samples()).splitlines()]
    known = {p for doc in docs for p in paths(doc)}
    named = set()
    for line in (contrib / "kibana/relaywatch.ndjson").read_text().splitlines():
        item = json.loads(line)
        ids = {json.loads(l)["id"] for l in (contrib / "kibana/relaywatch.ndjson").read_text().splitlines()}
        check(f"kibana: references of {item['id']}", all(r["id"] in ids for r in item["references"]), item["references"])
        named |= set(item["attributes"].get("columns", []))
        for agg in json.loads(item["attributes"].get("visState", "{}")).get("aggs", []):
            named |= {agg["params"]["field"]} if "field" in agg["params"] else set()
    board = json.loads((contrib / "grafana/relaywatch.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            named |= {x["field"] for x in target["metrics"] + target["bucketAggs"] if "field" in x}
            named |= set(re.findall(r"([a-z.]+):", target["query"]))
    props = (contrib / "splunk/default/props.conf").read_text()
    named |= set(re.findall(r"^FIELDALIAS-\S+ = (\S+) AS ", props, re.M)) | {f.removesuffix("{}") for f in re.findall(r"'([a-z_.]+(?:\{\})?)'", props)}
    lnav_format = json.loads((contrib / "lnav/relaywatch.json").read_text())["relaywatch_json"]
    named |= {key.replace("/", ".") for key in lnav_format["value"]}

    def leaves(mapping, prefix=""):
        for key, value in mapping.items():
            yield from leaves(value["properties"], prefix + key + ".") if "properties" in value else [prefix + key]
    named |= set(leaves(json.loads((contrib / "elasticsearch/index-template.json").read_text())["template"]["mappings"]["properties"]))
    # not in the samples, or written only when something is cut; the unit tests of json have them
    rare = {"relaywatch.truncated", "source.geo.region_name", "destination.ip"}
    for name in sorted(named):
        check(f"the json output has {name}", name in known | rare)
    check("many were named", len(named) > 40, len(named))
    hec = {p for line in run("splunk-hec", samples()).splitlines() for p in paths(json.loads(line)["event"])}
    view = (contrib / "splunk/default/data/ui/views/relaywatch.xml").read_text()
    for name in ("event_id", "id", "signature_id", "severity_id", "src", "user", "dest", "description", "severity"):
        check(f"the dashboard's {name} is in splunk-hec and made in props", name in view and name in hec and
              re.search(rf"(AS|EVAL-){name}\b|(AS |EVAL-){name}\b", props), name)
    import xml.dom.minidom
    check("the Splunk view is XML", xml.dom.minidom.parseString(view) is not None)
    try:
        import yaml
    except ImportError:
        return
    check("Filebeat's and Vector's files are YAML", yaml.safe_load((contrib / "filebeat/relaywatch.yml").read_text())["filebeat.inputs"]
          and yaml.safe_load((contrib / "vector/relaywatch.yaml").read_text())["sinks"])


def lnav(d):
    tool("lnav")
    os.environ.update(HOME=str(d), XDG_CONFIG_HOME=str(d / "config"), TERM="dumb")
    done = subprocess.run(["lnav", "-i", str(contrib / "lnav/relaywatch.json")], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    check("lnav installs the format", done.returncode == 0 and "error" not in done.stderr, done.stderr + done.stdout)
    check("lnav finds nothing wrong with it", subprocess.run(["lnav", "-C"], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0)
    lines = sorted(run("json", [source / "samples/relay-probed.log"]).splitlines(), key=lambda l: json.loads(l)["@timestamp"])
    (d / "relaywatch.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    alerts = [json.loads(l) for l in lines if b'"kind":"alert"' in l]
    query = ";SELECT log_level, \"rule/id\", \"source/ip\", count(*) AS n FROM relaywatch_json WHERE \"rule/id\" IS NOT NULL GROUP BY 1, 2, 3"
    done = subprocess.run(["lnav", "-n", "-c", query, "-c", ":write-json-to -", str(d / "relaywatch.ndjson")], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    try:
        rows = json.loads(done.stdout)
    except ValueError:
        rows = []
    check("lnav reads every alert", sum(r["n"] for r in rows) == len(alerts) > 10, (done.stdout[:400], done.stderr))
    want = {99: "critical", 73: "error", 47: "warning", 21: "info", 1: "debug"}
    got = {(r["rule/id"], r["source/ip"], r["log_level"]) for r in rows}
    check("with rule, source and level", got == {(a["rule"]["id"], a.get("source", {}).get("ip"), want[a["event"]["severity"]]) for a in alerts}, got)


def collector(server, parts):
    peer, _ = server.accept()
    with peer:
        while chunk := peer.recv(65536):
            parts.append(chunk)


def octets(raw):
    """RFC 6587 3.4.1: length, blank, message."""
    while raw:
        length, _, rest = raw.partition(b" ")
        yield rest[:int(length)]
        raw = rest[int(length):]


def rsyslog(d):
    tool("rsyslogd")
    (d / "work").mkdir()
    server = socket.create_server(("127.0.0.1", 0))
    parts = []
    threading.Thread(target=collector, args=(server, parts), daemon=True).start()
    text = (contrib / "rsyslog/relaywatch.conf").read_text()
    for old, new in (("/var/log/relaywatch/alerts.log", f"{d}/alerts.log"), ('target="siem.example.net" port="601"',
                     f'target="127.0.0.1" port="{server.getsockname()[1]}"')):
        check(f"the file has {old}", old in text)
        text = text.replace(old, new)
    (d / "rsyslog.conf").write_text(f'global(workDirectory="{d}/work" maxMessageSize="64k")\n{text}')
    done = subprocess.run(["rsyslogd", "-N1", "-f", f"{d}/rsyslog.conf"], capture_output=True, text=True)
    check("rsyslogd finds nothing wrong with it", done.returncode == 0 and "error" not in done.stderr.lower().replace("no error", ""), done.stderr)
    want = []
    for name in ("syslog", "syslog-json"):
        want += run(name, [source / "samples/relay-probed.log"]).splitlines()
    (d / "alerts.log").write_bytes(b"\n".join(want) + b"\n")
    daemon = subprocess.Popen(["rsyslogd", "-n", "-f", f"{d}/rsyslog.conf", "-i", f"{d}/pid"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    size = sum(len(w) + len(str(len(w))) + 1 for w in want)
    for _ in range(200):
        if sum(map(len, parts)) >= size or daemon.poll() is not None:
            break
        time.sleep(0.1)
    daemon.terminate()
    _, errors = daemon.communicate(timeout=20)
    got = list(octets(b"".join(parts)))
    check("every message arrives as it was written", got == want, (len(got), len(want), got[:1], errors[-300:]))


JSON_CONF = """module(load="imfile" mode="inotify")
module(load="mmjsonparse")
template(name="fields" type="string" string="%$!event!id% %$!rule!id% %$!relaywatch!alert!id% %$!@timestamp%\\n")
template(name="all" type="string" string="%$!all-json%\\n")
input(type="imfile" File="{d}/alerts.ndjson" Tag="relaywatch:" addMetadata="off" ruleset="alerts")
ruleset(name="alerts") {{
  action(type="mmjsonparse" cookie="")
  if $parsesuccess == "OK" then {{
    action(type="omfile" file="{d}/fields" template="fields")
    action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="all")
  }} else {{
    action(type="omfile" file="{d}/refused")
  }}
}}
"""


def rsyslog_json(d):
    tool("rsyslogd")
    if not list(pathlib.Path("/usr/lib").glob("*/rsyslog/mmjsonparse.so")):
        print("skipped: rsyslog has no mmjsonparse")
        sys.exit(77)
    server, parts = socket.create_server(("127.0.0.1", 0)), []
    threading.Thread(target=collector, args=(server, parts), daemon=True).start()
    hostile = d / "hostile.log"
    hostile.write_bytes(b"".join(hostile_log(field) for field in hostile_fields()))
    want = run("json", [source / "samples/relay-probed.log"]).splitlines() + run("json", [hostile]).splitlines()
    alerts = [json.loads(line) for line in want]
    (d / "work").mkdir()
    (d / "alerts.ndjson").touch()
    (d / "rsyslog.conf").write_text(f'global(workDirectory="{d}/work" maxMessageSize="256k")\n' + JSON_CONF.format(d=d, port=server.getsockname()[1]))
    daemon = subprocess.Popen(["rsyslogd", "-n", "-f", f"{d}/rsyslog.conf", "-i", f"{d}/pid"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(1)
    with open(d / "alerts.ndjson", "ab") as f:  # it grows while rsyslog reads it
        for line in want:
            f.write(line + b"\n")
            f.flush()
    for _ in range(200):
        if b"".join(parts).count(b"\n") >= len(want) or daemon.poll() is not None:
            break
        time.sleep(0.1)
    daemon.terminate()
    _, errors = daemon.communicate(timeout=20)
    got = [json.loads(line) for line in b"".join(parts).splitlines()]
    check("rsyslog's parser takes every document", not (d / "refused").exists(), (errors[-300:], (d / "refused").exists() and (d / "refused").read_text()[:400]))
    check("every document arrives with all that is in it", got == alerts, (len(got), len(alerts), next((a for a, b in zip(got, alerts) if a != b), None)))
    ids = [f"{a['event'].get('id', '')} {a.get('rule', {}).get('id', '')} {a['relaywatch'].get('alert', {}).get('id', '')} {a['@timestamp']}" for a in alerts]
    check("and its members are found by name", (d / "fields").read_text().splitlines() == ids, (d / "fields").read_text()[:300])


with tempfile.TemporaryDirectory() as folder:
    globals()[part.replace("-", "_")](pathlib.Path(folder))
print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures) or not checks)
