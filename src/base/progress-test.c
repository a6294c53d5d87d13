/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/progress.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/test.h"

/* Runs one piece of work on a stream in memory. The caller frees the text. */
static char *draw(bool terminal, uint64_t done, uint64_t total, const char *result)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	Progress progress = progress_on(out);

	assert_non_null(out);
	assert_false(progress.terminal);
	progress.terminal = terminal;
	progress_begin(&progress, "fetching a");
	progress.drawn_ms = 0; /* as if it had been a while ago */
	progress_update(&progress, done, total);
	progress_end(&progress, result);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void writes_one_plain_line_where_there_is_no_terminal(void **state)
{
	CLEANUP_FREE char *text = draw(false, 1, 2, "12 bytes");
	CLEANUP_FREE char *silent = draw(false, 1, 2, NULL);

	(void)state;
	assert_string_equal(text, "  fetching a                         12 bytes\n");
	assert_string_equal(silent, "");
}

static void redraws_its_line_on_a_terminal(void **state)
{
	CLEANUP_FREE char *text = draw(true, 1, 2, "12 bytes");
	CLEANUP_FREE char *unknown = draw(true, 1, 0, NULL);

	(void)state;
	assert_non_null(strstr(text, "[############            ]  50 %"));
	assert_string_equal(strrchr(text, '\r'), "\r\033[K  fetching a                         12 bytes\n");
	assert_null(strchr(unknown, '%'));
	assert_string_equal(strrchr(unknown, '\r'), "\r\033[K");
}

static void shows_no_more_than_all(void **state)
{
	static const struct {
		uint64_t done, total;
		const char *percent;
	} known[] = {{0, 1, "  0 %"}, {999, 1000, " 99 %"}, {1, 1, "100 %"}, {UINT64_MAX, 1, "100 %"},
		{UINT64_MAX - 1, UINT64_MAX, "100 %"}, {1, UINT64_MAX, "  0 %"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		CLEANUP_FREE char *text = draw(true, known[i].done, known[i].total, NULL);

		assert_non_null(strstr(text, known[i].percent));
	}
}

static void draws_at_most_ten_times_a_second(void **state)
{
	CLEANUP_FREE char *text = NULL;
	size_t size = 0, drawn = 0;
	FILE *out = open_memstream(&text, &size);
	Progress progress = progress_on(out);

	(void)state;
	progress.terminal = true;
	progress_begin(&progress, "a");
	progress.drawn_ms = INT64_MAX; /* just now, whatever the clock says */
	for (uint64_t i = 0; i < 1000; i++)
		progress_update(&progress, i, 1000);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < size; i++)
		drawn += text[i] == '\r';
	assert_int_equal(drawn, 1);
}

static void does_nothing_when_quiet_or_idle(void **state)
{
	CLEANUP_FREE char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	Progress quiet = progress_on(NULL);
	Progress idle = progress_on(out);

	(void)state;
	progress_begin(&quiet, "a");
	progress_update(&quiet, 1, 2);
	progress_end(&quiet, "b");
	idle.terminal = true;
	progress_update(&idle, 1, 2);
	progress_end(&idle, "b");
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "");
}

typedef struct Heard {
	char text[256];
} Heard;

static void hear(void *userdata, const char *what, uint64_t done, uint64_t total, const char *result)
{
	Heard *heard = userdata;
	size_t used = strlen(heard->text);

	(void)snprintf(heard->text + used, sizeof(heard->text) - used, "%s %d/%d %s;", what, (int)done,
		(int)total, result ? result : "-");
}

static void tells_a_listener_what_it_would_draw(void **state)
{
	Heard heard = {""};
	Progress progress = progress_to(hear, &heard);

	(void)state;
	progress_end(&progress, "nothing was begun");
	progress_begin(&progress, "a");
	progress_update(&progress, 1, 3); /* too soon after the beginning */
	progress.drawn_ms = 0;
	progress_update(&progress, 2, 3);
	progress_end(&progress, "12 bytes");
	progress_begin(&progress, "b");
	progress_end(&progress, NULL);
	assert_string_equal(heard.text, "a 0/0 -;a 2/3 -;a 0/0 12 bytes;b 0/0 -;b 0/0 ;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_plain_line_where_there_is_no_terminal),
		cmocka_unit_test(redraws_its_line_on_a_terminal),
		cmocka_unit_test(shows_no_more_than_all),
		cmocka_unit_test(draws_at_most_ten_times_a_second),
		cmocka_unit_test(does_nothing_when_quiet_or_idle),
		cmocka_unit_test(tells_a_listener_what_it_would_draw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
