/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/watch-judge.h"

#include <stdio.h>
#include <string.h>

static void drop_old(WatchJudge *judge, int64_t now)
{
	size_t n = 0;

	while (n < judge->n && judge->crashes[n].time + (int64_t)judge->rule.minutes * 60 <= now)
		n++;
	judge->n -= n;
	memmove(judge->crashes, judge->crashes + n, judge->n * sizeof(judge->crashes[0]));
}

static bool has(const WatchCrash *crash, size_t set)
{
	return crash->sets >> set & 1;
}

/* Does it crash as often without any of them? */
static bool crashes_anyway(const WatchJudge *judge, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < judge->n; i++)
		n += judge->crashes[i].sets == 0 && strcmp(judge->crashes[i].name, name) == 0;
	return n >= judge->rule.crashes;
}

static unsigned count(const WatchJudge *judge, size_t set)
{
	unsigned n = 0;

	for (size_t i = 0; i < judge->n; i++)
		n += has(&judge->crashes[i], set) && !crashes_anyway(judge, judge->crashes[i].name);
	return n;
}

uint64_t watch_judge_add(WatchJudge *judge, const WatchCrash *crash)
{
	uint64_t reached = 0;

	drop_old(judge, crash->time);
	if (judge->n == WATCH_REMEMBERED_MAX)
		memmove(judge->crashes, judge->crashes + 1, --judge->n * sizeof(judge->crashes[0]));
	judge->crashes[judge->n++] = *crash;
	for (size_t set = 0; set < WATCH_SETS_MAX; set++)
		if (has(crash, set) && count(judge, set) >= judge->rule.crashes)
			reached |= UINT64_C(1) << set;
	return reached;
}

static bool goes_before(const WatchSet *a, const WatchSet *b)
{
	return a->installed != b->installed ? a->installed > b->installed : !a->proven && b->proven;
}

size_t watch_judge_choose(uint64_t reached, const WatchSet sets[static WATCH_SETS_MAX])
{
	size_t chosen = WATCH_SETS_MAX;

	for (size_t i = 0; i < WATCH_SETS_MAX; i++)
		if (reached >> i & 1 && (chosen == WATCH_SETS_MAX || goes_before(&sets[i], &sets[chosen])))
			chosen = i;
	return chosen;
}

void watch_judge_forget(WatchJudge *judge, size_t set)
{
	size_t kept = 0;

	for (size_t i = 0; i < judge->n; i++)
		if (!has(&judge->crashes[i], set))
			judge->crashes[kept++] = judge->crashes[i];
	judge->n = kept;
}

const char *watch_judge_who(const WatchJudge *judge, size_t set, char text[static WATCH_WHO_SIZE])
{
	const WatchCrash *last = NULL;
	bool others = false;

	for (size_t i = 0; i < judge->n; i++) {
		const WatchCrash *each = &judge->crashes[i];

		if (!has(each, set) || crashes_anyway(judge, each->name))
			continue;
		others = others || (last && strcmp(last->name, each->name) != 0);
		last = each;
	}
	(void)snprintf(text, WATCH_WHO_SIZE, "%s%s", last ? last->name : "?", others ? " and others" : "");
	return text;
}
