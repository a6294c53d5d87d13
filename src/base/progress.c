/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/progress.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/language.h"
#include "base/text.h"

enum { WHAT_COLUMNS = 34, BAR_COLUMNS = 24, REDRAW_MS = 100, WHAT_SIZE = 512 };

Progress progress_on(FILE *out)
{
	return (Progress){.out = out, .terminal = out && isatty(fileno(out))};
}

Progress progress_to(ProgressListener listener, void *userdata)
{
	return (Progress){.listener = listener, .userdata = userdata};
}

/* "fetching libxml2", made where no language is known: all of it may have a translation, or the verb. */
static const char *in_words(const char *what, char words[static WHAT_SIZE])
{
	static const char *const verbs[] = {N_("fetching"), N_("rebuilding")};

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!text_has_prefix(what, verbs[i]))
			continue;
		(void)snprintf(words, WHAT_SIZE, "%s%s", _(verbs[i]), what + strlen(verbs[i]));
		return words;
	}
	return _(what);
}

/* printf() counts bytes: how many it is to fill up to so that the columns are these. */
static int bytes_of_columns(const char *text, int columns)
{
	for (; *text; text++)
		columns += ((unsigned char)*text & 0xC0) == 0x80;
	return columns;
}

static void draw(const Progress *progress, uint64_t done, uint64_t total)
{
	int percent = total > 0 && done < total ? (int)((double)done / (double)total * 100) : 100;
	char bar[BAR_COLUMNS + 1], words[WHAT_SIZE];
	const char *what = in_words(progress->what, words);

	memset(bar, ' ', BAR_COLUMNS);
	memset(bar, '#', (size_t)(percent * BAR_COLUMNS / 100));
	bar[BAR_COLUMNS] = '\0';
	if (total > 0)
		fprintf(progress->out, "\r\033[K  %-*s [%s] %3d %%", bytes_of_columns(what, WHAT_COLUMNS),
			what, bar, percent);
	else
		fprintf(progress->out, "\r\033[K  %s", what);
	(void)fflush(progress->out);
}

void progress_begin(Progress *progress, const char *what)
{
	progress->what = what;
	progress->drawn_ms = 0;
	progress_update(progress, 0, 0);
}

void progress_update(Progress *progress, uint64_t done, uint64_t total)
{
	int64_t now = clock_monotonic_ms();

	if (!progress->what || !(progress->listener || (progress->out && progress->terminal)))
		return;
	if (progress->drawn_ms > 0 && now - progress->drawn_ms < REDRAW_MS)
		return;
	progress->drawn_ms = now;
	if (progress->listener)
		progress->listener(progress->userdata, progress->what, done, total, NULL);
	else
		draw(progress, done, total);
}

void progress_end(Progress *progress, const char *result)
{
	if (progress->out && progress->what) {
		char words[WHAT_SIZE];
		const char *what = in_words(progress->what, words);

		if (progress->terminal)
			fprintf(progress->out, "\r\033[K");
		if (result)
			fprintf(progress->out, "  %-*s %s\n", bytes_of_columns(what, WHAT_COLUMNS), what,
				result);
		(void)fflush(progress->out);
	}
	if (progress->listener && progress->what)
		progress->listener(progress->userdata, progress->what, 0, 0, result ? result : "");
	progress->what = NULL;
}
