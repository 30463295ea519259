/*
 * The families of browsers, for the files of this folder that make launches: one family is one
 * underlying browser, with a table of its switches, each row with its reason.
 */
#ifndef WI_BROWSER_FAMILY_H
#define WI_BROWSER_FAMILY_H

#include "browser/kinds.h"

/* When a row of a table applies. */
enum wi_when {
    WI_WHEN_ALWAYS,
    WI_WHEN_HEADLESS,
    WI_WHEN_GPU,          /* every gpu setting but off */
    WI_WHEN_GPU_HARDWARE, /* plan->hardware */
    WI_WHEN_GPU_SOFTWARE,
    WI_WHEN_GPU_OFF,
    WI_WHEN_SHM_SMALL,
    WI_WHEN_SANDBOX,
    WI_WHEN_NO_SANDBOX,
    WI_WHEN_LOCAL /* the browser runs on this machine */
};

/* Each table ends with a row whose text or name is NULL. */
struct wi_switch {
    const char *text;
    enum wi_when when;
};

struct wi_preference {
    const char *name;
    const char *value; /* JSON */
    enum wi_when when;
};

/* One kind by name: its usual programs, and its additions to its family. */
struct wi_kind {
    const char *name;                 /* NULL: every other kind of the family */
    const char *drivers;              /* programs to look for, in this order, ' ' between */
    const char *binaries;             /* the same for the browser */
    const char *package;              /* what to install, for messages */
    const struct wi_switch *switches; /* NULL: none */
};

/* The input from which a family makes a launch. */
struct wi_plan {
    const struct wi_launch_request *request;
    const struct wi_config_browser *browser; /* the request's */
    const struct wi_kind *kind;
    int sandbox;  /* wi_kind_sandbox */
    int hardware; /* a GPU is to be used, and no software adapter */
};

struct wi_browser_family {
    const char *name;
    const struct wi_kind *kinds; /* the last one has no name */
    const struct wi_switch *switches;
    const struct wi_preference *preferences; /* NULL: it has none */
    /* Fills all of `launch` but `sandbox`. WI_OK, or WI_UNAVAILABLE with `error` filled. */
    enum wi_code (*fill)(
        const struct wi_plan *plan, struct wi_launch *launch, struct wi_error *error);
    int sandbox_as_root; /* its own sandbox works for user id 0 too */
};

extern const struct wi_browser_family wi_family_chromium;
extern const struct wi_browser_family wi_family_firefox;
extern const struct wi_browser_family wi_family_webkit;

#endif
