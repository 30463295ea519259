/*
 * The kinds of browsers that can be lent, from the answers of the own daemon: a kind has the nodes
 * that take work now, and those that the daemon may start.
 *
 * One of them is the sample by which the borrowing daemon judges and holds them all. It must not
 * change with each node that comes or goes: browsers of the daemon itself go before joined nodes,
 * and a sample stays one while its node lives.
 */
#include "uplink/kinds.h"

#include "base/memory.h"
#include "terms/model/engine.h"
#include <stdlib.h>
#include <string.h>

static int is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static const char *word_of(const json_t *object, const char *name)
{
    const char *word = json_string_value(json_object_get(object, name));
    return word ? word : "";
}

static struct wi_uplink_kind *kind_find(
    struct wi_uplink_kind **kinds, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*kinds)[i].name, name) == 0)
            return &(*kinds)[i];
    *kinds = wi_realloc_array(*kinds, *count + 1, sizeof **kinds);
    struct wi_uplink_kind *kind = &(*kinds)[(*count)++];
    *kind = (struct wi_uplink_kind){0};
    strcpy(kind->name, name);
    return kind;
}

static int name_is_ok(const char *name)
{
    return *name && strlen(name) < WI_UPLINK_KIND_SIZE;
}

static int node_is_held(const json_t *node)
{
    return is_true(node, "held");
}

static int node_is_able(const json_t *node)
{
    return !is_true(node, "away") && !is_true(node, "draining") && !is_true(node, "paused") &&
           !node_is_held(node);
}

static int node_is_own(const json_t *node)
{
    return json_is_string(json_object_get(node, "session"));
}

/* What came through a relay goes to no other: one hop. */
static int node_is_relay(const json_t *node)
{
    return *word_of(node, "via") || *word_of(node, "relay");
}

static uint64_t number_of(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));
    return number > 0 ? (uint64_t)number : 0;
}

/* --- samples ---------------------------------------------------------------------------------- */

enum rank { RANK_NONE, RANK_JOINED, RANK_JOINED_BEFORE, RANK_KIND, RANK_OWN, RANK_OWN_BEFORE };

static void kind_offer(struct wi_uplink_kind *kind, const json_t *sample, int rank)
{
    if (rank <= kind->rank)
        return;
    kind->sample = sample;
    kind->rank = rank;
}

static int was_sample(const json_t *samples, const char *kind, const json_t *node)
{
    const char *id = word_of(samples, kind);
    return *id && strcmp(id, word_of(node, "id")) == 0 && !node_is_held(node);
}

static void keep_samples(json_t *samples, const struct wi_uplink_kind *kinds, size_t count)
{
    json_object_clear(samples);
    for (size_t i = 0; i < count; i++)
        if (*word_of(kinds[i].sample, "id"))
            json_object_set(samples, kinds[i].name, json_object_get(kinds[i].sample, "id"));
}

/* --- the list --------------------------------------------------------------------------------- */

static void read_nodes(
    struct wi_uplink_kind **kinds, size_t *count, const json_t *nodes, const json_t *samples)
{
    const json_t *node;
    size_t i;
    json_array_foreach(nodes, i, node)
    {
        const char *name = word_of(node, "browser");
        int is_able = node_is_able(node), was = was_sample(samples, name, node);
        if (!name_is_ok(name) || node_is_relay(node) || !(is_able || was))
            continue;
        struct wi_uplink_kind *kind = kind_find(kinds, count, name);
        *(node_is_own(node) ? &kind->own : &kind->joined) += (uint64_t)is_able;
        kind_offer(kind, node, (node_is_own(node) ? RANK_OWN : RANK_JOINED) + was);
    }
}

/* Of all browsers that the daemon may have, those that it does not keep as the minimum of another
 * kind. */
