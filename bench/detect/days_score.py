"""Plays one run and scores its alerts against the truth.

An attack counts as found at a severity when an incident of a rule for its class reaches that severity while the attack goes
on (or up to two hours later) and names one of its actors or victims; what is about the whole site needs no name. An incident
of medium severity or above that no attack explains is a false one.
"""
import bisect
import datetime
import ipaddress
import json
import os
import subprocess
import tempfile
import time

from days_plan import ZONES

RULES = {
    "open_relay_probe": {"RW-RELAY-PROBE"},
    "relay_accepted": {"RW-RELAY-ACCEPTED", "RW-RELAY-PROBE"},
    "auth_bruteforce": {"RW-SASL-BRUTE", "RW-SASL-SPRAY", "RW-SASL-BRUTE-SUCCESS"},
    "auth_bruteforce_distributed": {"RW-SASL-DISTRIBUTED", "RW-SASL-BRUTE", "RW-SASL-SPRAY"},
    "account_compromised": {"RW-ACCOUNT-BURST", "RW-SASL-BRUTE-SUCCESS"},
    "internal_spam_source": {"RW-HOST-BURST"},
    "backscatter_victim": {"RW-NDR-FLOOD"},
    "backscatter_source": {"RW-BACKSCATTER", "RW-REVERSE-NDR"},
    "reverse_ndr": {"RW-REVERSE-NDR", "RW-BACKSCATTER"},
    "directory_harvest": {"RW-HARVEST"},
    "spoofed_local_sender": {"RW-SPOOF-LOCAL"},
    "ndr_queue_clog": {"RW-QUEUE-NDR"},
    "dnsbl_listed": {"RW-LISTED"},
    "protocol_abuse": {"RW-PROTOCOL"},
}
# The rule that is measured, where more than one would explain the alert.
MEASURED = {"account_compromised": {"RW-ACCOUNT-BURST"}, "auth_bruteforce_distributed": {"RW-SASL-DISTRIBUTED"},
            "relay_accepted": {"RW-RELAY-ACCEPTED"}}
SITE_WIDE = {"backscatter_source", "reverse_ndr", "ndr_queue_clog", "auth_bruteforce_distributed", "dnsbl_listed"}
LOW, MEDIUM, HIGH = 21, 47, 73


def seconds(stamp):
    """An RFC 3339 time as seconds since 1970."""
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


class Incident:
    """All alerts of one alert id: when it reached which severity, and whom it names."""

    def __init__(self, doc):
        own = doc["relaywatch"]["alert"]
        self.rule, self.type = doc["rule"]["id"], own["entity"]["type"]
        self.entity = str(own["entity"]["value"]).lower()
        self.names, self.told, self.reason = {self.entity}, [], ""
        self.start, self.end = seconds(doc["event"]["start"]), 0

    def add(self, doc):
        """One more alert of this incident."""
        event = doc["event"]
        for x in doc["relaywatch"]["alert"].get("related_entities", []):
            self.names.add(str(x["value"] if isinstance(x, dict) else x).lower())
        self.end = max(self.end, seconds(event["end"]))
        self.start = min(self.start, seconds(event["start"]))
        self.reason = event.get("reason", self.reason)
        if doc["relaywatch"]["alert"]["state"] != "ended":
            self.told.append((seconds(doc["@timestamp"]), event["severity"]))

    @property
    def severity(self):
        return max((s for _, s in self.told), default=0)

    def reached(self, severity, since):
        """When it was first told at this severity, not before `since`."""
        return min((t for t, s in self.told if s >= severity and t >= since), default=None)


def read_alerts(lines):
    """Incidents by alert id, and the summary document."""
    incidents, summary = {}, {}
    for line in lines:
        doc = json.loads(line)
        if doc["event"]["kind"] == "alert":
            key = doc["relaywatch"]["alert"]["id"]
            incidents.setdefault(key, Incident(doc)).add(doc)
        elif doc["event"].get("dataset") == "relaywatch.summary":
            summary = doc
    return list(incidents.values()), summary


def names_of(attack):
    """Actors and victims, lower case."""
    return {n.lower() for n in attack["actors"] + attack["victims"]}


def about(incident, attack, names):
    """Does the incident speak of this attack?"""
    if incident.end < attack["start"] - 60 or incident.start > attack["end"] + 7200:
        return False
    if incident.names & names:
        return True
    if attack["class"] in SITE_WIDE and incident.type in ("host", "list"):
        return True
    if incident.type != "network":
        return False
    net = ipaddress.ip_network(incident.entity)
    return any(n[0].isdigit() and ipaddress.ip_address(n) in net for n in names if n.count(".") == 3 and n.replace(".", "").isdigit())


