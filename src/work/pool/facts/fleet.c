/* Classes, groups and lists of nodes; see fleet.h. */
#include "work/pool/facts/fleet.h"

#include "base/buffer.h"
#include "base/memory.h"
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of equally loaded nodes, so many are compared by when they will be free. */
#define LOOK 8
/* Nodes are listed by how many attempts they have: up to EXACT in a list for each number, beyond it
 * in four lists for each doubling, and in the last those that are full. */
#define EXACT 16
#define DOUBLINGS 9 /* as far as WI_ENGINE_SLOTS_MAX */
#define FULL (EXACT + 4 * DOUBLINGS)
_Static_assert(EXACT << DOUBLINGS > WI_ENGINE_SLOTS_MAX, "a list for every load");

/* A node's membership in a group. */
struct wi_fleet_place {
    struct wi_fleet_node *node;
    struct wi_fleet_group *group;
    int promised;                           /* it is of a model that was not confirmed */
    size_t load;                            /* the list it is in */
    struct wi_fleet_place *next, *previous; /* in that list */
    struct wi_fleet_place *sibling;         /* the node's next place */
};

/* Of a model that is in the list of a page and was not asked for yet. */
#define UNKNOWN WI_FLEET_QUEUES

/* Nodes of a class by their attempts of one queue: all, or those that have a model. A page's list
 * does not tell the queue of a model; it becomes known when the model is requested. A model that is
 * requested for both kinds of tasks is moved between the lists with each change. */
struct wi_fleet_group {
    struct wi_fleet_class *class;
    unsigned queue;
    char key[64 + 2]; /* a model's hash and a digit for the platform */
    size_t size;
    struct {
        struct wi_fleet_place *first, *last;
    } loads[FULL + 1];
    UT_hash_handle hh;
};

/* --- queues ---------------------------------------------------------------------------------- */

unsigned wi_fleet_queue(
    const struct wi_fleet_class *class, const struct wi_model *model, enum wi_task_kind task)
{
    int is_short =
        class && wi_task_is_short(task) && class->info.engines[model->engine].short_slots > 0;

    return wi_builtin_waits(model->builtin) ? WI_FLEET_WAITING(model->engine)
           : is_short                       ? WI_FLEET_SHORT(model->engine)
                                            : (unsigned)model->engine;
}

static enum wi_engine engine_of(unsigned queue)
{
    return (enum wi_engine)(queue % WI_ENGINE_COUNT);
}

static int only_waits(unsigned queue)
{
    return queue >= WI_FLEET_WAITING(0);
}

int wi_fleet_is_short(unsigned queue)
{
    return queue >= WI_FLEET_SHORT(0) && !only_waits(queue);
}

/* The other queue whose tasks the same engine computes; a queue of tasks that only wait has none
 * but itself. */
static unsigned queue_beside(unsigned queue)
{
    return only_waits(queue)          ? queue
           : wi_fleet_is_short(queue) ? (unsigned)engine_of(queue)
                                      : WI_FLEET_SHORT(queue);
}

static int has_queue(const struct wi_node_info *info, unsigned queue)
{
    return info->engines[engine_of(queue)].available && wi_fleet_slots(info, queue) > 0;
}

unsigned wi_fleet_slots(const struct wi_node_info *info, unsigned queue)
{
    enum wi_engine engine = engine_of(queue);

    return only_waits(queue)          ? wi_engines[engine].waiting
           : wi_fleet_is_short(queue) ? info->engines[engine].short_slots
                                      : info->engines[engine].slots;
}

int wi_fleet_takes_turns(unsigned queue)
{
    return !only_waits(queue) && wi_engines[engine_of(queue)].takes_turns;
}

int wi_fleet_is_of_texts(unsigned queue)
{
    return !only_waits(queue) && !wi_fleet_is_short(queue) &&
           wi_engines[engine_of(queue)].by_tokens;
}

/* More would only wait there instead of where it can still go to another node. */
unsigned wi_fleet_depth(const struct wi_node_info *info, unsigned queue)
{
    int keeps_one = !only_waits(queue) && info->engines[engine_of(queue)].queue > 0;

    return has_queue(info, queue) ? wi_fleet_slots(info, queue) + (unsigned)keeps_one : 0;
}

