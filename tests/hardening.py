#!/usr/bin/env python3
"""Is the program hardened: hardening.py BINARY fortified|plain

Read back with readelf(1), as hardening-check(1) of Debian does: position independent, everything bound and read-only
after start (full RELRO), no executable stack, stack protector, on x86-64 control-flow marks, and in a release the
checked variants of string functions. Skipped without readelf or for another object format."""
import pathlib, platform, re, shutil, subprocess, sys

binary, level = sys.argv[1:3]
if shutil.which("readelf") is None:
    print("skipped: no readelf here")
    sys.exit(77)


def readelf(*what):
    return subprocess.run(["readelf", "-W", *what, binary], capture_output=True, text=True, check=True,
                          env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout


header, segments, dynamic = readelf("-h"), readelf("-l"), readelf("-d")
symbols = set(re.findall(r"\b(\w+)@\w*GLIBC", readelf("--dyn-syms")))
stack = re.search(r"GNU_STACK.*", segments)
wanted = [
    ("position independent (PIE)", "DYN" in re.search(r"Type:.*", header).group() and "INTERP" in segments),
    ("relocations read-only after start (RELRO)", "GNU_RELRO" in segments),
    ("all symbols bound at start (BIND_NOW)", re.search(r"BIND_NOW|\bNOW\b", dynamic) is not None),
    ("no executable stack", stack is not None and "RWE" not in stack.group()),
    ("no segment both writable and executable", not re.search(r"LOAD.*RWE", segments)),
    ("stack protector", "__stack_chk_fail" in symbols),
]
if level == "fortified":
    checked = sorted(s for s in symbols if s.endswith("_chk") and s != "__stack_chk_fail")
    wanted.append((f"checked functions ({', '.join(checked[:4])} ...)", len(checked) > 2))
if platform.machine() == "x86_64":
    # The note (IBT, SHSTK) is missing where the C library's own start files lack it, as in Debian 12: count landing pads.
    pads = pathlib.Path(binary).read_bytes().count(b"\xf3\x0f\x1e\xfa")
    wanted.append((f"control-flow marks ({pads} endbr64)", pads > 100))
missing = [what for what, there in wanted if not there]
for what, there in wanted:
    print("ok" if there else "not ok", "-", what)
sys.exit(bool(missing))
