/*
 * The pulls of a daemon: models on their way from a hub into the store. Each name has one pull at a
 * time, which all its requests share. The request is written down in the folder of what was fetched
 * (models/catalog/library/versions.h), so that a daemon that was killed continues the pull when it
 * is started again.
 *
 *   resolving → downloading → verifying → publishing → done
 *       └────────────┴────────────┴────────────┴────→ failed
 *
 * Everything is called on the loop's thread.
 */
#ifndef WI_MODELS_ARRIVE_HUB_PULLS_H
#define WI_MODELS_ARRIVE_HUB_PULLS_H

#include "base/change.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/net/http_client.h"
#include "models/arrive/hub/fetch.h"
#include "models/catalog/library/repository.h"
#include "models/catalog/library/versions_work.h"
#include "settings/config/config.h"
#include <stdint.h>
#include <uv.h>

enum wi_pull_state {
    WI_PULL_RESOLVING,   /* which commit, which files; room is made */
    WI_PULL_DOWNLOADING, /* hashed as it arrives */
    WI_PULL_VERIFYING,   /* all is there; the last bytes are still being hashed */
    WI_PULL_PUBLISHING,  /* one rename, then the model is read */
    WI_PULL_DONE,
    WI_PULL_FAILED,
    WI_PULL_STATE_COUNT
};
extern const char *const wi_pull_state_names[WI_PULL_STATE_COUNT]; /* "resolving" … */

/* Patterns of one pull, and bytes of one pattern. */
#define WI_PULL_PATTERNS_MAX 100
#define WI_PULL_PATTERN_MAX 255

/* A request for a pull. Borrowed; NULL or empty: not given. */
struct wi_pull_want {
    const char *hub;                /* NAME of [hub.NAME]; else [models] hub */
    const char *reference;          /* ORG/NAME[:VARIANT][@REVISION], ipfs://CID[/PATH][:VARIANT] */
    const char *as;                 /* the model's name here; else the repository's */
    const char *precision;          /* of an ONNX model */
    const struct wi_strings *files; /* patterns; else the files are chosen */
    /* a copy for others: no other model is removed for it, and [content] replica_quota applies */
    int copy;
};

/* The state of one pull. Borrowed for the call. */
struct wi_pull_info {
    const char *name;      /* the model's name here, without a variant */
    const char *asked;     /* the name it was begun under; differs for a path in content */
    const char *variant;   /* that is pulled, or NULL */
    const char *hub;       /* name of its section */
    const char *reference; /* as in the request */
    const char *commit;    /* NULL while it is not known */
    int copy;              /* as in wi_pull_want */
    enum wi_pull_state state;
    int kept;             /* the request is on disk: the next daemon continues the pull */
    uint64_t done, total; /* bytes of all files; `done` includes what was there already */
    uint64_t fetched;     /* bytes over the network since the daemon started */
    uint64_t reused;      /* bytes taken from an older version */
    size_t files_done, files;
    /* how much each source has brought, where there are several */
    const struct wi_fetch_source *sources;
    size_t source_count;
    const char *retrying;         /* what has failed and is retried; NULL: nothing */
    double bytes_per_second;      /* recently; 0: nothing arrives */
    double began_ms, ended_ms;    /* wi_now_ms(); `ended_ms` is 0 while it runs */
    const struct wi_error *error; /* of WI_PULL_FAILED */
};

struct wi_pulls;
/* All members are borrowed and must outlive the pulls. */
struct wi_pulls_deps {
    uv_loop_t *loop;
    struct wi_http *http;
    struct wi_repository *repository;
    struct wi_versions_work *versions; /* is told which pulls are running */
    struct wi_sources *sources;        /* of what is pulled by its CID; set as configured */
    struct wi_neighbours *neighbours;  /* some of the sources; likewise */
    struct wi_limit *limit;            /* on all that they bring; likewise */
    struct wi_blockstore *blocks;      /* blocks that it has are not fetched; NULL: none */
    /* Is told of each change of a pull; may be NULL. */
    const struct wi_change_listener *listener;
};
/* The configuration is borrowed until the next one; each pull holds the one that it was begun
 * with. */