struct wi_fleet_capacity wi_fleet_capacity(const struct wi_fleet *fleet, unsigned queue)
{
    struct wi_fleet_capacity all = {0};

    for (const struct wi_fleet_class *class = fleet->classes; class; class = class->hh.next) {
        if (!has_queue(&class->info, queue))
            continue;
        all.depth += class->open * wi_fleet_depth(&class->info, queue);
        all.slots += class->open * wi_fleet_slots(&class->info, queue);
    }
    return all;
}

/* --- groups ---------------------------------------------------------------------------------- */

static size_t list_of(size_t count)
{
    size_t octave = 0;

    if (count < EXACT)
        return count;
    while (count >> octave >= 2 * EXACT)
        octave++;
    return EXACT + 4 * octave + (count >> octave) / (EXACT / 4) % 4;
}

static size_t load_of(const struct wi_fleet_place *place)
{
    unsigned queue = place->group->queue;

    if (queue == UNKNOWN)
        return FULL;
    return wi_fleet_has_room(place->node, queue) ? list_of(place->node->work[queue].count) : FULL;
}

/* Only open nodes are listed. An idle one of ours goes to the front: the one that worked last is
 * warm, and the ones that are not needed stay idle and may be closed. Joined ones take turns, so
 * that one that does not answer is not chosen every time. A busy one goes to the back, after those
 * that will be free before it. */
static void place_list(struct wi_fleet_place *place)
{
    struct wi_fleet_group *group = place->group;
    size_t load = place->load = load_of(place);
    int first = load == 0 && group->class->ours;

    if (!place->node->is.open)
        return;
    place->next = first ? group->loads[load].first : NULL;
    place->previous = first ? NULL : group->loads[load].last;
    *(place->previous ? &place->previous->next : &group->loads[load].first) = place;
    *(place->next ? &place->next->previous : &group->loads[load].last) = place;
}

static void place_unlist(struct wi_fleet_place *place)
{
    struct wi_fleet_group *group = place->group;

    if (!place->node->is.open)
        return;
    *(place->previous ? &place->previous->next : &group->loads[place->load].first) = place->next;
    *(place->next ? &place->next->previous : &group->loads[place->load].last) = place->previous;
    place->next = place->previous = NULL;
}

static void group_enter(struct wi_fleet_node *node, struct wi_fleet_group *group, int promised)
{
    struct wi_fleet_place *place = wi_alloc(sizeof *place);

    place->node = node;
    place->group = group;
    place->promised = promised;
    place->sibling = node->places;
    node->places = place;
    group->size++;
    place_list(place);
}

static struct wi_fleet_group *new_group(struct wi_fleet_class *class, unsigned queue)
{
    struct wi_fleet_group *group = wi_alloc(sizeof *group);

    group->class = class;
    group->queue = queue;
    return group;
}

static int is_of_model(const struct wi_fleet_group *group)
{
    return *group->key != '\0';
}

static void free_place(struct wi_fleet_place *place)
{
    struct wi_fleet_group *group = place->group;
    struct wi_fleet_class *class = group->class;

    place_unlist(place);
    free(place);
    if (--group->size == 0 && is_of_model(group)) {
        HASH_DEL(class->models, group);
        free(group);
    }
}

/* The model has turned out to be one of that queue. */
static void group_settle(struct wi_fleet_group *group, unsigned queue)
{
    struct wi_fleet_place *place, *all = NULL;

    if (group->queue == queue)
        return;
    for (size_t load = 0; load <= FULL; load++) {
        while ((place = group->loads[load].last)) { /* so that all end in their order */
            place_unlist(place);
            place->next = all;
            all = place;
        }
    }
    group->queue = queue;
    while ((place = all)) {
        all = place->next;
        place->next = NULL;
        place_list(place);
    }
}

static struct wi_fleet_group *find_group(
    const struct wi_fleet_class *class, const char *hash, enum wi_platform platform)
{
    char key[sizeof((struct wi_fleet_group *)0)->key];
    size_t length = strnlen(hash, 64);

    memcpy(key, hash, length);
    key[length] = (char)('0' + platform);
    return WI_TABLE_FIND(class->models, key, length + 1);
}

