#!/bin/bash
# Builds and starts Debian's Sendmail for a lab day, inside its root (see roots.sh), on loopback.
# usage: setup_sendmail.sh ROOT      needs ROOT/lab/site.env and ROOT/lab/tables from lab_site.py; root.
#                                    ROOT/lab/daemon.pid and syslog.pid are the process ids.
# Sendmail knows no PROXY protocol: each session comes from a loopback address of its own (lab_mta.py), and 127.64 may
# relay by the access map. Mailboxes are system accounts of the root, as Sendmail looks for; a server that accepts
# unknown users does not look (no F=w) and bounces what its store refuses by LMTP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$1
. "$root/lab/site.env"
t=$root/lab/tables
[ -e "$root/etc/passwd.own" ] || cp "$root/etc/passwd" "$root/etc/passwd.own"
{
    cat "$root/etc/passwd.own"
    awk '!s[$1]++ { printf "%s:x:%d:65534::/nonexistent:/usr/sbin/nologin\n", $1, 20000 + NR }' "$t/users" | grep -v '^root:'
} >"$root/etc/passwd"
printf 'passwd files\nhosts files\naliases files\n' >"$root/etc/mail/service.switch"
sed -i 's/^hosts:.*/hosts: files/' "$root/etc/nsswitch.conf"
printf '127.0.0.1 localhost %s\n' "$LAB_HOST" >"$root/etc/hosts"
mkdir -p "$root/var/spool/mqueue" "$root/var/run/sendmail/mta" "$root/var/lib/sendmail" "$root/lab/maps"
rm -rf "$root"/var/spool/mqueue/* "$root"/var/spool/mqueue-client/*
chroot "$root" chown root:root /var/spool/mqueue

unknown=''
[ "$LAB_ACCEPT_UNKNOWN" = yes ] || unknown="MODIFY_MAILER_FLAGS(\`CYRUSV2', \`+w')dnl"
hole='' percent=''
case $LAB_HOLE in
none | mynetworks) ;;
everyone) hole="FEATURE(\`promiscuous_relay')dnl" ;;
sender) hole="FEATURE(\`relay_mail_from', \`domain')dnl" ;;
percent) percent="FEATURE(\`loose_relay_check')dnl" ;;
*) echo "no hole $LAB_HOLE with Sendmail" >&2; exit 2 ;;
esac
cat >"$root/etc/mail/sendmail.mc" <<CF
define(\`_USE_ETC_MAIL_')dnl
include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(\`debian')dnl
undefine(\`confHOST_STATUS_DIRECTORY')dnl
define(\`confPID_FILE', \`/lab/daemon.pid')dnl
define(\`confDOMAIN_NAME', \`$LAB_HOST')dnl
define(\`confDELIVERY_MODE', \`background')dnl
define(\`confTO_QUEUERETURN', \`${LAB_LIFETIME}s')dnl
define(\`confTO_QUEUEWARN', \`1d')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confMAX_DAEMON_CHILDREN', \`0')dnl
define(\`confQUEUE_LA', \`500')dnl
define(\`confREFUSE_LA', \`500')dnl
define(\`confSAFE_QUEUE', \`True')dnl
define(\`confDONT_BLAME_SENDMAIL', \`GroupReadableSASLDBFile')dnl
define(\`confAUTH_MECHANISMS', \`PLAIN LOGIN')dnl
TRUST_AUTH_MECH(\`PLAIN LOGIN')dnl
define(\`SMART_HOST', \`esmtp:[127.0.0.1]')dnl
define(\`ESMTP_MAILER_ARGS', \`TCP \$h $LAB_PORT_SINK')dnl
define(\`RELAY_MAILER_ARGS', \`TCP \$h $LAB_PORT_DOWN')dnl
define(\`confLOCAL_MAILER', \`cyrusv2')dnl
define(\`CYRUSV2_MAILER_ARGS', \`TCP [127.0.0.1] $LAB_PORT_LMTP')dnl
$unknown
FEATURE(\`no_default_msa')dnl
DAEMON_OPTIONS(\`Family=inet, Name=MTA-v4, Port=$LAB_PORT_MX, Addr=127.0.0.1')dnl
DAEMON_OPTIONS(\`Family=inet, Name=MSP-v4, Port=$LAB_PORT_SUBMISSION, Addr=127.0.0.1, M=E')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`accept_unqualified_senders')dnl
FEATURE(\`always_add_domain')dnl
FEATURE(\`access_db', \`hash -T<TMPF> /lab/maps/access')dnl
FEATURE(\`virtusertable', \`hash -o /lab/maps/virtual')dnl
FEATURE(\`mailertable', \`hash -o /lab/maps/mailer')dnl
define(\`ALIAS_FILE', \`/lab/maps/aliases')dnl
$hole
$percent
VIRTUSER_DOMAIN(\`$LAB_ALIAS_DOMAIN')dnl
MAILER_DEFINITIONS
MAILER(\`local')dnl
MAILER(\`smtp')dnl
MAILER(\`cyrusv2')dnl
LOCAL_CONFIG
Cw$LAB_DOMAINS $LAB_HOST
Cj$LAB_HOST
CF
{
    printf '127.64 RELAY\n127.0.0.1 RELAY\n'
    for d in $LAB_RELAY_DOMAINS; do printf 'To:%s RELAY\n' "$d"; done
} >"$root/lab/maps/access"
sed 's/, */,/g' "$t/virtual" >"$root/lab/maps/virtual"
printf 'down.example relay:[127.0.0.2]\n' >"$root/lab/maps/mailer"
sed 's/ /: /' "$t/aliases" >"$root/lab/maps/aliases"
chroot "$root" sh -c 'cd /etc/mail && m4 sendmail.mc >sendmail.cf
    for m in access virtual mailer; do makemap hash /lab/maps/$m </lab/maps/$m; done' >&2
chroot "$root" /usr/sbin/sendmail -bi -oA/lab/maps/aliases >&2
mkdir -p "$root/etc/mail/sasl"
cat >"$root/usr/lib/sasl2/Sendmail.conf" <<CF
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN
CF
rm -f "$root/etc/sasldb2"
while read -r user password; do
    printf '%s' "$password" | chroot "$root" saslpasswd2 -p -c -u "$LAB_DOMAIN" "$user"
done <"$t/accounts"
chmod 600 "$root/etc/sasldb2"
rm -f "$root/dev/log" # a stale socket would be taken for the new one
: >"$root/lab/raw.log"
python3 "$here/syslog.py" "$root/dev/log" "$root/lab/raw.log" "${LAB_HOST%%.*}" >"$root/lab/syslog.out" 2>&1 &
echo $! >"$root/lab/syslog.pid"
sleep 0.5
chroot "$root" /usr/sbin/sendmail -L sm-mta -bD -q2s </dev/null >"$root/lab/daemon.out" 2>&1 &
echo $! >"$root/lab/daemon.pid"
sleep 1.5
kill -0 "$(head -n 1 "$root/lab/daemon.pid")" || { cat "$root/lab/daemon.out" >&2; exit 1; }
echo "$(head -n 1 "$root/lab/daemon.pid")" >"$root/lab/daemon.pid"
