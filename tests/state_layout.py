#!/usr/bin/env python3
"""Which changes of the program make another layout of its state: state_layout.py SOURCE CMAKE

On a copy of the sources: whatever declares, fills or numbers what is kept changes it; outputs, options and the like do not."""
import pathlib, re, shutil, subprocess, sys, tempfile

source, cmake = pathlib.Path(sys.argv[1]), sys.argv[2]
work = pathlib.Path(tempfile.mkdtemp(prefix="layout-"))
failures = []


def layout():
    out = work / "state_layout.h"
    subprocess.run([cmake, f"-DROOT={work}", "-DFACTS=machine 8", f"-DOUT={out}", "-P", str(source / "analyzer/base/state_layout.cmake")], check=True)
    return re.search(r'"([0-9a-f]{40})"', out.read_text())[1]


def after(name, change):
    path = work / name
    before = path.read_text()
    path.write_text(change(before))
    found = layout()
    path.write_text(before)
    return found


def added(text):
    return text + "\nextern int one_more;\n"


def swapped(text):
    """Two rows of a list change places: what they number does too."""
    rows = text.splitlines(True)
    at = [i for i, row in enumerate(rows) if re.match(r"[A-Z_]+\(", row)]
    rows[at[0]], rows[at[1]] = rows[at[1]], rows[at[0]]
    return "".join(rows)


try:
    for folder in ("analyzer", "parsers", "signatures"):
        shutil.copytree(source / folder, work / folder)
    first = layout()
    if layout() != first:
        failures.append("twice the same sources, two layouts")
    for name in ("correlate/session_table.c", "detect/crowd.h", "alert/incident_table.h", "event/event.h", "base/siphash.h", "input/positions.h",
                 "log_state.c", "pipeline_parts.h"):
        if after(f"analyzer/{name}", added) == first:
            failures.append(f"{name}: a change is not seen")
    for name in ("analyzer/alert/rules.def", "analyzer/detect/detectors.def", "parsers/parsers.def"):
        if after(name, swapped) == first:
            failures.append(f"{name}: another order is not seen")
    if after("signatures/schema.json", added) == first:
        failures.append("signatures: a change is not seen")
    for name in ("analyzer/output/text.c", "analyzer/output/net_sink.c", "analyzer/options.def", "analyzer/main.c", "analyzer/sandbox.c",
                 "analyzer/input/decoder_xz.c", "parsers/postfix_smtpd.c"):
        path = work / name
        path.write_text(added(path.read_text()))
    if layout() != first:
        failures.append("changes of outputs, options and a parser without a memory make another layout")
    # every piece is written by a file that is seen
    for path in sorted([*work.glob("analyzer/**/*.c"), *work.glob("parsers/*.c")]):
        text = path.read_text()
        if re.search(r"\bstate_(?:bytes|struct|array|number|block|texts)\(", text) and "struct state_io" not in text:
            failures.append(f"{path.name}: keeps something and does not name struct state_io")
finally:
    shutil.rmtree(work, ignore_errors=True)
print("\n".join(failures) or "all good")
sys.exit(bool(failures))
