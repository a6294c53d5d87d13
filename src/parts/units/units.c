/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/units.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/language.h"

typedef struct Rule {
	const char *pattern; /* fnmatch(3) */
	UnitRule rule;
} Rule;

#define ALLOWED(scope, reason) \
	{ \
		UNIT_SCOPE_##scope, true, false, reason \
	}
#define ASKED(scope, reason) \
	{ \
		UNIT_SCOPE_##scope, false, false, reason \
	}
#define ASKED_UNTIL(scope, reason) \
	{ \
		UNIT_SCOPE_##scope, false, true, reason \
	}

static const char BUS[] = N_("services and sessions do not survive a restart of the message bus");
static const char LOGIND[] = N_("login sessions may not survive a restart of their manager");
static const char DISPLAY[] = N_("restarting the display manager ends every graphical session");
static const char KIOSK[] = N_("restarting it ends the program that is on the screen");
static const char CONSOLE[] = N_("restarting it ends the login on this console");
static const char CONNECTION[] = N_("it serves one connection, which a restart would cut");
static const char NETWORK[] = N_("restarting it may cut the network connection");
static const char GUESTS[] = N_("restarting it may stop the containers or machines that it runs");
static const char PACKAGES[] = N_("restarting it could interrupt an installation of packages");
static const char BOOT[] = N_("it runs its work of the boot again when restarted");
static const char DISKS[] = N_("file systems of this machine may be on it");
static const char OPEN_SSH[] = N_("connections that are open survive, they are in sessions of their own");
static const char CONTAINER[] =
	N_("it is a container or machine with the host's files: restart it from outside");
static const char STRANGER[] =
	N_("it was not started by the service manager: whoever started it has to restart it");

