/*
 * The families of browsers, for the files of this folder that make launches: one family is one
 * underlying browser, with a table of its switches, each row with its reason.
 */
#ifndef WI_BROWSER_FAMILY_PRIVATE_H
#define WI_BROWSER_FAMILY_PRIVATE_H

#include "browser/kinds.h"

/* When a row of a table applies. */
enum wi_when {
    WI_WHEN_ALWAYS,
    WI_WHEN_HEADLESS,
    WI_WHEN_GPU,          /* every gpu setting but off */
    WI_WHEN_GPU_HARDWARE, /* plan->hardware */
    WI_WHEN_GPU_NVIDIA,   /* plan->nvidia */
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
    int nvidia;   /* the browser may use a GPU of the proprietary NVIDIA driver */
};

struct wi_browser_family {
    const char *name;
    const char *kind;            /* NULL, or a kind that is of this family, by the last row */
    const struct wi_kind *kinds; /* the last one has no name */
    const struct wi_switch *switches;
    const struct wi_preference *preferences; /* NULL: it has none */
    /* Fills all of `launch` but `sandbox`. WI_OK, or WI_UNAVAILABLE with `error` filled. */
    enum wi_code (*fill)(
        const struct wi_plan *plan, struct wi_launch *launch, struct wi_error *error);
    int takes_gpu;          /* it computes on GPUs, by their Vulkan drivers */
    int sandbox_everywhere; /* its own sandbox works for user id 0 too, and without namespaces */
};

extern const struct wi_browser_family wi_family_chromium;
extern const struct wi_browser_family wi_family_firefox;
extern const struct wi_browser_family wi_family_webkit;

/* --- launch_plan.c: the parts that all families put into a launch ----------------------------- */

/* Folders to make below the session's directory, ended by NULL. */
extern const char *const wi_launch_folders[];

/* Whether the session must be asked to accept any certificate (acceptInsecureCerts), because no
 * authority that this system trusts has signed the page's. For browsers that cannot be given that
 * one alone. */
int wi_plan_accepts_any(const struct wi_plan *plan);

/* The configured program, or the first of `names` that exists, without driver_command's arguments.
 * `key` is the configuration's, for the message. NULL with `error` filled. The caller frees it. */
char *wi_plan_find(const struct wi_plan *plan, const char *configured, const char *names,
    const char *key, struct wi_error *error);
/* The driver, `arguments` (ended by NULL), then those of the operator's driver_command, all into
 * launch->command. */
enum wi_code wi_plan_driver(const struct wi_plan *plan, const char *const *arguments,
    struct wi_launch *launch, struct wi_error *error);
/* The environment of every browser: directories below the session's, and variables that are passed
 * on. */
void wi_plan_environment(const struct wi_plan *plan, struct wi_launch *launch);
/* Also hides Mesa's software adapter from the Vulkan loader, or every other one (`only`). */
void wi_plan_software(struct wi_launch *launch, int only);

/* --- switches.c: switches and preferences ----------------------------------------------------- */

/* Adds a switch; one of the same name is joined with it (lists of features) or replaced. */
void wi_switches_add(struct wi_strings *list, const char *text);
/* Adds the rows that apply; `rows` may be NULL. */
void wi_switches_add_rows(
    struct wi_strings *list, const struct wi_switch *rows, const struct wi_plan *plan);
/* The strings as a JSON array; clears the list. */
json_t *wi_switches_json(struct wi_strings *list);
/* The rows that apply (NULL: none), then the operator's, which take precedence: {name: value}. */
json_t *wi_preferences_json(const struct wi_preference *rows, const struct wi_plan *plan);

/* Adds a report of how a browser is started: the rows that a setting decides and those of the kind,
 * then the operator's, whose value is reported only if it cannot be a path or a host name. */
void wi_switches_tell(
    struct wi_strings *flags, const struct wi_browser_family *family, const struct wi_plan *plan);

#endif
