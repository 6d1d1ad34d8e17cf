"""readers.py - strict readers of every line format, written from the formats' own documents

None of them shares code or tables with the program. Each takes the bytes of a file and gives a list of dicts, or raises
Bad with the line and what is wrong with it."""
import csv, io, json, re

CEF_LENGTHS = {"act": 63, "app": 31, "cat": 1023, "cs1": 4000, "cs2": 4000, "cs3": 4000, "cs4": 4000, "cs5": 4000,
               "cs6": 4000, "dhost": 1023, "duser": 1023, "dvchost": 100, "externalId": 40, "msg": 1023, "outcome": 63,
               "proto": 31, "reason": 1023, "shost": 1023, "suid": 1023, "suser": 1023, "c6a2": 39}
CEF_NUMBERS = {"rt", "start", "end", "cnt", "cn1", "cn2", "cn3", "spt", "deviceDirection"}
IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}\Z")
LEEF_PREDEFINED = {"devTime", "cat", "sev", "src", "srcPort", "proto", "usrName", "resource"}
LEEF_OWN = {"srcName", "srcCountry", "srcCity", "srcAsNumber", "srcAsName", "mailFrom", "rcptTo", "queueId", "messageId",
            "alertId", "eventId", "alertState", "dedupKey", "eventCount", "threshold", "windowSeconds", "confidence",
            "mitre", "reason", "msg"}


class Bad(Exception):
    pass


def need(ok, *what):
    if not ok:
        raise Bad(" ".join(str(w)[:300] for w in what))


def text_lines(data, longest=None):
    """UTF-8 lines that all end, none with a control character or a bidirectional control inside."""
    need(not data or data.endswith(b"\n"), "the last line has no end")
    lines = data.decode("utf-8").split("\n")[:-1]
    for line in lines:
        need(not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line), "control in", repr(line))
        need(longest is None or len(line.encode()) < longest, "line of", len(line), "bytes")
    return lines


def split_header(line, parts):
    """Split at unescaped pipes, the first `parts` of them; the rest is returned untouched."""
    fields, field, i = [], "", 0
    while len(fields) < parts:
        need(i < len(line), "header ends early:", line)
        if line[i] == "\\":
            need(line[i + 1:i + 2] in ("\\", "|"), "escape in header:", line)
            field, i = field + line[i + 1], i + 2
        elif line[i] == "|":
            fields, field, i = fields + [field], "", i + 1
        else:
            field, i = field + line[i], i + 1
    return fields, line[i:]


def cef_extension(text):
    """key=value pairs: an '=' that is not escaped ends a key, which is the word before it."""
    marks = [m for m in re.finditer(r"(?:^| )([A-Za-z0-9_]+)(?<!\\)=", text)]
    need(marks and marks[0].start() == 0, "extension does not begin with a key:", text)
    need(len(re.findall(r"(?<!\\)(?:\\\\)*=", text)) == len(marks), "an unescaped '=' in a value:", text)
    pairs = {}
    for mark, following in zip(marks, marks[1:] + [None]):
        raw = text[mark.end():following.start() if following else len(text)]
        need(re.fullmatch(r"(?:[^\\=]|\\[\\=nr])*", raw), "escape in value:", raw)
        need(raw and raw == raw.strip(), "blank or empty value of", mark.group(1), repr(raw))
        need(mark.group(1) not in pairs, "key twice:", mark.group(1))
        pairs[mark.group(1)] = re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m.group(1), m.group(1)), raw)
    return pairs


def cef_line(line):
    (version, vendor, product, release, event_class, name, severity), rest = split_header(line, 7)
    need(version == "CEF:0" and vendor == product == "relaywatch" and len(release) <= 31, "header:", line)
    need(re.fullmatch(r"[A-Z0-9-]{1,64}", event_class) and 0 < len(name) <= 512, "header:", line)
    need(severity.isdigit() and 0 <= int(severity) <= 10, "severity:", severity)
    pairs = cef_extension(rest)
    for key, value in pairs.items():
        if key == "src":
            need(IPV4.match(value), "src is no IPv4 address:", value)
        elif key in CEF_NUMBERS:
            need(re.fullmatch(r"-?\d{1,18}", value), key, "is no number:", value)
        elif key.endswith("Label"):
            need(key[:-5] in pairs and len(value) <= 1023, "label without a value:", key)
        else:
            need(key in CEF_LENGTHS, "unknown key", key)
            need(len(value) <= CEF_LENGTHS[key], key, "is too long:", len(value))
        if re.fullmatch(r"c[ns]\d|c6a\d", key):
            need(key + "Label" in pairs, "no label for", key)
    return {"rule": event_class, "severity": int(severity), "id": pairs["externalId"], "time": int(pairs["rt"]) * 1000,
            "sender": pairs.get("suser"), "source": pairs.get("src", pairs.get("c6a2")), "all": pairs}


def cef(data):
    return [cef_line(line) for line in text_lines(data, 8192)]


