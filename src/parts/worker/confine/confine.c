/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "parts/worker/confine/confine-layers.h"
#include "parts/worker/sanitizer.h"

/* No terminal to type into, no pipe of the caller's to write to. */
static int leave_session(Error *error)
{
	int last = worker_is_sanitized ? STDOUT_FILENO : STDERR_FILENO;
	CLEANUP_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (null < 0)
		return error_os(error, errno, "cannot open /dev/null");
	for (int fd = STDIN_FILENO; fd <= last; fd++)
		if (dup2(null, fd) < 0)
			return error_os(error, errno, "cannot let go of the standard streams");
	if (setsid() < 0)
		return error_os(error, errno, "cannot leave the session");
	return 0;
}

/* Changing the user undoes both, so they come after that. */
static int hold_on_to_parent(Error *error)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_os(error, errno, "cannot be tied to the process that started it");
	return 0;
}

static int leave_root(const Confinement *kept, Error *error)
{
	uid_t uid;
	gid_t gid;

	if (getpid() != 1)
		return error_set(error, "it is not alone in a process namespace: suture starts it");
	if (confine_find_user(&uid, &gid, error) < 0 || leave_session(error) < 0 ||
		confine_to_own_root(kept, error) < 0)
		return -1;
	return confine_to_user(uid, gid, error);
}

int confine_reach(const Confinement *kept, Error *error)
{
	bool is_root = geteuid() == 0;
	int r = is_root ? leave_root(kept, error) : leave_session(error);

	if (r < 0 || hold_on_to_parent(error) < 0 || confine_limits(kept, is_root, error) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_os(error, errno, "cannot renounce new privileges");
	return confine_by_landlock(kept->network ? (is_root ? "/" : "/etc") : NULL, error);
}