def judge_attack(attack, incidents, logins):
    """What is reported of one attack."""
    names, rules = names_of(attack), MEASURED.get(attack["class"], RULES[attack["class"]])
    found = [i for i in incidents if i.rule in rules and about(i, attack, names)]
    row = {k: attack[k] for k in ("class", "name", "style", "level", "evasion", "events")}
    for severity in (LOW, MEDIUM, HIGH):
        times = [t for t in (i.reached(severity, attack["start"] - 1) for i in found) if t is not None]
        if times:
            t = min(times)
            row[str(severity)] = {"seconds": max(0, t - attack["start"]), "steps": bisect.bisect_right(attack["steps"], t + .002),
                                  "epochs": (bisect.bisect_right(logins, t + .002) - bisect.bisect_left(logins, attack["start"])) / 100}
    return row


def judge_incidents(truth, incidents):
    """Every incident of medium severity or above: explained by an attack, or a false one."""
    attacks = [(a, names_of(a)) for a in truth["attacks"] + truth["extra_attacks"]]
    benign = {b["actor"].lower(): b["note"] for b in truth["benign"]}
    rows = []
    for i in incidents:
        if i.severity < MEDIUM:
            continue
        flooded = i.rule == "RW-STATE-PRESSURE" and any(a["name"] == "flood" for a, _ in attacks)
        explained = flooded or any(i.rule in RULES[a["class"]] and about(i, a, names) for a, names in attacks)
        rows.append({"rule": i.rule, "type": i.type, "entity": i.entity, "severity": i.severity, "true": explained,
                     "class": benign.get(i.entity, ""), "reason": i.reason})
    return rows


def generator_command(run, truth, generator):
    """The command that writes the log."""
    command = [generator, "--seed", str(run["seed"]), "--set", run["set"], "--users", str(run["users"]), "--days", str(run["days"]),
               "--name", run["name"], "--truth", truth, "--shuffle", str(run["shuffle"]), "--lose", str(run["lose"]),
               "--double", str(run["double"]), "--dialect", run.get("dialect", "postfix")]
    return command + (["--precise"] if run["precise"] else []) + [x for a in run["attacks"] for x in ("--attack", a)]


def watch(process):
    """Wait for it; result: its peak memory in KiB, all of it (VmHWM: ru_maxrss has that of this interpreter) and that of its own, and usage."""
    peak = own = 0
    while True:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as f:
                kib = {line.split()[0]: int(line.split()[1]) for line in f if line.startswith(("VmHWM", "RssAnon"))}
            peak, own = max(peak, kib.get("VmHWM:", 0)), max(own, kib.get("RssAnon:", 0))
        except OSError:
            pass
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return peak, own, usage
        time.sleep(.01)


def play(run, generator, relaywatch):
    """Run both through a pipe; result: truth, alert lines, peak memory in KiB (all, its own), CPU seconds of relaywatch."""
    with tempfile.TemporaryDirectory() as tmp:
        truth_path, alerts_path = os.path.join(tmp, "truth"), os.path.join(tmp, "alerts")
        maker = subprocess.Popen(generator_command(run, truth_path, generator), stdout=subprocess.PIPE)
        memory = ["--memory", run["memory"]] if run["memory"] else []
        reader = subprocess.Popen([relaywatch, "--no-config", "--year", "2026", *ZONES, *memory, "--hash-key", "00" * 16, "-qq",
                                   "-o", f"json:{alerts_path}", "-"], stdin=maker.stdout)
        maker.stdout.close()
        peak, own, usage = watch(reader)
        if maker.wait() != 0 or reader.returncode != 0:
            raise RuntimeError(f"{run['name']} of seed {run['seed']}: generator {maker.returncode}, relaywatch {reader.returncode}")
        with open(truth_path, encoding="utf-8") as f:
            truth = json.load(f)
        with open(alerts_path, encoding="utf-8", errors="replace") as f:
            lines = f.readlines()
    return truth, lines, (peak, own), usage.ru_utime + usage.ru_stime


def score(run, generator, relaywatch):
    """Everything the report needs of one run."""
    truth, lines, (rss, own_kib), cpu = play(run, generator, relaywatch)
    incidents, summary = read_alerts(lines)
    own = summary["relaywatch"]
    return {"seed": run["seed"], "set": run["set"], "name": run["name"], "users": run["users"], "days": run["days"],
            "memory": run["memory"], "rss_kib": rss, "own_kib": own_kib, "cpu_s": cpu, "lines": own["input"]["lines"],
            "rejected": own["input"].get("rejected", 0), "mail_events": truth["mail_events"], "names": truth["names_in_failures"], "logins": len(truth["logins"]),
            "verdict": own["verdict"]["relay"]["state"], "want": truth["verdicts"],
            "attacks": [judge_attack(a, incidents, truth["logins"]) for a in truth["attacks"]],
            "incidents": judge_incidents(truth, incidents)}
