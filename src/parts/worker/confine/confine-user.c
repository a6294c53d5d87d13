/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"

static const char user[] = "suture-worker";

/* Given to nobody by distributions and by systemd, and there in user namespaces of 65536 users as well. */
enum { NOBODYS_ID = 65533 };

/* The file alone: a directory service is no business of this process, nor its libraries. */
int confine_find_user(uid_t *ret_uid, gid_t *ret_gid, Error *error)
{
	CLEANUP(fclose) FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry = NULL;

	if (!file && errno != ENOENT)
		return error_os(error, errno, "cannot read /etc/passwd");
	while (file && (entry = fgetpwent(file)))
		if (strcmp(entry->pw_name, user) == 0)
			break;
	if (entry && (entry->pw_uid == 0 || entry->pw_gid == 0))
		return error_set(error, "the user %s has the powers of root", user);
	*ret_uid = entry ? entry->pw_uid : NOBODYS_ID;
	*ret_gid = entry ? entry->pw_gid : NOBODYS_ID;
	return 0;
}

/* Those that a program could ever get. The kernel refuses the first that it does not know. */
static int drop_bounding_set(Error *error)
{
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return error_os(error, errno, "cannot drop capability %lu for ever", capability);
	return 0;
}

static int drop_capabilities(Error *error)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		syscall(SYS_capset, &header, sets) < 0)
		return error_os(error, errno, "cannot drop its capabilities");
	return 0;
}

static bool is_still_root(void)
{
	return setuid(0) == 0 || setgid(0) == 0 || getuid() == 0 || getgid() == 0;
}

int confine_to_user(uid_t uid, gid_t gid, Error *error)
{
	if (drop_bounding_set(error) < 0)
		return -1;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return error_os(error, errno, "cannot become user %u", (unsigned)uid);
	if (drop_capabilities(error) < 0)
		return -1;
	return is_still_root() ? error_set(error, "cannot stop being root") : 0;
}
