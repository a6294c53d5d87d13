/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * check, install, repair and remove: views of one plan.
 */

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

static const Option change_options[] = {
	{"json", 0, OPTION_FLAG, offsetof(Settings, json), NULL, N_("print the plan as JSON")},
	{"dry-run", 'n', OPTION_FLAG, offsetof(Settings, dry_run), NULL, N_("only say what would be done")},
};

static const Option install_options[] = {
	{"json", 0, OPTION_FLAG, offsetof(Settings, json), NULL, N_("print the plan as JSON")},
	{"dry-run", 'n', OPTION_FLAG, offsetof(Settings, dry_run), NULL, N_("only say what would be done")},
	{"unattended", 0, OPTION_FLAG, offsetof(Settings, unattended), NULL,
		N_("nobody asks: only what the settings, the rollout and the machine allow now")},
};

static bool is_arrival(const json_t *change)
{
	return strcmp(field_text(change, "action"), "install") == 0 ||
	       strcmp(field_text(change, "action"), "repair") == 0;
}

static const char *arrival_word(const json_t *change, bool done)
{
	if (strcmp(field_text(change, "action"), "repair") == 0)
		return done ? _("repaired") : _("repair  ");
	return done ? _("installed") : _("install  ");
}

static bool replaces_another(const json_t *change)
{
	return json_has(change, "from_letter") &&
	       strcmp(field_text(change, "from_letter"), field_text(change, "letter")) != 0;
}

static void print_open_again(const json_t *change, bool done)
{
	const json_t *advisories = json_object_get(change, "open_again");
	bool unsure = strcmp(field_text(change, "action"), "retire") == 0;

	if (json_array_size(advisories) == 0)
		return;
	printf("    %s:\n", unsure ? _("open again, unless the new base has the fix")
			    : done ? _("open again")
				   : _("would be open again"));
	print_advisory_list(advisories, "      ");
}

static void print_arrival(const json_t *change, bool done)
{
	const json_t *download = json_object_get(change, "download");
	char size[TEXT_SIZE_MAX], image[TEXT_SIZE_MAX];

	say("  %s %s %s on %s", arrival_word(change, done), field_text(change, "component"),
		field_letter(change, "letter"), field_text(change, "base_version"));
	/* A later letter, or an earlier one when the publisher withdrew what is active. */
	if (replaces_another(change))
		say(", in place of %s", field_letter(change, "from_letter"));
	printf("\n");
	print_advisories(change, "    ");
	print_open_again(change, done);
	if (download)
		say("    %s %s (%s), an image of %s\n", done ? _("fetched") : _("fetches"),
			text_size(field_number(download, done ? "received" : "size"), size),
			strcmp(field_text(download, "kind"), "delta") == 0 ? _("a delta")
									   : _("the whole image"),
			text_size(field_number(change, "image_size"), image));
	else
		say("    nothing to fetch: its image is here\n");
}

static void print_departure(const json_t *change, bool done)
{
	const char *action = field_text(change, "action");
	const char *why = strcmp(action, "withdraw") == 0 ? _(": its publisher withdrew it")
			  : strcmp(action, "retire") == 0 ? _(": the base has moved on")
							  : "";

	say("  %s %s %s on %s%s\n", done ? _("removed") : _("remove "), field_text(change, "component"),
		field_letter(change, "from_letter"), field_text(change, "base_version"), why);
	print_open_again(change, done);
}

static void print_changes(const json_t *plan, bool done)
{
	size_t index;
	json_t *change;

	json_array_foreach(json_object_get(plan, "changes"), index, change)
	{
		if (is_arrival(change))
			print_arrival(change, done);
		else
			print_departure(change, done);
	}
}

static void print_kept_off(const json_t *plan)
{
	size_t index;
	json_t *item;

	json_array_foreach(json_object_get(plan, "kept_off"), index, item)
	{
		const char *component = field_text(item, "component");

		say("  kept off %s %s on %s, which was removed here: \"suture install %s\" installs it\n",
			component, field_letter(item, "letter"), field_text(item, "base_version"), component);
		print_advisories(item, "    ");
	}
}

