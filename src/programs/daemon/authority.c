/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs/daemon/authority.h"

#include "base/cleanup.h"

DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref);
DEFINE_CLEANUP(sd_bus_slot *, sd_bus_slot_unref);

/* Flags of CheckAuthorization. */
enum { ALLOW_USER_INTERACTION = 1 };

/* Of an agent that asks for a password: people take their time. */
static const uint64_t PATIENCE_US = 10 * 60 * 1000000ull;

/* One question. */
typedef struct Question {
	AuthorityAnswer answer;
	void *userdata;
} Question;

static AuthorityVerdict read_verdict(sd_bus_message *reply)
{
	int authorized = 0, challenge = 0;

	if (sd_bus_message_is_method_error(reply, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
		sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
		return AUTHORITY_ABSENT;
	if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
		sd_bus_message_read(reply, "bb", &authorized, &challenge) < 0)
		return AUTHORITY_NO;
	if (authorized)
		return AUTHORITY_YES;
	return challenge ? AUTHORITY_CHALLENGE : AUTHORITY_NO;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	const Question *question = userdata;

	(void)unused;
	question->answer(question->userdata, read_verdict(reply));
	return 0;
}

static int write_question(sd_bus_message *call, const char *action, sd_bus_message **ret)
{
	CLEANUP(sd_bus_message_unref) sd_bus_message *message = NULL;
	uint32_t flags =
		sd_bus_message_get_allow_interactive_authorization(call) > 0 ? ALLOW_USER_INTERACTION : 0;
	int r = sd_bus_message_new_method_call(sd_bus_message_get_bus(call), &message,
		"org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
		"org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");

	if (r >= 0)
		r = sd_bus_message_append(message, "(sa{sv})s", "system-bus-name", 1, "name", "s",
			sd_bus_message_get_sender(call), action);
	if (r >= 0)
		r = sd_bus_message_append(message, "a{ss}us", 0, flags, "");
	if (r >= 0)
		*ret = TAKE_PTR(message);
	return r;
}

int authority_ask(sd_bus_message *call, const char *action, AuthorityAnswer answer, void *userdata,
	sd_bus_slot **ret_slot, Error *error)
{
	CLEANUP(sd_bus_message_unref) sd_bus_message *message = NULL;
	CLEANUP(sd_bus_slot_unref) sd_bus_slot *slot = NULL;
	CLEANUP_FREE Question *question = malloc(sizeof(*question));
	int r = write_question(call, action, &message);

	if (!question)
		return error_memory(error);
	*question = (Question){answer, userdata};
	if (r >= 0)
		r = sd_bus_call_async(
			sd_bus_message_get_bus(call), &slot, message, on_reply, question, PATIENCE_US);
	if (r >= 0)
		r = sd_bus_slot_set_destroy_callback(slot, free);
	if (r < 0)
		return error_os(error, -r, "cannot ask polkit");
	question = NULL;
	*ret_slot = TAKE_PTR(slot);
	return 0;
}
