/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/request.h"

#include <string.h>

#include "api/api.h"

static const struct {
	const char *method, *action;
} actions[] = {
	{"Check", "org.suture.check"},
	{"Install", "org.suture.install"},
	{"InstallUnattended", "org.suture.unattended"},
	{"Remove", "org.suture.remove"},
	{"Repair", "org.suture.install"},
	{"Restart", "org.suture.restart"},
	{"Revert", "org.suture.remove"},
	{"SetSetting", "org.suture.settings"},
};

/* What a dry run of a removal tells, a check does as well; and whom the policy does not hold back is none of
 * the people that it speaks of. */
static const char *find_action(const Request *request)
{
	if (request->dry_run)
		return "org.suture.check";
	if (request->unattended)
		return "org.suture.unattended";
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].method, request->operation->name) == 0)
			return actions[i].action;
	return NULL;
}

void request_clear(Request *request)
{
	free(request->names);
	*request = (Request){.operation = NULL};
}

static int add_name(Request *request, const char *name, size_t max, Error *error)
{
	const char **names;

	if (request->n_names == API_NAMES_MAX)
		return error_set(error, "more than %d names", API_NAMES_MAX);
	if (strnlen(name, max + 1) > max)
		return error_set(error, "a word of more than %zu bytes", max);
	names = reallocarray(request->names, request->n_names + 1, sizeof(*names));
	if (!names)
		return error_memory(error);
	names[request->n_names++] = name;
	request->names = names;
	return 0;
}

static int unreadable(int r, Error *error)
{
	return error_os(error, -r, "the arguments cannot be read");
}

/* The bus has held the message against its signature, and sd-bus that against the method's. */
static int read_names(sd_bus_message *call, Request *request, Error *error)
{
	const char *name;
	int r = sd_bus_message_enter_container(call, 'a', "s");

	while (r >= 0 && (r = sd_bus_message_read(call, "s", &name)) > 0)
		if (add_name(request, name, API_NAME_MAX, error) < 0)
			return -1;
	if (r >= 0)
		r = sd_bus_message_exit_container(call);
	return r < 0 ? unreadable(r, error) : 0;
}

/* The second one is a value. */
static int read_words(sd_bus_message *call, const char *takes, Request *request, Error *error)
{
	for (size_t i = 0; takes[i]; i++) {
		const char *word;
		int r = sd_bus_message_read(call, "s", &word);

		if (r < 0)
			return unreadable(r, error);
		if (add_name(request, word, i == 0 ? API_NAME_MAX : API_VALUE_MAX, error) < 0)
			return -1;
	}
	return 0;
}

static int read_reason(sd_bus_message *call, Request *request, Error *error)
{
	int r = sd_bus_message_read(call, "s", &request->reason);

	if (r < 0)
		return unreadable(r, error);
	if (strnlen(request->reason, API_VALUE_MAX + 1) > API_VALUE_MAX)
		return error_set(error, "a reason of more than %d bytes", API_VALUE_MAX);
	return 0;
}

static int read_arguments(sd_bus_message *call, const char *takes, Request *request, Error *error)
{
	bool reverts = strcmp(takes, API_NAMES_REASON_AND_UNATTENDED) == 0;
	int flag = 0, r = 0;

	if (takes[0] == 's')
		return read_words(call, takes, request, error);
	if (takes[0] == 'a' && read_names(call, request, error) < 0)
		return -1;
	if (reverts && read_reason(call, request, error) < 0)
		return -1;
	if (reverts || strcmp(takes, API_NAMES_AND_DRY_RUN) == 0)
		r = sd_bus_message_read(call, "b", &flag);
	if (r < 0)
		return unreadable(r, error);
	request->dry_run = flag && !reverts;
	request->unattended = flag && reverts;
	return 0;
}

int request_read(sd_bus_message *call, Request *ret, Error *error)
{
	const char *name = sd_bus_message_get_member(call);
	const ApiMethod *method = api_method_find(name);
	Request request = {.operation = operation_find(name)};

	if (!method || !request.operation)
		return error_set(error, "there is no method %s", name);
	if (read_arguments(call, method->takes, &request, error) < 0) {
		request_clear(&request);
		return -1;
	}
	request.action = find_action(&request);
	*ret = request;
	return 0;
}
