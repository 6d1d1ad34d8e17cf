#!/usr/bin/env python3
"""Check the ocsf output against the JSON Schemas of OCSF: ocsf_check.py SCHEMA_DIR BINARY LOG...

SCHEMA_DIR holds ocsf/ocsf-VERSION-detection_finding.schema.json; it is not part of this repository. Without it or without
python3-jsonschema the check is skipped: exit status 77. Every version there from 1.6.0 on must accept every finding."""
import glob, json, os, re, subprocess, sys

SKIP = 77
folder, program, logs = sys.argv[1], sys.argv[2], sys.argv[3:]
found = [p for p in sorted(glob.glob(os.path.join(folder, "ocsf", "ocsf-*-detection_finding.schema.json")))
         if tuple(map(int, re.search(r"ocsf-(\d+)\.(\d+)", p).groups())) >= (1, 6)] if folder else []
try:
    from jsonschema import Draft202012Validator, FormatChecker
except ImportError:
    found = []
if not found:
    print("skipped: no ocsf schemas (-DRW_SCHEMAS=FOLDER) or no python3-jsonschema")
    sys.exit(SKIP)
done = subprocess.run([program, "--no-config", "-q", "-o", "ocsf", *logs], stdout=subprocess.PIPE, check=True)
docs, wrong = [json.loads(line) for line in done.stdout.splitlines()], 0
for path in found:
    with open(path, encoding="utf-8") as handle:
        validator = Draft202012Validator(json.load(handle), format_checker=FormatChecker())
    for number, doc in enumerate(docs, 1):
        for error in validator.iter_errors(doc):
            wrong += 1
            print("%s: finding %d: /%s: %s" % (os.path.basename(path), number, "/".join(map(str, error.absolute_path)),
                                              error.message[:300]))
print("%d findings against %d schemas, %d complaints" % (len(docs), len(found), wrong))
sys.exit(1 if wrong or not docs else 0)
