/* See near.h. */
#include "models/arrive/hub/near.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "models/arrive/hub/brought.h"
#include <stdlib.h>
#include <string.h>

#define CLAIMANTS_MAX (WI_BLOCK_SOURCES_MAX - 1) /* and the hub */

/* Who has brought the beginning of a file that the hub is to go on with. */
struct left {
    size_t file;
    struct wi_block_source *sources[CLAIMANTS_MAX]; /* held */
    size_t count;
    struct left *next;
};

struct wi_near {
    struct wi_near_order order;
    struct wi_sources *sharing; /* the hub, where it shares; else NULL */
    wi_fetch_progress_fn *on_progress;
    wi_near_fn *on_end;
    void *context;
    struct wi_neighbours_wait *wait; /* until they have said what they have */
    struct wi_turn *turn;
    size_t next; /* file */
    /* The file that comes now. */
    struct wi_hub_tree one;
    struct wi_cid tried[WI_NEAR_CLAIMS_MAX]; /* the last is under way */
    size_t tried_count;
    struct wi_block_source *claimants[CLAIMANTS_MAX]; /* held */
    size_t claimant_count;
    struct wi_content_pull *content; /* borrows these: */
    struct wi_block_source *asked[WI_BLOCK_SOURCES_MAX];
    struct wi_hub_reference reference;
    char *url;     /* on the hub; NULL: that does not share */
    uint64_t done; /* of its bytes */
    struct left *left;
    const char *waiting;
    /* Of those before. */
    struct wi_brought brought;
    uint64_t fetched_before, fetched;
};

/* --- the end ---------------------------------------------------------------------------------- */

static void sources_release(struct wi_block_source **sources, size_t *count)
{
    while (*count > 0)
        wi_block_source_release(sources[--*count]);
}

static void end_claim(struct wi_near *near)
{
    wi_content_pull_free(WI_TAKE(near->content));
    wi_hub_reference_clear(&near->reference);
    free(WI_TAKE(near->url));
    near->waiting = NULL;
    near->done = 0;
    sources_release(near->claimants, &near->claimant_count);
}

void wi_near_free(struct wi_near *near)
{
    if (!near)
        return;
    end_claim(near);
    for (struct left *left = near->left, *next; left; left = next) {
        next = left->next;
        sources_release(left->sources, &left->count);
        free(left);
    }
    wi_neighbours_cancel(near->wait);
    wi_sources_free(near->sharing);
    wi_turn_free(near->turn);
    wi_hub_tree_clear(&near->one);
    wi_brought_clear(&near->brought);
    free(near);
}

static struct wi_fetch_progress progress_of(const struct wi_near *near)
{
    const struct wi_hub_tree *files = near->order.files;
    struct wi_fetch_progress progress = {.done = near->done,
        .total = files->bytes,
        .fetched = near->fetched_before + near->fetched,
        .files = files->count,
        .retrying = near->waiting,
        .sources = near->brought.sources,
        .source_count = near->brought.count};
    for (size_t i = 0; i < files->count; i++) {
        progress.done += files->files[i].here ? files->files[i].bytes : 0;
        progress.files_done += files->files[i].here != 0;
    }
    return progress;
}

/* --- who brought how much --------------------------------------------------------------------- */

static void take_progress(struct wi_near *near, const struct wi_fetch_progress *progress, int ends)
{
    for (size_t i = 0; i < progress->source_count; i++)
        wi_brought_take(
            &near->brought, progress->sources[i].name, progress->sources[i].bytes, ends);
    near->done = progress->done;
    near->waiting = progress->retrying;
    near->fetched = progress->fetched;
}

static void on_content_progress(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_near *near = context;
    take_progress(near, progress, 0);
    struct wi_fetch_progress all = progress_of(near);
    near->waiting = NULL; /* it is borrowed */
    near->on_progress(near->context, &all);
}

/* --- what came of a claim --------------------------------------------------------------------- */

