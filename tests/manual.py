#!/usr/bin/env python3
"""Manual pages and completions: complete, well-formed, and in step with --help.

usage: manual.py RELAYWATCH BUILT SOURCES
mandoc, bash, zsh and fish are asked when they are installed; the rest holds without them.
"""
import pathlib
import re
import shutil
import subprocess
import sys

RULES = """RW-RELAY-PROBE RW-RELAY-ACCEPTED RW-SASL-BRUTE RW-SASL-SPRAY RW-SASL-DISTRIBUTED RW-SASL-BRUTE-SUCCESS
RW-ACCOUNT-BURST RW-HOST-BURST RW-NDR-FLOOD RW-BACKSCATTER RW-REVERSE-NDR RW-HARVEST RW-SPOOF-LOCAL RW-QUEUE-NDR
RW-LISTED RW-PROTOCOL RW-STATE-PRESSURE""".split()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def options_of_help(program):
    text = run(program, "--help").stdout
    return re.findall(r"^  (?:-(\w),|   ) --([a-z-]+)", text, re.M)


def check_pages(built, sources, options, fail):
    pages = {page.name: page.read_text() for page in built.glob("relaywatch*.[1-8]")}
    for name in ("relaywatch.8", "relaywatch.conf.5", "relaywatch-alerts.7"):
        if name not in pages:
            return fail(f"{name} was not made")
    for letter, name in options:
        item = rf"^\.It (?:Fl {letter} , )?Fl \\-{name}\b" if letter else rf"^\.It Fl \\-{name}\b"
        if not re.search(item, pages["relaywatch.8"], re.M):
            fail(f"relaywatch.8 lacks --{name}")
    for rule in RULES:
        if f".Ss {rule}: " not in pages["relaywatch-alerts.7"]:
            fail(f"relaywatch-alerts.7 lacks {rule}")
    for name, text in pages.items():
        if re.search(r"^@\w+@$", text, re.M):
            fail(f"{name}: a list is missing")
    if shutil.which("mandoc"):
        for page in [*built.glob("relaywatch*.[1-8]"), *sources.glob("*.[1-8]")]:
            lint = run("mandoc", "-Tlint", "-Wwarning", str(page))
            if lint.returncode != 0 or lint.stdout:
                fail(f"mandoc: {lint.stdout}{lint.stderr}")
    return None


def check_signature_page(sources, fail):
    """every kind of file and every field of a pattern is explained"""
    page = (sources / "relaywatch-signatures.5").read_text()
    match = sources.parent.parent / "analyzer/match"
    for section in ("REASONS", "TESTERS", "PATTERNS", "SCENARIOS", "POLICIES"):
        if f"\n.Sh {section}\n" not in page:
            fail(f"relaywatch-signatures.5 lacks {section}")
    for field in re.findall(r'PATTERN_FIELD\(\w+, "(\w+)"', (match / "pattern_fields.def").read_text()):
        if f"\n.It Cm {field}\n" not in page:
            fail(f"relaywatch-signatures.5 lacks the field {field}")


def check_completions(folder, options, fail):
    texts = {shell: (folder / f"relaywatch.{shell}").read_text() for shell in ("bash", "zsh", "fish")}
    for _, name in options:
        if not re.search(rf"--{name}\b", texts["bash"]):
            fail(f"bash lacks --{name}")
        if not re.search(rf"--{name}(?:\}}')?\[", texts["zsh"]):
            fail(f"zsh lacks --{name}")
        if not re.search(rf"-l {name}\b", texts["fish"]):
            fail(f"fish lacks --{name}")
    for shell, syntax in (("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")):
        if shutil.which(shell):
            result = run(shell, syntax, str(folder / f"relaywatch.{shell}"))
            if result.returncode != 0:
                fail(f"{shell}: {result.stderr}")
    if shutil.which("bash"):
        check_bash(folder / "relaywatch.bash", fail)


def check_bash(script, fail):
    """What the shell would offer, asked of the shell."""
    def offers(*words):
        line = " ".join(f"'{word}'" for word in words)
        code = (f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _relaywatch; "
                'printf "%s\\n" "${COMPREPLY[@]}"')
        return run("bash", "-c", code).stdout.split()

    if offers("relaywatch", "--fail") != ["--fail-on"]:
        fail("bash does not complete --fail")
    if offers("relaywatch", "--fail-on", "cr") != ["critical"]:
        fail("bash does not complete a severity")
    if "json" not in offers("relaywatch", "-o", "j"):
        fail("bash does not complete an output format")
    if "postfix" not in offers("relaywatch", "--format", "=", "po"):
        fail("bash does not complete --format=")


def main():
    program, built, sources = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    failures = []
    options = options_of_help(program)
    if len(options) < 30:
        failures.append(f"--help shows {len(options)} options only")
    check_pages(built, sources, options, failures.append)
    check_signature_page(sources, failures.append)
    check_completions(built / "completions", options, failures.append)
    for failure in failures:
        print(failure)
    print(f"{len(options)} options, {len(RULES)} rules: {len(failures)} failures")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
