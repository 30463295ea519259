/* Copies as they are made, held and let go. Neighbours, pulls, pins and models are played. */
#include "../../../test.h"

#include "base/hash.h"
#include "base/memory.h"
#include "models/arrive/hub/pulls.h"
#include "models/arrive/source/neighbours.h"
#include "models/share/blockstore/blockstore.h"
#include "models/share/copies/copies.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL 5 /* ms */
#define TURNS_MAX 100

/* --- what we play ----------------------------------------------------------------------------- */

static struct {
    /* Anna, who has published it, or not any more. */
    struct wi_offer anna;
    wi_neighbours_fn *on_known;
    void *known_context;
    /* The pull of a copy. */
    unsigned starts, unwatched;
    int is_here;          /* there is nothing to wait for */
    wi_pull_fn *on_event; /* NULL: nobody watches it */
    void *pull_context;
    /* The model, once it is here. */
    int for_others;
    struct wi_model model;
    unsigned taken_away;
    /* What is held. */
    unsigned holds, cancelled, let_go;
    enum wi_pin_kind held_as;
    char held_origin[40];
    wi_publish_fn *on_held;
    void *hold_context;
    struct wi_pin pin; /* `model` NULL: none */
    int spare;
    uint64_t takes;
} played;

static struct wi_cid cid(void)
{
    struct wi_cid cid = {.codec = WI_CODEC_DAG_PB};
    wi_hash("model", 5, cid.hash);
    return cid;
}

struct wi_neighbours_wait *wi_neighbours_ask(struct wi_neighbours *neighbours, double fresh_ms,
    uint64_t wait_ms, wi_neighbours_fn *on_known, void *context)
{
    assert_true(fresh_ms == 0 && wait_ms > 0);
    played.on_known = on_known;
    played.known_context = context;
    return (struct wi_neighbours_wait *)&played;
}

void wi_neighbours_cancel(struct wi_neighbours_wait *wait)
{
    if (wait)
        played.on_known = NULL;
}

void wi_neighbours_each(
    const struct wi_neighbours *neighbours, wi_neighbour_fn *each, void *context)
{
    const struct wi_neighbour_info info = {.offer = &played.anna};
    each(context, &info);
}

enum wi_code wi_pulls_start(struct wi_pulls *pulls, const struct wi_pull_want *want,
    struct wi_pull_info *info, struct wi_error *error)
{
    assert_true(want->copy && strncmp(want->reference, "ipfs://", 7) == 0);
    played.starts++;
    return WI_OK;
}

struct wi_pull_watch *wi_pull_watch(
    struct wi_pulls *pulls, const char *name, wi_pull_fn *on_event, void *context)
{
    if (played.is_here)
        return NULL;
    played.on_event = on_event;
    played.pull_context = context;
    return (struct wi_pull_watch *)&played;
}

void wi_pull_unwatch(struct wi_pull_watch *watch)
{
    played.unwatched += watch != NULL;
    if (watch)
        played.on_event = NULL;
}

const char *wi_repository_directory(const struct wi_repository *repository)
{
    return "/store";
}

struct wi_repository_lookup *wi_repository_find(
    struct wi_repository *repository, const char *name, wi_repository_fn *on_model, void *context)
{
    played.model.name = (char *)name;
    on_model(context, &played.model, NULL);
    return NULL;
}

void wi_repository_cancel(struct wi_repository_lookup *lookup)
{
    assert_null(lookup);
}

int wi_versions_is_copy(const char *directory, const char *name)
{
    assert_string_equal(directory, "/store");
    assert_null(strchr(name, ':'));
    return played.for_others;
}

struct wi_versions_task *wi_versions_take_away(
    struct wi_versions_work *work, const char *name, wi_versions_fn *on_done, void *context)
{
    played.taken_away++;
    return (struct wi_versions_task *)&played;
}

void wi_versions_cancel(struct wi_versions_task *task)
{
}

const struct wi_pin *wi_blockstore_at(const struct wi_blockstore *blocks, size_t index)
{
    return index == 0 && played.pin.model ? &played.pin : NULL;
}

uint64_t wi_blockstore_runs(const struct wi_blockstore *blocks, const struct wi_pin *pin)
{
    return 0;
}

const struct wi_pin *wi_blockstore_pin(const struct wi_blockstore *blocks, const char *name)
{
    return played.pin.model && strcmp(played.pin.model, name) == 0 ? &played.pin : NULL;
}

void wi_blockstore_check(struct wi_blockstore *blocks)
{
}

void wi_blockstore_spare(struct wi_blockstore *blocks, const char *name, int spare)
{
    played.spare = spare;
}

enum wi_code wi_blockstore_let_go(
    struct wi_blockstore *blocks, const char *name, struct wi_error *error)
{
    played.let_go++;
    played.pin.model = NULL;
    return WI_OK;
}