static void print_held_back(const json_t *plan)
{
	size_t index;
	json_t *item;

	json_array_foreach(json_object_get(plan, "held_back"), index, item) say(
		"  held back %s %s on %s: %s\n", field_text(item, "component"), field_letter(item, "letter"),
		field_text(item, "base_version"), field_text(item, "reason"));
}

static bool arrives(const json_t *plan, const char *component)
{
	size_t index;
	json_t *change;

	json_array_foreach(json_object_get(plan, "changes"), index, change)
	{
		if (is_arrival(change) && strcmp(field_text(change, "component"), component) == 0)
			return true;
	}
	return false;
}

/* What nobody asked for waits; who asks hears what he has not waited for. */
static void print_waits(const json_t *plan, bool done)
{
	size_t index;
	json_t *item;

	json_array_foreach(json_object_get(plan, "waits"), index, item)
	{
		bool comes = arrives(plan, field_text(item, "component"));

		say("  %s %s %s on %s: %s\n",
			!comes ? _("waits    ")
			: done ? _("did not wait:")
			       : _("would wait, were it not asked for:"),
			field_text(item, "component"), field_letter(item, "letter"),
			field_text(item, "base_version"), field_text(item, "why"));
	}
}

static void print_unfit(const json_t *plan)
{
	size_t index;
	json_t *item;

	json_array_foreach(json_object_get(plan, "not_for_this_system"), index, item) say(
		"  not for this system: %s: %s\n", field_text(item, "component"), field_text(item, "reason"));
}

/* active: what the plan says is so, not only planned. */
static void print_exposure(const json_t *plan, bool active)
{
	const json_t *exposed = json_object_get(plan, "exposed");
	size_t n = count_exposed(exposed);

	if (n > 0 && active)
		say_count(n, "\nExposed: one process still uses old bytes:\n",
			"\nExposed: %zu processes still use old bytes:\n");
	else if (n > 0)
		say_count(n, "\nExposed then, until restarted: one process that uses what is replaced:\n",
			"\nExposed then, until restarted: %zu processes that use what is replaced:\n");
	print_actions(json_object_get(exposed, "actions"), "  ");
	print_hidden(exposed, "  ");
	print_unknown(exposed, "  ");
}

static size_t count_arrivals(const json_t *plan)
{
	size_t index, n = 0;
	json_t *change;

	json_array_foreach(json_object_get(plan, "changes"), index, change) n += is_arrival(change);
	return n;
}

static void print_plan(const json_t *plan, bool nothing)
{
	bool done = json_is_true(json_object_get(plan, "done"));
	const json_t *census = json_object_get(plan, "exposed");
	bool exposed = count_exposed(census) > 0;
	bool complete = json_is_true(json_object_get(census, "complete"));

	if (nothing)
		say("Nothing to do: this system has what the repository has for it%s%s%s.\n",
			json_array_size(json_object_get(plan, "kept_off")) > 0
				? _(", but for what was removed")
				: "",
			json_array_size(json_object_get(plan, "held_back")) > 0
				? _(", but for what is held back")
				: "",
			json_array_size(json_object_get(plan, "waits")) > 0 ? _(", but for what waits") : "");
	/* After a reboot: what is installed only had to be activated. */
	if (done && json_array_size(json_object_get(plan, "changes")) == 0)
		say("/usr shows again what is installed.\n");
	print_changes(plan, done);
	print_kept_off(plan);
	print_held_back(plan);
	print_waits(plan, done);
	print_unfit(plan);
	print_exposure(plan, done || nothing);
	if (!done && !nothing)
		say("\nNothing was changed. \"suture install\" does it.\n");
	else if (exposed && field_number(census, "unknown_generations") == 0)
		say("\nOnce restarted, by you or by \"suture restart\", this system is protected.\n");
	else if (done && count_arrivals(plan) > 0 && complete)
		say("\nProtected: nothing uses old bytes.\n");
}

