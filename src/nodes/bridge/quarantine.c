/* Rows by id, in the order in which they came; see quarantine.h. */
#include "nodes/bridge/quarantine.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/table.h"
#include "base/text.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>
#include <string.h>

struct row {
    char id[WI_ID_SIZE];
    struct wi_visitor visitor;
    int earlier; /* it is of an earlier daemon, whose join tokens no longer exist */
    char evidence[WI_QUARANTINE_EVIDENCE_SIZE]; /* "": a daemon before this one has not said */
    char reason[WI_QUARANTINE_REASON_SIZE];
    int brief;            /* it has an end of its own, and is not for wrong answers */
    int64_t since, until; /* until: 0: when it is lifted */
    UT_hash_handle hh;    /* by id; uthash keeps the order of insertion */
    UT_hash_handle by_node;
};

struct wi_quarantine {
    struct wi_db *db;
    struct row *rows;        /* the oldest first */
    struct row *nodes;       /* the same, by what the node was called */
    int64_t next;            /* when the first row is void; INT64_MAX: none will be */
    struct wi_visitor *gone; /* a ring of WI_QUARANTINE_GONE_MAX; NULL: none was noted */
    size_t next_gone;
};

static int is_of_node_token(const struct row *row)
{
    return *row->visitor.name != '\0';
}

/* --- on disk ---------------------------------------------------------------------------------- */

static json_t *row_json(const struct row *row, int everything)
{
    const struct wi_visitor *visitor = &row->visitor;
    int named = is_of_node_token(row);
    return wi_form_json("Quarantined", row->id, visitor->node, named ? visitor->name : NULL,
        named ? NULL : visitor->join, everything ? visitor->address : NULL,
        *row->evidence ? row->evidence : NULL, everything ? row->reason : NULL, row->since,
        row->until);
}

static void row_save(const struct wi_quarantine *quarantine, const struct row *row)
{
    json_t *object = row_json(row, 1);
    char *text = json_dumps(object, JSON_COMPACT);
    wi_db_put(quarantine->db, WI_DB_QUARANTINE, 0, row->id, text);
    free(text);
    json_decref(object);
}

static void row_drop(struct wi_quarantine *quarantine, struct row *row)
{
    wi_db_forget(quarantine->db, WI_DB_QUARANTINE, row->id);
    HASH_DEL(quarantine->rows, row);
    HASH_DELETE(by_node, quarantine->nodes, row);
    free(row);
}

static void row_insert(struct wi_quarantine *quarantine, struct row *row)
{
    HASH_ADD_STR(quarantine->rows, id, row);
    HASH_ADD(by_node, quarantine->nodes, visitor.node, strlen(row->visitor.node), row);
    if (row->until && row->until < quarantine->next)
        quarantine->next = row->until;
}

/* Those whose time has passed, and what is too much. */
static void quarantine_tidy(struct wi_quarantine *quarantine, int64_t now)
{
    struct row *row, *next;
    while (HASH_COUNT(quarantine->rows) > WI_QUARANTINE_MAX)
        row_drop(quarantine, quarantine->rows);
    if (now < quarantine->next)
        return;
    quarantine->next = INT64_MAX;
    HASH_ITER(hh, quarantine->rows, row, next)
    {
        if (row->until && row->until <= now)
            row_drop(quarantine, row);
        else if (row->until && row->until < quarantine->next)
            quarantine->next = row->until;
    }
}

static int has_node(const struct wi_quarantine *quarantine, const char *node)
{
    const struct row *row;
    HASH_FIND(by_node, quarantine->nodes, node, strlen(node), row);
    return row != NULL;
}

struct stored {
    const char *node, *token, *join, *address, *evidence, *reason;
    int64_t since, until;
};

static const struct wi_param stored_table[] = {
    WI_PARAM(stored, node, STRING, .required = 1, .max = WI_ID_SIZE - 1),
    WI_PARAM(stored, token, STRING, .min = 1, .max = WI_TOKEN_NAME_MAX),
    WI_PARAM(stored, join, STRING, .min = 1, .max = WI_ID_SIZE - 1),
    WI_PARAM(stored, address, STRING, .required = 1, .max = WI_PEER_TEXT_SIZE - 1),
    WI_PARAM(stored, evidence, STRING, .max = WI_QUARANTINE_EVIDENCE_SIZE - 1),
    WI_PARAM(stored, reason, STRING, .required = 1, .max = WI_QUARANTINE_REASON_SIZE - 1),
    WI_PARAM(stored, since, INTEGER, .required = 1),
    WI_PARAM(stored, until, INTEGER),
    WI_PARAM_END,
};

static void add_stored(
    struct wi_quarantine *quarantine, const char *id, const struct stored *stored)
{
    struct row *row = wi_alloc(sizeof *row);
    struct wi_visitor *visitor = &row->visitor;
    wi_text_copy(row->id, sizeof row->id, id);
    wi_text_copy(visitor->node, sizeof visitor->node, stored->node);
    wi_text_copy(visitor->name, sizeof visitor->name, stored->token);
    wi_text_copy(visitor->join, sizeof visitor->join, stored->join);
    wi_text_copy(visitor->address, sizeof visitor->address, stored->address);
    wi_text_copy(row->evidence, sizeof row->evidence, stored->evidence);
    wi_text_copy(row->reason, sizeof row->reason, stored->reason);
    row->since = stored->since;
    row->until = stored->until;
    row->earlier = 1;
    row_insert(quarantine, row);
}

