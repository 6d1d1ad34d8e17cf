"""What the lab's shell scripts and helper processes must know of a day: ports, tables, settings.

`python3 lab_site.py DAY.json INSTANCE` fills INSTANCE/tables and writes INSTANCE/site.env (for the shell) and
INSTANCE/site.json (for sink.py, filter.py and realize.py). Every port is on loopback, offset from LAB_PORT_BASE.
"""
import json
import os
import shlex
import sys

import lab_day

OFFSETS = {"mx": 25, "submission": 87, "reinject": 26, "filter": 24, "sink": 1, "lmtp": 2, "down": 99}
ROLES = ["postmaster", "root", "list", "info", "sales", "scanner"]


def ports():
    """Port numbers by role."""
    base = int(os.environ.get("LAB_PORT_BASE", "12500"))
    return {role: base + offset for role, offset in OFFSETS.items()}


def _table(folder, name, rows):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.writelines(f"{key} {value}\n" for key, value in rows)


def write(day, instance):
    """Write everything the instance needs."""
    mta, p = day.spec.get("mta", {}), ports()
    tables = os.path.join(instance, "tables")
    os.makedirs(tables, exist_ok=True)
    boxes = day.users + ROLES
    _table(tables, "users", [(u, "x") for u in boxes + list(day.local_forwards)])
    virtual = [(day.local(k), ", ".join(v)) for k, v in day.forwards.items()]
    if day.alias_domain:
        virtual += [(f"{r}@{day.alias_domain}", day.local(r)) for r in ("info", "sales")]
    _table(tables, "virtual", virtual)
    _table(tables, "aliases", [(k, ", ".join(v)) for k, v in day.local_forwards.items()])
    _table(tables, "transport", [(day.local(k), "local:") for k in day.local_forwards] + [(lab_day.DOWN, f"smtp:[127.0.0.1]:{p['down']}")])
    _table(tables, "senders", [(d, "OK") for d in day.domains])
    _table(tables, "accounts", [(u, f"pw-{u}") for u in day.accounts] + list(day.extra_accounts.items()))
    env = {"LAB_HOST": day.host, "LAB_DOMAIN": day.domain, "LAB_DOMAINS": " ".join(day.domains), "LAB_ALIAS_DOMAIN": day.alias_domain,
           "LAB_RELAY_DOMAINS": " ".join(day.relay_domains), "LAB_NETWORKS": " ".join(["127.0.0.1/32"] + day.mynetworks),
           "LAB_HOLE": mta.get("hole", "none"), "LAB_HOLE_NETWORKS": " ".join(mta.get("hole_networks", [])),
           "LAB_FILTER": mta.get("filter", "none"), "LAB_LONGQ": "yes" if mta.get("long_queue_ids") else "no",
           "LAB_ACCEPT_UNKNOWN": "yes" if mta.get("accept_unknown") else "no", "LAB_POSTSCREEN": "yes" if mta.get("postscreen") else "no",
           "LAB_MAP_ONCE": "yes" if mta.get("map_once") else "no", "LAB_FORBID_BARE": mta.get("forbid_bare_newline", "no"),
           "LAB_LIFETIME": str(mta.get("queue_lifetime_s", 20)), **{f"LAB_PORT_{k.upper()}": str(v) for k, v in p.items()}}
    with open(os.path.join(instance, "site.env"), "w", encoding="utf-8") as f:
        f.writelines(f"{k}={shlex.quote(v)}\n" for k, v in env.items())
    with open(os.path.join(instance, "site.json"), "w", encoding="utf-8") as f:
        json.dump({"ports": p, "mailboxes": boxes, "strict": day.relay_domains, "egress": day.egress,
                   "xforward": mta.get("filter") != "after-blind"}, f)


if __name__ == "__main__":
    write(lab_day.load(sys.argv[1]), sys.argv[2])
