/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/units/notification.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "parts/units/as-user.h"
#include "parts/units/manager.h"

enum { SECONDS = 5, TEXT_SIZE = 4096 };

static const char SERVICE[] = "org.freedesktop.Notifications";
static const char OBJECT[] = "/org/freedesktop/Notifications";
/* Of the freedesktop icon naming specification. */
static const char ICON[] = "software-update-available";

typedef struct Message {
	char summary[TEXT_SIZE];
	char body[TEXT_SIZE];
} Message;

static int open_session_bus(const char *directory, sd_bus **ret, Error *error)
{
	CLEANUP(sd_bus_flush_close_unref) sd_bus *bus = NULL;
	CLEANUP_FREE char *address = NULL;
	int r;

	if (text_format(&address, error, "unix:path=%s/bus", directory) < 0)
		return -1;
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0)
		return error_os(error, -r, "cannot reach the message bus of the user's session");
	(void)sd_bus_set_method_call_timeout(bus, (uint64_t)SECONDS * 1000000);
	*ret = TAKE_PTR(bus);
	return 0;
}

/* Does the service take bodies for markup? One that does not say so may. */
static bool takes_markup(sd_bus *bus)
{
	CLEANUP(sd_bus_message_unref) sd_bus_message *reply = NULL;
	bool found = false;
	const char *name;
	int r = sd_bus_call_method(bus, SERVICE, OBJECT, SERVICE, "GetCapabilities", NULL, &reply, NULL);

	if (r >= 0)
		r = sd_bus_message_enter_container(reply, 'a', "s");
	while (r >= 0 && (r = sd_bus_message_read(reply, "s", &name)) > 0)
		found |= strcmp(name, "body-markup") == 0;
	return found || r < 0;
}

/* Text as markup: a program in it may have chosen its name to be a link. */
static int escape(const char *text, Buffer *ret, Error *error)
{
	for (; *text; text++) {
		const char *entity = *text == '&'   ? "&amp;"
				     : *text == '<' ? "&lt;"
				     : *text == '>' ? "&gt;"
						    : NULL;

		if (buffer_append(ret, entity ? entity : text, entity ? strlen(entity) : 1, error) < 0)
			return -1;
	}
	return buffer_append(ret, "", 1, error);
}

static int show(const char *directory, void *result, Error *error)
{
	const Message *message = result;
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_flush_close_unref) sd_bus *bus = NULL;
	CLEANUP_BUFFER Buffer markup = BUFFER_INIT;
	const char *body = message->body;
	int r;

	if (open_session_bus(directory, &bus, error) < 0 || escape(body, &markup, error) < 0)
		return -1;
	if (takes_markup(bus))
		body = (const char *)markup.data;
	/* Name, the notification it replaces, icon, summary, body, no buttons, no hints, and the service's
	 * own time for it. */
	r = sd_bus_call_method(bus, SERVICE, OBJECT, SERVICE, "Notify", &failure, NULL, "susssasa{sv}i",
		"Suture", (uint32_t)0, ICON, message->summary, body, 0, 0, (int32_t)-1);
	return r < 0 ? error_set(error, "no notification could be shown: %s", manager_failure(&failure, r))
		     : 0;
}

int notification_show(const char *directory, const char *summary, const char *body, Error *error)
{
	Message message;

	(void)snprintf(message.summary, sizeof(message.summary), "%s", summary);
	(void)snprintf(message.body, sizeof(message.body), "%s", body);
	return as_user(directory, show, &message, sizeof(message), 2 * SECONDS, error);
}