/* What is not as it is written here is as if it were not there. */
static void row_load(void *context, const char *key, const char *value)
{
    struct stored stored = {0};
    struct wi_error error;
    json_t *object = json_loads(value, 0, NULL);
    if (object && strlen(key) < WI_ID_SIZE &&
        wi_params_read(stored_table, object, WI_PARAMS_OPEN, "", &stored, &error) == WI_OK &&
        !stored.token != !stored.join && !has_node(context, stored.node))
        add_stored(context, key, &stored);
    json_decref(object);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct wi_quarantine *wi_quarantine_new(void)
{
    struct wi_quarantine *quarantine = wi_alloc(sizeof *quarantine);
    quarantine->next = INT64_MAX;
    return quarantine;
}

void wi_quarantine_free(struct wi_quarantine *quarantine)
{
    struct row *row;
    if (!quarantine)
        return;
    HASH_CLEAR(by_node, quarantine->nodes);
    while ((row = WI_TABLE_TAKE(quarantine->rows)))
        free(row);
    free(quarantine->gone);
    free(quarantine);
}

void wi_quarantine_keep(struct wi_quarantine *quarantine, struct wi_db *db, int64_t now)
{
    wi_db_each(db, WI_DB_QUARANTINE, 0, row_load, quarantine);
    quarantine->db = db;
    quarantine_tidy(quarantine, now);
}

/* --- nodes that are gone ---------------------------------------------------------------------- */

void wi_quarantine_note_gone(struct wi_quarantine *quarantine, const struct wi_visitor *visitor)
{
    if (!quarantine->gone)
        quarantine->gone = wi_alloc(WI_QUARANTINE_GONE_MAX * sizeof *quarantine->gone);
    quarantine->gone[quarantine->next_gone] = *visitor;
    quarantine->next_gone = (quarantine->next_gone + 1) % WI_QUARANTINE_GONE_MAX;
}

const struct wi_visitor *wi_quarantine_find_gone(
    const struct wi_quarantine *quarantine, const char *node)
{
    for (size_t i = 0; quarantine->gone && i < WI_QUARANTINE_GONE_MAX; i++)
        if (*node && strcmp(quarantine->gone[i].node, node) == 0)
            return &quarantine->gone[i];
    return NULL;
}

/* --- who is under it -------------------------------------------------------------------------- */

size_t wi_quarantine_wrongs(const struct wi_quarantine *quarantine, const char *join)
{
    size_t count = 0;
    for (const struct row *row = quarantine->rows; row; row = row->hh.next)
        count += !row->earlier && !row->brief && !is_of_node_token(row) &&
                 strcmp(row->visitor.join, join) == 0;
    return count;
}

/* When a row that begins now is void; 0: when it is lifted. */
static int64_t row_end(const struct row *row, int64_t for_ms, int64_t now)
{
    if (for_ms == 0 && is_of_node_token(row))
        return 0;
    return now + (for_ms > 0 ? for_ms : WI_QUARANTINE_MS);
}

int wi_quarantine_add(struct wi_quarantine *quarantine, const struct wi_visitor *visitor,
    const struct wi_quarantine_cause *cause, int64_t now)
{
    if (has_node(quarantine, visitor->node))
        return -1;
    struct row *row = wi_alloc(sizeof *row);
    wi_id_new(row->id, "quarantine");
    row->visitor = *visitor;
    wi_text_copy(row->evidence, sizeof row->evidence, cause->evidence);
    wi_text_printable(row->reason, sizeof row->reason, cause->reason);
    row->brief = cause->for_ms > 0;
    row->since = now;
    row->until = row_end(row, cause->for_ms, now);
    row_insert(quarantine, row);
    row_save(quarantine, row);
    quarantine_tidy(quarantine, now);
    return 0;
}

static int is_refused_by(const struct row *row, const struct wi_visitor *visitor)
{
    if (is_of_node_token(row))
        return strcmp(row->visitor.name, visitor->name) == 0;
    return !*visitor->name && strcmp(row->visitor.address, visitor->address) == 0 &&
           (row->earlier || strcmp(row->visitor.join, visitor->join) == 0);
}

int wi_quarantine_refuses(
    struct wi_quarantine *quarantine, const struct wi_visitor *visitor, int64_t now)
{
    quarantine_tidy(quarantine, now);
    for (const struct row *row = quarantine->rows; row; row = row->hh.next)
        if (is_refused_by(row, visitor))
            return 1;
    return 0;
}

int wi_quarantine_lift(struct wi_quarantine *quarantine, const char *id)
{
    struct row *row;
    HASH_FIND_STR(quarantine->rows, id, row);
    if (!row)
        return -1;
    wi_info("bridge", row->visitor.node, "is no longer under quarantine");
    row_drop(quarantine, row);
    return 0;
}

size_t wi_quarantine_count(struct wi_quarantine *quarantine, int64_t now)
{
    quarantine_tidy(quarantine, now);
    return HASH_COUNT(quarantine->rows);
}

json_t *wi_quarantine_json(
    struct wi_quarantine *quarantine, size_t most, int everything, int64_t now)
{
    json_t *list = json_array();
    size_t count = wi_quarantine_count(quarantine, now), at = 0;
    for (const struct row *row = quarantine->rows; row; row = row->hh.next, at++)
        if (count - at <= most)
            json_array_append_new(list, row_json(row, everything));
    return list;
}
