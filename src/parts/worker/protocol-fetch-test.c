/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/worker/protocol-fetch.h"

#include "base/cleanup.h"
#include "base/test.h"

static uint8_t message[PROTOCOL_REPLY_MAX + 1];

static int take(ProtocolAnswer *answer, uint8_t type, size_t rest, ProtocolReply *reply, Error *error)
{
	message[0] = type;
	return protocol_take_answer(answer, (Bytes){message, PROTOCOL_TYPE_SIZE + rest}, reply, error);
}

static int take_begin(ProtocolAnswer *answer, uint64_t at, Error *error)
{
	ProtocolReply reply;
	int r;

	(void)store_u64(message + PROTOCOL_TYPE_SIZE, at);
	r = take(answer, PROTOCOL_BEGIN, sizeof(at), &reply, error);
	if (r == 0)
		assert_int_equal(reply.at, at);
	return r;
}

static ProtocolAnswer begun(uint64_t size, uint64_t at)
{
	return (ProtocolAnswer){.exact = true, .size = size, .began = true, .at = at};
}

static void a_question_arrives_as_it_was_asked(void **state)
{
	ProtocolFetch asked = {true, 5ull << 32, 6ull << 32, 7ull << 32, {1, 2, 3, 4, 5, 6}, "http://a/"},
		      got;
	uint8_t order[PROTOCOL_FETCH_MAX];
	Error error = ERROR_INIT;
	size_t size;

	(void)state;
	memset(&got, 0, sizeof(got));
	size = protocol_write_fetch(&asked, order);
	assert_done(protocol_parse_fetch((Bytes){order, size}, &got, &error), &error);
	assert_memory_equal(&got.limits, &asked.limits, sizeof(got.limits));
	assert_string_equal(got.url, asked.url);
	assert_true(got.exact && got.size == asked.size && got.start == asked.start &&
		    got.left_ms == asked.left_ms);
	memset(asked.url, 'a', URL_LENGTH_MAX);
	size = protocol_write_fetch(&asked, order);
	assert_int_equal(size, PROTOCOL_FETCH_MAX);
	assert_done(protocol_parse_fetch((Bytes){order, size}, &got, &error), &error);
	assert_string_equal(got.url, asked.url);
}

static void a_question_that_is_none_is_refused(void **state)
{
	ProtocolFetch asked = {.url = "http://a/"}, got;
	uint8_t order[PROTOCOL_FETCH_MAX + 1] = {0};
	Error error = ERROR_INIT;
	size_t size = protocol_write_fetch(&asked, order);

	(void)state;
	for (size_t less = size - strlen(asked.url); less > 0; less--)
		assert_int_equal(protocol_parse_fetch((Bytes){order, less}, &got, &error), -1);
	assert_fails(protocol_parse_fetch((Bytes){order, sizeof(order)}, &got, &error), &error,
		"a URL of 4097 bytes");
	assert_fails(protocol_parse_fetch((Bytes){order, size + 1}, &got, &error), &error, "a zero in it");
	order[4] = 2;
	assert_fails(protocol_parse_fetch((Bytes){order, size}, &got, &error), &error, "of kind 2");
	order[0] = PROTOCOL_JOB;
	assert_fails(protocol_parse_fetch((Bytes){order, size}, &got, &error), &error, "message 1");
}

static void a_file_comes_in_pieces_of_any_size(void **state)
{
	ProtocolAnswer answer = {.exact = true, .size = PROTOCOL_DATA_MAX + 10, .start = 6};
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	assert_done(take_begin(&answer, 6, &error), &error);
	assert_done(take(&answer, PROTOCOL_DATA, PROTOCOL_DATA_MAX, &reply, &error), &error);
	assert_int_equal(reply.data.size, PROTOCOL_DATA_MAX);
	assert_ptr_equal(reply.data.data, message + PROTOCOL_TYPE_SIZE);
	assert_done(take(&answer, PROTOCOL_DATA, 1, &reply, &error), &error);
	assert_done(take(&answer, PROTOCOL_DATA, 3, &reply, &error), &error);
	assert_done(take(&answer, PROTOCOL_DONE, 0, &reply, &error), &error);
	assert_true(answer.over);
}

static void it_may_begin_where_root_is_or_anew_and_nowhere_else(void **state)
{
	ProtocolAnswer answer = {.exact = true, .size = 10, .start = 6};
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	assert_fails(take_begin(&answer, 5, &error), &error, "begins at byte 5");
	assert_fails(take_begin(&answer, UINT64_MAX, &error), &error, "begins at byte");
	assert_fails(take(&answer, PROTOCOL_BEGIN, 7, &reply, &error), &error, "the wrong size");
	assert_fails(take(&answer, PROTOCOL_BEGIN, 9, &reply, &error), &error, "the wrong size");
	assert_done(take_begin(&answer, 0, &error), &error);
	assert_int_equal(answer.at, 0);
	assert_fails(take_begin(&answer, 0, &error), &error, "may not come there");
}

