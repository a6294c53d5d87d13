/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { SESSION_ID_SIZE = 128 };

bool session_owner(const char *unit, uid_t *ret)
{
	static const char prefix[] = "session-", suffix[] = ".scope";
	char id[SESSION_ID_SIZE];
	size_t fixed = strlen(prefix) + strlen(suffix), length = strlen(unit);

	if (!text_has_prefix(unit, prefix) || !text_has_suffix(unit, suffix) || length <= fixed ||
		length - fixed >= sizeof(id))
		return false;
	(void)snprintf(id, sizeof(id), "%.*s", (int)(length - fixed), unit + strlen(prefix));
	return sd_session_get_uid(id, ret) >= 0;
}

static bool is_graphical(const char *session)
{
	CLEANUP_FREE char *type = NULL;

	return sd_session_get_type(session, &type) >= 0 &&
	       (strcmp(type, "wayland") == 0 || strcmp(type, "x11") == 0);
}

bool session_has_desktop(uid_t uid)
{
	char **sessions = NULL;
	int n = sd_uid_get_sessions(uid, 0, &sessions);
	bool found = false;

	for (int i = 0; i < n; i++) {
		found |= is_graphical(sessions[i]);
		free(sessions[i]);
	}
	free(sessions);
	return found;
}

void session_desktops(uid_t **ret, size_t *ret_n)
{
	CLEANUP_FREE uid_t *users = NULL;
	int n = sd_get_uids(&users);

	*ret_n = 0;
	for (int i = 0; i < n; i++)
		if (session_has_desktop(users[i]))
			users[(*ret_n)++] = users[i];
	*ret = TAKE_PTR(users);
}
