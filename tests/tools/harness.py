"""harness.py - what tests of whole runs share: checks and their sum, waiting, attacks for a log

    check("what has to hold", condition, "what was seen instead"); ...; end()"""
import subprocess, sys, time

failures, checks = [], 0


def check(what, good, seen=""):
    global checks
    checks += 1
    if not good:
        failures.append(what)
        print(f"not ok - {what} {str(seen)[-900:]}", flush=True)


def end():
    """The sum of all checks is the exit status."""
    print(f"{checks} checks, {len(failures)} failed")
    sys.exit(bool(failures))


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def needs_landlock(binary):
    """--sandbox on ends with 78 where the kernel has none."""
    done = subprocess.run([binary, "--no-config", "-qq", "--sandbox", "on", "-o", "json", "-"], input=b"", capture_output=True)
    if done.returncode == 78:
        skip("no Landlock here")


def wait_for(test, timeout=60):
    end = time.time() + timeout
    while time.time() < end:
        if test():
            return True
        time.sleep(0.05)
    return False


def probing_clients(first, count):
    """A client a day, each with enough refused relay attempts for alerts of its own."""
    out = []
    for n in range(first, first + count):
        for i in range(12):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(1609459200 + n * 86400 + i))
            ip = ("198.51.100", "203.0.113", "192.0.2")[n // 250] + f".{n % 250 + 1}"
            out.append(f"{stamp} mx postfix/smtpd[{2000 + n}]: NOQUEUE: reject: RCPT from unknown[{ip}]: 554 5.7.1 <v{i}@far{n}.example>: "
                       f"Relay access denied; from=<s@x.example> to=<v{i}@far{n}.example> proto=ESMTP helo=<x>\n")
    return "".join(out)
