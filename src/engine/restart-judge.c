/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/restart-judge.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Programs that a login session consists of. What else runs in it can be restarted by itself. */
static const char *const session_programs[] = {"sshd*", "login", "su", "sudo", "*sh", "tmux*", "screen",
	"mosh-server", "gdm-*", "lightdm", "sddm*", "greetd", "lxdm*", "X", "Xorg", "Xwayland", "*-session*",
	"startplasma*", "startx", "xinit", "gnome-shell", "kwin*", "plasmashell", "xfwm4", "xfdesktop",
	"sway", "Hyprland", "labwc", "wayfire", "weston", "dbus-*", "(sd-pam)"};

static bool is_session_program(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(session_programs); i++)
		if (fnmatch(session_programs[i], name, 0) == 0)
			return true;
	return false;
}

static const RestartUnit *find_unit(const RestartWorld *world, const char *unit)
{
	for (size_t i = 0; i < world->n_units; i++)
		if (strcmp(world->units[i].unit, unit) == 0)
			return &world->units[i];
	return NULL;
}

/* Not without being asked for. */
static void forbid(RestartVerdict *verdict, const char *reason)
{
	verdict->automatic = verdict->can_fall_due = false;
	(void)snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
}

static void ask(RestartVerdict *verdict, UnitScope scope, const char *target, const char *reason)
{
	verdict->scope = scope;
	(void)snprintf(verdict->target, sizeof(verdict->target), "%s", target);
	forbid(verdict, reason);
}

/* "user@1000.service…" → 1000 */
static uid_t uid_of_manager(const char *unit)
{
	return (uid_t)strtoul(unit + strlen("user@"), NULL, 10);
}

/* The name that a unit's manager has for it: what is behind the slash is of a user's. */
static const char *own_name(const char *unit)
{
	const char *slash = strchr(unit, '/');

	return slash ? slash + 1 : unit;
}

static const char *const obstacles[] = {
	[UNIT_OBSTACLE_GONE] = "its unit's definition is gone: a stop would be for good",
	[UNIT_OBSTACLE_CONNECTION] = "it serves one connection, which a restart would cut",
	[UNIT_OBSTACLE_JOB] = "it does its work once, and ends by itself",
	[UNIT_OBSTACLE_DONE] = "it does its work again when restarted",
	[UNIT_OBSTACLE_REFUSES] = "its unit refuses to be stopped or started by hand",
	[UNIT_OBSTACLE_SURVIVES] =
		"it is to live on through soft-reboots: its owner chooses when it restarts",
};

/* Why a unit whose name allows it cannot be restarted all the same; NULL when it can. */
static const char *obstacle(const UnitFacts *facts)
{
	if (facts->obstacle != UNIT_OBSTACLE_NONE)
		return obstacles[facts->obstacle];
	if (facts->too_many_along)
		return "too many units would restart along";
	if (facts->stops_others)
		return "another unit would stop with it, and not start again";
	return NULL;
}

/* What restarts along must be free to, too, by its name and in itself. */
static bool may_restart_along(
	const RestartWorld *world, const RestartVerdict *verdict, const UnitAlong *along)
{
	char unit[2 * CENSUS_UNIT_SIZE];
	const char *slash = strchr(verdict->target, '/');
	const UnitRule *rule;

	(void)snprintf(unit, sizeof(unit), "%.*s%s", slash ? (int)(slash - verdict->target) + 1 : 0,
		verdict->target, along->name);
	rule = unit_rule(unit);
	return rule->automatic && rule->scope == verdict->scope && (slash || !along->is_display_manager) &&
	       !own_units_has(&world->own, unit) &&
	       (along->obstacle == UNIT_OBSTACLE_NONE ||
		       (along->obstacle == UNIT_OBSTACLE_DONE && unit_may_repeat(unit)));
}

