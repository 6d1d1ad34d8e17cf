#!/usr/bin/env python3
"""Scores relaywatch's alerts against the truth of a lab day.

usage: score.py TRUTH.json ALERTS.ndjson [-v] [--json]
ALERTS is the output of `relaywatch -o json`. An attack is found when an alert of a rule accepted for its class, raised for
the attack's time, names one of its actors or victims as entity or related entity (for site-wide classes an alert about the
host or a list will do). Every alert of medium or higher severity must be explained by an attack: one whose entity is a
benign actor, or whose names belong to no attack, is a false alarm. Attacks under "extra_attacks" explain alerts and are
reported, but do not count for recall.
The last line: recall found/all  false_alarms n of m alerts  verdict state (want state). Exit 0 when all of it is right.
"""
import argparse
import datetime
import json
import statistics
import sys

RULES = {
    "open_relay_probe": {"RW-RELAY-PROBE"},
    "relay_accepted": {"RW-RELAY-ACCEPTED"},
    "auth_bruteforce": {"RW-SASL-BRUTE", "RW-SASL-SPRAY", "RW-SASL-BRUTE-SUCCESS"},
    "auth_bruteforce_distributed": {"RW-SASL-DISTRIBUTED"},
    "account_compromised": {"RW-ACCOUNT-BURST", "RW-SASL-BRUTE-SUCCESS"},
    "internal_spam_source": {"RW-HOST-BURST"},
    "backscatter_victim": {"RW-NDR-FLOOD"},
    "backscatter_source": {"RW-BACKSCATTER"},
    "reverse_ndr": {"RW-REVERSE-NDR", "RW-BACKSCATTER"},
    "directory_harvest": {"RW-HARVEST"},
    "spoofed_local_sender": {"RW-SPOOF-LOCAL"},
    "ndr_queue_clog": {"RW-QUEUE-NDR"},
    "dnsbl_listed": {"RW-LISTED"},
    "protocol_abuse": {"RW-PROTOCOL"},
}
SITE_WIDE = {"backscatter_source", "ndr_queue_clog", "auth_bruteforce_distributed", "dnsbl_listed"}
MEDIUM = 47


def seconds(stamp):
    """An RFC 3339 time as seconds since 1970."""
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


class Alert:
    """The members of one alert document that scoring reads."""

    def __init__(self, doc):
        own = doc["relaywatch"]["alert"]
        self.id, self.rule, self.severity = own["id"], doc["rule"]["id"], doc["event"]["severity"]
        self.entity, self.type = str(own["entity"]["value"]).lower(), own["entity"]["type"]
        related = [x["value"] if isinstance(x, dict) else x for x in own.get("related_entities", [])]
        self.names = {self.entity} | {str(x).lower() for x in related}
        self.time, self.start, self.end = (seconds(doc["@timestamp"]), seconds(doc["event"]["start"]), seconds(doc["event"]["end"]))

    def __str__(self):
        return f"{self.rule} {self.entity}"


def read(path):
    """All alerts, and the summary document or an empty one."""
    alerts, summary = [], {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            doc = json.loads(line)
            if doc["event"]["kind"] == "alert":
                alerts.append(Alert(doc))
            elif doc["event"].get("dataset") == "relaywatch.summary":
                summary = doc
    return alerts, summary


def lower(names):
    """A set of names without regard to case."""
    return {n.lower() for n in names}


def hits(attack, alerts):
    """The alerts that find this attack."""
    names, cls = lower(attack["actors"] + attack["victims"]), attack["class"]
    return [a for a in alerts if a.rule in RULES.get(cls, ()) and a.end >= attack["start"] - 60 and a.start <= attack["end"] + 7200
            and (a.names & names or (cls in SITE_WIDE and a.type in ("host", "list")))]


def named_share(attack, found):
    """Share of the attack's single actors that the alerts name."""
    single = {n for n in lower(attack["actors"]) if "/" not in n}
    named = set().union(*(a.names for a in found)) & single if found else set()
    return len(named) / len(single) if single else 1.0


def false_alarms(truth, alerts):
    """Distinct alerts of medium or higher severity that no attack explains, and the number of such alerts at all."""
    attacks = truth["attacks"] + truth.get("extra_attacks", [])
    involved = set().union(*(lower(t["actors"] + t["victims"]) for t in attacks)) if attacks else set()
    benign = lower(b["actor"] for b in truth["benign"])
    seen, wrong = set(), []
    for a in alerts:
        if a.severity < MEDIUM or a.id in seen:
            continue
        seen.add(a.id)
        if any(a.rule in RULES.get(t["class"], ()) and a.names & lower(t["actors"] + t["victims"]) for t in attacks):
            continue
        about_site = a.type in ("host", "list")
        if a.entity in benign or not (a.names & involved or about_site) or (about_site and not truth["attacks"]):
            wrong.append(a)
    return wrong, len(seen)


def expected(truth):
    """The verdict words that are right for this day."""
    classes = {t["class"] for t in truth["attacks"]}
    plain = "yes" if "relay_accepted" in classes else "attempted" if "open_relay_probe" in classes else "no"
    return truth.get("verdicts", [plain])


def report(truth, alerts):
    """One row per attack: class, found, named share, seconds to the first alert."""
    rows = []
    for t in truth["attacks"] + truth.get("extra_attacks", []):
        found = hits(t, alerts)
        first = min((a.time for a in found), default=None)
        rows.append({"class": t["class"], "note": t["note"], "found": bool(found), "extra": t in truth.get("extra_attacks", []),
                     "named": named_share(t, found), "delay": None if first is None else first - t["start"]})
    return rows


def main():
    p = argparse.ArgumentParser()
    p.add_argument("truth")
    p.add_argument("alerts")
    p.add_argument("-v", "--verbose", action="store_true")
    p.add_argument("--json", action="store_true", help="one JSON object instead of text")
    a = p.parse_args()
    with open(a.truth, encoding="utf-8") as f:
        truth = json.load(f)
    alerts, summary = read(a.alerts)
    rows, (wrong, judged) = report(truth, alerts), false_alarms(truth, alerts)
    counted = [r for r in rows if not r["extra"]]
    found = sum(r["found"] for r in counted)
    state = summary.get("relaywatch", {}).get("verdict", {}).get("relay", {}).get("state")
    want = expected(truth)
    if a.json:
        print(json.dumps({"day": truth["scenario"], "attacks": rows, "found": found, "all": len(counted), "judged": judged,
                          "false_alarms": [str(x) for x in wrong], "verdict": state, "want": want}))
        return 0
    for r in rows:
        if a.verbose or not r["found"]:
            when = "" if r["delay"] is None else f"first alert {r['delay']:+.0f} s after the start, "
            print(f"{'FOUND' if r['found'] else 'MISS':5} {r['class'] + ('*' if r['extra'] else ''):28} {when}names {r['named']:.0%}  ({r['note']})")
    for x in wrong[:40]:
        print(f"FALSE {x}  severity {x.severity}")
    delays = [r["delay"] for r in counted if r["delay"] is not None]
    if a.verbose and delays:
        print(f"time to detect: median {statistics.median(delays):.0f} s, worst {max(delays):.0f} s; "
              f"precision {1 - len(wrong) / judged if judged else 1:.3f} over alerts of medium or higher severity")
    print(f"recall {found}/{len(counted)}  false_alarms {len(wrong)} of {judged} alerts  verdict {state} (want {' or '.join(want)})")
    return 0 if found == len(counted) and not wrong and state in want else 1


if __name__ == "__main__":
    sys.exit(main())