/* --- classes --------------------------------------------------------------------------------- */

static void class_key(struct wi_buffer *key, const struct wi_node_info *info, int doubted)
{
    /* A joined page may run on any machine: one with as many cores is taken for the same. */
    wi_buffer_printf(
        key, "%s\n%s\n%d", info->kind, info->browser_version, *info->session ? -1 : info->cores);
    wi_buffer_printf(key, "\n%s\n%s\n%d %d %" PRId64, info->party, info->relay, doubted,
        info->benchmarks, info->memory_limit);
    if (*info->relay) /* it alone has these models */
        wi_buffer_strings(key, "\n", info->id, NULL);
    for (int i = 0; i < WI_ENGINE_COUNT; i++)
        if (info->engines[i].available)
            wi_buffer_printf(key, "\n%s %u %u %u %d %d %d %" PRId64 " %s", wi_engine_names[i],
                info->engines[i].slots, info->engines[i].short_slots, info->engines[i].queue,
                info->engines[i].can_continue, info->engines[i].continues_several,
                info->engines[i].on_webgpu, info->engines[i].file_max, info->engines[i].version);
    for (int i = 0; i < WI_PLATFORM_COUNT; i++) {
        const struct wi_adapter *adapter = &info->platforms[i].adapter;
        wi_buffer_printf(key, "\n%d %d", info->platforms[i].available, info->platforms[i].f16);
        if (info->platforms[i].has_adapter)
            wi_buffer_printf(key, " %s\t%s\t%s\t%d\t%s", adapter->vendor, adapter->architecture,
                adapter->description, adapter->is_fallback,
                wi_place_gpu(info, (enum wi_platform)i));
    }
}

static struct wi_place *new_places(const struct wi_node_info *info, enum wi_engine engine)
{
    struct wi_place *places = wi_alloc(WI_PLATFORM_COUNT * sizeof *places);

    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        places[i] = wi_place_of(info, engine, (enum wi_platform)i);
    return places;
}

const struct wi_place *wi_fleet_where(
    const struct wi_fleet_class *class, enum wi_engine engine, enum wi_platform platform)
{
    return class->places[engine] ? &class->places[engine][platform] : NULL;
}

static struct wi_fleet_class *find_or_add_class(
    struct wi_fleet *fleet, const struct wi_node_info *info, int doubted)
{
    struct wi_buffer key = {0};

    class_key(&key, info, doubted);
    struct wi_fleet_class *class = WI_TABLE_FIND(fleet->classes, key.text, strlen(key.text));
    if (class) {
        wi_buffer_clear(&key);
        return class;
    }
    class = wi_alloc(sizeof *class);
    class->info = *info;
    class->info.id[0] = '\0';
    json_incref(class->info.capabilities);
    class->ours = *info->session != '\0';
    class->doubted = doubted;
    for (unsigned i = 0; i < WI_FLEET_QUEUES; i++)
        class->queues[i] = has_queue(info, i) ? new_group(class, i) : NULL;
    for (int i = 0; i < WI_ENGINE_COUNT; i++)
        class->places[i] = info->engines[i].available ? new_places(info, (enum wi_engine)i) : NULL;
    class->key = wi_buffer_take(&key);
    HASH_ADD_KEYPTR(hh, fleet->classes, class->key, strlen(class->key), class);
    return class;
}

static void places_relist(struct wi_fleet_node *node, void (*one)(struct wi_fleet_place *))
{
    for (struct wi_fleet_place *place = node->places; place; place = place->sibling)
        one(place);
}

static void nodes_recount(size_t *nodes, int before, int now)
{
    *nodes += (size_t)now - (size_t)before;
}

void wi_fleet_set(
    struct wi_fleet *fleet, struct wi_fleet_node *node, const struct wi_fleet_state *state)
{
    struct wi_fleet_class *class = node->class;
    const struct wi_fleet_state was = node->is;
    int open = state->open != 0, away = !open && state->away;

    if (!class)
        return;
    if (open != was.open)
        places_relist(node, place_unlist);
    node->is = (struct wi_fleet_state){open, away, away && state->paused, away && state->held};
    if (open != was.open)
        places_relist(node, place_list);
    nodes_recount(&fleet->open, was.open, open);
    nodes_recount(&class->open, was.open, open);
    nodes_recount(&class->away, was.away, away);
    nodes_recount(&class->paused, was.paused, node->is.paused);
    nodes_recount(&class->held, was.held, node->is.held);
}