static void forbid_along(RestartVerdict *verdict, const UnitAlong *along)
{
	const char *why = obstacles[along->obstacle];

	verdict->automatic = verdict->can_fall_due = false;
	(void)snprintf(verdict->reason, sizeof(verdict->reason), "%s would restart along%s%s", along->name,
		why ? ": " : "", why ? why : "");
}

static void check_restart(const RestartWorld *world, RestartVerdict *verdict)
{
	const RestartUnit *unit = find_unit(world, verdict->target);
	const char *reason;

	if (!unit || !unit->is_known) {
		ask(verdict, verdict->scope, verdict->unit,
			"its service manager could not be asked about it");
		return;
	}
	verdict->facts = &unit->facts;
	reason = obstacle(verdict->facts);
	if (reason) {
		forbid(verdict, reason);
		return;
	}
	for (uint32_t i = 0; i < verdict->facts->n_along; i++)
		if (!may_restart_along(world, verdict, &verdict->facts->along[i])) {
			forbid_along(verdict, &verdict->facts->along[i]);
			return;
		}
}

/* What is asked for anyway keeps its reason: that is what people are to know. */
static void check_due(const RestartWorld *world, RestartVerdict *verdict)
{
	RestartVerdict tried = *verdict;

	check_restart(world, &tried);
	verdict->can_fall_due = tried.can_fall_due;
}

/* A console where nobody has logged in shows its prompt again; a login has become another program. */
static bool is_idle_console(const RestartVerdict *verdict, const RestartFinding *finding)
{
	return verdict->scope == UNIT_SCOPE_SERVICE && verdict->facts && verdict->facts->main_pid != 0 &&
	       verdict->facts->main_pid == (uint32_t)finding->pid && strcmp(finding->name, "agetty") == 0;
}

static void judge_service(const RestartWorld *world, const RestartFinding *finding, RestartVerdict *verdict)
{
	const RestartUnit *unit = find_unit(world, finding->unit);

	if (own_units_has(&world->own, finding->unit)) {
		forbid(verdict, "it is where this very command runs");
		return;
	}
	verdict->facts = unit && unit->is_known ? &unit->facts : NULL;
	if (is_idle_console(verdict, finding)) {
		verdict->automatic = true;
		(void)snprintf(verdict->reason, sizeof(verdict->reason), "nobody is logged in there");
	}
	if (verdict->automatic)
		check_restart(world, verdict);
	else if (verdict->can_fall_due)
		check_due(world, verdict);
}

/* The manager replaces itself; of what else lives in its scope, it started nothing. */
static void judge_manager(const RestartFinding *finding, RestartVerdict *verdict)
{
	if (finding->pid != 1)
		ask(verdict, UNIT_SCOPE_APPLICATION, finding->name, unit_rule("a.scope")->reason);
}

static void judge_user_manager(const RestartFinding *finding, RestartVerdict *verdict)
{
	if (strcmp(finding->name, "(sd-pam)") == 0)
		ask(verdict, UNIT_SCOPE_SESSION, finding->unit, "it keeps the login open, and ends with it");
	else if (strcmp(finding->name, "systemd") != 0)
		ask(verdict, UNIT_SCOPE_APPLICATION, finding->name, unit_rule("")->reason);
}

static void judge_session(const RestartWorld *world, const RestartFinding *finding, RestartVerdict *verdict)
{
	const RestartUnit *unit = find_unit(world, finding->unit);

	verdict->uid = unit && unit->has_owner ? unit->owner : finding->uid;
	if (!is_session_program(finding->name))
		ask(verdict, UNIT_SCOPE_APPLICATION, finding->name,
			"it runs in a login session: whoever uses it restarts it");
}

