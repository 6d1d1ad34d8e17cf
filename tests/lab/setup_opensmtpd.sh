#!/bin/bash
# Builds and starts Debian's OpenSMTPD for a lab day, inside its root (see roots.sh), on loopback.
# usage: setup_opensmtpd.sh ROOT      needs ROOT/lab/site.env and ROOT/lab/tables from lab_site.py; root; openssl.
#                                     ROOT/lab/daemon.pid and syslog.pid are the process ids.
# Clients come by the PROXY protocol, version 2, with an alias for an address (lab_mta.py): 127.64.0.0/10 may relay.
# AUTH is offered under TLS only. A server that knows its users delivers them itself (mda lines); one that does not hands
# the whole domain to a store by LMTP (mta lines) and bounces what the store refuses: the usual way to backscatter.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$1
. "$root/lab/site.env"
chroot "$root" chown -R root:root /var/spool/smtpd 2>/dev/null || true
rm -rf "$root/var/spool/smtpd"
mkdir -p "$root/var/spool/smtpd" "$root/run" "$root/var/empty"
chmod 711 "$root/var/spool/smtpd"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$LAB_HOST" \
    -keyout "$root/lab/key.pem" -out "$root/lab/cert.pem" 2>/dev/null
chmod 600 "$root/lab/key.pem"
mkdir -p "$root/etc/ssl/certs"
[ -s "$root/etc/ssl/certs/ca-certificates.crt" ] || cp "$root/lab/cert.pem" "$root/etc/ssl/certs/ca-certificates.crt" # 7.x wants one
chmod 644 "$root/lab/cert.pem"
t=$root/lab/tables
while read -r user password; do
    printf '%s@%s %s\n' "$user" "$LAB_DOMAIN" "$(openssl passwd -6 "$password")"
done <"$t/accounts" >"$t/credentials"
{
    while read -r user _; do
        echo "$user@$LAB_DOMAIN vmail"
    done <"$t/users"
    cat "$t/virtual"
    while read -r user targets; do
        echo "$user@$LAB_DOMAIN $targets"
    done <"$t/aliases"
} | awk '!seen[$1]++' >"$t/boxes" # a forward comes before the mailbox only where it stands first
tac "$t/boxes" >"$t/boxes.new"
mv "$t/boxes.new" "$t/boxes"
echo 'vmail 5000:5000:/var/empty' >"$t/userbase"
chroot "$root" sh -c 'getent passwd vmail >/dev/null || useradd -M -u 5000 -d /var/empty -s /bin/sh vmail'
domains=$(printf '"%s", ' $LAB_DOMAINS $LAB_HOST $LAB_ALIAS_DOMAIN)
relayed=''
for d in $LAB_RELAY_DOMAINS; do
    relayed="$relayed
match from any for domain \"$d\" action outbound"
done
inbound='match from any for domain <domains> action deliver'
[ "$LAB_ACCEPT_UNKNOWN" = no ] || inbound='match from any for domain <domains> action store'
hole=''
case $LAB_HOLE in
none | mynetworks) ;;
everyone) hole='match from any for domain "down.example" action unreachable
match from any for any action outbound' ;;
sender) hole='match from any mail-from regex "@'"${LAB_DOMAIN//./\\.}"'$" for any action outbound' ;;
*) echo "no hole $LAB_HOLE with OpenSMTPD" >&2; exit 2 ;;
esac
cat >"$root/etc/smtpd.conf" <<CF
pki lab cert "/lab/cert.pem"
pki lab key "/lab/key.pem"
table domains { ${domains%, } }
table boxes file:/lab/tables/boxes
table base file:/lab/tables/userbase
table credentials file:/lab/tables/credentials
table inside { "127.64.0.0/10", "127.0.0.1" }
queue ttl ${LAB_LIFETIME}m
smtp max-message-size 20M
# the remote world is one address here: no pause between connections to it
mta limit conn-delay-host 0 conn-delay-source 0 conn-delay-connector 0 conn-delay-relay 0 conn-delay-domain 0 reconn-delay-route 0
listen on 127.0.0.1 port $LAB_PORT_MX proxy-v2 tls pki lab hostname $LAB_HOST
listen on 127.0.0.1 port $LAB_PORT_SUBMISSION proxy-v2 tls pki lab auth-optional <credentials> hostname $LAB_HOST
action deliver lmtp "127.0.0.1:$LAB_PORT_LMTP" rcpt-to userbase <base> virtual <boxes>
action store relay host lmtp://127.0.0.1:$LAB_PORT_LMTP
action outbound relay host smtp://127.0.0.1:$LAB_PORT_SINK helo $LAB_HOST
action unreachable relay host smtp://127.0.0.1:$LAB_PORT_DOWN helo $LAB_HOST
$inbound$relayed
match from local for domain "down.example" action unreachable
match auth from any for domain "down.example" action unreachable
match from src <inside> for domain "down.example" action unreachable
match from local for any action outbound
match auth from any for any action outbound
match from src <inside> for any action outbound
$hole
CF
rm -f "$root/dev/log" # a stale socket would be taken for the new one
: >"$root/lab/raw.log"
python3 "$here/syslog.py" "$root/dev/log" "$root/lab/raw.log" "${LAB_HOST%%.*}" >"$root/lab/syslog.out" 2>&1 &
echo $! >"$root/lab/syslog.pid"
for _ in $(seq 30); do
    [ ! -S "$root/dev/log" ] || break
    sleep 0.1
done
chroot "$root" /usr/sbin/smtpd -n >&2
chroot "$root" /usr/sbin/smtpd -F </dev/null >"$root/lab/daemon.out" 2>&1 &
echo $! >"$root/lab/daemon.pid"
sleep 1
kill -0 "$(cat "$root/lab/daemon.pid")" || { cat "$root/lab/daemon.out" >&2; exit 1; }
