/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/metadata.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "parts/trust/canonical.h"

enum { TYPE_SIZE_MAX = 32, SPEC_VERSION_SIZE_MAX = 32, SIGNATURE_SIZE_MAX = 8192 };

/* "1.X" or "1.X.Y": minor versions of the specification are compatible by its own rule. */
static int check_spec_version(const json_t *content, Error *error)
{
	const char *text, *rest;
	int minors = 0;

	if (json_string_field(content, "spec_version", SPEC_VERSION_SIZE_MAX, &text, error) < 0)
		return -1;
	for (rest = text + strspn(text, "0123456789"); *rest == '.'; minors++) {
		size_t digits = strspn(rest + 1, "0123456789");

		if (digits == 0)
			break;
		rest += 1 + digits;
	}
	if (*rest || minors < 1 || minors > 2 || strncmp(text, "1.", 2) != 0)
		return error_set(error, "spec_version \"%s\" is not a version 1 of the specification", text);
	return 0;
}

static int parse_content(const json_t *content, const char *type, Metadata *metadata, Error *error)
{
	const char *given;

	if (json_string_field(content, "_type", TYPE_SIZE_MAX, &given, error) < 0)
		return -1;
	if (strcmp(given, type) != 0)
		return error_set(error, "_type is \"%s\" where \"%s\" belongs", given, type);
	if (check_spec_version(content, error) < 0 ||
		json_integer_field(content, "version", 1, INT64_MAX, &metadata->version, error) < 0)
		return -1;
	return json_time_field(content, "expires", &metadata->expires, error);
}

static int check_signatures(const json_t *signatures, Error *error)
{
	CLEANUP_JSON json_t *seen = json_object();

	for (size_t i = 0; i < json_array_size(signatures); i++) {
		const json_t *signature = json_array_get(signatures, i);
		const char *id, *value;

		if (json_string_field(signature, "keyid", METADATA_NAME_MAX, &id, error) < 0 ||
			json_string_field(signature, "sig", SIGNATURE_SIZE_MAX, &value, error) < 0)
			return error_in(error, "signature %zu", i + 1);
		if (json_object_get(seen, id))
			return error_set(error, "key id %s signed twice", id);
		if (json_put(seen, id, json_true(), error) < 0)
			return -1;
	}
	return 0;
}

static int parse(Bytes text, const char *type, Metadata *metadata, Error *error)
{
	if (json_parse(text, METADATA_SIZE_MAX, &metadata->document, error) < 0 ||
		json_array_field(metadata->document, "signatures", METADATA_SIGNATURES_MAX,
			&metadata->signatures, error) < 0 ||
		json_object_field(metadata->document, "signed", &metadata->content, error) < 0 ||
		parse_content(metadata->content, type, metadata, error) < 0)
		return -1;
	return check_signatures(metadata->signatures, error);
}

int metadata_parse(Bytes text, const char *type, const char *role, Metadata *ret, Error *error)
{
	CLEANUP_METADATA Metadata metadata = {.document = NULL};

	if (parse(text, type, &metadata, error) < 0)
		return error_in(error, "%s metadata", role);
	*ret = metadata;
	metadata = (Metadata){.document = NULL};
	return 0;
}

void metadata_clear(Metadata *metadata)
{
	json_decref(metadata->document);
	*metadata = (Metadata){.document = NULL};
}

int metadata_check_expiry(const Metadata *metadata, const char *role, int64_t now, Error *error)
{
	char text[CLOCK_TEXT_SIZE];

	if (now < metadata->expires)
		return 0;
	(void)error_set(error,
		"the repository's %s metadata expired on %s: the server is stale or the clock is wrong", role,
		clock_to_text(metadata->expires, text));
	return METADATA_EXPIRED;
}

int metadata_canonical(const Metadata *metadata, Buffer *ret, Error *error)
{
	return canonical_write(metadata->content, ret, error);
}
