/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts/surroundings/bus-property.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/cleanup.h"

enum { TIMEOUT_US = 2 * 1000 * 1000 };

DEFINE_CLEANUP(sd_bus *, sd_bus_flush_close_unref);
DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref);
#define CLEANUP_BUS_ERROR __attribute__((cleanup(sd_bus_error_free)))

static int no_answer(const BusProperty *property, int r, const sd_bus_error *failure, Error *error)
{
	(void)error_set(error, "%s does not say its %s: %s", property->service, property->name,
		failure && failure->message ? failure->message : error_os_text(-r));
	return BUS_NO_ANSWER;
}

/* The bus would start the service for a call as well as for a message to it. */
static int new_question(sd_bus *bus, const BusProperty *property, sd_bus_message **ret)
{
	CLEANUP(sd_bus_message_unref) sd_bus_message *question = NULL;
	int r = sd_bus_message_new_method_call(bus, &question, property->service, property->object,
		"org.freedesktop.DBus.Properties", "Get");

	if (r >= 0)
		r = sd_bus_message_set_auto_start(question, false);
	if (r >= 0)
		r = sd_bus_message_append(question, "ss", property->interface, property->name);
	if (r >= 0)
		*ret = TAKE_PTR(question);
	return r;
}

/* type: the D-Bus type of the property, whose value is read into ret. The text of a string belongs to the
 * message. */
static int ask(const BusProperty *property, char type, sd_bus_message **ret_answer, void *ret, Error *error)
{
	CLEANUP(sd_bus_flush_close_unref) sd_bus *bus = NULL;
	CLEANUP(sd_bus_message_unref) sd_bus_message *question = NULL, *answer = NULL;
	CLEANUP_BUS_ERROR sd_bus_error failure = SD_BUS_ERROR_NULL;
	const char signature[] = {type, '\0'};
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = new_question(bus, property, &question);
	if (r >= 0)
		r = sd_bus_call(bus, question, TIMEOUT_US, &failure, &answer);
	if (r >= 0)
		r = sd_bus_message_enter_container(answer, SD_BUS_TYPE_VARIANT, signature);
	if (r >= 0)
		r = sd_bus_message_read_basic(answer, type, ret);
	if (r < 0)
		return no_answer(property, r, &failure, error);
	*ret_answer = TAKE_PTR(answer);
	return 0;
}

int bus_property_text(const BusProperty *property, char ret[static BUS_TEXT_SIZE], Error *error)
{
	CLEANUP(sd_bus_message_unref) sd_bus_message *answer = NULL;
	const char *text = NULL;
	int r = ask(property, SD_BUS_TYPE_STRING, &answer, &text, error);

	if (r == 0)
		(void)snprintf(ret, BUS_TEXT_SIZE, "%s", text);
	return r;
}

int bus_property_number(const BusProperty *property, uint32_t *ret, Error *error)
{
	CLEANUP(sd_bus_message_unref) sd_bus_message *answer = NULL;
	uint32_t number = 0;
	int r = ask(property, SD_BUS_TYPE_UINT32, &answer, &number, error);

	if (r == 0)
		*ret = number;
	return r;
}
