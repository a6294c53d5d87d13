/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/cli/ask.h"

#include <sys/stat.h>
#include <unistd.h>

#include "api/client.h"
#include "engine/operation.h"

/* In a chroot, sutured's /usr is another one; who is not root cannot tell, and changes nothing. */
static bool is_in_chroot(void)
{
	struct stat here, there;

	return stat("/", &here) == 0 && stat("/proc/1/root", &there) == 0 &&
	       (here.st_dev != there.st_dev || here.st_ino != there.st_ino);
}

/* What an option says is not what sutured works on. */
static bool is_for_daemon(const Settings *settings)
{
	return !settings->root && !settings->repository && !settings->state && !settings->trust &&
	       !settings->no_daemon && !is_in_chroot();
}

static int ask_daemon(ClientCall call, json_t **ret_report, Error *error)
{
	int r = client_call(&call, ret_report, error);

	return r == CLIENT_NOTHING ? ENGINE_NOTHING : r;
}

int ask(const Settings *settings, const char *name, const OptionList *operands, bool dry_run,
	json_t **ret_report, Error *error)
{
	const Operation *operation = operation_find(name);
	Progress progress;
	EngineOptions options = engine_options(settings, &progress);
	EngineNames names = {operands->words, operands->count};
	int r = CLIENT_ABSENT;

	if (is_for_daemon(settings))
		r = ask_daemon((ClientCall){operation->name, names.names, names.count, dry_run, &progress},
			ret_report, error);
	if (r == CLIENT_ABSENT)
		r = operation_run(operation, &options, names, dry_run, ret_report, error);
	return r;
}
