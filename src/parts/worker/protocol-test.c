/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/protocol.h"

#include "base/cleanup.h"
#include "base/test.h"

static uint8_t message[PROTOCOL_REPLY_MAX + 1];

static int take(ProtocolReplies *replies, uint8_t type, size_t rest, ProtocolReply *reply, Error *error)
{
	message[0] = type;
	return protocol_take_reply(replies, (Bytes){message, PROTOCOL_TYPE_SIZE + rest}, reply, error);
}

static ProtocolReplies ready(uint64_t left)
{
	return (ProtocolReplies){.ready = true, .left = left};
}

static void a_job_arrives_as_it_was_sent(void **state)
{
	const ProtocolJob job = {PROTOCOL_DELTA, 5ull << 32, 6ull << 32, 16384};
	uint8_t order[PROTOCOL_ORDER_MAX];
	Error error = ERROR_INIT;
	ProtocolJob got;

	(void)state;
	assert_int_equal(protocol_write_job(&job, order), PROTOCOL_JOB_SIZE);
	assert_done(protocol_parse_job((Bytes){order, PROTOCOL_JOB_SIZE}, &got, &error), &error);
	assert_int_equal(got.kind, job.kind);
	assert_int_equal(got.download_size, job.download_size);
	assert_int_equal(got.result_size, job.result_size);
	assert_int_equal(got.n_sources, job.n_sources);
	assert_fails(protocol_parse_job((Bytes){order, PROTOCOL_JOB_SIZE - 1}, &got, &error), &error, "");
	assert_fails(protocol_parse_job((Bytes){order, PROTOCOL_JOB_SIZE + 1}, &got, &error), &error,
		"behind its end");
	order[4] = 9;
	assert_fails(protocol_parse_job((Bytes){order, PROTOCOL_JOB_SIZE}, &got, &error), &error, "kind");
}

static void as_many_sources_as_one_message_holds_arrive(void **state)
{
	uint64_t sizes[PROTOCOL_SOURCES_MAX], got[PROTOCOL_SOURCES_MAX];
	uint8_t order[PROTOCOL_ORDER_MAX];
	Error error = ERROR_INIT;
	uint32_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < PROTOCOL_SOURCES_MAX; i++)
		sizes[i] = 0x100000001ull * i;
	assert_int_equal(protocol_write_sources(sizes, PROTOCOL_SOURCES_MAX, order), PROTOCOL_ORDER_MAX);
	assert_done(protocol_parse_sources((Bytes){order, sizeof(order)}, got, &n, &error), &error);
	assert_int_equal(n, PROTOCOL_SOURCES_MAX);
	assert_memory_equal(got, sizes, sizeof(sizes));
	assert_fails(protocol_parse_sources((Bytes){order, sizeof(order) - 1}, got, &n, &error), &error, "");
	order[4]++;
	assert_fails(protocol_parse_sources((Bytes){order, sizeof(order)}, got, &n, &error), &error,
		"254 old files");
}

static void a_result_is_taken_in_whole_messages(void **state)
{
	ProtocolReplies replies = {.left = PROTOCOL_DATA_MAX + 3};
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	assert_done(take(&replies, PROTOCOL_READY, 0, &reply, &error), &error);
	assert_done(take(&replies, PROTOCOL_DATA, PROTOCOL_DATA_MAX, &reply, &error), &error);
	assert_int_equal(reply.data.size, PROTOCOL_DATA_MAX);
	assert_done(take(&replies, PROTOCOL_DATA, 3, &reply, &error), &error);
	assert_ptr_equal(reply.data.data, message + PROTOCOL_TYPE_SIZE);
	assert_done(take(&replies, PROTOCOL_DONE, 0, &reply, &error), &error);
	assert_true(replies.over);
}

static void bytes_that_are_too_many_or_too_few_are_refused(void **state)
{
	ProtocolReplies replies = ready(3);
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	assert_fails(take(&replies, PROTOCOL_DATA, 4, &reply, &error), &error, "more bytes than the result");
	assert_fails(take(&replies, PROTOCOL_DATA, 2, &reply, &error), &error, "2 bytes in place of 3");
	assert_fails(take(&replies, PROTOCOL_DATA, 0, &reply, &error), &error, "0 bytes in place of 3");
	assert_fails(take(&replies, PROTOCOL_DONE, 0, &reply, &error), &error, "before the result was whole");
	replies = ready(0);
	assert_fails(take(&replies, PROTOCOL_DATA, 0, &reply, &error), &error, "more bytes than the result");
	replies = ready(UINT64_MAX);
	assert_fails(
		take(&replies, PROTOCOL_DATA, PROTOCOL_DATA_MAX - 1, &reply, &error), &error, "in place");
	assert_fails(take(&replies, PROTOCOL_DATA, PROTOCOL_DATA_MAX + 1, &reply, &error), &error,
		"a message of 65541 bytes");
}

static void only_the_message_that_may_come_is_taken(void **state)
{
	static const struct {
		ProtocolReplies replies;
		uint8_t type;
	} wrong[] = {
		{{.left = 0}, PROTOCOL_DATA},
		{{.left = 0}, PROTOCOL_DONE},
		{{.left = 0}, PROTOCOL_FAILED},
		{{.ready = true}, PROTOCOL_READY},
		{{.ready = true}, PROTOCOL_REFUSED},
		{{.ready = true}, PROTOCOL_JOB},
		{{.ready = true}, PROTOCOL_SOURCES},
		{{.ready = true}, 0},
		{{.ready = true}, 8},
		{{.ready = true, .over = true}, PROTOCOL_DONE},
		{{.ready = true, .over = true}, PROTOCOL_FAILED},
	};
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		ProtocolReplies replies = wrong[i].replies;

		assert_fails(take(&replies, wrong[i].type, 0, &reply, &error), &error, "may not come there");
	}
	assert_fails(protocol_take_reply(&(ProtocolReplies){.left = 0}, (Bytes){message, 3}, &reply, &error),
		&error, "a message of 3 bytes");
}

static void a_sentence_is_bounded(void **state)
{
	ProtocolReplies replies = ready(9);
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	memset(message, 'a', sizeof(message));
	memset(message, 0, PROTOCOL_TYPE_SIZE);
	assert_done(take(&replies, PROTOCOL_FAILED, PROTOCOL_SENTENCE_MAX, &reply, &error), &error);
	assert_int_equal(strlen(reply.sentence), PROTOCOL_SENTENCE_MAX);
	replies = ready(9);
	assert_fails(take(&replies, PROTOCOL_FAILED, PROTOCOL_SENTENCE_MAX + 1, &reply, &error), &error,
		"a sentence of 513 bytes");
	replies = (ProtocolReplies){.left = 9};
	assert_done(take(&replies, PROTOCOL_REFUSED, 0, &reply, &error), &error);
	assert_string_equal(reply.sentence, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_arrives_as_it_was_sent),
		cmocka_unit_test(as_many_sources_as_one_message_holds_arrive),
		cmocka_unit_test(a_result_is_taken_in_whole_messages),
		cmocka_unit_test(bytes_that_are_too_many_or_too_few_are_refused),
		cmocka_unit_test(only_the_message_that_may_come_is_taken),
		cmocka_unit_test(a_sentence_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
