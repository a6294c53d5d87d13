/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/census/replaced.h"

#include <stdlib.h>
#include <string.h>

struct Replaced {
	CensusTarget *sorted;
	size_t n;
	size_t *subjects; /* sorted, each once */
	size_t n_subjects;
	uint64_t *counted_for; /* by subject: the process it was last counted for */
	uint64_t process;
};

static int compare_identity(dev_t device, uint64_t inode, const CensusTarget *target)
{
	if (device != target->device)
		return device < target->device ? -1 : 1;
	return (inode > target->inode) - (inode < target->inode);
}

static int compare_targets(const void *a, const void *b)
{
	const CensusTarget *left = a, *right = b;
	int order = compare_identity(left->device, left->inode, right);

	return order != 0 ? order : (left->subject > right->subject) - (left->subject < right->subject);
}

static int compare_subjects(const void *a, const void *b)
{
	const size_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void list_subjects(Replaced *targets)
{
	for (size_t i = 0; i < targets->n; i++)
		targets->subjects[i] = targets->sorted[i].subject;
	qsort(targets->subjects, targets->n, sizeof(*targets->subjects), compare_subjects);
	for (size_t i = 0; i < targets->n; i++)
		if (i == 0 || targets->subjects[i] != targets->subjects[targets->n_subjects - 1])
			targets->subjects[targets->n_subjects++] = targets->subjects[i];
}

int replaced_new(const CensusTarget *list, size_t n, Replaced **ret, Error *error)
{
	CLEANUP(replaced_free) Replaced *targets = calloc(1, sizeof(*targets));

	if (!targets)
		return error_memory(error);
	/* One more: nothing to look for is a valid question. */
	targets->sorted = calloc(n + 1, sizeof(*targets->sorted));
	targets->subjects = calloc(n + 1, sizeof(*targets->subjects));
	targets->counted_for = calloc(n + 1, sizeof(*targets->counted_for));
	if (!targets->sorted || !targets->subjects || !targets->counted_for)
		return error_memory(error);
	if (n > 0)
		memcpy(targets->sorted, list, n * sizeof(*list));
	targets->n = n;
	qsort(targets->sorted, n, sizeof(*targets->sorted), compare_targets);
	list_subjects(targets);
	*ret = TAKE_PTR(targets);
	return 0;
}

Replaced *replaced_free(Replaced *targets)
{
	if (targets) {
		free(targets->sorted);
		free(targets->subjects);
		free(targets->counted_for);
		free(targets);
	}
	return NULL;
}

const CensusTarget *replaced_find(const Replaced *targets, dev_t device, uint64_t inode, size_t *ret_n)
{
	size_t low = 0, high = targets->n, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_identity(device, inode, &targets->sorted[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < targets->n && compare_identity(device, inode, &targets->sorted[low + n]) == 0)
		n++;
	*ret_n = n;
	return targets->sorted + low;
}

void replaced_begin(Replaced *targets)
{
	targets->process++;
}

bool replaced_count(Replaced *targets, size_t subject)
{
	const size_t *found = bsearch(&subject, targets->subjects, targets->n_subjects,
		sizeof(*targets->subjects), compare_subjects);
	uint64_t *place;

	if (!found)
		return false;
	place = &targets->counted_for[found - targets->subjects];
	if (*place == targets->process)
		return false;
	*place = targets->process;
	return true;
}
