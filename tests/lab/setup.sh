#!/bin/bash
# Builds and starts one Postfix instance for a lab day; everything listens on loopback and keeps to INSTANCE.
# usage: setup.sh INSTANCE      needs INSTANCE/site.env and INSTANCE/tables from lab_site.py; root; Debian's postfix,
#                               sasl2-bin, libsasl2-modules, openssl. Stop it with: postfix -c INSTANCE/etc stop
# Clients announce themselves by the PROXY protocol, so the log shows their addresses from the connect line on;
# the client port, which identifies the session in the raw log, is logged and removed again by realize.py.
set -eu
inst=$1
. "$inst/site.env"
etc=$inst/etc
rm -rf "$etc" "$inst/spool" "$inst/data"
mkdir -p "$etc/sasl" "$inst/spool" "$inst/data"
chown postfix "$inst/data"
: >"$inst/raw.log"
cp -r /etc/postfix/postfix-files /etc/postfix/dynamicmaps.cf "$etc/" 2>/dev/null || true
cp -r /etc/postfix/postfix-files.d /etc/postfix/dynamicmaps.cf.d "$etc/" 2>/dev/null || true
t=texthash:$inst/tables

# Who may relay: the rule of a good server, and four classic holes.
networks=$LAB_NETWORKS
extra_rule='' virtual=$t/virtual percent=yes routing=no
case $LAB_HOLE in
none) ;;
everyone) networks='0.0.0.0/0 [::]/0' ;;
mynetworks) networks="$networks $LAB_HOLE_NETWORKS" ;;
sender) extra_rule=" check_sender_access $t/senders," ;;
percent) # a home-made percent hack, left over from an old gateway
    percent=no routing=yes virtual="$virtual regexp:$etc/percent"
    echo "/^([^@%]+)%([^@%]+)@${LAB_DOMAIN//./\\.}\$/ \${1}@\${2}" >"$etc/percent"
    ;;
*) echo "unknown hole $LAB_HOLE" >&2; exit 2 ;;
esac
recipients="local_recipient_maps = $t/users"
[ "$LAB_ACCEPT_UNKNOWN" = no ] || recipients="local_recipient_maps ="

cat >"$etc/main.cf" <<CF
compatibility_level = 3.6
myhostname = $LAB_HOST
mydomain = $LAB_DOMAIN
myorigin = $LAB_DOMAIN
mydestination = $LAB_HOST localhost $LAB_DOMAINS
virtual_alias_domains = $LAB_ALIAS_DOMAIN
virtual_alias_maps = $virtual
alias_maps = $t/aliases
relay_domains = $LAB_RELAY_DOMAINS
$recipients
mynetworks = $networks
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated,$extra_rule reject_unauth_destination
allow_percent_hack = $percent
allow_untrusted_routing = $routing
smtpd_forbid_bare_newline = $LAB_FORBID_BARE
inet_interfaces = 127.0.0.1
inet_protocols = all
queue_directory = $inst/spool
data_directory = $inst/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file_prefixes = $inst
maillog_file = $inst/raw.log
enable_long_queue_ids = $LAB_LONGQ
local_transport = lmtp:[127.0.0.1]:$LAB_PORT_LMTP
relay_transport = relay:[127.0.0.1]:$LAB_PORT_SINK
default_transport = smtp:[127.0.0.1]:$LAB_PORT_SINK
transport_maps = $t/transport
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_client_port_logging = yes
smtpd_helo_required = yes
disable_vrfy_command = yes
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = $LAB_DOMAIN
cyrus_sasl_config_path = $etc/sasl
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_cert_file = $etc/cert.pem
smtpd_tls_key_file = $etc/key.pem
minimal_backoff_time = 4s
maximal_backoff_time = 8s
queue_run_delay = 2s
bounce_queue_lifetime = ${LAB_LIFETIME}s
maximal_queue_lifetime = ${LAB_LIFETIME}s
default_process_limit = 40
postscreen_upstream_proxy_protocol = haproxy
postscreen_greet_wait = 1s
postscreen_greet_action = enforce
postscreen_access_list = permit_mynetworks cidr:$etc/postscreen
postscreen_cache_map = btree:\$data_directory/postscreen_cache
CF
echo '198.18.0.0/16 permit' >"$etc/postscreen"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$LAB_HOST" \
    -keyout "$etc/key.pem" -out "$etc/cert.pem" 2>/dev/null
cat >"$etc/sasl/smtpd.conf" <<CF
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN
sasldb_path: $etc/sasldb2
CF
while read -r user password; do
    printf '%s' "$password" | saslpasswd2 -p -c -f "$etc/sasldb2" -u "$LAB_DOMAIN" "$user"
done <"$inst/tables/accounts"
chgrp postfix "$etc/sasldb2"
chmod 640 "$etc/sasldb2"

mx_options='' submission_options=''
case $LAB_FILTER in
none) ;;
after*)
    mx_options=" -o content_filter=scan:[127.0.0.1]:$LAB_PORT_FILTER"
    # The usual advice is to expand aliases only in the second pass; without it they are expanded before the filter.
    [ "$LAB_MAP_ONCE" = no ] || mx_options="$mx_options -o receive_override_options=no_address_mappings"
    submission_options=$mx_options
    ;;
before) mx_options=" -o smtpd_proxy_filter=127.0.0.1:$LAB_PORT_FILTER" ;;
esac
{
    if [ "$LAB_POSTSCREEN" = yes ]; then
        echo "127.0.0.1:$LAB_PORT_MX inet n - n - 1 postscreen"
        echo "smtpd pass - - n - - smtpd$mx_options"
    else
        echo "127.0.0.1:$LAB_PORT_MX inet n - n - 40 smtpd -o smtpd_upstream_proxy_protocol=haproxy$mx_options"
    fi
    cat <<CF
127.0.0.1:$LAB_PORT_SUBMISSION inet n - n - 40 smtpd -o syslog_name=postfix/submission
  -o smtpd_upstream_proxy_protocol=haproxy -o smtpd_sasl_auth_enable=yes$submission_options
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:$LAB_PORT_REINJECT inet n - n - 40 smtpd -o smtpd_peername_lookup=yes -o content_filter=
  -o smtpd_authorized_xforward_hosts=127.0.0.0/8 -o smtpd_relay_restrictions=permit_mynetworks,reject
  -o mynetworks=127.0.0.0/8 -o receive_override_options=no_unknown_recipient_checks
scan unix - - n - 10 smtp -o smtp_send_xforward_command=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
tlsproxy unix - - n - 0 tlsproxy
dnsblog unix - - n - 0 dnsblog
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp -o syslog_name=postfix/relay
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
CF
} >"$etc/master.cf"
postfix -c "$etc" start
