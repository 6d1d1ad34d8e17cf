#!/bin/bash
# Builds one Debian root per mail server under LAB_ROOTS, since their packages exclude each other. Nothing is started.
# usage: roots.sh [exim] [opensmtpd] [sendmail]      default: all three; needs root, debootstrap and a Debian mirror
# environment: LAB_ROOTS (default relaywatch-roots under TMPDIR), LAB_MIRROR
# OpenSMTPD is that of trixie: the TLS handshakes of bookworm's 6.8 failed, and without TLS it offers no AUTH.
set -eu
roots=${LAB_ROOTS:-${TMPDIR:-/tmp}/relaywatch-roots}
mkdir -p "$roots"
base() { # suite
    [ ! -e "$roots/base-$1/usr/sbin/policy-rc.d" ] || return 0
    debootstrap --variant=minbase "$1" "$roots/base-$1" "${LAB_MIRROR:-http://deb.debian.org/debian}"
    printf '#!/bin/sh\nexit 101\n' >"$roots/base-$1/usr/sbin/policy-rc.d"
    chmod 755 "$roots/base-$1/usr/sbin/policy-rc.d"
}
[ $# -gt 0 ] || set -- exim opensmtpd sendmail
for mta in "$@"; do
    suite=bookworm
    case $mta in
    exim) packages=exim4-daemon-heavy ;; # the light one lacks the PROXY protocol
    opensmtpd) packages="opensmtpd ca-certificates" suite=trixie ;;
    sendmail) packages="sendmail-bin sendmail-cf sasl2-bin libsasl2-modules m4 make" ;;
    *) echo "usage: roots.sh [exim] [opensmtpd] [sendmail]" >&2; exit 2 ;;
    esac
    root=$roots/$mta
    [ ! -e "$root" ] || { echo "$root is there already" >&2; continue; }
    base $suite
    cp -a "$roots/base-$suite" "$root"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    # Package names, split on purpose.
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive chroot "$root" sh -c "apt-get update && apt-get install -y --no-install-recommends $packages" ||
        { umount "$root/proc"; exit 1; }
    umount "$root/proc"
    : >"$root/etc/resolv.conf" # no server of the lab asks a resolver
done
