/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What "suture-publish key ACTION" does. words are the operands behind the action, as many as command-key.c
 * says. Each returns < 0 failed, or the exit code.
 */

#include "base/error.h"
#include "base/options.h"
#include "programs/publisher/publisher.h"

int key_new(const PublisherSettings *settings, const OptionList *words, Error *error);
int key_show(const PublisherSettings *settings, const OptionList *words, Error *error);
int key_sign(const PublisherSettings *settings, const OptionList *words, Error *error);
int key_merge(const PublisherSettings *settings, const OptionList *words, Error *error);
int key_add(const PublisherSettings *settings, const OptionList *words, Error *error);
int key_remove(const PublisherSettings *settings, const OptionList *words, Error *error);
int key_renew(const PublisherSettings *settings, const OptionList *words, Error *error);
