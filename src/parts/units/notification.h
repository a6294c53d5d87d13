/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A message on a user's desktop, through the notification service of the session
 * (org.freedesktop.Notifications, the Desktop Notifications Specification 1.2).
 */

#include "base/error.h"

/* Shows it, as the user whose runtime directory that is, and does not wait for it to be read. body is plain
 * text, whatever is in it; all beyond 4095 bytes is cut off. Fails where no notification service answers
 * within a few seconds. */
int notification_show(const char *directory, const char *summary, const char *body, Error *error);