static struct wi_hub_file *file_of(const struct wi_near *near)
{
    return &near->order.files->files[near->next];
}

/* The SHA-256 decides: the sources that claimed those leaves were wrong. */
static void sources_blame(struct wi_block_source *const *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        wi_block_source_lied(sources[i], 1, "its claim about a file was wrong");
}

/* The claim becomes that of what is left of the file. None of them is asked for the next one at
 * once: each file would wait for who does not answer. */
static void claim_leave(struct wi_near *near, const struct wi_error *error)
{
    struct left *left = wi_alloc(sizeof *left);
    for (size_t i = 0; i < near->claimant_count && error->code != WI_HUB_NOT_FOUND; i++) {
        struct wi_block_source *source = near->claimants[i];
        wi_block_source_rest(source, WI_NEIGHBOURS_PAUSE_MS, wi_block_source_look(source).reason);
    }
    left->file = near->next;
    left->count = near->claimant_count;
    memcpy(left->sources, near->claimants, sizeof near->claimants);
    near->claimant_count = 0;
    left->next = near->left;
    near->left = left;
}

int wi_near_was_wrong(struct wi_near *near, size_t file)
{
    int blamed = 0;
    for (struct left *left = near->left; left; left = left->next) {
        if (left->file != file || left->count == 0)
            continue;
        sources_blame(left->sources, left->count);
        sources_release(left->sources, &left->count);
        blamed = 1;
    }
    return blamed;
}

static void on_content_end(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    struct wi_near *near = context;
    struct wi_hub_file *file = file_of(near);
    take_progress(near, progress, 1);
    near->fetched_before += near->fetched;
    near->fetched = 0;
    if (!error) {
        file->here = 1;
        memcpy(file->sha256, near->one.files[0].sha256, sizeof file->sha256);
    } else {
        wi_info("pull", file->path, "does not come from neighbours: %s", error->detail);
    }
    if (error && error->code == WI_DOWNLOAD_CORRUPT)
        sources_blame(near->claimants, near->claimant_count);
    else if (error)
        claim_leave(near, error);
    /* An error of this machine will meet the hub's fetch too, which says so. */
    if (error && (error->code == WI_NO_ROOM || error->code == WI_STORAGE_FAILED ||
                     error->code == WI_UNAVAILABLE))
        near->next = near->order.files->count;
    end_claim(near);
    wi_turn_schedule(near->turn);
}

/* --- claims ----------------------------------------------------------------------------------- */

static int was_tried(const struct wi_near *near, const struct wi_cid *cid)
{
    for (size_t i = 0; i < near->tried_count; i++)
        if (wi_cid_equal(&near->tried[i], cid))
            return 1;
    return 0;
}

/* What a neighbour says to have of the file: NULL, or its row. */
static const struct wi_offer_file *claim_of(
    const struct wi_near *near, size_t neighbour, const unsigned char *hash)
{
    struct wi_neighbour_info info = wi_neighbours_at(near->order.neighbours, neighbour);
    return info.offer && wi_block_source_look(info.source).state == WI_SOURCE_READY
               ? wi_offer_find(info.offer, hash, file_of(near)->bytes)
               : NULL;
}

/* Holds those who say the same. */
static void claimants_gather(
    struct wi_near *near, const struct wi_cid *cid, const unsigned char *hash)
{
    size_t count = wi_neighbours_count(near->order.neighbours);
    sources_release(near->claimants, &near->claimant_count);
    for (size_t i = 0; i < count && near->claimant_count < CLAIMANTS_MAX; i++) {
        const struct wi_offer_file *claim = claim_of(near, i, hash);
        if (claim && wi_cid_equal(&claim->cid, cid))
            near->claimants[near->claimant_count++] =
                wi_block_source_hold(wi_neighbours_at(near->order.neighbours, i).source);
    }
}

