/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/client.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "api/api.h"
#include "base/log.h"
#include "base/text.h"

DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref);
#define CLEANUP_BUS_ERROR __attribute__((cleanup(sd_bus_error_free)))

enum { ATTEMPTS = 16, CLIENT_LEFT = CLIENT_ABSENT + 1 };

/* A call under way. */
typedef struct Talk {
	const ClientCall *call;
	sd_bus *bus;
	char *server;          /* its unique name: others may send signals as well */
	uint32_t serial;       /* of the call, which its signals name */
	sd_bus_message *reply; /* NULL until it is there */
	char stage[API_STAGE_MAX + 1];
} Talk;

static void talk_clear_cleanup(Talk *talk)
{
	(void)sd_bus_message_unref(talk->reply);
	(void)sd_bus_flush_close_unref(talk->bus);
	free(talk->server);
}

static int failed(Error *error, const char *what, const sd_bus_error *failure, int r)
{
	return error_set(error, "%s: %s", what, failure->message ? failure->message : error_os_text(-r));
}

static int call_bus(
	sd_bus *bus, const char *method, const char *takes, sd_bus_error *failure, sd_bus_message **ret)
{
	return sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
		"org.freedesktop.DBus", method, failure, ret, takes, API_SERVICE, (uint32_t)0);
}