/* --- nodes ----------------------------------------------------------------------------------- */

void wi_fleet_remove(struct wi_fleet *fleet, struct wi_fleet_node *node)
{
    static const struct wi_fleet_state gone;
    struct wi_fleet_class *class = node->class;
    struct wi_fleet_place *place;

    if (!class)
        return;
    wi_fleet_set(fleet, node, &gone);
    while ((place = node->places)) {
        node->places = place->sibling;
        free_place(place);
    }
    node->class = NULL;
    fleet->count--;
    if (--class->count > 0)
        return;
    assert(!class->models);
    HASH_DEL(fleet->classes, class);
    json_decref(class->info.capabilities);
    for (unsigned i = 0; i < WI_FLEET_QUEUES; i++)
        free(class->queues[i]);
    for (int i = 0; i < WI_ENGINE_COUNT; i++)
        free(class->places[i]);
    free(class->key);
    free(class);
}

void wi_fleet_put(struct wi_fleet *fleet, struct wi_fleet_node *node, const char *id,
    const struct wi_node_info *info)
{
    wi_fleet_remove(fleet, node);
    node->id = id;
    node->class = find_or_add_class(fleet, info, node->doubted);
    node->class->count++;
    fleet->count++;
    for (unsigned i = 0; i < WI_FLEET_QUEUES; i++)
        if (node->class->queues[i])
            group_enter(node, node->class->queues[i], 0);
}

void wi_fleet_worked(struct wi_fleet *fleet, struct wi_fleet_node *node)
{
    if (node->class && !node->class->ours)
        node->class->worked = ++fleet->turns;
}

void wi_fleet_load(struct wi_fleet_node *node, unsigned queue, const struct wi_fleet_work *work)
{
    unsigned other = !node->work[queue].closed == !work->closed ? queue : queue_beside(queue);

    for (struct wi_fleet_place *place = node->places; place; place = place->sibling)
        if (place->group->queue == queue || place->group->queue == other)
            place_unlist(place);
    node->work[queue] = *work;
    for (struct wi_fleet_place *place = node->places; place; place = place->sibling)
        if (place->group->queue == queue || place->group->queue == other)
            place_list(place);
}

static struct wi_fleet_place *place_find(
    const struct wi_fleet_node *node, const char *hash, enum wi_platform platform)
{
    const struct wi_fleet_group *group =
        node->class ? find_group(node->class, hash, platform) : NULL;
    struct wi_fleet_place *place = group ? node->places : NULL;

    while (place && place->group != group)
        place = place->sibling;
    return place;
}

void wi_fleet_note_model(
    struct wi_fleet_node *node, const char *hash, enum wi_platform platform, int promised)
{
    struct wi_fleet_class *class = node->class;

    if (!class || !*hash || *class->info.relay)
        return;
    struct wi_fleet_group *group = find_group(class, hash, platform);
    struct wi_fleet_place *place = place_find(node, hash, platform);
    if (place) {
        place->promised &= promised;
        return;
    }
    if (!group) {
        size_t length = strnlen(hash, 64);
        group = new_group(class, UNKNOWN);
        memcpy(group->key, hash, length);
        group->key[length] = (char)('0' + platform);
        HASH_ADD_KEYPTR(hh, class->models, group->key, length + 1, group);
    }
    group_enter(node, group, promised);
}

/* `only` NULL: all of them. */
static void forget_models(struct wi_fleet_node *node, const struct wi_fleet_place *only)
{
    struct wi_fleet_place **link = &node->places, *place;

    while ((place = *link)) {
        if (!is_of_model(place->group) || (only && place != only)) {
            link = &place->sibling;
            continue;
        }
        *link = place->sibling;
        free_place(place);
    }
}

