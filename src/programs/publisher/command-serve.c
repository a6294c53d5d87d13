/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/publisher/publisher.h"
#include "programs/publisher/serve.h"

static const Option options[] = {
	{"address", 0, OPTION_TEXT, PUBLISHER_OPTION(address), "HOST:PORT",
		"where (default: 127.0.0.1:8080)"},
};

static int run(void *settings, const OptionList *operands, Error *error)
{
	const PublisherSettings *own = settings;

	return serve_run(operands->words[0], own->address, error);
}

const Command command_serve = {
	.name = "serve",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "serve a repository over HTTP, to try it out",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.run = run,
};
