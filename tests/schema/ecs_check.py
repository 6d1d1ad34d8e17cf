#!/usr/bin/env python3
"""Check NDJSON of relaywatch against a JSON Schema of ECS and against its own promises.

usage: ecs_check.py SCHEMA_DIR FILE...                  check documents (FILE may be -)
       ecs_check.py SCHEMA_DIR --program BIN LOG...     run BIN on the logs with -o json, check what comes out

SCHEMA_DIR holds ecs/ecs-*.schema.json (JSON Schema 2020-12); it is not part of this repository. Without the folder or
without python3-jsonschema the check is skipped: exit status 77. 0 = all well, 1 = something is wrong."""
import argparse
import glob
import json
import os
import subprocess
import sys

SKIP = 77
LINE_MAX = 9999  # bytes with the newline: a common log shipper cuts at 10,000
STATES = {"relay", "backscatter", "victim", "account", "inside"}
TOPS = {"clients", "accounts", "senders", "sender_domains", "recipient_domains", "ndr_victims", "relay_denied",
        "auth_failed"}


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIP)


def load_validator(folder):
    found = sorted(glob.glob(os.path.join(folder, "ecs", "ecs-*.schema.json")))
    if not found:
        skip("no ecs/ecs-*.schema.json in " + folder)
    try:
        from jsonschema import Draft202012Validator, FormatChecker
    except ImportError:
        skip("python3-jsonschema is not installed")
    with open(found[-1], encoding="utf-8") as handle:
        return Draft202012Validator(json.load(handle), format_checker=FormatChecker())


def empty_values(value, path=""):
    """Paths of empty strings and nulls; the null sender is the one allowed."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from empty_values(item, path + "/" + key)
    elif isinstance(value, list):
        for item in value:
            yield from empty_values(item, path + "[]")
    elif value is None or (value == "" and path != "/relaywatch/envelope/from"):
        yield path


def own_promises(raw, doc):
    """What the product promises beyond the schema."""
    kind = doc.get("event", {}).get("kind")
    own = doc.get("relaywatch", {})
    if kind == "alert":
        if len(raw) > LINE_MAX:
            yield "alert line of %d bytes" % len(raw)
        for key in ("id", "dedup_key", "state", "entity", "observed"):
            if key not in own.get("alert", {}):
                yield "relaywatch.alert.%s is missing" % key
        if doc["event"].get("severity") not in (1, 21, 47, 73, 99):
            yield "event.severity %r" % doc["event"].get("severity")
    elif kind == "state":
        if set(own.get("verdict", {})) != STATES:
            yield "relaywatch.verdict has %s" % sorted(own.get("verdict", {}))
        if set(own.get("top", {})) != TOPS:
            yield "relaywatch.top has %s" % sorted(own.get("top", {}))
    else:
        yield "event.kind %r" % kind
    for path in empty_values(doc):
        yield "empty value at " + path


def check_stream(name, data, validator):
    """Number of documents and of complaints in one NDJSON stream."""
    complaints = []
    if data and not data.endswith(b"\n"):
        complaints.append("%s: last line has no newline" % name)
    lines = data.splitlines(keepends=True)
    for number, raw in enumerate(lines, 1):
        where = "%s:%d: " % (name, number)
        try:
            doc = json.loads(raw.decode("utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            complaints.append(where + str(error))
            continue
        complaints += [where + "/".join(map(str, e.absolute_path)) + ": " + e.message[:300]
                       for e in validator.iter_errors(doc)]
        complaints += [where + text for text in own_promises(raw, doc)]
    return len(lines), complaints


def run_program(program, logs):
    done = subprocess.run([program, "-q", "-o", "json", *logs], stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 10):
        sys.exit("%s: exit status %d" % (program, done.returncode))
    return done.stdout


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("schema_dir")
    parser.add_argument("--program")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    validator = load_validator(args.schema_dir)
    streams = {}
    if args.program:
        streams["output"] = run_program(args.program, args.files)
    else:
        for name in args.files:
            with (sys.stdin.buffer if name == "-" else open(name, "rb")) as handle:
                streams[name] = handle.read()
    documents, complaints = 0, []
    for name, data in streams.items():
        count, found = check_stream(name, data, validator)
        documents += count
        complaints += found
    if documents == 0:
        complaints.append("no document to check")
    print("\n".join(complaints[:50] + ["%d documents, %d complaints" % (documents, len(complaints))]))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
