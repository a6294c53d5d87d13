/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sutured: does over D-Bus what `suture` does, for whoever may ask for it (docs/daemon.md). The message bus
 * starts it at the first call; it ends when nothing is asked any more.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/options.h"
#include "base/text.h"
#include "programs/daemon/service.h"

enum { IDLE_MS = 10 * 1000, IDLE_MS_MAX = 60 * 60 * 1000 };

DEFINE_CLEANUP(sd_event *, sd_event_unref);

static const Option common_options[] = {
	{"root", 0, OPTION_TEXT, offsetof(Place, options.root), "DIR",
		"work on the system below DIR (default: /)"},
	{"repository", 0, OPTION_TEXT, offsetof(Place, options.repository), "URL",
		"take improvements from this repository"},
	{"state", 0, OPTION_TEXT, offsetof(Place, options.state), "DIR",
		"keep state here (default: var/lib/suture below the root)"},
	{"trust", 0, OPTION_TEXT, offsetof(Place, options.trust), "FILE",
		"trust this root metadata at first"},
};

static const Option serve_options[] = {
	{"host-mounts", 0, OPTION_FLAG, offsetof(Place, host_mounts), NULL,
		"mount where process 1 does, not in a namespace of one's own"},
};

/* Tests are in a hurry. */
static int read_patience(uint64_t *ret, Error *error)
{
	const char *text = secure_getenv("SUTURED_IDLE_MS");
	int64_t ms = IDLE_MS;

	if (text && text_to_integer(text, 0, IDLE_MS_MAX, &ms, error) < 0)
		return error_in(error, "SUTURED_IDLE_MS");
	*ret = (uint64_t)ms;
	return 0;
}

/* What the event loop takes for itself, before anything is started that would inherit otherwise. */
static int own_signals(Error *error)
{
	sigset_t owned;

	(void)sigemptyset(&owned);
	(void)sigaddset(&owned, SIGCHLD);
	(void)sigaddset(&owned, SIGTERM);
	(void)sigaddset(&owned, SIGINT);
	if (sigprocmask(SIG_BLOCK, &owned, NULL) < 0)
		return error_os(error, errno, "cannot block signals");
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int run_serve(void *settings, const OptionList *operands, Error *error)
{
	CLEANUP(sd_event_unref) sd_event *event = NULL;
	CLEANUP(service_free) Service *service = NULL;
	uint64_t idle_ms = 0;
	int r;

	(void)operands;
	if (read_patience(&idle_ms, error) < 0 || own_signals(error) < 0)
		return -1;
	r = sd_event_new(&event);
	if (r < 0)
		return error_os(error, -r, "cannot make an event loop");
	if (service_new(event, settings, &service, error) < 0)
		return -1;
	return service_run(service, idle_ms, error);
}

static const Command commands[] = {
	{
		.name = "serve",
		.summary = "serve org.suture on the system message bus until nobody asks any more",
		.options = serve_options,
		.n_options = ARRAY_SIZE(serve_options),
		.run = run_serve,
	},
};

static const Program program = {
	.name = "sutured",
	.summary = "Does over D-Bus what suture does, for whoever may ask for it",
	.options = common_options,
	.n_options = ARRAY_SIZE(common_options),
	.commands = commands,
	.n_commands = ARRAY_SIZE(commands),
	.footer = "The message bus starts it. See sutured(8).",
};

int main(int argc, char **argv)
{
	Place place = {.host_mounts = false};

	/* Everybody may read what is installed, whatever the umask of the root who installs it. */
	(void)umask(022);
	return options_main(&program, &place, argc, argv);
}
