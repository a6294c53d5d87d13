/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/units.h"

#include <fnmatch.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/cleanup.h"

typedef struct Rule {
	const char *pattern; /* fnmatch(3) */
	UnitAction action;
	const char *reason;
} Rule;

static const char BUS[] = "services and sessions do not survive a restart of the message bus: reboot";
static const char DISPLAY[] = "restarting the display manager ends every graphical session";
static const char CONSOLE[] = "restarting it ends the login on this console";
static const char CONNECTION[] = "it serves one connection, which a restart would cut";
static const char NETWORK[] = "restarting it may cut the network connection";
static const char GUESTS[] = "restarting it may stop the containers or machines that it runs";
static const char PACKAGES[] = "restarting it could interrupt an installation of packages";
static const char BOOT[] = "it runs its work of the boot again when restarted";

/* The first that matches counts. */
static const Rule rules[] = {
	{"", UNIT_NONE, "it belongs to no unit: whoever started it has to restart it"},
	{"*/*", UNIT_NONE,
		"it belongs to a user's service manager: restart the application, or log out and in"},

	{"init.scope", UNIT_ASK, "it is the service manager itself: systemctl daemon-reexec renews it"},
	{"user@*.service", UNIT_ASK, "restarting a user's service manager ends all that runs under it"},
	{"session-*.scope", UNIT_ASK, "it is a login session: log out and in again"},
	{"systemd-logind.service", UNIT_ASK, "login sessions may not survive a restart of their manager"},
	{"sutured.service", UNIT_ASK, "it is Suture itself, which must not end while it works"},

	{"dbus.service", UNIT_ASK, BUS},
	{"dbus-broker.service", UNIT_ASK, BUS},

	{"display-manager.service", UNIT_ASK, DISPLAY},
	{"gdm.service", UNIT_ASK, DISPLAY},
	{"gdm3.service", UNIT_ASK, DISPLAY},
	{"greetd.service", UNIT_ASK, DISPLAY},
	{"kdm.service", UNIT_ASK, DISPLAY},
	{"lightdm.service", UNIT_ASK, DISPLAY},
	{"lxdm.service", UNIT_ASK, DISPLAY},
	{"ly.service", UNIT_ASK, DISPLAY},
	{"ly@*.service", UNIT_ASK, DISPLAY},
	{"nodm.service", UNIT_ASK, DISPLAY},
	{"plasmalogin.service", UNIT_ASK, DISPLAY},
	{"sddm.service", UNIT_ASK, DISPLAY},
	{"slim.service", UNIT_ASK, DISPLAY},
	{"wdm.service", UNIT_ASK, DISPLAY},
	{"xdm.service", UNIT_ASK, DISPLAY},
	{"x11-common.service", UNIT_ASK, DISPLAY},

	{"getty@*.service", UNIT_ASK, CONSOLE},
	{"*-getty@*.service", UNIT_ASK, CONSOLE},
	{"autovt@*.service", UNIT_ASK, CONSOLE},
	{"console-getty.service", UNIT_ASK, CONSOLE},
	{"kmsconvt@*.service", UNIT_ASK, CONSOLE},
	{"debug-shell.service", UNIT_ASK, CONSOLE},
	{"emergency.service", UNIT_ASK, CONSOLE},
	{"rescue.service", UNIT_ASK, CONSOLE},

	{"ssh.service", UNIT_RESTART, "connections that are open survive, they are in sessions of their own"},
	{"sshd.service", UNIT_RESTART,
		"connections that are open survive, they are in sessions of their own"},
	{"ssh@*.service", UNIT_ASK, CONNECTION},
	{"sshd@*.service", UNIT_ASK, CONNECTION},
	{"dropbear@*.service", UNIT_ASK, CONNECTION},
	{"telnet@*.service", UNIT_ASK, CONNECTION},

	{"NetworkManager.service", UNIT_ASK, NETWORK},
	{"networking.service", UNIT_ASK, NETWORK},
	{"network.service", UNIT_ASK, NETWORK},
	{"ifup@*.service", UNIT_ASK, NETWORK},
	{"dhclient*.service", UNIT_ASK, NETWORK},
	{"dhcpcd*.service", UNIT_ASK, NETWORK},
	{"connman.service", UNIT_ASK, NETWORK},
	{"wicked*.service", UNIT_ASK, NETWORK},
	{"iwd.service", UNIT_ASK, NETWORK},
	{"wpa_supplicant*.service", UNIT_ASK, NETWORK},
	{"ModemManager.service", UNIT_ASK, NETWORK},
	{"openvpn*.service", UNIT_ASK, NETWORK},
	{"openconnect*.service", UNIT_ASK, NETWORK},
	{"strongswan*.service", UNIT_ASK, NETWORK},
	{"ipsec.service", UNIT_ASK, NETWORK},
	{"tailscaled.service", UNIT_ASK, NETWORK},
	{"tinc*.service", UNIT_ASK, NETWORK},
	{"frr.service", UNIT_ASK, NETWORK},
	{"bird*.service", UNIT_ASK, NETWORK},
	{"iscsid.service", UNIT_ASK, "file systems of this machine may be on it"},
	{"multipathd.service", UNIT_ASK, "file systems of this machine may be on it"},
	{"zfs-fuse.service", UNIT_ASK, "file systems of this machine may be on it"},

	{"systemd-nspawn@*.service", UNIT_ASK, GUESTS},
	{"containerd.service", UNIT_ASK, GUESTS},
	{"docker.service", UNIT_ASK, GUESTS},
	{"podman*.service", UNIT_ASK, GUESTS},
	{"lxc@*.service", UNIT_ASK, GUESTS},
	{"lxcfs.service", UNIT_ASK, GUESTS},
	{"lxd*.service", UNIT_ASK, GUESTS},
	{"incus*.service", UNIT_ASK, GUESTS},
	{"kubelet.service", UNIT_ASK, GUESTS},
	{"virtlogd.service", UNIT_ASK, GUESTS},
	{"virtlockd.service", UNIT_ASK, GUESTS},
	{"xendomains.service", UNIT_ASK, GUESTS},

	{"apt-daily*.service", UNIT_ASK, PACKAGES},
	{"dnf-*.service", UNIT_ASK, PACKAGES},
	{"packagekit.service", UNIT_ASK, PACKAGES},
	{"unattended-upgrades.service", UNIT_ASK, PACKAGES},

	{"cloud-*.service", UNIT_ASK, BOOT},
	{"rc-local.service", UNIT_ASK, BOOT},

	{"*.service", UNIT_RESTART, "it can be restarted"},
	{"*.scope", UNIT_NONE,
		"it was not started by the service manager: whoever started it has to restart it"},
	{"*", UNIT_NONE, "it is no service"},
};

UnitAction unit_action(const char *unit, const char **ret_reason)
{
	const Rule *rule = &rules[0];

	/* The last one matches everything. */
	while (rule < &rules[ARRAY_SIZE(rules) - 1] && fnmatch(rule->pattern, unit, 0) != 0)
		rule++;
	*ret_reason = rule->reason;
	return rule->action;
}

bool units_available(void)
{
	struct stat status;

	return lstat("/run/systemd/system/", &status) == 0 && S_ISDIR(status.st_mode);
}