struct wi_publishing *wi_blockstore_hold(struct wi_blockstore *blocks, struct wi_model *model,
    enum wi_pin_kind kind, const struct wi_cid *wanted, const char *origin, wi_publish_fn *on_done,
    void *context)
{
    struct wi_cid right = cid();
    assert_true(wanted && wi_cid_equal(wanted, &right));
    played.holds++;
    played.held_as = kind;
    snprintf(played.held_origin, sizeof played.held_origin, "%s", origin);
    played.on_held = on_done;
    played.hold_context = context;
    return (struct wi_publishing *)&played;
}

void wi_blockstore_cancel(struct wi_publishing *publishing)
{
    played.cancelled += publishing != NULL;
    if (publishing)
        played.on_held = NULL;
}

int wi_pin_origin_ok(const char *text)
{
    return *text != '\0';
}

/* --- the copies of one daemon ----------------------------------------------------------------- */

struct fixture {
    uv_loop_t loop;
    struct wi_config config;
    struct wi_copies *copies;
    char name[WI_CID_TEXT + 8]; /* of the copy */
};

static void on_takes(void *context, uint64_t bytes)
{
    played.takes = bytes;
}

static void start(struct fixture *f)
{
    static const struct wi_models models;
    const struct wi_models_deps deps = {.loop = &f->loop, .id = "bert"};
    f->copies = wi_copies_new(&deps, &models, on_takes, NULL, &f->config);
}

