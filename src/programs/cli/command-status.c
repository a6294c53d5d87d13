/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "programs/cli/ask.h"
#include "programs/cli/commands.h"
#include "programs/cli/text.h"

static void print_suspended(const json_t *status)
{
	const json_t *manager = json_object_get(status, "package_manager");

	if (manager)
		say("Suspended: /usr shows the base while %s (pid %llu) works on it. What still fits then "
		    "is "
		    "active again.\n",
			field_text(manager, "name"), (unsigned long long)field_number(manager, "pid"));
	else
		say("Suspended: a package manager worked on the base. \"suture resume\" activates again "
		    "what "
		    "fits it.\n");
}

static void print_verdict(const json_t *status)
{
	const char *verdict = field_text(status, "verdict");
	size_t n = count_exposed(json_object_get(status, "exposed"));

	if (strcmp(verdict, "base") == 0)
		say("No improvement is installed. \"suture check\" asks the repository for some.\n");
	else if (strcmp(verdict, "protected") == 0)
		say("Protected: every improvement is active, and nothing uses old bytes any more.\n");
	else if (strcmp(verdict, "exposed") == 0)
		say_count(n, "Exposed: the improvements are active, but one process still uses old bytes.\n",
			"Exposed: the improvements are active, but %zu processes still use old bytes.\n");
	else if (strcmp(verdict, "suspended") == 0)
		print_suspended(status);
	else if (strcmp(verdict, "inactive") == 0)
		say("Not active: installed, but /usr does not show it. \"suture install\" activates it "
		    "again.\n");
	else if (strcmp(verdict, "partial") == 0)
		say("Partly active: not all that is installed could be activated. \"suture install\" "
		    "makes "
		    "that\ngood.\n");
	else if (strcmp(verdict, "corrupt") == 0)
		say("Corrupt: the disk does not give back what was installed, and reading it fails. "
		    "\"suture repair\"\nfetches it again, \"suture remove\" shows the base.\n");
	else if (strcmp(verdict, "interrupted") == 0)
		say("Interrupted: /usr shows what an install or removal did not finish. The next \"suture "
		    "install\" or \"suture remove\" does.\n");
	else if (field_number(json_object_get(status, "exposed"), "unknown_generations") > 0)
		say("Active, and nothing that could be looked for uses old bytes.\n");
	else if (field_number(json_object_get(status, "exposed"), "unreadable") > 0)
		say("Active, and nothing that could be looked into uses old bytes; %s could not be.\n",
			count_text(field_number(json_object_get(status, "exposed"), "unreadable"),
				"one process", "%zu processes"));
	else
		say("Active. Whether old bytes are still in use only root can see: run it as root.\n");
}

/* What the ledger has of it; only root's looks are in there. */
static void print_ledger(const json_t *improvement, bool complete)
{
	CLEANUP_JSON json_t *times = json_copy(json_object_get(improvement, "ledger"));

	if (!json_has(times, "protected") ||
		json_object_set(times, "released", json_object_get(improvement, "released")) < 0)
		return;
	print_protection(times, _("    protected "), complete ? "" : _(", when root last looked"));
}

static void print_improvement(const json_t *improvement, bool complete)
{
	say("\n  %s %s on %s\n", field_text(improvement, "component"), field_letter(improvement, "letter"),
		field_text(improvement, "base_version"));
	say("    brings %s; released %s, installed %s\n", field_text(improvement, "fixed_version"),
		field_time(improvement, "released"), field_time(improvement, "installed"));
	print_ledger(improvement, complete);
	if (json_is_true(json_object_get(improvement, "corrupt")))
		say("    its image is corrupt, or was discarded because it was\n");
	print_advisories(improvement, "    ");
}

static void print_kept_off(const json_t *status)
{
	size_t index;
	json_t *item;

	json_array_foreach(json_object_get(status, "kept_off"), index, item)
	{
		const char *component = field_text(item, "component");

		say("\n  %s %s on %s was removed and stays off until there is a newer letter;\n"
		    "    \"suture install %s\" installs it again\n",
			component, field_letter(item, "letter"), field_text(item, "base_version"), component);
	}
}

/* What boots have shown to be no good, or could not activate: "component (a): reason". */
static void print_setbacks(const char *heading, const json_t *array)
{
	size_t index;
	json_t *item;

	if (json_array_size(array) > 0)
		printf("\n  %s\n", heading);
	json_array_foreach(array, index, item)
	{
		if (json_has(item, "component"))
			printf("    %s %s: %s\n", field_text(item, "component"), field_letter(item, "letter"),
				field_text(item, "reason"));
		else
			printf("    %s\n", field_text(item, "reason"));
	}
}

