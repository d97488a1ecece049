#!/bin/sh
# in_container.sh ROOT UID:GID FOLDER COMMAND...: runs it as a container engine would, without one.
# ROOT is read-only but for /tmp; the command is process 1 and may gain no privileges. As root.
set -eu
if [ "${INSIDE:-}" != yes ]; then
  exec env INSIDE=yes unshare --mount --pid --fork --kill-child -- "$0" "$@"
fi
root=$1 user=$2 folder=$3
shift 3
mount --bind "$root" "$root"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -o remount,ro,bind "$root"
cd "$root"
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+setuid,+setgid,+sys_chroot -- \
  chroot --userspec="$user" --groups= "$root" env --chdir="$folder" "$@"