void wi_fleet_models(struct wi_fleet_node *node, const json_t *models)
{
    size_t count = 0;

    if (!node->class)
        return;
    forget_models(node, NULL);
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *row = json_array_get(models, i);
        const char *hash = json_string_value(json_object_get(row, "hash"));
        int platform = wi_place_platform(row);
        const char *state = json_string_value(json_object_get(row, "state"));
        /* A model being loaded for a request is promised; no request waits for other loads. */
        if (!hash || !*hash || platform < 0 || !state || count == WI_FLEET_MODELS ||
            strcmp(state, "loaded") != 0)
            continue;
        wi_fleet_note_model(node, hash, (enum wi_platform)platform, 0);
        count++;
    }
}

void wi_fleet_take_back(struct wi_fleet_node *node, const char *hash, enum wi_platform platform)
{
    const struct wi_fleet_place *place = place_find(node, hash, platform);

    if (place && place->promised)
        forget_models(node, place);
}

int wi_fleet_has(const struct wi_fleet_node *node, const char *hash, enum wi_platform platform)
{
    return place_find(node, hash, platform) != NULL;
}

/* --- choosing -------------------------------------------------------------------------------- */

int wi_fleet_has_room(const struct wi_fleet_node *node, unsigned queue)
{
    const struct wi_fleet_work *work = &node->work[queue];

    return node->class && !work->closed && !node->work[queue_beside(queue)].closed &&
           work->count < wi_fleet_depth(&node->class->info, queue);
}

int wi_fleet_is_idle(const struct wi_fleet_node *node, unsigned queue)
{
    return node->work[queue].count == 0 && node->work[queue_beside(queue)].count == 0;
}

static double ahead_in(const struct wi_fleet_node *node, unsigned queue, double now)
{
    const struct wi_fleet_work *work = &node->work[queue];

    if (!node->class || work->count == 0)
        return 0;
    if (!work->closed && !wi_fleet_takes_turns(queue) &&
        work->count < wi_fleet_slots(&node->class->info, queue))
        return 0;
    return fabs(work->done_at - now);
}

double wi_fleet_ahead(const struct wi_fleet_node *node, unsigned queue, double now)
{
    double ahead = ahead_in(node, queue, now);

    return node->work[queue_beside(queue)].closed
               ? fmax(ahead, ahead_in(node, queue_beside(queue), now))
               : ahead;
}

static const struct wi_fleet_node *first_of(
    const struct wi_fleet_group *group, size_t load, const char *avoid, double now)
{
    const struct wi_fleet_place *place = group->loads[load].first;
    const struct wi_fleet_node *best = NULL;

    for (int i = 0; place && i < LOOK; i++, place = place->next) {
        if (avoid && strcmp(place->node->id, avoid) == 0)
            continue;
        if (!best || wi_fleet_ahead(place->node, group->queue, now) <
                         wi_fleet_ahead(best, group->queue, now))
            best = place->node;
    }
    return best;
}

static const struct wi_fleet_node *best_of(
    const struct wi_fleet_group *group, const char *avoid, double now)
{
    size_t last = list_of(wi_fleet_depth(&group->class->info, group->queue) - 1);
    const struct wi_fleet_node *found = NULL;

    for (size_t load = 0; load <= last && !found; load++)
        found = first_of(group, load, avoid, now);
    return found;
}

const struct wi_fleet_node *wi_fleet_any(
    const struct wi_fleet_class *class, unsigned queue, const char *avoid, double now)
{
    return class->queues[queue] ? best_of(class->queues[queue], avoid, now) : NULL;
}

const struct wi_fleet_node *wi_fleet_warm(const struct wi_fleet_class *class, unsigned queue,
    const char *hash, enum wi_platform platform, const char *avoid, double now)
{
    struct wi_fleet_group *group = find_group(class, hash, platform);

    if (!group)
        return NULL;
    group_settle(group, queue);
    return best_of(group, avoid, now);
}

double wi_fleet_full(const struct wi_fleet_class *class, unsigned queue, double now)
{
    const struct wi_fleet_group *group = class->queues[queue];
    const struct wi_fleet_node *node = group ? first_of(group, FULL, NULL, now) : NULL;

    return node ? wi_fleet_ahead(node, queue, now) : -1;
}

size_t wi_fleet_loaded(
    const struct wi_fleet_class *class, const char *hash, enum wi_platform platform)
{
    const struct wi_fleet_group *group = find_group(class, hash, platform);

    return group ? group->size : 0;
}