static void print_integrity(const json_t *status)
{
	const char *integrity = field_text(status, "integrity");

	say("  integrity   images are %s%s\n",
		strcmp(integrity, "dm-verity") == 0 || strcmp(integrity, "fs-verity") == 0 ? _("guarded by ")
											   : "",
		integrity);
	if (json_is_false(json_object_get(status, "integrity_met")))
		say("  warning     Integrity=%s wants more than that: the next boot, or install, cannot "
		    "activate "
		    "them\n",
			field_text(status, "integrity_wanted"));
}

/* What keeps fixes from coming is told, even when everything that is installed is fine. */
static void print_freshness(const json_t *status)
{
	say("  checked     %s\n", field_time(status, "checked"));
	if (json_is_true(json_object_get(status, "stale")))
		say("  warning     the repository's metadata expired %s: run \"suture check\"\n",
			field_time(status, "metadata_expires"));
	if (json_is_true(json_object_get(status, "expires_soon")))
		say("  warning     the repository's metadata expires soon, %s, and was not renewed yet\n",
			field_time(status, "metadata_expires"));
	if (json_has(status, "old_data_since"))
		say("  warning     the repository shows old data since %s: a mirror lags behind, or "
		    "somebody\n"
		    "              keeps news from this system; ask the publisher, or another mirror\n",
			field_time(status, "old_data_since"));
}

static const char *on_or_off(const json_t *settings, const char *key)
{
	return json_is_true(json_object_get(settings, key)) ? _("on") : _("off");
}

static void print_policy(const json_t *status, const json_t *settings)
{
	size_t index;
	json_t *pin;

	if (json_has(status, "policy_problem"))
		say("  warning     nothing can be installed or removed until the policy is mended: %s\n",
			field_text(status, "policy_problem"));
	if (json_is_false(json_object_get(settings, "Removal")))
		say("  policy      improvements may not be removed by people\n");
	if (json_is_false(json_object_get(settings, "ManualInstall")))
		say("  policy      improvements may not be installed by people\n");
	json_array_foreach(json_object_get(settings, "Pin"), index, pin) say(
		"  policy      nothing for %s beyond %s\n", field_text(pin, "component"),
		strcmp(field_text(pin, "letter"), "base") == 0 ? _("the base") : field_letter(pin, "letter"));
}

static void print_settings(const json_t *status)
{
	const json_t *settings = json_object_get(status, "settings");
	const char *window = field_text(settings, "Window");

	say("  automatic   install %s, restart of services %s, %s%s\n", on_or_off(settings, "Install"),
		on_or_off(settings, "Restart"), strcmp(window, "any") == 0 ? _("at ") : "",
		strcmp(window, "any") == 0 ? _("any time") : window);
	print_policy(status, settings);
}

static void print_watch(const json_t *status)
{
	const json_t *watch = json_object_get(status, "watch");

	if (!watch)
		return;
	say("  watched     for crashes until %s\n", field_time(watch, "until"));
	if (json_has(watch, "limits"))
		say("  warning     %s\n", field_text(watch, "limits"));
}

static void print_status(const json_t *status)
{
	const json_t *os = json_object_get(status, "os");
	const json_t *exposed = json_object_get(status, "exposed");
	size_t index;
	json_t *improvement;

	print_verdict(status);
	print_unknown(exposed, "");
	json_array_foreach(json_object_get(status, "improvements"), index, improvement)
		print_improvement(improvement, json_is_true(json_object_get(exposed, "complete")));
	print_kept_off(status);
	print_setbacks(_("not active:"), json_object_get(status, "boot_problems"));
	print_setbacks(_("in quarantine, not installed again unless named:"),
		json_object_get(status, "quarantined"));
	if (count_exposed(exposed) > 0) {
		printf("\n");
		print_actions(json_object_get(exposed, "actions"), "  ");
		print_hidden(exposed, "  ");
	}
	say("\n  system      %s %s, %s\n", field_text(os, "id"), field_text(os, "version_id"),
		field_text(os, "architecture"));
	say("  generation  %llu\n", (unsigned long long)field_number(status, "generation"));
	print_integrity(status);
	say("  repository  %s\n",
		json_has(status, "repository") ? field_text(status, "repository") : _("none is configured"));
	print_freshness(status);
	print_watch(status);
	print_settings(status);
}

static int run(void *userdata, const OptionList *operands, Error *error)
{
	const Settings *settings = userdata;
	CLEANUP_JSON json_t *status = NULL;

	if (ask(settings, "Status", operands, false, &status, error) < 0)
		return -1;
	if (settings->json)
		return print_json(status, error);
	print_status(status);
	return 0;
}

const Command command_status = {
	.name = "status",
	.summary = N_("answer \"am I protected?\": what is active, and who still uses old bytes"),
	.options = report_options,
	.n_options = REPORT_OPTIONS,
	.run = run,
};
