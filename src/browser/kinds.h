/*
 * What differs between the kinds of browser, in one table: programs, switches, preferences,
 * environment, and how a driver says which port it listens on.
 */
#ifndef WI_BROWSER_KINDS_H
#define WI_BROWSER_KINDS_H

#include "base/error.h"
#include "base/memory.h"
#include "config/config.h"
#include <jansson.h>

struct wi_kind;

/* NULL if this version starts no such browser. Static. */
const struct wi_kind *wi_kind_find(const char *name);
/* The names of all kinds that there are, ", " between, for messages. Static. */
const char *wi_kind_names(void);

/* Everything that it takes to start a driver and ask it for a browser. Zero-initialise; free with
 * wi_launch_clear. */
struct wi_launch {
    struct wi_strings driver;      /* program and arguments */
    struct wi_strings environment; /* "NAME=value" */
    json_t *capabilities;          /* {"alwaysMatch": …}; owned */
    int sandbox;                   /* 0: the browser runs without its sandbox */
};

/* The launch for a browser whose files all lie below `directory` (which has the folders named by
 * wi_kind_folders). WI_OK, or WI_UNAVAILABLE naming the program that is missing and the package
 * that brings it. */
enum wi_code wi_kind_launch(const struct wi_config_browser *browser, const char *directory,
    struct wi_launch *launch, struct wi_error *error);
void wi_launch_clear(struct wi_launch *launch);

/* Folders to make below the session's directory, ended by NULL. Static. */
const char *const *wi_kind_folders(void);

/* The port in a line of the driver's output that says it is listening, or -1. */
int wi_kind_read_port(const struct wi_kind *kind, const char *line);

/* Whether the browser's own sandbox is on: `auto` is off only for user id 0, for whom Chromium's
 * refuses to start. */
int wi_kind_sandbox(const struct wi_config_browser *browser);

#endif