static uint64_t places_left(
    const struct wi_uplink_kind *kinds, size_t count, const json_t *status, const char *name)
{
    uint64_t left = number_of(status, "session_limit");
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_object_get(json_object_get(status, "kinds"), kinds[i].name);
        uint64_t min = number_of(row, "min"), kept = kinds[i].own < min ? kinds[i].own : min;
        if (strcmp(kinds[i].name, name) != 0)
            left -= kept < left ? kept : left;
    }
    return left;
}

static void read_kinds(struct wi_uplink_kind **kinds, size_t *count, const json_t *status)
{
    json_t *rows = json_object_get(status, "kinds"), *row;
    const char *name;
    json_object_foreach(rows, name, row)
    {
        int starts = is_true(row, "installed") && strcmp(word_of(row, "breaker"), "open") != 0;
        uint64_t most = starts ? number_of(row, "max") : 0;
        if (!name_is_ok(name))
            continue;
        struct wi_uplink_kind *kind = kind_find(kinds, count, name);
        uint64_t left = places_left(*kinds, *count, status, name);
        kind->may = most < left ? most : left;
        if (kind->may > 0 && json_is_object(json_object_get(row, "abilities")))
            kind_offer(kind, json_object_get(row, "abilities"), RANK_KIND);
    }
}

struct wi_uplink_kind *wi_uplink_kinds_read(
    const json_t *nodes, const json_t *status, json_t *samples, size_t *count)
{
    struct wi_uplink_kind *list = NULL;
    *count = 0;
    read_nodes(&list, count, nodes, samples);
    read_kinds(&list, count, status);
    keep_samples(samples, list, *count);
    return list;
}

uint64_t wi_uplink_kind_slots(const struct wi_uplink_kind *kind, uint64_t most)
{
    uint64_t all = kind->joined + (kind->own > kind->may ? kind->own : kind->may);
    return all < most ? all : most;
}

/* --- what is announced ------------------------------------------------------------------------ */

static json_t *slots_times(const json_t *engine, const char *name, uint64_t slots)
{
    uint64_t all = number_of(engine, name) * slots;
    return json_integer((json_int_t)(all < WI_ENGINE_SLOTS_MAX ? all : WI_ENGINE_SLOTS_MAX));
}

/* Kernels prove the hardware of one page, which a relay is not. */
static void put_engines(json_t *capabilities, const json_t *engines, uint64_t slots)
{
    json_t *versions = json_object(), *infos = json_object(), *engine;
    const char *name;
    json_object_foreach((json_t *)engines, name, engine)
    {
        const char *version = word_of(engine, "version");
        if (strcmp(name, "kernels") == 0)
            continue;
        if (*version)
            json_object_set_new(versions, name, json_string(version));
        json_object_set_new(infos, name,
            json_pack("{s:o, s:o, s:i, s:O*}", "slots", slots_times(engine, "slots", slots),
                "short_slots", slots_times(engine, "short_slots", slots), "queue", 1, "can",
                json_object_get(engine, "can")));
    }
    json_object_set_new(capabilities, "engines", versions);
    json_object_set_new(capabilities, "engine_info", infos);
}

char *wi_uplink_kind_capabilities(
    const struct wi_uplink_kind *kind, const char *lender, uint64_t slots)
{
    const json_t *node = kind->sample;
    json_t *capabilities =
        json_pack("{s:{s:s, s:s, s:s}, s:b, s:O*, s:[s], s:{s:s}}", "browser", "name", kind->name,
            "version", word_of(node, "browser_version"), "user_agent", "webinfer-uplink",
            "cross_origin_isolated", is_true(node, "cross_origin_isolated"), "platforms",
            json_object_get(node, "platforms"), "task_types", "inference", "relay", "name", lender);
    static const char *const numbers[] = {"cores", "memory_gib"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (json_is_number(json_object_get(node, numbers[i])))
            json_object_set(capabilities, numbers[i], json_object_get(node, numbers[i]));
    put_engines(capabilities, json_object_get(node, "engines"), slots);
    char *text = json_dumps(capabilities, JSON_COMPACT);
    json_decref(capabilities);
    return text;
}