/* What belongs to a user's own manager. All that only a new login closes is one thing to do. */
static void judge_of_user(const RestartWorld *world, const RestartFinding *finding, RestartVerdict *verdict)
{
	verdict->uid = uid_of_manager(finding->unit);
	if (verdict->scope == UNIT_SCOPE_USER_SERVICE)
		judge_service(world, finding, verdict);
	else if (verdict->scope == UNIT_SCOPE_SESSION)
		(void)snprintf(verdict->target, sizeof(verdict->target), "%.*s",
			(int)strcspn(finding->unit, "/"), finding->unit);
	else if (verdict->scope == UNIT_SCOPE_USER_MANAGER)
		judge_user_manager(finding, verdict);
	else if (verdict->scope == UNIT_SCOPE_APPLICATION && text_has_suffix(finding->unit, ".service"))
		(void)snprintf(verdict->target, sizeof(verdict->target), "%s", own_name(finding->unit));
	else if (verdict->scope == UNIT_SCOPE_APPLICATION)
		(void)snprintf(verdict->target, sizeof(verdict->target), "%s", finding->name);
}

static void judge_by_rule(const RestartWorld *world, const RestartFinding *finding, RestartVerdict *verdict)
{
	switch (verdict->scope) {
	case UNIT_SCOPE_SERVICE:
		judge_service(world, finding, verdict);
		break;
	case UNIT_SCOPE_MANAGER:
		judge_manager(finding, verdict);
		break;
	case UNIT_SCOPE_SESSION:
		judge_session(world, finding, verdict);
		break;
	case UNIT_SCOPE_APPLICATION:
		verdict->uid = finding->uid;
		(void)snprintf(verdict->target, sizeof(verdict->target), "%s", finding->name);
		break;
	default:
		break;
	}
}

/* What no unit's name tells. */
static void judge_special(const RestartFinding *finding, RestartVerdict *verdict)
{
	if (finding->pid == 1 && verdict->scope != UNIT_SCOPE_MANAGER)
		ask(verdict, UNIT_SCOPE_REBOOT, "",
			"it is the first process, and no systemd that could replace itself");
	else if (finding->is_spared && !verdict->automatic)
		ask(verdict, UNIT_SCOPE_REBOOT, "",
			"it outlives services and soft-reboots: the root file system may be on it");
	else if (finding->in_container && finding->unit[0] == '\0')
		ask(verdict, UNIT_SCOPE_CONTAINER, finding->name, unit_rule("machine-a.scope")->reason);
}

/* Any name can be a display manager's: the other one that it has tells. What a user's own manager calls so is
 * none. */
static const UnitRule *rule_of(const RestartWorld *world, const RestartFinding *finding)
{
	const UnitRule *rule = unit_rule(finding->unit);
	const RestartUnit *unit = find_unit(world, finding->unit);

	if (rule->automatic && rule->scope == UNIT_SCOPE_SERVICE && unit && unit->is_known &&
		unit->facts.is_display_manager)
		return unit_rule("display-manager.service");
	return rule;
}

void restart_judge(const RestartWorld *world, const RestartFinding *finding, RestartVerdict *ret)
{
	const UnitRule *rule = rule_of(world, finding);

	*ret = (RestartVerdict){.scope = rule->scope,
		.automatic = rule->automatic,
		.can_fall_due = rule->can_fall_due,
		.ends_applications = rule->scope == UNIT_SCOPE_SESSION};
	(void)snprintf(ret->target, sizeof(ret->target), "%s", finding->unit);
	(void)snprintf(ret->unit, sizeof(ret->unit), "%s", finding->unit);
	(void)snprintf(ret->reason, sizeof(ret->reason), "%s", rule->reason);
	if (text_has_prefix(finding->unit, "user@"))
		judge_of_user(world, finding, ret);
	else
		judge_by_rule(world, finding, ret);
	judge_special(finding, ret);
	if (ret->scope >= UNIT_SCOPE_SOFT_REBOOT)
		ret->target[0] = '\0';
	if (ret->scope == UNIT_SCOPE_SOFT_REBOOT && !world->can_soft_reboot)
		ret->scope = UNIT_SCOPE_REBOOT;
	if ((ret->automatic || ret->can_fall_due) && !world->has_manager)
		forbid(ret, "there is no service manager here that could do it");
}
