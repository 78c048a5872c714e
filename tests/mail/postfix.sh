#!/bin/sh
# A Postfix of one's own: configuration, queue, certificates and mailboxes in one folder, unprivileged ports
# on 127.0.0.1, nothing shared with a Postfix of the system.
#
# usage: postfix.sh FOLDER PLAIN_PORT TLS_PORT
#
# What stands in FOLDER/main and FOLDER/master is added to its two files of settings; the later line wins.
#
# Prints "ready" when it listens, and lives until its standard input ends, for whatever reason: a test that is
# killed leaves no server behind. Mail to any address of any domain under .example, and to xn-- domains, is
# delivered to FOLDER/maildir/all/.
set -u

folder=$1
plain_port=$2
tls_port=$3

fail() {
    echo "postfix.sh: $*; tests/run installs what the tests use" >&2
    exit 1
}

command -v postfix >/dev/null || fail "postfix is not installed"
command -v openssl >/dev/null || fail "openssl is not installed"
[ "$(id -u)" = 0 ] || fail "postfix starts its programs as root, so this test has to run as root"

mkdir -p "$folder/etc" "$folder/queue" "$folder/data" "$folder/maildir" || fail "cannot write to $folder"
# Postfix works under accounts of its own, which must be able to pass through.
chmod 755 "$folder"
chown postfix "$folder/data"
chown nobody "$folder/maildir"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=root" \
    -addext "basicConstraints=critical,CA:TRUE" \
    -keyout "$folder/root.key" -out "$folder/root.pem" 2>"$folder/openssl.log" || fail "openssl: $(cat "$folder/openssl.log")"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=127.0.0.1" \
    -CA "$folder/root.pem" -CAkey "$folder/root.key" \
    -addext "basicConstraints=critical,CA:FALSE" -addext "subjectAltName=IP:127.0.0.1" \
    -keyout "$folder/etc/server.key" -out "$folder/etc/server.pem" 2>"$folder/openssl.log" || fail "openssl: $(cat "$folder/openssl.log")"

daemons=$(postconf -d -h daemon_directory)
cat >"$folder/etc/main.cf" <<CONFIGURATION
compatibility_level = 3.6
queue_directory = $folder/queue
data_directory = $folder/data
daemon_directory = $daemons
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.harbour.example
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{ {gone@riverside.example = 550 5.1.1 No such user} {later@riverside.example = 451 4.7.1 Try again later} }, permit_mynetworks, reject
smtputf8_enable = yes
virtual_mailbox_domains = regexp:$folder/etc/domains
virtual_mailbox_base = $folder/maildir
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
smtpd_tls_security_level = may
smtpd_tls_cert_file = $folder/etc/server.pem
smtpd_tls_key_file = $folder/etc/server.key
smtpd_tls_session_cache_database =
maillog_file = $folder/maillog
maillog_file_prefixes = $folder
CONFIGURATION
echo '/\.example$|^xn--/ yes' >"$folder/etc/domains"
cat >"$folder/etc/master.cf" <<SERVICES
127.0.0.1:$plain_port inet n - n - - smtpd
127.0.0.1:$tls_port inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
SERVICES

for name in main master; do
    [ ! -e "$folder/$name" ] || cat "$folder/$name" >>"$folder/etc/$name.cf"
done

# From here on, an interrupt of the test reaches this script too, and must not stop it before it has stopped
# Postfix.
trap '' INT TERM HUP
postfix -c "$folder/etc" start >"$folder/start.log" 2>&1 || fail "postfix does not start: $(cat "$folder/start.log" "$folder/maillog" 2>/dev/null)"
echo ready
cat >/dev/null
postfix -c "$folder/etc" stop >/dev/null 2>&1
rm -rf "$folder"
