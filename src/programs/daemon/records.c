/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/records.h"

#include <string.h>

typedef struct Header {
	uint32_t type, size;
	uint64_t a, b;
} Header;

static size_t text_max(uint32_t type)
{
	switch (type) {
	case RECORD_PROGRESS:
	case RECORD_ENDED:
		return API_STAGE_MAX;
	case RECORD_WARNING:
	case RECORD_FAILED:
		return ERROR_TEXT_SIZE - 1;
	default:
		return RECORD_REPORT_MAX;
	}
}

int record_encode(const Record *record, Buffer *to, Error *error)
{
	size_t before = to->size;
	size_t max = text_max(record->type);
	size_t size = strnlen(record->text, max + 1);

	if (size > max && record->type == RECORD_REPORT)
		return error_set(error, "the report has more than %zu bytes", max);
	size = size > max ? max : size;
	if (buffer_append_u32(to, record->type, error) < 0 ||
		buffer_append_u32(to, (uint32_t)size, error) < 0 ||
		buffer_append_u64(to, record->a, error) < 0 || buffer_append_u64(to, record->b, error) < 0 ||
		buffer_append(to, record->text, size, error) < 0) {
		buffer_cut(to, before);
		return -1;
	}
	return 0;
}

void records_clear(Records *records)
{
	buffer_clear(&records->pending);
	buffer_clear(&records->text);
	*records = RECORDS_INIT;
}

/* What was read makes room first. */
int records_append(Records *records, Bytes bytes, Error *error)
{
	size_t left = records->pending.size - records->at;

	if (records->at > 0 && left > 0)
		memmove(records->pending.data, records->pending.data + records->at, left);
	buffer_cut(&records->pending, left);
	records->at = 0;
	return buffer_append(&records->pending, bytes.data, bytes.size, error);
}

static int check_header(const Header *header, Error *error)
{
	if (header->type < RECORD_PROGRESS || header->type > RECORD_FAILED)
		return error_set(error, "a record of unknown type %u", header->type);
	if (header->size > text_max(header->type))
		return error_set(error, "a record of %u bytes", header->size);
	if (header->type == RECORD_REPORT
			? header->a > 1 || header->b > 0
			: header->type != RECORD_PROGRESS && (header->a > 0 || header->b > 0))
		return error_set(error, "a record with numbers that it cannot have");
	return 0;
}

static int read_header(Reader *reader, Header *ret, Error *error)
{
	if (reader_u32(reader, &ret->type, error) < 0 || reader_u32(reader, &ret->size, error) < 0 ||
		reader_u64(reader, &ret->a, error) < 0 || reader_u64(reader, &ret->b, error) < 0)
		return -1;
	return check_header(ret, error);
}

static int read_text(Records *records, Bytes text, Error *error)
{
	if (text.size > 0 && memchr(text.data, 0, text.size))
		return error_set(error, "a record with a zero byte");
	buffer_cut(&records->text, 0);
	/* Room for the zero byte behind it, also when it is empty. */
	if (buffer_reserve(&records->text, text.size + 1, error) < 0)
		return -1;
	return buffer_append(&records->text, text.data, text.size, error);
}

int records_next(Records *records, Record *ret, Error *error)
{
	Reader reader = {buffer_bytes(&records->pending), records->at};
	Header header;
	Bytes text;

	if (reader_left(&reader) == 0)
		return RECORDS_MORE;
	if (records->over)
		return error_set(error, "a record behind the last one");
	if (reader_left(&reader) < RECORD_HEADER_SIZE)
		return RECORDS_MORE;
	if (read_header(&reader, &header, error) < 0)
		return -1;
	if (reader_left(&reader) < header.size)
		return RECORDS_MORE;
	if (reader_take(&reader, header.size, &text, error) < 0 || read_text(records, text, error) < 0)
		return -1;
	records->at = reader.at;
	records->over = header.type == RECORD_REPORT || header.type == RECORD_FAILED;
	*ret = (Record){header.type, header.a, header.b, (const char *)records->text.data};
	return 0;
}