static bool was_asked_for(const json_t *plan)
{
	size_t index;
	json_t *change;

	json_array_foreach(json_object_get(plan, "changes"), index,
		change) if (strcmp(field_text(change, "action"), "remove") == 0) return true;
	return false;
}

static void print_removal(const json_t *plan, bool nothing)
{
	bool done = json_is_true(json_object_get(plan, "done"));

	if (nothing)
		say("Nothing to remove: no such improvement is active.\n");
	print_changes(plan, done);
	if (done && was_asked_for(plan))
		say("\nOff until there is a newer letter, or until \"suture install COMPONENT\" asks for "
		    "it.\n");
	if (!done && !nothing)
		say("\nNothing was changed. Without --dry-run it is done.\n");
}

static void print_repair(const json_t *plan, bool nothing)
{
	bool done = json_is_true(json_object_get(plan, "done"));

	if (nothing)
		say("Nothing to repair: the disk gives back what was installed.\n");
	else if (json_array_size(json_object_get(plan, "changes")) == 0)
		say("/usr shows again what is installed.\n");
	print_changes(plan, done);
	print_exposure(plan, true);
}

static int change(const Settings *settings, const char *operation, const OptionList *operands, bool dry_run,
	void (*print)(const json_t *, bool), Error *error)
{
	CLEANUP_JSON json_t *plan = NULL;
	int r = ask(settings, operation, operands, dry_run, &plan, error);

	if (r < 0)
		return -1;
	if (settings->json)
		return print_json(plan, error);
	if (!settings->quiet)
		print(plan, r == ENGINE_NOTHING);
	return 0;
}

static int run_check(void *settings, const OptionList *operands, Error *error)
{
	return change(settings, "Check", operands, false, print_plan, error);
}

static void print_unattended(const json_t *report)
{
	const json_t *plan = json_object_get(report, "plan");

	if (json_has(report, "not_now"))
		say("Nothing is done now: %s.\n", field_text(report, "not_now"));
	if (plan)
		print_plan(plan, !json_is_true(json_object_get(plan, "done")));
	print_restarted(json_object_get(report, "restart"));
}

static int run_unattended(const Settings *settings, const OptionList *operands, Error *error)
{
	CLEANUP_JSON json_t *report = NULL;

	if (operands->count > 0 || settings->dry_run) {
		fprintf(stderr, "suture: install --unattended takes no component and no --dry-run\n");
		return EXIT_USAGE;
	}
	if (ask(settings, "InstallUnattended", operands, false, &report, error) < 0)
		return -1;
	if (settings->json)
		return print_json(report, error);
	if (!settings->quiet)
		print_unattended(report);
	return 0;
}

static int run_install(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;

	if (settings->unattended)
		return run_unattended(settings, operands, error);
	return change(settings, settings->dry_run ? "Check" : "Install", operands, false, print_plan, error);
}

static int run_repair(void *settings, const OptionList *operands, Error *error)
{
	return change(settings, "Repair", operands, false, print_repair, error);
}

static int run_remove(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;

	return change(settings, "Remove", operands, settings->dry_run, print_removal, error);
}

const Command command_check = {
	.name = "check",
	.operands = "[COMPONENT...]",
	.max_operands = SIZE_MAX,
	.summary = N_("ask the repository what it has for this system, and change nothing"),
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.run = run_check,
};

const Command command_install = {
	.name = "install",
	.operands = "[COMPONENT...]",
	.max_operands = SIZE_MAX,
	.summary = N_("fetch and activate improvements; all that fit, or those named"),
	.options = install_options,
	.n_options = ARRAY_SIZE(install_options),
	.run = run_install,
};

const Command command_repair = {
	.name = "repair",
	.summary = N_("read what is active from the disk, and fetch again what the disk has spoilt"),
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.run = run_repair,
};

const Command command_remove = {
	.name = "remove",
	.operands = "[COMPONENT...]",
	.max_operands = SIZE_MAX,
	.summary = N_("take improvements off: the base is back at once, byte for byte"),
	.options = change_options,
	.n_options = ARRAY_SIZE(change_options),
	.run = run_remove,
};