static int set_up(void **state)
{
    static struct wi_offer_row row = {
        .name = (char *)"digits", .bytes = 1000, .origin = (char *)"anna"};
    struct fixture *f = wi_alloc(sizeof *f);
    char text[WI_CID_TEXT];
    memset(&played, 0, sizeof played);
    row.cid = cid();
    row.published = 1;
    played.anna = (struct wi_offer){.id = (char *)"anna", .rows = &row, .count = 1};
    wi_cid_print(&row.cid, text);
    snprintf(f->name, sizeof f->name, "ipfs/%s", text);
    f->config.content.replicas = 2;
    f->config.content.serve = WI_SERVE_PUBLISHED;
    f->config.content.interval = INTERVAL;
    assert_int_equal(uv_loop_init(&f->loop), 0);
    start(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_copies_free(f->copies);
    assert_null(played.on_known);
    assert_null(played.on_event);
    assert_null(played.on_held);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

/* The neighbours are asked, and have said what they have. */
static void turn(struct fixture *f)
{
    while (!played.on_known)
        uv_run(&f->loop, UV_RUN_ONCE);
    wi_neighbours_fn *on_known = played.on_known;
    played.on_known = NULL;
    on_known(played.known_context);
}

static void turn_until(struct fixture *f, const unsigned *count, unsigned wanted)
{
    for (int i = 0; *count < wanted; i++) {
        assert_true(i < TURNS_MAX);
        turn(f);
    }
}

static void turns(struct fixture *f, int count)
{
    for (int i = 0; i < count; i++)
        turn(f);
}

static void end_pull(enum wi_pull_state state, const struct wi_error *error)
{
    const struct wi_pull_info info = {.state = state, .error = error};
    wi_pull_fn *on_event = played.on_event;
    assert_non_null(on_event);
    if (state >= WI_PULL_DONE)
        played.on_event = NULL;
    on_event(played.pull_context, &info);
}

/* It has one, of that kind. */
static void have(struct fixture *f, enum wi_pin_kind kind)
{
    played.pin = (struct wi_pin){
        .kind = kind, .cid = cid(), .model = f->name, .origin = (char *)"anna", .bytes = 1000};
}

/* The pin is there. */
static void end_hold(struct fixture *f)
{
    wi_publish_fn *on_held = played.on_held;
    assert_non_null(on_held);
    have(f, played.held_as);
    played.on_held = NULL;
    on_held(played.hold_context, &played.pin, NULL);
}

static void expect_held(enum wi_pin_kind kind)
{
    assert_int_equal(played.holds, 1);
    assert_int_equal(played.held_as, kind);
    assert_string_equal(played.held_origin, "anna");
}

/* --- the tests -------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(a_copy_is_pulled_once_and_held)
{
    struct fixture *f = *state;
    turn(f);
    assert_int_equal(played.starts, 0); /* not before it has lacked for two intervals */
    assert_true(played.takes > 0);
    turn_until(f, &played.starts, 1);
    turns(f, 4);
    end_pull(WI_PULL_DOWNLOADING, NULL);
    assert_int_equal(played.holds, 0);
    played.for_others = 1;
    end_pull(WI_PULL_DONE, NULL);
    expect_held(WI_PIN_COPY);
    turns(f, 4);
    end_hold(f);
    turns(f, 4);
    assert_int_equal(played.starts, 1);
    assert_int_equal(played.holds, 1);
    assert_int_equal(played.spare, 0);
    assert_int_equal(played.taken_away + played.let_go, 0);
}

TEST(one_that_somebody_here_has_joined_is_adopted)
{
    struct fixture *f = *state;
    turn_until(f, &played.starts, 1);
    played.for_others = 0;
    end_pull(WI_PULL_DONE, NULL);
    expect_held(WI_PIN_ADOPTED);
    end_hold(f);
}

/* As after a kill between the end of its pull and its pin: the pull has nothing left to do. */
TEST(one_that_has_no_pin_yet_is_what_it_was_pulled_as)
{
    for (int for_others = 0; for_others < 2; for_others++) {
        struct fixture *f = *state;
        wi_copies_free(f->copies);
        played.holds = played.starts = 0;
        played.pin.model = NULL;
        played.is_here = 1;
        played.for_others = for_others;
        start(f);
        turn_until(f, &played.starts, 1);
        expect_held(for_others ? WI_PIN_COPY : WI_PIN_ADOPTED);
        end_hold(f);
    }
}

TEST(one_that_somebody_here_wants_later_is_adopted_then)
{
    struct fixture *f = *state;
    have(f, WI_PIN_COPY);
    played.for_others = 1;
    turns(f, 3);
    assert_int_equal(played.holds, 0);
    played.for_others = 0;
    turn_until(f, &played.holds, 1);
    turns(f, 3); /* one at a time */
    expect_held(WI_PIN_ADOPTED);
    end_hold(f);
    turns(f, 3);
    assert_int_equal(played.holds, 1);
}

TEST(a_copy_goes_when_its_origin_has_it_no_longer)
{
    struct fixture *f = *state;
    have(f, WI_PIN_COPY);
    played.for_others = 1;
    played.anna.count = 0;
    turn_until(f, &played.taken_away, 1);
    turns(f, 3);
    assert_int_equal(played.taken_away, 1);
    assert_int_equal(played.let_go, 0);
}

TEST(what_somebody_here_wants_is_never_taken_away)
{
    static const enum wi_pin_kind kinds[] = {WI_PIN_ADOPTED, WI_PIN_COPY};
    struct fixture *f = *state;
    for (unsigned i = 0; i < 2; i++) {
        /* The pin says still that it is a copy, as after a kill: the store says otherwise. */
        played.for_others = kinds[i] == WI_PIN_ADOPTED;
        have(f, kinds[i]);
        played.anna.count = 0;
        turn_until(f, &played.let_go, i + 1);
        if (played.on_held) /* the first turns wanted it adopted */
            end_hold(f), played.pin.model = NULL;
    }
    assert_int_equal(played.taken_away, 0);
}

TEST(after_a_failure_none_is_made_for_a_while)
{
    struct fixture *f = *state;
    struct wi_error error;
    wi_error_set(&error, WI_HUB_FAILED, "", "nobody has it");
    turn_until(f, &played.starts, 1);
    end_pull(WI_PULL_FAILED, &error);
    turns(f, 5);
    assert_int_equal(played.starts, 1);
    assert_int_equal(played.takes, 0); /* others may make it */
}

TEST(a_copy_that_cannot_be_held_goes_unless_it_is_wanted_here)
{
    struct fixture *f = *state;
    struct wi_error error;
    wi_error_set(&error, WI_CONFLICT, "", "its files have another CID");
    for (int for_others = 0; for_others < 2; for_others++) {
        wi_copies_free(f->copies);
        start(f); /* which knows of no failure */
        played.starts = 0;
        played.for_others = for_others;
        turn_until(f, &played.starts, 1);
        end_pull(WI_PULL_DONE, NULL);
        wi_publish_fn *on_held = played.on_held;
        played.on_held = NULL;
        on_held(played.hold_context, NULL, &error);
        assert_int_equal(played.taken_away, for_others);
    }
}

TEST(it_ends_at_any_time)
{
    struct fixture *f = *state;
    turn_until(f, &played.starts, 1);
    wi_copies_free(f->copies);
    assert_int_equal(played.unwatched, 1);
    start(f);
    played.is_here = 1;
    turn_until(f, &played.holds, 1);
    wi_copies_free(f->copies);
    assert_int_equal(played.cancelled, 1);
    start(f);
    while (!played.on_known)
        uv_run(&f->loop, UV_RUN_ONCE);
}

TEST(without_replicas_and_copies_nobody_is_asked)
{
    struct fixture *f = *state;
    wi_copies_free(f->copies);
    played.on_known = NULL;
    played.takes = 1;
    f->config.content.replicas = 0;
    start(f);
    while (played.takes > 0)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_null(played.on_known);
}
