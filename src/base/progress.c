/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/progress.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { WHAT_COLUMNS = 34, BAR_COLUMNS = 24, REDRAW_MS = 100 };

Progress progress_on(FILE *out)
{
	return (Progress){.out = out, .terminal = out && isatty(fileno(out))};
}

Progress progress_to(ProgressListener listener, void *userdata)
{
	return (Progress){.listener = listener, .userdata = userdata};
}

static void draw(const Progress *progress, uint64_t done, uint64_t total)
{
	int percent = total > 0 && done < total ? (int)((double)done / (double)total * 100) : 100;
	char bar[BAR_COLUMNS + 1];

	memset(bar, ' ', BAR_COLUMNS);
	memset(bar, '#', (size_t)(percent * BAR_COLUMNS / 100));
	bar[BAR_COLUMNS] = '\0';
	if (total > 0)
		fprintf(progress->out, "\r\033[K  %-*s [%s] %3d %%", WHAT_COLUMNS, progress->what, bar,
			percent);
	else
		fprintf(progress->out, "\r\033[K  %s", progress->what);
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
		if (progress->terminal)
			fprintf(progress->out, "\r\033[K");
		if (result)
			fprintf(progress->out, "  %-*s %s\n", WHAT_COLUMNS, progress->what, result);
		(void)fflush(progress->out);
	}
	if (progress->listener && progress->what)
		progress->listener(progress->userdata, progress->what, 0, 0, result ? result : "");
	progress->what = NULL;
}
