/*
 * The differences between the kinds of browser: programs, switches, preferences, environment,
 * capabilities, and how a started program reports where it listens. The tables are in one file per
 * family: chromium.c and its like.
 */
#ifndef WI_BROWSER_KINDS_H
#define WI_BROWSER_KINDS_H

#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/net/certificate.h"
#include "browser/gpus.h"
#include "settings/config/config.h"
#include <jansson.h>

struct wi_launch_request {
    const struct wi_config_browser *browser;
    const char *directory; /* of the session; it has the folders named by wi_launch_folders */
    /* The origin of the page (the bridge's URL): secure contexts depend on it. NULL if it is not
     * known yet. */
    const char *page_url;
    const struct wi_certificate *certificate; /* the page's, which no authority need have signed;
                                                 NULL: without TLS */
    int confined;                             /* wi_network_confined */
    const struct wi_gpus *gpus;               /* of this machine; NULL: they are found */
    const char *gpu; /* with gpu_device = all: the path of its GPU; NULL: not chosen yet */
};

/* A file to write before the start, below the session's directory. */
struct wi_launch_file {
    char *path; /* relative */
    char *text;
};

/* Everything needed to start a browser and to control it. Zero-initialise; free with
 * wi_launch_clear. */
struct wi_launch {
    struct wi_strings command; /* program and arguments; none: a service runs at `url` already */
    struct wi_strings environment; /* "NAME=value" */
    int hardware;                  /* it is started for a GPU, and not for a software adapter */
    char gpu[WI_GPU_PATH_SIZE];    /* the path of the only GPU that it may open; "": any */
    struct wi_strings hidden;      /* paths of the others, which it must not be able to open */
    struct wi_launch_file *files;
    size_t file_count;
    enum wi_driver_protocol protocol; /* classic or bidi */
    char *url;               /* of a WebDriver service that is already running; else NULL */
    const char *port_line;   /* the text before the port in the line that reports it; static */
    json_t *capabilities;    /* {"alwaysMatch": …}; owned; NULL where the protocol needs none */
    int sandbox;             /* 0: the browser runs without its sandbox */
    struct wi_strings flags; /* the part of its switches and preferences that may be reported */
};
/* At most this many are reported, each of less than this many bytes. */
#define WI_LAUNCH_FLAGS_MAX 64
#define WI_LAUNCH_FLAG_SIZE 256

/* WI_OK, or WI_UNAVAILABLE naming the missing program and the package that provides it, or the
 * reason why this browser cannot show our page from there. */
enum wi_code wi_launch_make(
    const struct wi_launch_request *request, struct wi_launch *launch, struct wi_error *error);
void wi_launch_clear(struct wi_launch *launch);
/* The browser's name in its capabilities, as a Grid knows it; "": it has none. Borrowed. */
const char *wi_launch_browser(const struct wi_launch *launch);
void wi_launch_add_file(struct wi_launch *launch, const char *path, const char *text);

/* The port in a line of output that says it is listening, or -1. */
int wi_launch_read_port(const struct wi_launch *launch, const char *line);

/* The SHA-256 of everything that may change the capabilities of the request's kind: its programs,
 * as package updates change them; how it is started, by `launch`, which the request made; our
 * version; and, if it runs on this machine, the kernel, the adapters and their drivers. It blocks
 * for less than a millisecond. */
#define WI_KIND_STAMP_SIZE WI_HASH_HEX_SIZE
void wi_kind_stamp(const struct wi_launch_request *request, const struct wi_launch *launch,
    char stamp[WI_KIND_STAMP_SIZE]); /* the request's `gpus` are given */

/* The packages to install for it: "the packages chromium and chromium-driver (Debian)". Static. */
const char *wi_kind_package(const struct wi_config_browser *browser);

/* The family of the kind: "chromium", "firefox" or "webkit". Static. */
const char *wi_kind_family(const struct wi_config_browser *browser);

/* Whether the browser runs on this machine: we start it, or its driver_url is loopback. */
int wi_kind_is_here(const struct wi_config_browser *browser);
/* Whether it does, and this machine has less shared memory than a Chromium needs: 512 MiB. */
int wi_kind_lacks_shm(const struct wi_config_browser *browser);

/* Whether the browser's own sandbox is on. `auto` is off only for a Chromium or WebKitGTK on this
 * machine, if the user id is 0 or the machine refuses user namespaces (`confined`,
 * wi_network_confined), because they do not start with their sandbox then. */
int wi_kind_sandbox(const struct wi_config_browser *browser, int confined);

#endif
