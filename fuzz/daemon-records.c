/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the process of an operation may say to sutured. The first byte says into how large pieces the rest is
 * cut. Whatever comes, no record has more text than its type may, none comes behind the last one, and how the
 * bytes are cut changes nothing.
 */

#include <stdlib.h>
#include <string.h>

#include "programs/daemon/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read, in short. */
typedef struct Summary {
	uint64_t n, sum;
	bool failed;
} Summary;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void count(Summary *summary, const Record *record)
{
	size_t length = strlen(record->text);

	require(record->type >= RECORD_PROGRESS && record->type <= RECORD_FAILED);
	require(length <= (record->type == RECORD_REPORT ? RECORD_REPORT_MAX : ERROR_TEXT_SIZE - 1));
	summary->n++;
	summary->sum = summary->sum * 31 + record->type + record->a + record->b + length;
}

static Summary read_all(Bytes bytes, size_t piece)
{
	Records records = RECORDS_INIT;
	Summary summary = {0, 0, false};
	Record record;
	int r = RECORDS_MORE;

	for (size_t at = 0; at < bytes.size && r == RECORDS_MORE; at += piece) {
		size_t n = piece < bytes.size - at ? piece : bytes.size - at;

		require(records_append(&records, (Bytes){bytes.data + at, n}, NULL) == 0);
		while ((r = records_next(&records, &record, NULL)) == 0) {
			require(!summary.failed);
			count(&summary, &record);
		}
	}
	summary.failed = r < 0;
	records_clear(&records);
	return summary;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Summary whole, cut;

	if (size < 2)
		return 0;
	whole = read_all((Bytes){data + 1, size - 1}, size);
	cut = read_all((Bytes){data + 1, size - 1}, (size_t)data[0] + 1);
	require(whole.n == cut.n && whole.sum == cut.sum && whole.failed == cut.failed);
	return 0;
}
