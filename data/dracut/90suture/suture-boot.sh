#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by dracut before it goes over to the new root. Nothing here can fail a boot.

# systemd remounts a /usr that stands in fstab, and would find the overlay in its place: suture-boot.service comes
# after that.
suture_usr_in_fstab() {
    [ -r "$NEWROOT/etc/fstab" ] || return 1
    while read -r suture_device suture_point _; do
        case $suture_device in
        '#'*) continue ;;
        esac
        case $suture_point in
        /usr | /usr/) return 0 ;;
        esac
    done <"$NEWROOT/etc/fstab"
    return 1
}

# The shell alone: there is no grep here.
suture_is_off() {
    read -r suture_words </proc/cmdline
    case " $suture_words " in
    *' suture=off '*) return 0 ;;
    esac
    return 1
}

if ! suture_is_off && ! suture_usr_in_fstab; then
    DM_DISABLE_UDEV=1 /usr/lib/suture/suture-boot activate --root="$NEWROOT" --run=/run || :
fi
