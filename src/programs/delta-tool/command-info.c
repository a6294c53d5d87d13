/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/delta-tool/commands.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "parts/delta/format/segment.h"

enum { KINDS = SEGMENT_PREFIXED + 1 };

static const char *const kind_names[KINDS] = {
	[SEGMENT_STORED] = "stored",
	[SEGMENT_ZEROS] = "zeros",
	[SEGMENT_COPY] = "copied",
	[SEGMENT_PACKED] = "packed",
	[SEGMENT_PREFIXED] = "diffed",
};

/* How a patch makes its result: bytes of it, and segments, of each kind. */
typedef struct Census {
	uint64_t bytes[KINDS], segments[KINDS];
} Census;

static int take_census(Bytes delta, const DeltaHeader *header, Census *census, Error *error)
{
	Reader reader = {{delta.data + header->size, (size_t)header->body_size}, 0};

	for (uint64_t left = header->result_size; left > 0;) {
		Segment segment;

		if (segment_read(&reader, header, left, &segment, error) < 0)
			return -1;
		left -= segment.length;
		census->bytes[segment.kind] += segment.length;
		census->segments[segment.kind]++;
	}
	if (reader_left(&reader) > 0)
		return error_set(
			error, "the delta has %zu bytes behind its last segment", reader_left(&reader));
	return 0;
}

static void print_text(Bytes delta, const DeltaHeader *header, const Census *census)
{
	char hex[DIGEST_HEX_SIZE], size[TEXT_SIZE_MAX], count[TEXT_SIZE_MAX];

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
	for (size_t i = 0; i < KINDS; i++)
		if (census->segments[i] > 0)
			printf("%s: %s in %s segment%s\n", kind_names[i], text_size(census->bytes[i], size),
				text_count(census->segments[i], count), census->segments[i] == 1 ? "" : "s");
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

static int put_segments(json_t *document, const Census *census, Error *error)
{
	CLEANUP_JSON json_t *segments = json_object();

	for (size_t i = 0; i < KINDS; i++) {
		CLEANUP_JSON json_t *kind = json_object();

		if (json_put_integer(kind, "count", (int64_t)census->segments[i], error) < 0 ||
			json_put_integer(kind, "bytes", (int64_t)census->bytes[i], error) < 0 ||
			json_put(segments, kind_names[i], TAKE_PTR(kind), error) < 0)
			return -1;
	}
	return json_put(document, "segments", TAKE_PTR(segments), error);
}

static int print_json(Bytes delta, const DeltaHeader *header, const Census *census, Error *error)
{
	CLEANUP_JSON json_t *document = json_object();
	CLEANUP_JSON json_t *result = json_object();
	CLEANUP_BUFFER Buffer text = BUFFER_INIT;
	const char *kind = header->kind == DELTA_KIND_TREE ? "tree" : "file";

	if (json_put_integer(result, "size", (int64_t)header->result_size, error) < 0 ||
		json_put_digest(result, "sha256", &header->result_digest, error) < 0 ||
		json_put(document, "result", TAKE_PTR(result), error) < 0 ||
		json_put_text(document, "format", "suture-delta-info-1", error) < 0 ||
		json_put_text(document, "kind", kind, error) < 0 ||
		json_put_integer(document, "method", header->method, error) < 0 ||
		json_put_integer(document, "size", (int64_t)delta.size, error) < 0 ||
		put_sources(document, header, error) < 0 || put_segments(document, census, error) < 0 ||
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
	Census census = {{0}, {0}};
	Bytes delta;

	if (fd < 0)
		return error_os(error, errno, "cannot open %s", path);
	if (file_map(fd, UINT64_MAX, path, &map, error) < 0)
		return -1;
	delta = (Bytes){map.data, map.size};
	if (delta_header_parse(delta, &header, error) < 0 || take_census(delta, &header, &census, error) < 0)
		return error_in(error, "%s", path);
	if (options->json)
		return print_json(delta, &header, &census, error);
	print_text(delta, &header, &census);
	return 0;
}
