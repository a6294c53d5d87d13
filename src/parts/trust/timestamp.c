/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/trust/timestamp.h"

#include <stdlib.h>

#include "base/json.h"

static int parse_content(const json_t *content, MetaFile *ret, Error *error)
{
	json_t *meta = NULL, *snapshot = NULL;

	if (json_object_field(content, "meta", &meta, error) < 0 ||
		json_object_field(meta, "snapshot.json", &snapshot, error) < 0)
		return -1;
	return meta_file_parse(snapshot, ret, error);
}

int timestamp_parse(Bytes text, Timestamp **ret, Error *error)
{
	CLEANUP(timestamp_free) Timestamp *timestamp = calloc(1, sizeof(*timestamp));

	if (!timestamp)
		return error_memory(error);
	if (metadata_parse(text, "timestamp", "timestamp", &timestamp->metadata, error) < 0)
		return -1;
	if (parse_content(timestamp->metadata.content, &timestamp->snapshot, error) < 0)
		return error_in(error, "timestamp metadata");
	*ret = TAKE_PTR(timestamp);
	return 0;
}

Timestamp *timestamp_free(Timestamp *timestamp)
{
	if (timestamp) {
		metadata_clear(&timestamp->metadata);
		free(timestamp);
	}
	return NULL;
}
