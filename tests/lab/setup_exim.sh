#!/bin/bash
# Builds and starts Debian's Exim for a lab day, inside its root (see roots.sh), on loopback.
# usage: setup_exim.sh ROOT      needs ROOT/lab/site.env and ROOT/lab/tables from lab_site.py; root; openssl.
#                                ROOT/lab/daemon.pid is the daemon's process id.
# ACLs, their order and their messages are those of Debian's own configuration. Clients come by the PROXY protocol. The
# log selector is Debian's; the client port, which numbers the session in the raw log, is removed again by realize_unix.py.
set -eu
root=$1
. "$root/lab/site.env"
rm -rf "$root/lab/spool" "$root/lab/log"
mkdir -p "$root/lab/spool" "$root/lab/log"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$LAB_HOST" \
    -keyout "$root/lab/key.pem" -out "$root/lab/cert.pem" 2>/dev/null
chmod 644 "$root/lab/key.pem"
: >"$root/lab/log/mainlog"
chroot "$root" chown -R Debian-exim:Debian-exim /lab/spool /lab/log
list() { # words -> an Exim list; "<;" allows IPv6
    printf '<; '
    printf '%s ; ' "$@"
}
# Word lists, split on purpose.
# shellcheck disable=SC2086
{
    locals=$(list $LAB_DOMAINS $LAB_HOST $LAB_ALIAS_DOMAIN)
    relayed=$(list $LAB_RELAY_DOMAINS)
    networks=$(list $LAB_NETWORKS)
    [ "$LAB_HOLE" != everyone ] || networks='*'
    [ "$LAB_HOLE" != mynetworks ] || networks="$networks$(printf '%s ; ' $LAB_HOLE_NETWORKS)"
}
sender_hole='' percent='' verify='require verify = recipient' guard='^.*[@%!/|] : ^.*/\\.\\./'
[ "$LAB_HOLE" != sender ] || sender_hole='accept sender_domains = +local_domains'
if [ "$LAB_HOLE" = percent ]; then
    percent="percent_hack_domains = +local_domains" guard='^.*[@!/|] : ^.*/\\.\\./'
fi
[ "$LAB_ACCEPT_UNKNOWN" = no ] || verify=''
cat >"$root/etc/exim4/exim4.conf" <<CF
primary_hostname = $LAB_HOST
domainlist local_domains = $locals
domainlist relay_to_domains = $relayed
hostlist relay_from_hosts = $networks
qualify_domain = $LAB_DOMAIN
local_interfaces = 127.0.0.1
daemon_smtp_ports = $LAB_PORT_MX : $LAB_PORT_SUBMISSION
hosts_proxy = 127.0.0.1
spool_directory = /lab/spool
log_file_path = /lab/log/%slog
pid_file_path = /lab/daemon.pid
log_selector = +smtp_protocol_error +smtp_syntax_error +tls_certificate_verified +tls_peerdn +incoming_port
tls_advertise_hosts = *
tls_certificate = /lab/cert.pem
tls_privatekey = /lab/key.pem
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_check_rcpt
acl_smtp_data = acl_check_data
smtp_accept_max = 100
smtp_accept_queue_per_connection = 1000
queue_run_max = 4
helo_allow_chars = _
helo_try_verify_hosts =
keep_environment =
ignore_bounce_errors_after = ${LAB_LIFETIME}s
timeout_frozen_after = 7d
$percent
begin acl
acl_check_rcpt:
  accept hosts = :
  deny domains = +local_domains
       local_parts = ^[.] : $guard
       message = restricted characters in address
  deny domains = !+local_domains
       local_parts = ^[./|] : ^.*[@%!] : ^.*/\\\\.\\\\./
       message = restricted characters in address
  accept local_parts = postmaster
         domains = +local_domains : +relay_to_domains
  accept hosts = +relay_from_hosts
         control = submission/sender_retain
  accept authenticated = *
         control = submission/sender_retain
  $sender_hole
  require message = relay not permitted
          domains = +local_domains : +relay_to_domains
  $verify
  accept
acl_check_data:
  accept
begin routers
virtual:
  driver = redirect
  domains = +local_domains
  data = \${lookup{\$local_part@\$domain}lsearch{/lab/tables/virtual}}
system_aliases:
  driver = redirect
  domains = +local_domains
  data = \${lookup{\$local_part}lsearch{/lab/tables/aliases}}
local_user:
  driver = accept
  domains = +local_domains
  $([ "$LAB_ACCEPT_UNKNOWN" = yes ] || echo "local_parts = lsearch;/lab/tables/users")
  transport = lmtp_store
unreachable:
  driver = manualroute
  domains = down.example
  route_list = * 127.0.0.1
  self = send
  transport = unreachable_smtp
dnslookup:
  driver = manualroute
  domains = !+local_domains
  route_list = * 127.0.0.1
  self = send
  transport = remote_smtp
begin transports
remote_smtp:
  driver = smtp
  port = $LAB_PORT_SINK
  allow_localhost
  hosts_try_fastopen =
unreachable_smtp:
  driver = smtp
  port = $LAB_PORT_DOWN
  allow_localhost
lmtp_store:
  driver = smtp
  protocol = lmtp
  hosts = 127.0.0.1
  port = $LAB_PORT_LMTP
  allow_localhost
  hosts_override
begin retry
* * F,${LAB_LIFETIME}s,4s
begin rewrite
begin authenticators
plain_server:
  driver = plaintext
  public_name = PLAIN
  server_condition = \${if eq{\$auth3}{\${lookup{\${local_part:\$auth2}}lsearch{/lab/tables/accounts}{\$value}{ }}}}
  server_set_id = \$auth2
  server_prompts = :
login_server:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if eq{\$auth2}{\${lookup{\${local_part:\$auth1}}lsearch{/lab/tables/accounts}{\$value}{ }}}}
  server_set_id = \$auth1
CF
chroot "$root" /usr/sbin/exim4 -bV >/dev/null
chroot "$root" /usr/sbin/exim4 -bdf -q2s </dev/null >"$root/lab/daemon.out" 2>&1 &
for _ in $(seq 50); do
    [ ! -s "$root/lab/daemon.pid" ] || exit 0
    sleep 0.1
done
cat "$root/lab/daemon.out" >&2
exit 1