/* The CID that most say, of those that were not tried: 0 where there is none. */
static int choose_claim(struct wi_near *near, const unsigned char *hash, struct wi_cid *cid)
{
    size_t count = wi_neighbours_count(near->order.neighbours), most = 0;
    for (size_t i = 0; i < count && near->tried_count < WI_NEAR_CLAIMS_MAX; i++) {
        const struct wi_offer_file *claim = claim_of(near, i, hash);
        if (!claim || was_tried(near, &claim->cid))
            continue;
        claimants_gather(near, &claim->cid, hash);
        if (near->claimant_count > most) {
            most = near->claimant_count;
            *cid = claim->cid;
        }
    }
    return most > 0;
}

static void near_fetch(struct wi_near *near, const struct wi_cid *cid)
{
    struct wi_content_order order = near->order.content;
    struct wi_hub_file file = *file_of(near);
    const struct wi_hub *hub = near->order.hub;
    if (near->sharing)
        near->url = wi_hub_url(hub, wi_hub_layouts[hub->layout].file_url, near->order.repository,
            near->order.files->commit, file.remote);
    wi_hub_reference_of_cid(cid, &near->reference);
    /* The claimants, and behind them the hub, if that shares. */
    memcpy(near->asked, near->claimants, near->claimant_count * sizeof *near->asked);
    order.only = near->asked;
    order.only_count = near->claimant_count;
    if (near->sharing)
        near->asked[order.only_count++] = wi_sources_at(near->sharing, 0);
    order.file_url = near->url;
    order.reference = &near->reference;
    order.bytes_max = file.bytes;
    order.hub_follows = 1;
    wi_hub_tree_clear(&near->one);
    file.remote = (char *)""; /* of a root that is the file itself */
    wi_hub_tree_add(&near->one, &file, file.path);
    near->content = wi_content_pull_new(&order);
    wi_content_pull_fetch(near->content, &near->one, on_content_progress, on_content_end, near);
}

/* Whether the file that is next comes now. */
static int try_next(struct wi_near *near)
{
    const struct wi_hub_file *file = file_of(near);
    unsigned char hash[WI_HASH_SIZE];
    struct wi_cid cid;
    if (file->here || file->digest != WI_HUB_SHA256 || wi_hash_from_hex(file->hash, hash) != 0 ||
        !choose_claim(near, hash, &cid))
        return 0;
    claimants_gather(near, &cid, hash);
    near->tried[near->tried_count++] = cid;
    near_fetch(near, &cid);
    return 1;
}

static void on_turn(void *context)
{
    struct wi_near *near = context;
    for (; near->next < near->order.files->count; near->next++, near->tried_count = 0)
        if (try_next(near))
            return;
    struct wi_fetch_progress progress = progress_of(near);
    near->on_end(near->context, &progress); /* it may be gone now */
}

/* --- the start -------------------------------------------------------------------------------- */

static void on_known(void *context)
{
    struct wi_near *near = context;
    near->wait = NULL;
    wi_turn_schedule(near->turn);
}

struct wi_near *wi_near_start(const struct wi_near_order *order, wi_fetch_progress_fn *on_progress,
    wi_near_fn *on_end, void *context)
{
    struct wi_near *near = wi_alloc(sizeof *near);
    near->order = *order;
    if (order->hub) { /* what is found out of it as a source is forgotten with this pull */
        const struct wi_hub *hub = order->hub;
        const struct wi_block_source_row row = {hub->name, hub->url, hub->token, NULL};
        near->sharing = wi_sources_new();
        wi_sources_set(near->sharing, &row, 1);
    }
    near->on_progress = on_progress;
    near->on_end = on_end;
    near->context = context;
    near->turn = wi_turn_new(order->content.loop, on_turn, near);
    near->wait = wi_neighbours_ask(
        order->neighbours, WI_NEIGHBOURS_FRESH_MS, WI_NEIGHBOURS_WAIT_MS, on_known, near);
    return near;
}
