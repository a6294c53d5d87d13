/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/context.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* An absolute path without symlinks and without a slash at its end: the form that mountinfo has. */
int context_set_root(Engine *engine, const char *root, Error *error)
{
	engine->root = realpath(root ? root : "/", NULL);
	if (!engine->root)
		return error_os(error, errno, "cannot find the root %s", root ? root : "/");
	engine->root_fd = open(engine->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (engine->root_fd < 0)
		return error_os(error, errno, "cannot open the root %s", engine->root);
	return 0;
}

int context_check_root(Error *error)
{
	return geteuid() == 0 ? 0 : error_set(error, "this changes the system: run it as root");
}
