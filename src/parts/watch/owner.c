/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/watch/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { STATUS_MAX = 64 * 1024 };

bool owner_is_person(uid_t user)
{
	static const uid_t people = 1000, dynamic_first = 61184, dynamic_last = 65519, nobody = 65534,
			   none = 65535;

	return user >= people && !(user >= dynamic_first && user <= dynamic_last) && user != nobody &&
	       user != none && user != (uid_t)-1;
}

/* OWNER_GONE as well when the process goes while it is read. */
static int read_text(pid_t pid, const char *name, Buffer *ret, Error *error)
{
	Error why = ERROR_INIT;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	r = file_read(AT_FDCWD, path, STATUS_MAX, ret, &why);
	if (r < 0 && why.os_error == ESRCH)
		return OWNER_GONE;
	return r < 0 ? error_set(error, "%s", why.text) : r;
}

static int parse_number(const char *text, const char *end, uid_t *ret, Error *error)
{
	char number[16];
	int64_t value;

	(void)snprintf(number, sizeof(number), "%.*s", (int)strcspn(text, end), text);
	if (text_to_integer(number, 0, UINT32_MAX, &value, error) < 0)
		return -1;
	*ret = (uid_t)value;
	return 0;
}

/* "Uid:	1000	1000	1000	1000": real, effective, saved, of the file system. A name in front of
 * it has no line of its own: the kernel escapes that. */
static int read_user(pid_t pid, uid_t *ret, Error *error)
{
	static const char field[] = "\nUid:\t";
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	const char *at;
	int r = read_text(pid, "status", &text, error);

	if (r != 0)
		return r;
	at = text.size > 0 ? strstr((char *)text.data, field) : NULL;
	if (!at)
		return error_set(error, "/proc/%d/status names no user", (int)pid);
	return parse_number(at + strlen(field), "\t", ret, error);
}

/* A kernel that does not audit has no such file. */
static int read_login(pid_t pid, uid_t *ret, Error *error)
{
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	int r = read_text(pid, "loginuid", &text, error);

	if (r < 0)
		return -1;
	if (r > 0 || text.size == 0) {
		*ret = (uid_t)-1;
		return 0;
	}
	return parse_number((char *)text.data, "\n", ret, error);
}

int owner_read(pid_t pid, Owner *ret, Error *error)
{
	Owner owner;
	int r = read_login(pid, &owner.login, error);

	if (r == 0)
		r = read_user(pid, &owner.user, error);
	if (r == 0)
		*ret = owner;
	return r;
}
