/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * suture-tuf-client: the command line by which conformance tests drive a TUF client.
 *
 *     --metadata-dir DIR init ROOT
 *     --metadata-dir DIR --metadata-url URL refresh
 *     --metadata-dir DIR --metadata-url URL (--target-name PATH)… --target-dir DIR --target-base-url URL
 * download
 *
 * Exits with 0 or 1 and nothing else, which is why it does not use base/options.h.
 */

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

typedef struct Arguments {
	const char *metadata_directory, *metadata_url, *target_directory, *target_url;
	const char **targets; /* as many as there are words at most */
	size_t n_targets;
} Arguments;

static const struct option options[] = {
	{"metadata-dir", required_argument, NULL, 'm'},
	{"metadata-url", required_argument, NULL, 'u'},
	{"target-name", required_argument, NULL, 'n'},
	{"target-dir", required_argument, NULL, 't'},
	{"target-base-url", required_argument, NULL, 'b'},
	{0},
};

static int read_arguments(int argc, char **argv, Arguments *arguments, Error *error)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'm':
			arguments->metadata_directory = optarg;
			break;
		case 'u':
			arguments->metadata_url = optarg;
			break;
		case 'n':
			arguments->targets[arguments->n_targets++] = optarg;
			break;
		case 't':
			arguments->target_directory = optarg;
			break;
		case 'b':
			arguments->target_url = optarg;
			break;
		default:
			return error_set(error, "unknown option");
		}
	}
	return 0;
}

static int download_all(Client *client, const Arguments *arguments, Error *error)
{
	for (size_t i = 0; i < arguments->n_targets; i++)
		if (client_download(client, arguments->targets[i], arguments->target_url,
			    arguments->target_directory, error) < 0)
			return -1;
	return 0;
}

static int refresh(const Arguments *arguments, bool download, Error *error)
{
	CLEANUP(client_free) Client *client = NULL;

	if (!arguments->metadata_url)
		return error_set(error, "--metadata-url is missing");
	if (download && (arguments->n_targets == 0 || !arguments->target_directory || !arguments->target_url))
		return error_set(error, "download needs --target-name, --target-dir and --target-base-url");
	if (client_new(arguments->metadata_directory, arguments->metadata_url, &client, error) < 0 ||
		client_refresh(client, error) < 0)
		return -1;
	return download ? download_all(client, arguments, error) : 0;
}

static int run(const Arguments *arguments, int n_words, char *const *words, Error *error)
{
	const char *command = n_words > 0 ? words[0] : "";

	if (!arguments->metadata_directory)
		return error_set(error, "--metadata-dir is missing");
	if (strcmp(command, "init") == 0 && n_words == 2)
		return client_init(arguments->metadata_directory, words[1], error);
	if (strcmp(command, "refresh") == 0 && n_words == 1)
		return refresh(arguments, false, error);
	if (strcmp(command, "download") == 0 && n_words == 1)
		return refresh(arguments, true, error);
	return error_set(error, "say \"init ROOT\", \"refresh\" or \"download\" behind the options");
}

int main(int argc, char **argv)
{
	Arguments arguments = {.targets = calloc((size_t)argc + 1, sizeof(*arguments.targets))};
	Error error = ERROR_INIT;
	int done = -1;

	(void)signal(SIGPIPE, SIG_IGN);
	if (!arguments.targets)
		(void)error_memory(&error);
	else if (read_arguments(argc, argv, &arguments, &error) == 0)
		done = run(&arguments, argc - optind, argv + optind, &error);
	if (done != 0)
		fprintf(stderr, "suture-tuf-client: %s\n", error.text);
	free(arguments.targets);
	return done == 0 ? 0 : 1;
}