/* Of what can keep the bus from starting a service, all but that it takes too long. */
static bool is_absence(const sd_bus_error *failure)
{
	return sd_bus_error_has_name(failure, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	       (failure->name && (text_has_prefix(failure->name, "org.freedesktop.DBus.Error.Spawn.") ||
					 text_has_prefix(failure->name, "org.freedesktop.systemd1.")));
}

/* One try. CLIENT_ABSENT: nothing would start it; CLIENT_LEFT: it just left, as it does when nobody asks, or
 * it is not there yet. The bus and its clients give up after 25 seconds, which a busy machine may need;
 * whoever starts it goes on meanwhile, and says in the end that it failed. */
static int find_server(Talk *talk, Error *error)
{
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unref) sd_bus_message *reply = NULL;
	const char *name;
	int r = call_bus(talk->bus, "StartServiceByName", "su", &failure, NULL);

	if (r < 0) {
		(void)failed(error, "cannot start sutured", &failure, r);
		if (r == -ETIMEDOUT)
			return CLIENT_LEFT;
		return is_absence(&failure) ? CLIENT_ABSENT : -1;
	}
	r = call_bus(talk->bus, "GetNameOwner", "s", &failure, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &name);
	if (r < 0) {
		(void)failed(error, "cannot find sutured", &failure, r);
		return sd_bus_error_has_name(&failure, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ? CLIENT_LEFT : -1;
	}
	return text_copy(name, &talk->server, error);
}

/* The call itself would start it as well; but a failure here is one before anything was asked for. */
static int start_server(Talk *talk, Error *error)
{
	int r = CLIENT_LEFT;

	for (int attempt = 0; attempt < ATTEMPTS && r == CLIENT_LEFT; attempt++)
		r = find_server(talk, error);
	return r == CLIENT_LEFT ? -1 : r;
}

static void take_progress(Talk *talk, sd_bus_message *message)
{
	Progress *progress = talk->call->progress;
	const char *stage;
	uint64_t done, total;

	if (sd_bus_message_read(message, "stt", &stage, &done, &total) < 0)
		return;
	if (!progress->what || strcmp(talk->stage, stage) != 0) {
		(void)snprintf(talk->stage, sizeof(talk->stage), "%s", stage);
		text_make_printable(talk->stage);
		progress_begin(progress, talk->stage);
	}
	progress_update(progress, done, total);
}

static void take_end(Talk *talk, sd_bus_message *message)
{
	char line[API_STAGE_MAX + 1];
	const char *result;

	if (sd_bus_message_read(message, "s", &result) < 0)
		return;
	(void)snprintf(line, sizeof(line), "%s", result);
	text_make_printable(line);
	progress_end(talk->call->progress, line[0] ? line : NULL);
}

static void take_warning(sd_bus_message *message)
{
	const char *text;

	if (sd_bus_message_read(message, "s", &text) >= 0)
		log_warning("%s", text);
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *unused)
{
	Talk *talk = userdata;
	const char *sender = sd_bus_message_get_sender(message);
	uint32_t serial;

	(void)unused;
	if (!sd_bus_message_is_signal(message, API_INTERFACE, NULL) || !sender ||
		strcmp(sender, talk->server) != 0 || !sd_bus_message_get_destination(message) ||
		sd_bus_message_read(message, "u", &serial) < 0 || serial != talk->serial)
		return 0;
	if (strcmp(sd_bus_message_get_member(message), "Progress") == 0)
		take_progress(talk, message);
	else if (strcmp(sd_bus_message_get_member(message), "StageEnded") == 0)
		take_end(talk, message);
	else if (strcmp(sd_bus_message_get_member(message), "Warning") == 0)
		take_warning(message);
	return 0;
}

static int on_reply(sd_bus_message *message, void *userdata, sd_bus_error *unused)
{
	(void)unused;
	((Talk *)userdata)->reply = sd_bus_message_ref(message);
	return 0;
}

static int append_names(sd_bus_message *message, const ClientCall *call)
{
	int r = sd_bus_message_open_container(message, 'a', "s");

	for (size_t i = 0; r >= 0 && i < call->n_names; i++)
		r = sd_bus_message_append(message, "s", call->names[i]);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_arguments(sd_bus_message *message, const ClientCall *call)
{
	const char *takes = api_method_find(call->method)->takes;
	int r = 0;

	if (takes[0] == 's') {
		for (size_t i = 0; r >= 0 && takes[i]; i++)
			r = sd_bus_message_append(message, "s", i < call->n_names ? call->names[i] : "");
		return r;
	}
	if (takes[0] == 'a')
		r = append_names(message, call);
	if (r >= 0 && strcmp(takes, API_NAMES_AND_DRY_RUN) == 0)
		r = sd_bus_message_append(message, "b", call->dry_run);
	if (r >= 0 && strcmp(takes, API_NAMES_REASON_AND_UNATTENDED) == 0)
		r = sd_bus_message_append(message, "sb", call->reason ? call->reason : "", call->unattended);
	return r;
}

static int send_call(Talk *talk, Error *error)
{
	CLEANUP(sd_bus_message_unref) sd_bus_message *message = NULL;
	uint64_t cookie = 0;
	int r = sd_bus_message_new_method_call(
		talk->bus, &message, API_SERVICE, API_OBJECT, API_INTERFACE, talk->call->method);

	if (r >= 0)
		r = append_arguments(message, talk->call);
	if (r == -EINVAL)
		return error_set(error, "an argument is not valid UTF-8");
	if (r >= 0)
		r = sd_bus_message_set_allow_interactive_authorization(message, true);
	if (r >= 0)
		r = sd_bus_call_async(talk->bus, NULL, message, on_reply, talk, UINT64_MAX);
	if (r >= 0)
		r = sd_bus_message_get_cookie(message, &cookie);
	if (r < 0)
		return error_os(error, -r, "cannot ask sutured");
	talk->serial = (uint32_t)cookie;
	return 0;
}

static int wait_for_reply(Talk *talk, Error *error)
{
	while (!talk->reply) {
		int r = sd_bus_process(talk->bus, NULL);

		if (r == 0)
			r = sd_bus_wait(talk->bus, UINT64_MAX);
		if (r < 0 && r != -EINTR)
			return error_os(error, -r, "lost the connection to sutured, which goes on alone");
	}
	return 0;
}

/* The bus carries valid UTF-8 only. */
static int read_report(const Talk *talk, const char *report, json_t **ret, Error *error)
{
	if (api_method_find(talk->call->method)->text) {
		*ret = json_string(report);
		return *ret ? 0 : error_memory(error);
	}
	if (json_parse(bytes_of_text(report), API_REPORT_MAX, ret, error) < 0)
		return error_in(error, "sutured's report");
	return 0;
}

static int judge(Talk *talk, json_t **ret, Error *error)
{
	const sd_bus_error *failure = sd_bus_message_get_error(talk->reply);
	const char *report;
	int nothing = 0;
	int r;

	progress_end(talk->call->progress, NULL);
	if (sd_bus_error_has_name(failure, SD_BUS_ERROR_NO_REPLY))
		return error_set(error, "sutured ended before it was done; what /usr shows is whole, "
					"\"suture status\" says what that is");
	if (failure)
		return error_set(error, "%s", failure->message ? failure->message : failure->name);
	r = sd_bus_message_read(talk->reply, "s", &report);
	if (r >= 0 && sd_bus_message_has_signature(talk->reply, API_PLAN))
		r = sd_bus_message_read(talk->reply, "b", &nothing);
	if (r < 0)
		return error_os(error, -r, "cannot understand sutured's answer");
	/* Where there is nothing to state, no document states it. */
	if (!(nothing && report[0] == '\0') && read_report(talk, report, ret, error) < 0)
		return -1;
	return nothing ? CLIENT_NOTHING : 0;
}

int client_call(const ClientCall *call, json_t **ret_report, Error *error)
{
	CLEANUP(talk_clear) Talk talk = {.call = call};
	int r = sd_bus_open_system(&talk.bus);

	if (r < 0) {
		(void)error_os(error, -r, "cannot reach the system message bus");
		return CLIENT_ABSENT;
	}
	r = start_server(&talk, error);
	if (r != 0)
		return r;
	r = sd_bus_add_filter(talk.bus, NULL, on_message, &talk);
	if (r < 0)
		return error_os(error, -r, "cannot listen to sutured");
	if (send_call(&talk, error) < 0 || wait_for_reply(&talk, error) < 0)
		return -1;
	return judge(&talk, ret_report, error);
}
