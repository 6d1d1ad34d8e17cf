#!/usr/bin/env python3
"""A syslog daemon that is one socket and one file: for the servers that log nowhere else.

usage: syslog.py SOCKET FILE HOST      replaces SOCKET; ends when it is killed
Each datagram of the C library ("<22>Nov 27 23:00:00 tag[pid]: text") becomes one line with the host name put in, as
a syslog daemon writes it.
"""
import os
import re
import socket
import sys

HEAD = re.compile(rb"^<\d+>(\w{3} [ \d]\d [\d:]{8}) ")


def main():
    path, target, host = sys.argv[1], sys.argv[2], sys.argv[3].encode()
    if os.path.lexists(path):
        os.unlink(path)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(path)
    os.chmod(path, 0o666)
    with open(target, "ab", buffering=0) as f:
        while True:
            data = s.recv(65536).rstrip(b"\n\0").replace(b"\n", b"#012")
            f.write(HEAD.sub(lambda m: m[1] + b" " + host + b" ", data) + b"\n")


if __name__ == "__main__":
    main()