/* Units of the system's manager. The first that matches counts. */
static const Rule rules[] = {
	{"", ASKED(APPLICATION, "it belongs to no unit: whoever started it has to restart it")},

	{"init.scope", ALLOWED(MANAGER, "the service manager replaces itself and keeps every unit")},
	{"user@*.service",
		ALLOWED(USER_MANAGER, "the user's service manager replaces itself and keeps every unit")},
	{"session-*.scope", ASKED(SESSION, "it is a login session")},
	{"systemd-logind.service", ASKED(SOFT_REBOOT, LOGIND)},
	{"sutured.service", ASKED(SERVICE, "it is Suture itself, which must not end while it works")},

	{"dbus.service", ASKED(SOFT_REBOOT, BUS)},
	{"dbus-broker.service", ASKED(SOFT_REBOOT, BUS)},

	{"display-manager.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"cosmic-greeter.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"emptty.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"gdm.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"gdm3.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"greetd.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"kdm.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"lemurs.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"lightdm.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"lightdm-plymouth.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"lxdm.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"ly.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"ly@*.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"nodm.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"plasmalogin.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"sddm.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"slim.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"wdm.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"xdm.service", ASKED_UNTIL(SERVICE, DISPLAY)},
	{"x11-common.service", ASKED_UNTIL(SERVICE, DISPLAY)},

	/* What shows one program on the whole screen: kiosks. */
	{"cage.service", ASKED_UNTIL(SERVICE, KIOSK)},
	{"cage@*.service", ASKED_UNTIL(SERVICE, KIOSK)},
	{"weston.service", ASKED_UNTIL(SERVICE, KIOSK)},
	{"weston@*.service", ASKED_UNTIL(SERVICE, KIOSK)},
	{"snap.mir-kiosk*.service", ASKED_UNTIL(SERVICE, KIOSK)},
	{"snap.ubuntu-frame*.service", ASKED_UNTIL(SERVICE, KIOSK)},

	{"getty@*.service", ASKED(SERVICE, CONSOLE)},
	{"*-getty@*.service", ASKED(SERVICE, CONSOLE)},
	{"autovt@*.service", ASKED(SERVICE, CONSOLE)},
	{"console-getty.service", ASKED(SERVICE, CONSOLE)},
	{"kmsconvt@*.service", ASKED(SERVICE, CONSOLE)},
	{"debug-shell.service", ASKED(SERVICE, CONSOLE)},
	{"emergency.service", ASKED(SERVICE, CONSOLE)},
	{"rescue.service", ASKED(SERVICE, CONSOLE)},

	{"ssh.service", ALLOWED(SERVICE, OPEN_SSH)},
	{"sshd.service", ALLOWED(SERVICE, OPEN_SSH)},
	{"ssh@*.service", ASKED(SERVICE, CONNECTION)},
	{"sshd@*.service", ASKED(SERVICE, CONNECTION)},
	{"dropbear@*.service", ASKED(SERVICE, CONNECTION)},
	{"telnet@*.service", ASKED(SERVICE, CONNECTION)},

	{"NetworkManager.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"networking.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"network.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"ifup@*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"dhclient*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"dhcpcd*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"connman.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"wicked*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"iwd.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"wpa_supplicant*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"ModemManager.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"openvpn*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"openconnect*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"strongswan*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"ipsec.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"tailscaled.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"tinc*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"frr.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"bird*.service", ASKED_UNTIL(SERVICE, NETWORK)},
	{"iscsid.service", ASKED(SERVICE, DISKS)},
	{"multipathd.service", ASKED(SERVICE, DISKS)},
	{"zfs-fuse.service", ASKED(SERVICE, DISKS)},

	{"systemd-nspawn@*.service", ASKED(CONTAINER, CONTAINER)},
	{"containerd.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"docker.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"podman*.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"lxc@*.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"lxcfs.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"lxd*.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"incus*.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"kubelet.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"virtlogd.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"virtlockd.service", ASKED_UNTIL(SERVICE, GUESTS)},
	{"xendomains.service", ASKED_UNTIL(SERVICE, GUESTS)},

	{"apt-daily*.service", ASKED(SERVICE, PACKAGES)},
	{"dnf-*.service", ASKED(SERVICE, PACKAGES)},
	{"packagekit.service", ASKED(SERVICE, PACKAGES)},
	{"unattended-upgrades.service", ASKED(SERVICE, PACKAGES)},

	{"cloud-*.service", ASKED(SERVICE, BOOT)},
	{"rc-local.service", ASKED(SERVICE, BOOT)},

	{"machine-*.scope", ASKED(CONTAINER, CONTAINER)},
	{"docker-*.scope", ASKED(CONTAINER, CONTAINER)},
	{"libpod-*.scope", ASKED(CONTAINER, CONTAINER)},
	{"cri-containerd-*.scope", ASKED(CONTAINER, CONTAINER)},
	{"crio-*.scope", ASKED(CONTAINER, CONTAINER)},
	{"lxc*.scope", ASKED(CONTAINER, CONTAINER)},

	{"*.service", ALLOWED(SERVICE, "it can be restarted")},
	{"*.scope", ASKED(APPLICATION, STRANGER)},
	{"*", ASKED(APPLICATION, "it is no service")},
};

static const char DESKTOP[] = N_("the desktop does not survive its restart");
static const char OWN[] = N_("it is an application in use: whoever uses it has to restart it");
static const char SECRETS[] = N_("restarting it forgets keys and passwords that are unlocked");
static const char SOUND[] = N_("restarting it cuts sound and calls");

/* Units of a user's own manager. What is asked for with a session's scope closes with a new login. */
static const Rule user_rules[] = {
	{"dbus*.service", ASKED(SESSION, BUS)},
	{"at-spi-dbus-bus.service", ASKED(SESSION, BUS)},
	{"session-*.scope", ASKED(SESSION, "it is a login session")},

	{"gnome-session*", ASKED(SESSION, DESKTOP)},
	{"gnome-shell*", ASKED(SESSION, DESKTOP)},
	{"org.gnome.Shell*", ASKED(SESSION, DESKTOP)},
	{"org.gnome.SettingsDaemon*", ASKED(SESSION, DESKTOP)},
	{"plasma*", ASKED(SESSION, DESKTOP)},
	{"kwin*", ASKED(SESSION, DESKTOP)},
	{"xfce*", ASKED(SESSION, DESKTOP)},
	{"cinnamon*", ASKED(SESSION, DESKTOP)},
	{"cosmic-*", ASKED(SESSION, DESKTOP)},
	{"lxqt-*", ASKED(SESSION, DESKTOP)},
	{"mutter*", ASKED(SESSION, DESKTOP)},
	{"sway*", ASKED(SESSION, DESKTOP)},
	{"hyprland*", ASKED(SESSION, DESKTOP)},
	{"labwc*", ASKED(SESSION, DESKTOP)},
	{"niri*", ASKED(SESSION, DESKTOP)},
	{"wayland-*", ASKED(SESSION, DESKTOP)},
	{"xorg*", ASKED(SESSION, DESKTOP)},
	{"xsession*", ASKED(SESSION, DESKTOP)},
	{"graphical-session*", ASKED(SESSION, DESKTOP)},

	{"libpod-*.scope", ASKED(CONTAINER, CONTAINER)},
	{"docker*", ASKED(CONTAINER, GUESTS)},
	{"podman*.service", ASKED(CONTAINER, GUESTS)},

	{"app-*", ASKED(APPLICATION, OWN)},
	{"snap.*", ASKED(APPLICATION, OWN)},
	{"*terminal*", ASKED(APPLICATION, OWN)},
	{"emacs*", ASKED(APPLICATION, OWN)},
	{"tmux*", ASKED(APPLICATION, OWN)},
	{"screen*", ASKED(APPLICATION, OWN)},

	{"*-agent.service", ASKED(APPLICATION, SECRETS)},
	{"*-agent@*.service", ASKED(APPLICATION, SECRETS)},
	{"*keyring*", ASKED(APPLICATION, SECRETS)},
	{"pipewire*", ASKED(APPLICATION, SOUND)},
	{"pulseaudio*", ASKED(APPLICATION, SOUND)},
	{"jack*", ASKED(APPLICATION, SOUND)},
	{"gvfs-daemon.service", ASKED(APPLICATION, "restarting it takes away what it has mounted")},

	{"*.service", ALLOWED(USER_SERVICE, "it can be restarted")},
	{"*", ASKED(APPLICATION, OWN)},
};

/* The last one matches everything. */
static const UnitRule *find(const Rule *list, size_t n, const char *name)
{
	size_t i = 0;

	while (i < n - 1 && fnmatch(list[i].pattern, name, 0) != 0)
		i++;
	return &list[i].rule;
}

const UnitRule *unit_rule(const char *unit)
{
	const char *slash = strchr(unit, '/');

	return slash ? find(user_rules, ARRAY_SIZE(user_rules), slash + 1)
		     : find(rules, ARRAY_SIZE(rules), unit);
}

bool unit_may_repeat(const char *unit)
{
	/* It writes down what the journal has in memory; they wait for what is there. */
	static const char *const patterns[] = {
		"systemd-journal-flush.service", "systemd-networkd-wait-online*.service"};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (fnmatch(patterns[i], unit, 0) == 0)
			return true;
	return false;
}

bool units_available(void)
{
	struct stat status;

	return lstat("/run/systemd/system/", &status) == 0 && S_ISDIR(status.st_mode);
}
