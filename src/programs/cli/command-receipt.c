/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

/* What closed processes of a row, in the order in which it is told. */
static const struct {
	const char *key, *words;
} closures[] = {
	{"restarted", N_("restarted by suture")},
	{"ended", N_("ended")},
	{"left", N_("went on without the old bytes")},
	{"rebooted", N_("ended with the boot")},
};

static void print_row(const json_t *row)
{
	const char *unit = field_text(row, "unit");

	say("    %-24s %-10s uid %-6llu %s: ", *unit ? unit : field_text(row, "name"),
		field_words(row, "kind"), (unsigned long long)field_number(row, "uid"),
		count_text(field_number(row, "count"), "one process", "%zu processes"));
	for (size_t i = 0; i < ARRAY_SIZE(closures); i++)
		if (field_number(row, closures[i].key) > 0)
			printf("%llu %s, ", (unsigned long long)field_number(row, closures[i].key),
				_(closures[i].words));
	if (json_has(row, "closed"))
		say("the last %s\n", field_time(row, "closed"));
	else
		say("%llu still exposed\n", (unsigned long long)field_number(row, "remaining"));
}

static void print_exposures(const json_t *improvement)
{
	const json_t *rows = json_object_get(improvement, "exposed");
	uint64_t unlisted = field_number(improvement, "unlisted");
	size_t index;
	json_t *row;

	if (json_array_size(rows) == 0 && unlisted == 0) {
		if (json_has(improvement, "protected_first"))
			say("  exposed    nothing was\n");
		return;
	}
	say("  exposed\n");
	json_array_foreach(rows, index, row) print_row(row);
	if (unlisted > 0)
		say("    and %s more than the ledger lists\n",
			count_text(unlisted, "one process", "%zu processes"));
}

static void print_end(const json_t *improvement)
{
	const char *reason = field_text(improvement, "reason");
	const char *words = strcmp(reason, "remove") == 0     ? N_("it was removed")
			    : strcmp(reason, "withdraw") == 0 ? N_("its publisher withdrew it")
			    : strcmp(reason, "retire") == 0   ? N_("the base moved on")
			    : strcmp(reason, "replace") == 0  ? N_("a newer letter took its place")
							      : N_("nobody saw why");

	if (json_has(improvement, "gone"))
		say("  gone       %s: %s\n", field_time(improvement, "gone"), _(words));
}

static void print_verdict(const json_t *improvement)
{
	const char *verdict = field_text(improvement, "verdict");

	if (json_has(improvement, "protected"))
		print_protection(improvement, "  protected  ", "");
	else if (strcmp(verdict, "exposed") == 0)
		say("  protected  not yet: old bytes are still in use\n");
	else if (strcmp(verdict, "inactive") == 0)
		say("  protected  no: /usr does not show it\n");
	else if (strcmp(verdict, "unknown") == 0)
		say("  protected  not known: root has not been able to look into every process yet\n");
}

static void print_improvement(const json_t *improvement)
{
	size_t index;
	json_t *id;

	say("%s %s on %s\n", field_text(improvement, "component"), field_letter(improvement, "letter"),
		field_text(improvement, "base_version"));
	json_array_foreach(json_object_get(improvement, "advisories"), index, id)
		printf("  %-10s %s\n", index == 0 ? _("fixes") : "", printable(json_string_value(id)));
	say("  released   %s\n", field_time(improvement, "released"));
	if (json_has(improvement, "fetched"))
		say("  fetched    %s\n", field_time(improvement, "fetched"));
	say("  active     %s\n", field_time(improvement, "active"));
	print_verdict(improvement);
	print_end(improvement);
	print_exposures(improvement);
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	CLEANUP_JSON json_t *receipt = NULL;
	size_t index;
	json_t *improvement;

	if (ask(settings, "Receipt", operands, false, &receipt, error) < 0)
		return -1;
	if (settings->json)
		return print_json(receipt, error);
	if (json_array_size(json_object_get(receipt, "improvements")) == 0)
		say("The ledger is empty: nothing was ever installed here since it was begun.\n");
	json_array_foreach(json_object_get(receipt, "improvements"), index, improvement)
	{
		if (index > 0)
			printf("\n");
		print_improvement(improvement);
	}
	return 0;
}

const Command command_receipt = {
	.name = "receipt",
	.operands = "[COMPONENT|CVE]",
	.max_operands = 1,
	.summary = N_("show who was exposed to what was fixed, what closed it, and when"),
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.run = run,
};
