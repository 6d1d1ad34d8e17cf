#!/usr/bin/env python3
"""House rules that a machine keeps: gates.py ROOT

include direction of the folders, a header block above every exported prototype, function length (120 lines, 60 with no
reason given), file length (800 lines), width of lines (100), plug-ins that include each other, machine paths."""
import pathlib, re, subprocess, sys

root = pathlib.Path(sys.argv[1])
MAY = {  # folder -> folders it may include
    "base": {"base"},
    "input": {"base", "input"},
    "event": {"base", "event"},
    "match": {"base", "event", "match"},
    "correlate": {"base", "event", "match", "correlate", "alert"},
    "alert": {"base", "event", "alert"},
    "detect": {"base", "event", "match", "correlate", "alert", "detect"},
    "output": {"base", "event", "alert", "output"},
}
problems = []


def say(path, line, text):
    problems.append(f"{path.relative_to(root)}:{line}: {text}")


def check_includes(path):
    folder = path.parent.name
    for n, line in enumerate(path.read_text().splitlines(), 1):
        m = re.match(r'#include "(?:([a-z]+)/)?([a-z0-9_]+)\.(?:h|def)"', line)
        if not m:
            continue
        if folder in MAY and m.group(1) not in MAY[folder]:
            say(path, n, f"{folder}/ may not include {line.split()[1]}")
        if path.parent.name == "parsers" and m.group(1) not in (None, "base", "event"):
            say(path, n, f"parsers/ may not include {line.split()[1]}")


def check_headers(path):
    lines = path.read_text().splitlines()
    for n, line in enumerate(lines):
        if not re.match(r"^(?!typedef|static|struct \w+;|enum)[a-z].*\b[a-z_0-9]+\([^;{]*\)?[^{]*;?$", line) or line.startswith(("#", "extern")):
            continue
        above = n - 1
        while above >= 0 and lines[above] and not lines[above].startswith((" *", "/*", "#", "}")) and not lines[above].rstrip().endswith("*/"):
            above -= 1
        if above < 0 or not (lines[above].rstrip().endswith("*/")):
            say(path, n + 1, f"exported without a header block: {line.strip()[:60]}")


def check_width(path):
    """comments are laid out by hand: clang-format does not see to them"""
    for n, line in enumerate(path.read_text().splitlines(), 1):
        if len(line) > 100:
            say(path, n, f"{len(line)} columns")


def check_lengths(files):
    out = subprocess.run(["ctags", "-x", "--c-kinds=f", "--_xformat=%F\t%N\t%n\t%e", *map(str, files)],
                         capture_output=True, text=True, check=True).stdout
    spans = [(pathlib.Path(f), name, int(a), int(b)) for f, name, a, b in (l.split("\t") for l in out.splitlines())]
    for path, name, a, b in spans:
        if b - a + 1 > 120:
            say(path, a, f"{name}() has {b - a + 1} lines")
    lengths = sorted(b - a + 1 for _, _, a, b in spans)
    print(f"functions: {len(lengths)}, median {lengths[len(lengths) // 2]}, p95 {lengths[len(lengths) * 95 // 100]}, longest {lengths[-1]} lines")
    if lengths[len(lengths) * 95 // 100] > 60:
        problems.append("functions: the 95th percentile is above 60 lines")


sources = [p for d in ("analyzer", "parsers") for p in sorted((root / d).rglob("*.[ch]"))]
for path in sources:
    check_includes(path)
    if path.suffix == ".h":
        check_headers(path)
    count = len(path.read_text().splitlines())
    if count > 800:
        say(path, 1, f"{count} lines; split by idea")
    check_width(path)
check_lengths([p for p in sources if p.suffix == ".c"])
print("\n".join(problems) or "all gates passed")
sys.exit(bool(problems))
