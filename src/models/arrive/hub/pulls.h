/*
 * The pulls of a daemon: models on their way from a hub into the store. There is one pull for each
 * name at a time, whoever asks for it. What was asked for is written down beside what was fetched
 * (models/catalog/library/versions.h), so that a daemon that was killed goes on with it when it is
 * started again.
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
    WI_PULL_DOWNLOADING, /* hashed as it comes */
    WI_PULL_VERIFYING,   /* all is there, the last of it is still hashed */
    WI_PULL_PUBLISHING,  /* one rename, then the model is read */
    WI_PULL_DONE,
    WI_PULL_FAILED,
    WI_PULL_STATE_COUNT
};
extern const char *const wi_pull_state_names[WI_PULL_STATE_COUNT]; /* "resolving" … */

/* Patterns of one pull, and bytes of each. */
#define WI_PULL_PATTERNS_MAX 100
#define WI_PULL_PATTERN_MAX 255

/* What somebody wants to have. Borrowed; NULL or empty: not said. */
struct wi_pull_want {
    const char *hub;                /* of [hub.NAME]; else [models] hub */
    const char *reference;          /* ORG/NAME[:VARIANT][@REVISION], ipfs://CID[/PATH][:VARIANT] */
    const char *as;                 /* the name that it gets here; else the repository's */
    const char *precision;          /* of an ONNX model */
    const struct wi_strings *files; /* patterns; else they are chosen */
    int copy; /* for others' sake: no other model goes for it, and [content] replica_quota holds */
};

/* One pull as others see it. Borrowed for the call. */
struct wi_pull_info {
    const char *name;      /* that it gets here, without a variant */
    const char *asked;     /* that it was begun under: of a path in content another one at first */
    const char *variant;   /* that was asked for, or NULL */
    const char *hub;       /* its section's name */
    const char *reference; /* as it was asked for */
    const char *commit;    /* NULL while that is not known */
    int copy;              /* as of wi_pull_want */
    enum wi_pull_state state;
    int kept;             /* what was asked for is on the disk: the next daemon goes on with it */
    uint64_t done, total; /* bytes of all files; `done` counts what was there already */
    uint64_t fetched;     /* of them, over the network in this life of the daemon */
    uint64_t reused;      /* of them, from an older version */
    size_t files_done, files;
    const struct wi_fetch_source *sources; /* who has brought how much, where several do */
    size_t source_count;
    const char *retrying;         /* what has failed and is tried again; NULL: nothing */
    double bytes_per_second;      /* lately; 0: nothing comes */
    double began_ms, ended_ms;    /* wi_now_ms(); the latter 0 while it is under way */
    const struct wi_error *error; /* of WI_PULL_FAILED */
};

struct wi_pulls;
/* All borrowed and must outlive the pulls. */
struct wi_pulls_deps {
    uv_loop_t *loop;
    struct wi_http *http;
    struct wi_repository *repository;
    struct wi_versions_work *versions; /* is told which pulls are under way */
    struct wi_sources *sources;        /* of what is pulled by its CID: set as configured */
    struct wi_neighbours *neighbours;  /* among them: likewise */
    struct wi_limit *limit;            /* of all that they bring: likewise */
    struct wi_blockstore *blocks;      /* what it has of files is not fetched; NULL: none */
    /* Is told of each change of a pull; NULL: nobody. */
    const struct wi_change_listener *listener;
};
/* The configuration is borrowed until the next one; each pull holds that which it was begun with.
 */
struct wi_pulls *wi_pulls_new(const struct wi_pulls_deps *deps, struct wi_config *config);
/* Goes on with what an earlier daemon was pulling. */
void wi_pulls_resume(struct wi_pulls *pulls);
/* One who is told of each pull that is done, before those who watch it. NULL: nobody any more. */
typedef void wi_pull_fn(void *context, const struct wi_pull_info *info);
void wi_pulls_on_done(struct wi_pulls *pulls, wi_pull_fn *on_done, void *context);
void wi_pulls_reload(struct wi_pulls *pulls, struct wi_config *config);
/* Stops what is under way; what was fetched stays for the next start. No callback comes any more.
 * The loop must turn afterwards until it is empty. NULL is fine. */
void wi_pulls_free(struct wi_pulls *pulls);

/* In `info` the pull that brings it, which was begun under the name `asked`, until the loop turns.
 * WI_OK, or what is wrong with what is wanted, among it a hub that there is not (WI_INVALID_FIELD),
 * and a name that belongs to somebody else (WI_CONFLICT). Begins a pull, or joins the one of the
 * same, which is a copy no longer if this is none. What is here as a copy is none after a pull that
 * is none. A different one for the same name is WI_CONFLICT; more than WI_PULLS_MAX are
 * WI_QUEUE_FULL. */
#define WI_PULLS_MAX 8
enum wi_code wi_pulls_start(struct wi_pulls *pulls, const struct wi_pull_want *want,
    struct wi_pull_info *info, struct wi_error *error);
/* Ends the pull and drops what was fetched. WI_OK, or WI_NOT_FOUND if none of that name is under
 * way. */
enum wi_code wi_pulls_cancel(struct wi_pulls *pulls, const char *name, struct wi_error *error);

/* 0 and the pull that has that name or was begun under it (a variant behind it does not count), or
 * -1 if there is none. One that has failed is remembered until the next of that name, one that is
 * done for a minute. */
int wi_pulls_find(const struct wi_pulls *pulls, const char *name, struct wi_pull_info *info);
void wi_pulls_each(const struct wi_pulls *pulls, wi_pull_fn *each, void *context);

/* Tells of each change of state, and of progress, until a state that ends the pull: after that the
 * watch is gone. Never from inside this call. NULL if none of that name is under way. */
struct wi_pull_watch;
struct wi_pull_watch *wi_pull_watch(
    struct wi_pulls *pulls, const char *name, wi_pull_fn *on_event, void *context);
void wi_pull_unwatch(struct wi_pull_watch *watch); /* no callback comes; NULL is fine */

/* Whether a request for that model, which is not here, may begin to pull it: [models]
 * pull_on_demand. */
int wi_pulls_on_demand(const struct wi_pulls *pulls, const char *name);

/* Where bytes come from, the nearest first. */
enum wi_pull_level {
    WI_PULL_NEIGHBOURS, /* hubs of layout webinfer */
    WI_PULL_IPFS,       /* gateways: those of layout ipfs, and those that a router has named */
    WI_PULL_HUB,        /* any other hub */
    WI_PULL_LEVELS
};
struct wi_pull_level_counters {
    uint64_t hits;   /* pulls that are done and got bytes there */
    uint64_t misses; /* pulls that could and got none, but had to get some; and those that failed */
    uint64_t bytes;  /* that came from there, and were right where that is known at once */
};

/* Since the start. */
struct wi_pulls_counters {
    uint64_t done, failed, cancelled; /* pulls */
    uint64_t fetched_bytes, reused_bytes;
    uint64_t evicted_bytes;
    size_t under_way; /* now */
    struct wi_pull_level_counters levels[WI_PULL_LEVELS];
};
void wi_pulls_counters(const struct wi_pulls *pulls, struct wi_pulls_counters *counters);

#endif