static void bytes_that_are_too_many_or_too_few_are_refused(void **state)
{
	ProtocolAnswer answer = begun(10, 6);
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	assert_fails(take(&answer, PROTOCOL_DATA, 5, &reply, &error), &error, "more bytes than were asked");
	assert_fails(take(&answer, PROTOCOL_DATA, 0, &reply, &error), &error, "no bytes");
	assert_fails(take(&answer, PROTOCOL_DATA, PROTOCOL_DATA_MAX + 1, &reply, &error), &error,
		"a message of 65541 bytes");
	assert_fails(take(&answer, PROTOCOL_DONE, 0, &reply, &error), &error, "before the file was whole");
	answer = begun(10, 10);
	assert_fails(take(&answer, PROTOCOL_DATA, 1, &reply, &error), &error, "more bytes than were asked");
	answer = begun(UINT64_MAX, UINT64_MAX - 1);
	assert_fails(take(&answer, PROTOCOL_DATA, 2, &reply, &error), &error, "more bytes than were asked");
	/* What is no file of known size may be smaller. */
	answer = begun(10, 6);
	answer.exact = false;
	assert_done(take(&answer, PROTOCOL_DONE, 0, &reply, &error), &error);
}

static void only_the_message_that_may_come_is_taken(void **state)
{
	static const struct {
		ProtocolAnswer answer;
		uint8_t type;
	} wrong[] = {
		{{.exact = true}, PROTOCOL_DATA},
		{{.exact = true}, PROTOCOL_DONE},
		{{.exact = true}, PROTOCOL_READY},
		{{.exact = true}, PROTOCOL_REFUSED},
		{{.exact = true}, PROTOCOL_JOB},
		{{.exact = true}, PROTOCOL_FETCH},
		{{.exact = true}, 0},
		{{.exact = true}, 14},
		{{.exact = true, .began = true}, PROTOCOL_BEGIN},
		{{.exact = true, .began = true}, PROTOCOL_ABSENT},
		{{.exact = true, .began = true}, PROTOCOL_NO_ANSWER},
		{{.exact = false}, PROTOCOL_OTHER},
		{{.exact = false}, PROTOCOL_BROKE_OFF},
		{{.exact = true, .over = true}, PROTOCOL_BEGIN},
		{{.exact = true, .began = true, .over = true}, PROTOCOL_DONE},
		{{.exact = true, .began = true, .over = true}, PROTOCOL_FAILED},
	};
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		ProtocolAnswer answer = wrong[i].answer;

		assert_fails(take(&answer, wrong[i].type, 0, &reply, &error), &error, "may not come there");
	}
	assert_fails(protocol_take_answer(&(ProtocolAnswer){.size = 0}, (Bytes){message, 3}, &reply, &error),
		&error, "a message of 3 bytes");
}

static void each_end_is_an_end(void **state)
{
	static const ProtocolType ends[] = {
		PROTOCOL_ABSENT, PROTOCOL_OTHER, PROTOCOL_BROKE_OFF, PROTOCOL_NO_ANSWER, PROTOCOL_FAILED};
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		ProtocolAnswer answer = {.exact = true, .size = 10};

		assert_done(take(&answer, (uint8_t)ends[i], 0, &reply, &error), &error);
		assert_true(answer.over && reply.type == ends[i]);
	}
	assert_fails(take(&(ProtocolAnswer){.exact = true}, PROTOCOL_ABSENT, 1, &reply, &error), &error,
		"too much in it");
}

static void a_sentence_is_bounded(void **state)
{
	ProtocolAnswer answer = {.exact = true};
	Error error = ERROR_INIT;
	ProtocolReply reply;

	(void)state;
	memset(message, 'a', sizeof(message));
	memset(message, 0, PROTOCOL_TYPE_SIZE);
	assert_done(take(&answer, PROTOCOL_OTHER, PROTOCOL_SENTENCE_MAX, &reply, &error), &error);
	assert_int_equal(strlen(reply.sentence), PROTOCOL_SENTENCE_MAX);
	answer.over = false;
	assert_done(take(&answer, PROTOCOL_NO_ANSWER, PROTOCOL_SENTENCE_MAX, &reply, &error), &error);
	answer.over = false;
	assert_fails(take(&answer, PROTOCOL_FAILED, PROTOCOL_SENTENCE_MAX + 1, &reply, &error), &error,
		"a sentence of 513 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_arrives_as_it_was_asked),
		cmocka_unit_test(a_question_that_is_none_is_refused),
		cmocka_unit_test(a_file_comes_in_pieces_of_any_size),
		cmocka_unit_test(it_may_begin_where_root_is_or_anew_and_nowhere_else),
		cmocka_unit_test(bytes_that_are_too_many_or_too_few_are_refused),
		cmocka_unit_test(only_the_message_that_may_come_is_taken),
		cmocka_unit_test(each_end_is_an_end),
		cmocka_unit_test(a_sentence_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