struct wi_pulls *wi_pulls_new(const struct wi_pulls_deps *deps, struct wi_config *config);
/* Continues the pulls of an earlier daemon. */
void wi_pulls_resume(struct wi_pulls *pulls);
/* `on_done` is called for each pull that is done, before its watches. NULL: no longer. */
typedef void wi_pull_fn(void *context, const struct wi_pull_info *info);
void wi_pulls_on_done(struct wi_pulls *pulls, wi_pull_fn *on_done, void *context);
void wi_pulls_reload(struct wi_pulls *pulls, struct wi_config *config);
/* Stops all pulls; what was fetched stays for the next start. No callback is called any more. The
 * loop must run afterwards until it is empty. NULL is fine. */
void wi_pulls_free(struct wi_pulls *pulls);

/* Begins a pull, or joins the running pull of the same, which is no longer a copy if `want` is not
 * one. Sets `info`, valid until the loop turns, to that pull, which was begun under the name
 * `asked`. A model that is here as a copy is no longer one after a pull that is not for a copy.
 * WI_OK, or what is wrong with the request: WI_INVALID_FIELD, for example for a hub that does not
 * exist; WI_CONFLICT if the name is an alias, or if a different pull for the same name is running;
 * WI_QUEUE_FULL beyond WI_PULLS_MAX pulls. */
#define WI_PULLS_MAX 8
enum wi_code wi_pulls_start(struct wi_pulls *pulls, const struct wi_pull_want *want,
    struct wi_pull_info *info, struct wi_error *error);
/* Ends the pull and drops what was fetched. WI_OK, or WI_NOT_FOUND if no pull of that name is
 * running. */
enum wi_code wi_pulls_cancel(struct wi_pulls *pulls, const char *name, struct wi_error *error);

/* 0 and the pull that has that name or was begun under it (a variant after it is ignored), or -1 if
 * there is none. A failed pull is remembered until the next one of that name, a finished one for a
 * minute. */
int wi_pulls_find(const struct wi_pulls *pulls, const char *name, struct wi_pull_info *info);
void wi_pulls_each(const struct wi_pulls *pulls, wi_pull_fn *each, void *context);

/* Calls `on_event` for each change of state, and for progress, until a state that ends the pull:
 * after that the watch is gone. Never from inside this call. NULL if no pull of that name is
 * running. */
struct wi_pull_watch;
struct wi_pull_watch *wi_pull_watch(
    struct wi_pulls *pulls, const char *name, wi_pull_fn *on_event, void *context);
void wi_pull_unwatch(struct wi_pull_watch *watch); /* no callback is called; NULL is fine */

/* Whether a request for that model, which is not here, may begin a pull: [models]
 * pull_on_demand. */
int wi_pulls_on_demand(const struct wi_pulls *pulls, const char *name);

/* Where bytes come from, nearest first. */
enum wi_pull_level {
    WI_PULL_NEIGHBOURS, /* hubs of layout webinfer */
    WI_PULL_IPFS,       /* gateways: hubs of layout ipfs, and those that a router has named */
    WI_PULL_HUB,        /* any other hub */
    WI_PULL_LEVELS
};
struct wi_pull_level_counters {
    uint64_t hits; /* finished pulls that got bytes there */
    /* pulls that could have and got none, but fetched some elsewhere; and failed pulls */
    uint64_t misses;
    uint64_t bytes; /* that came from there, without those found to be wrong at once */
};

/* Since the start. */
struct wi_pulls_counters {
    uint64_t done, failed, cancelled; /* pulls */
    uint64_t fetched_bytes, reused_bytes;
    uint64_t evicted_bytes;
    size_t under_way; /* at this moment */
    struct wi_pull_level_counters levels[WI_PULL_LEVELS];
};
void wi_pulls_counters(const struct wi_pulls *pulls, struct wi_pulls_counters *counters);

#endif
