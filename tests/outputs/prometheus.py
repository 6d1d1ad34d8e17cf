"""A reader of the Prometheus text format 0.0.4 that is stricter than a scraper: read(text) -> {(name, labels): value}, or
ValueError. Each metric has one HELP and one TYPE in front of its samples, samples of one metric stand together, none comes
twice, none has a timestamp, counters end in _total, label values escape nothing but \\, " and the line end."""
import re

NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*"
SAMPLE = re.compile(rf'({NAME})(?:\{{((?:{LABEL}="(?:[^"\\\n]|\\[\\"n])*",?)*)\}})? (\S+)')
PAIR = re.compile(rf'({LABEL})="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')


def labels(text):
    found, at = [], 0
    while at < len(text):
        m = PAIR.match(text, at)
        if not m:
            raise ValueError(f"labels: {text}")
        found.append((m[1], re.sub(r"\\(.)", lambda e: {"n": "\n"}.get(e[1], e[1]), m[2])))
        at = m.end()
    if len({name for name, _ in found}) != len(found):
        raise ValueError(f"label twice: {text}")
    return tuple(sorted(found))


def read(text):
    if not text.endswith("\n"):
        raise ValueError("no line end at the end")
    samples, types, helps, present = {}, {}, set(), None
    for line in text.split("\n")[:-1]:
        if line.startswith("# HELP "):
            present = line.split(" ", 3)[2]
            if present in helps or len(line.split(" ", 3)) != 4:
                raise ValueError(f"HELP: {line}")
            helps.add(present)
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name != present or name in types or kind not in ("counter", "gauge"):
                raise ValueError(f"TYPE: {line}")
            if (kind == "counter") != name.endswith("_total"):
                raise ValueError(f"name of a {kind}: {line}")
            types[name] = kind
            continue
        m = SAMPLE.fullmatch(line)
        if not m or m[1] != present or present not in types:
            raise ValueError(f"sample: {line}")
        key = (m[1], labels(m[2] or ""))
        if key in samples:
            raise ValueError(f"twice: {line}")
        samples[key] = float(m[3])
        if types[m[1]] == "counter" and samples[key] < 0:
            raise ValueError(f"below zero: {line}")
    return samples


def counters_fell(before, after):
    """Counters of `before` that are less, or missing, in `after`."""
    return [key for key, value in before.items() if key[0].endswith("_total") and after.get(key, -1) < value]
