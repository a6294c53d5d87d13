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
	const OperationInput input = {.names = {operands->words, operands->count},
		.reason = settings->reason,
		.dry_run = dry_run,
		.unattended = settings->unattended};
	int r = CLIENT_ABSENT;

	if (is_for_daemon(settings))
		r = ask_daemon((ClientCall){operation->name, operands->words, operands->count, input.reason,
				       dry_run, input.unattended, &progress},
			ret_report, error);
	else if (settings->daemon)
		return error_set(error,
			"sutured works on the running system, as it is configured: --daemon does "
			"not go with what says otherwise");
	if (r == CLIENT_ABSENT && settings->daemon)
		return error_in(error, "only sutured is to do this");
	if (r == CLIENT_ABSENT)
		r = operation_run(operation, &options, &input, ret_report, error);
	return r;
}
