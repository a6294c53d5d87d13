/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/records.h"

#include "base/test.h"

static void put(Buffer *to, Record record)
{
	Error error = ERROR_INIT;

	assert_done(record_encode(&record, to, &error), &error);
}

static void records_arrive_as_they_were_sent_however_they_are_cut(void **state)
{
	static const Record sent[] = {
		{RECORD_PROGRESS, 1ull << 40, 1ull << 41, "fetching liba"},
		{RECORD_ENDED, 0, 0, ""},
		{RECORD_WARNING, 0, 0, "left out: libb"},
		{RECORD_REPORT, 1, 0, "{}"},
	};
	CLEANUP_BUFFER Buffer bytes = BUFFER_INIT;
	Error error = ERROR_INIT;
	Record record;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sent); i++)
		put(&bytes, sent[i]);
	for (size_t step = 1; step <= bytes.size; step++) {
		Records records = RECORDS_INIT;
		size_t n = 0;

		for (size_t at = 0; at < bytes.size; at += step) {
			Bytes next = {bytes.data + at, step < bytes.size - at ? step : bytes.size - at};
			int r;

			assert_done(records_append(&records, next, &error), &error);
			while ((r = records_next(&records, &record, &error)) == 0) {
				assert_int_equal(record.type, sent[n].type);
				assert_true(record.a == sent[n].a && record.b == sent[n].b);
				assert_string_equal(record.text, sent[n].text);
				n++;
			}
			assert_int_equal(r, RECORDS_MORE);
		}
		assert_int_equal(n, ARRAY_SIZE(sent));
		assert_true(records.over);
		records_clear(&records);
	}
}

static void refuse(Bytes bytes, const char *part)
{
	Records records = RECORDS_INIT;
	Error error = ERROR_INIT;
	Record record;

	assert_done(records_append(&records, bytes, &error), &error);
	assert_fails(records_next(&records, &record, &error), &error, part);
	records_clear(&records);
}

static void what_is_no_record_is_refused_by_its_header(void **state)
{
	uint8_t header[RECORD_HEADER_SIZE] = {RECORD_WARNING};

	(void)state;
	header[0] = 0;
	refuse((Bytes){header, sizeof(header)}, "unknown type 0");
	header[0] = RECORD_FAILED + 1;
	refuse((Bytes){header, sizeof(header)}, "unknown type 6");
	header[0] = RECORD_WARNING;
	header[5] = ERROR_TEXT_SIZE >> 8;
	refuse((Bytes){header, sizeof(header)}, "a record of 1024 bytes");
	header[0] = RECORD_PROGRESS;
	header[5] = (API_STAGE_MAX + 1) >> 8;
	refuse((Bytes){header, sizeof(header)}, "a record of 512 bytes");
	header[5] = 0;
	header[0] = RECORD_ENDED;
	header[8] = 1;
	refuse((Bytes){header, sizeof(header)}, "numbers");
	header[0] = RECORD_REPORT;
	header[8] = 2;
	refuse((Bytes){header, sizeof(header)}, "numbers");
	header[8] = 0;
	header[7] = 0xff;
	refuse((Bytes){header, sizeof(header)}, "a record of 4278190080 bytes");
}

static void a_text_holds_no_zero_byte(void **state)
{
	CLEANUP_BUFFER Buffer bytes = BUFFER_INIT;

	(void)state;
	put(&bytes, (Record){RECORD_FAILED, 0, 0, "abc"});
	bytes.data[RECORD_HEADER_SIZE + 1] = 0;
	refuse(buffer_bytes(&bytes), "a zero byte");
}

static void nothing_may_come_behind_the_last_one(void **state)
{
	static const RecordType last[] = {RECORD_REPORT, RECORD_FAILED};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(last); i++) {
		CLEANUP_BUFFER Buffer bytes = BUFFER_INIT;
		Records records = RECORDS_INIT;
		Error error = ERROR_INIT;
		Record record;

		put(&bytes, (Record){last[i], 0, 0, "a"});
		assert_int_equal(buffer_append(&bytes, "x", 1, &error), 0);
		assert_done(records_append(&records, buffer_bytes(&bytes), &error), &error);
		assert_done(records_next(&records, &record, &error), &error);
		assert_fails(records_next(&records, &record, &error), &error, "behind the last one");
		records_clear(&records);
	}
}

static void a_sentence_is_cut_and_a_report_is_not(void **state)
{
	CLEANUP_BUFFER Buffer bytes = BUFFER_INIT;
	CLEANUP_FREE char *large = malloc(RECORD_REPORT_MAX + 2);
	Error error = ERROR_INIT;
	Record report = {RECORD_REPORT, 0, 0, large};

	(void)state;
	assert_non_null(large);
	memset(large, 'x', RECORD_REPORT_MAX + 1);
	large[RECORD_REPORT_MAX + 1] = '\0';
	put(&bytes, (Record){RECORD_WARNING, 0, 0, large});
	assert_int_equal(bytes.size, RECORD_HEADER_SIZE + ERROR_TEXT_SIZE - 1);
	assert_fails(record_encode(&report, &bytes, &error), &error, "more than 16777216 bytes");
	assert_int_equal(bytes.size, RECORD_HEADER_SIZE + ERROR_TEXT_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_arrive_as_they_were_sent_however_they_are_cut),
		cmocka_unit_test(what_is_no_record_is_refused_by_its_header),
		cmocka_unit_test(a_text_holds_no_zero_byte),
		cmocka_unit_test(nothing_may_come_behind_the_last_one),
		cmocka_unit_test(a_sentence_is_cut_and_a_report_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
