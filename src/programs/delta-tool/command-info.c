/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "parts/delta/decode/explain.h"
#include "programs/delta-tool/old-files.h"

/* Of a patch whose old files are at hand. */
static int explain(
	Bytes delta, const DeltaHeader *header, const char *old_path, DeltaAccount *ret, Error *error)
{
	CLEANUP(old_files_clear) OldFiles old = {.files = NULL};
	CLEANUP_FREE Bytes *sources = NULL;

	if (old_files_read_named(old_path, header, &old, error) < 0)
		return -1;
	sources = calloc(old.count + 1, sizeof(*sources));
	if (!sources)
		return error_memory(error);
	for (size_t i = 0; i < old.count; i++)
		sources[i] = old_file_bytes(&old.files[i]);
	if (delta_explain(delta, header, sources, ret, error) == 0)
		return 0;
	(void)old_files_check(&old, old_path, header, error);
	return -1;
}

static void print_account(const DeltaAccount *account)
{
	char copied[TEXT_SIZE_MAX], new[TEXT_SIZE_MAX], count[TEXT_SIZE_MAX];

	printf("copies: %s in %s block%s, with what they refer to made anew\n",
		text_size(account->copied, copied), text_count(account->blocks, count),
		account->blocks == 1 ? "" : "s");
	printf("new:    %s\n", text_size(account->new, new));
	printf("\n  %-18s %12s  %s\n", "what it says", "bytes", "decisions");
	for (uint32_t i = 0; i < account->n_costs; i++)
		printf("  %-18s %12.0f  %s\n", account->costs[i].name, account->costs[i].bytes,
			text_count(account->costs[i].bits, count));
}

static void print_text(Bytes delta, const DeltaHeader *header)
{
	char hex[DIGEST_HEX_SIZE], size[TEXT_SIZE_MAX];

	printf("patch:  %s\n", text_size(delta.size, size));
	printf("makes:  %s of %s, sha256 %s\n",
		header->kind == DELTA_KIND_TREE ? "a directory tree" : "a file",
		text_size(header->result_size, size), digest_to_hex(&header->result_digest, hex));
	for (uint32_t i = 0; i < header->n_sources; i++) {
		CLEANUP_FREE char *name = strdup(header->sources[i].name);

		if (name)
			text_make_printable(name);
		printf("from:   %s, %s, sha256 %s\n", name ? name : "?",
			text_size(header->sources[i].size, size),
			digest_to_hex(&header->sources[i].digest, hex));
	}
}

static int put_sources(json_t *document, const DeltaHeader *header, Error *error)
{
	CLEANUP_JSON json_t *sources = json_array();

	if (!sources)
		return error_memory(error);
	for (uint32_t i = 0; i < header->n_sources; i++) {
		CLEANUP_JSON json_t *source = json_object();

		if (json_put_text(source, "name", header->sources[i].name, error) < 0 ||
			json_put_integer(source, "size", (int64_t)header->sources[i].size, error) < 0 ||
			json_put_digest(source, "sha256", &header->sources[i].digest, error) < 0 ||
			json_add(sources, TAKE_PTR(source), error) < 0)
			return -1;
	}
	return json_put(document, "sources", TAKE_PTR(sources), error);
}

static int put_cost(json_t *costs, const DeltaCost *cost, Error *error)
{
	CLEANUP_JSON json_t *item = json_object();

	if (json_put_text(item, "what", cost->name, error) < 0 ||
		json_put_integer(item, "bytes", (int64_t)(cost->bytes + 0.5), error) < 0)
		return -1;
	return json_add(costs, TAKE_PTR(item), error);
}

static int put_account(json_t *document, const DeltaAccount *account, Error *error)
{
	CLEANUP_JSON json_t *costs = json_array();

	if (!costs)
		return error_memory(error);
	for (uint32_t i = 0; i < account->n_costs; i++)
		if (put_cost(costs, &account->costs[i], error) < 0)
			return -1;
	if (json_put_integer(document, "blocks", (int64_t)account->blocks, error) < 0 ||
		json_put_integer(document, "copied", (int64_t)account->copied, error) < 0 ||
		json_put_integer(document, "new", (int64_t)account->new, error) < 0)
		return -1;
	return json_put(document, "costs", TAKE_PTR(costs), error);
}

/* account is NULL when the old files are not at hand. */
static int print_json(Bytes delta, const DeltaHeader *header, const DeltaAccount *account, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	CLEANUP_JSON json_t *result = json_object();
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	const char *kind = header->kind == DELTA_KIND_TREE ? "tree" : "file";

	if (json_put_integer(result, "size", (int64_t)header->result_size, error) < 0 ||
		json_put_digest(result, "sha256", &header->result_digest, error) < 0 ||
		json_put(document, "result", TAKE_PTR(result), error) < 0 ||
		json_put_text(document, "format", "suture-delta-info-2", error) < 0 ||
		json_put_text(document, "kind", kind, error) < 0 ||
		json_put_integer(document, "method", header->method, error) < 0 ||
		json_put_integer(document, "size", (int64_t)delta.size, error) < 0 ||
		put_sources(document, header, error) < 0 ||
		(account && put_account(document, account, error) < 0) ||
		json_write(document, &text, error) < 0)
		return -1;
	(void)fwrite(text.data, 1, text.size, stdout);
	return 0;
}

int command_info(void *settings, const OptionList *operands, Error *error)
{
	const DeltaToolSettings *options = settings;
	const char *path = operands->words[0];
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	CLEANUP_MAP FileMap map = {NULL, 0};
	CLEANUP(delta_header_clear) DeltaHeader header = {.sources = NULL};
	DeltaAccount account = {.n_costs = 0};
	bool explained = operands->count > 1;
	Bytes delta;

	if (fd < 0)
		return error_os(error, errno, "cannot open %s", path);
	if (file_map(fd, UINT64_MAX, path, &map, error) < 0)
		return -1;
	delta = (Bytes){map.data, map.size};
	if (delta_header_parse(delta, &header, error) < 0)
		return error_in(error, "%s", path);
	if (explained && explain(delta, &header, operands->words[1], &account, error) < 0)
		return -1;
	if (options->json)
		return print_json(delta, &header, explained ? &account : NULL, error);
	print_text(delta, &header);
	if (explained)
		print_account(&account);
	return 0;
}