def leef(data):
    rows = []
    for line in data.decode("utf-8").split("\n")[:-1]:
        need(not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", line), "control in", repr(line))
        head = line.split("|")
        need(len(head) == 7, "a pipe in a value:", line)
        need(head[:3] == ["LEEF:2.0", "relaywatch", "relaywatch"] and head[5] == "x09", "header:", line)
        pairs = {}
        for pair in head[6].split("\t"):
            key, mark, value = pair.partition("=")
            need(mark and re.fullmatch(r"[A-Za-z0-9]+", key) and value and "^" not in value, "pair:", pair)
            need(key not in pairs and key in LEEF_PREDEFINED | LEEF_OWN, "key:", key)
            pairs[key] = value
        need(re.fullmatch(r"\d{10}|\d{12,13}", pairs["devTime"]) or int(pairs["devTime"]) >= 0, "devTime:", line)
        need(1 <= int(pairs["sev"]) <= 10, "sev:", line)
        rows.append({"rule": head[4], "severity": int(pairs["sev"]), "id": pairs["alertId"], "event": pairs["eventId"],
                     "time": int(pairs["devTime"]) * 1000, "source": pairs.get("src"), "sender": pairs.get("mailFrom"), "all": pairs})
    need(not data or data.endswith(b"\n"), "the last line has no end")
    return rows


RFC5424 = re.compile(r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) "
                     r"([!-~]{1,32}) (-|(?:\[[!-~]+(?: [!-~]+?=\"(?:[^\"\\\]]|\\[\"\\\]])*\")*\])+)(?: (.*))?\Z")


def syslog(data, body):
    """Messages with the part behind the header read by `body`; the summary gives None."""
    rows = []
    for line in text_lines(data):
        m = RFC5424.match(line)
        need(m, "no RFC 5424 message:", line)
        need(int(m.group(1)) <= 191 and m.group(4) == "relaywatch", "header:", line)
        if m.group(6) == "SUMMARY":
            need(re.fullmatch(r"(\w+=[\w-]+ )+lines=\d+ incidents=\d+", m.group(8)), "summary:", line)
            continue
        row = body(m.group(8))
        need(row["rule"] == m.group(6), "MSGID is not the rule:", line)
        rows.append({**row, "level": int(m.group(1)) % 8})
    return rows


def ecs_line(line):
    doc = json.loads(line)
    return {"rule": doc["rule"]["id"], "severity": doc["event"]["severity"], "id": doc["relaywatch"]["alert"]["id"],
            "event": doc["event"]["id"], "source": doc.get("source", {}).get("ip"), "state": doc["relaywatch"]["alert"]["state"],
            "iso": doc["@timestamp"], "all": doc}


def ecs(data):
    return [ecs_line(line) for line in text_lines(data) if json.loads(line)["event"]["kind"] == "alert"]


def gelf(data):
    rows = []
    for line in text_lines(data, 10000):
        doc = json.loads(line, parse_constant=lambda c: need(False, "constant", c))
        need(doc["version"] == "1.1" and doc["host"] and doc["short_message"], "required field:", line)
        for key, value in doc.items():
            need(key in ("version", "host", "short_message", "full_message", "timestamp", "level") or
                 re.fullmatch(r"_[\w.-]+", key) and key != "_id", "field name:", key)
            need(isinstance(value, (str, int, float)) and not isinstance(value, bool), "value of", key)
        need(0 <= doc["level"] <= 7, "level:", line)
        rows.append({"rule": doc["_rule_id"], "severity": doc["_severity"], "id": doc["_alert_id"], "event": doc["_event_id"],
                     "time": round(doc["timestamp"] * 1e6), "source": doc.get("_src_ip"), "level": doc["level"], "all": doc})
    return rows


def splunk(data):
    rows = []
    for line in text_lines(data, 10000):
        doc = json.loads(line)
        need(set(doc) <= {"time", "host", "source", "sourcetype", "index", "event", "fields"} and doc["event"], "member:", line)
        event = doc["event"]
        need(event["severity"] in ("critical", "high", "medium", "low", "informational"), "severity:", line)
        need(event["action"] in ("allowed", "blocked", "success", "failure") and event["type"] == "alert", "CIM value:", line)
        rows.append({"rule": event["signature_id"], "severity": event["severity"], "id": event["id"], "event": event["event_id"],
                     "time": round(doc["time"] * 1e6), "source": event.get("src"), "state": event["state"], "all": event})
    return rows


def ocsf(data):
    rows = []
    for line in text_lines(data, 10000):
        doc = json.loads(line)
        need(doc["class_uid"] == 2004 and doc["type_uid"] == 200400 + doc["activity_id"], "class:", line)
        first = doc["evidences"][0] if doc.get("evidences") else {}
        rows.append({"rule": doc["metadata"]["event_code"], "severity": doc["severity_id"], "id": doc["finding_info"]["uid"],
                     "event": doc["metadata"]["uid"], "time": doc["time"] * 1000, "source": first.get("src_endpoint", {}).get("ip"),
                     "state": ("", "new", "ongoing", "ended")[doc["activity_id"]], "all": doc})
    return rows


def csv_rows(data):
    text = data.decode("utf-8")
    text_lines(data)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    for row in rows:
        need(None not in row and None not in row.values(), "columns:", row)
        for key, value in row.items():
            need(not value or value[0] not in "=+-@\t\r", "formula in", key, repr(value))
    return [{"rule": row["rule_id"], "severity": row["severity"], "id": row["alert_id"], "event": row["event_id"],
             "iso": row["time"], "source": row["source_ip"] or None, "state": row["state"], "sender": row["sender"], "all": row}
            for row in rows]


READERS = {"json": ecs, "ocsf": ocsf, "cef": cef, "leef": leef, "gelf": gelf, "splunk-hec": splunk, "csv": csv_rows,
           "syslog": lambda data: syslog(data, cef_line), "syslog-json": lambda data: syslog(data, ecs_line)}
