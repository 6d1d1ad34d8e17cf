#!/usr/bin/env python3
"""The units as systemd reads them: units.py SOURCE

The filter of system calls admits what the sandbox makes itself of (Landlock, seccomp) and what it then leaves to the program;
address families are there for outputs; the exposure stays at 1.5 or below. 77: no systemd-analyze."""
import pathlib, re, shutil, subprocess, sys

source = pathlib.Path(sys.argv[1])
if not shutil.which("systemd-analyze"):
    print("systemd-analyze is not installed")
    sys.exit(77)
failures = []


def check(what, good, seen=""):
    print(("ok - " if good else "not ok - ") + what, "" if good else seen)
    if not good:
        failures.append(what)


def sets_of_calls():
    """@name -> calls, as this version of systemd has them."""
    sets, name = {}, None
    for line in subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            sets[name] = set()
        elif name and re.match(r"    [@a-z_]", line):
            sets[name].add(line.strip())

    def whole(of):
        return set().union(*[whole(one) if one.startswith("@") else {one} for one in sets[of]])
    return {of: whole(of) for of in sets}


def admitted(unit, sets):
    calls = set()
    for words in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        named = set().union(*[sets[word] if word.startswith("@") else {word} for word in words.lstrip("~").split()])
        calls = calls - named if words.startswith("~") else calls | named
    return calls | sets["@default"]


def sandbox_calls():
    text = (source / "analyzer/sandbox.c").read_text()
    listed = set(re.findall(r'"(\w+)"', "".join(re.findall(r"calls\[\] = \{(.*?)\};", text, re.S))))
    other = set(re.findall(r"(?:SYS_|SCMP_SYS\()(\w+)", text)) - {"clone3"}
    return listed, other | {"prctl", "seccomp"}


sets, (left, made) = sets_of_calls(), sandbox_calls()
check("the sandbox's calls were found", len(left) > 80 and {"landlock_restrict_self", "clone", "socket"} <= made, (len(left), made))
for name in ("relaywatch.service", "relaywatch-report.service"):
    path = source / "contrib/systemd" / name
    unit = path.read_text()
    calls = admitted(unit, sets)
    check(f"{name}: admits what the sandbox is made with", made <= calls, made - calls)
    # to give a replaced file its old owner is a wish, which fails well
    known = sets.get("@known", left)
    check(f"{name}: admits what the sandbox leaves", (left & known) - {"fchown"} <= calls, (left & known) - calls)
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", str(path)], capture_output=True, text=True)
    level = re.search(r"Overall exposure level.*: ([0-9.]+)", done.stdout)
    check(f"{name}: exposure", level and float(level[1]) <= 1.5 and done.returncode == 0, done.stdout[-300:] + done.stderr)
families = re.search(r"^RestrictAddressFamilies=(.*)$", (source / "contrib/systemd/relaywatch.service").read_text(), re.M)[1].split()
check("collectors can be connected to: a socket of the system, TCP and TLS, UDP", {"AF_UNIX", "AF_INET", "AF_INET6"} <= set(families), families)
sys.exit(bool(failures))
