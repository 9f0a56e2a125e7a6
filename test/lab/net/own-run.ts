/** Lines of sh: a /run that is empty but for the lock that all users of iptables-legacy share, which stays the machine's. */
export const ownRun = `touch /run/xtables.lock
exec 9< /run/xtables.lock
mount -t tmpfs tmpfs /run
touch /run/xtables.lock
mount --bind /proc/self/fd/9 /run/xtables.lock
exec 9<&-`;
