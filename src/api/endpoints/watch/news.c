/*
 * The latest changes are entries by kind and id, in the order of their last changes. An event is
 * one JSON object over several lines `data:`, a member each. A change that is made while the event
 * is being printed has a number beyond the event's end, and is told by the next one.
 */
#include "api/endpoints/watch/news.h"

#include "base/memory.h"
#include "base/net/http.h"
#include "base/table.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

const char *const wi_change_kind_names[] = {[WI_CHANGE_STATUS] = "status",
    [WI_CHANGE_QUEUE] = "queue",
    [WI_CHANGE_SESSION] = "session",
    [WI_CHANGE_NODE] = "node",
    [WI_CHANGE_MODEL] = "model",
    [WI_CHANGE_JOB] = "job",
    [WI_CHANGE_PULL] = "pull",
    [WI_CHANGE_KINDS] = NULL};

struct entry {
    struct wi_change change; /* first: a change is cast back to its entry */
    struct entry *prev, *next;
    UT_hash_handle hh;
    char text[]; /* what `change` borrows: its id and, behind that, its owner */
};

struct wi_changes {
    size_t most, count;
    struct entry *by_id[WI_CHANGE_KINDS];
    struct entry *first;    /* in the order of their numbers */
    uint64_t latest, floor; /* the number of the latest change, and of the latest forgotten one */
};

struct wi_changes *wi_changes_new(size_t most)
{
    struct wi_changes *changes = wi_alloc(sizeof *changes);
    changes->most = most;
    return changes;
}

static void change_forget(struct wi_changes *changes, struct entry *entry)
{
    changes->floor = entry->change.number;
    changes->count--;
    HASH_DEL(changes->by_id[entry->change.kind], entry);
    DL_DELETE(changes->first, entry);
    free(entry);
}

void wi_changes_forget(struct wi_changes *changes)
{
    while (changes->first)
        change_forget(changes, changes->first);
    changes->floor =
        ++changes->latest; /* a client that knows the last one has missed what follows */
}

void wi_changes_free(struct wi_changes *changes)
{
    if (!changes)
        return;
    while (changes->first)
        change_forget(changes, changes->first);
    free(changes);
}

/* --- noting changes --------------------------------------------------------------------------- */

static struct entry *change_add(
    struct wi_changes *changes, enum wi_change_kind kind, const char *id, const char *owner)
{
    size_t length = strlen(id), behind = owner ? strlen(owner) + 1 : 0;
    struct entry *entry = wi_alloc(sizeof *entry + length + 1 + behind);
    if (changes->count >= changes->most)
        change_forget(changes, changes->first);
    memcpy(entry->text, id, length + 1);
    if (owner)
        memcpy(entry->text + length + 1, owner, behind);
    entry->change.kind = kind;
    entry->change.id = entry->text;
    entry->change.owner = owner ? entry->text + length + 1 : NULL;
    HASH_ADD_KEYPTR(hh, changes->by_id[kind], entry->change.id, length, entry);
    changes->count++;
    return entry;
}

/* While clients watch, each request causes several calls. */
void wi_changes_note(
    struct wi_changes *changes, enum wi_change_kind kind, const char *id, const char *owner)
{
    struct entry *entry = WI_TABLE_FIND(changes->by_id[kind], id, strlen(id));
    if (entry)
        DL_DELETE(changes->first, entry);
    else
        entry = change_add(changes, kind, id, owner);
    entry->change.number = ++changes->latest;
    DL_APPEND(changes->first, entry);
}

/* --- reading changes -------------------------------------------------------------------------- */

uint64_t wi_changes_latest(const struct wi_changes *changes)
{
    return changes->latest;
}

int wi_changes_reach(const struct wi_changes *changes, uint64_t number)
{
    return number >= changes->floor && number <= changes->latest;
}

/* From the end, since watchers know most of the changes. */
const struct wi_change *wi_changes_after(const struct wi_changes *changes, uint64_t number)
{
    const struct entry *found = NULL;
    if (!changes->first)
        return NULL;
    const struct entry *entry = changes->first->prev; /* the last one */
    while (entry->change.number > number) {
        found = entry;
        if (entry == changes->first)
            break;
        entry = entry->prev;
    }
    return found ? &found->change : NULL;
}

const struct wi_change *wi_changes_next(const struct wi_change *change)
{
    const struct entry *next = ((const struct entry *)change)->next;
    return next ? &next->change : NULL;
}

/* --- the news for one client ------------------------------------------------------------------ */

enum event { NO_EVENT, SNAPSHOT, CHANGE };

struct wi_news {
    struct wi_news_options options;
    char *client;
    int knows;         /* anything */
    uint64_t position; /* the number of the last change that it knows */
    enum event event;  /* under way */
    size_t printed;    /* its members, so far */
    size_t head;       /* bytes of a piece before its first member */
    uint64_t until;    /* the number of the last change that a CHANGE tells */
    /* For a SNAPSHOT: the object to print next. */
    unsigned kind;
    struct wi_strings ids; /* some of that kind */
    size_t next;           /* of them */
};

/* The number in an id RUN-NUMBER of this run; 0, or -1. */
static int read_id(const struct wi_news_options *options, const char *id, uint64_t *number)
{
    size_t length = strlen(options->run);
    return id && strncmp(id, options->run, length) == 0 && id[length] == '-'
               ? wi_parse_length(id + length + 1, number)
               : -1;
}

struct wi_news *wi_news_new(const struct wi_news_options *options, const char *last_event_id)
{
    struct wi_news *news = wi_alloc(sizeof *news);
    news->options = *options;
    news->client = wi_strdup(options->client);
    news->options.client = news->client;
    news->knows = read_id(options, last_event_id, &news->position) == 0;
    return news;
}

void wi_news_free(struct wi_news *news)
{
    if (!news)
        return;
    wi_strings_clear(&news->ids);
    free(news->client);
    free(news);
}

/* --- which event ----------------------------------------------------------------------------- */

static int kind_is_wanted(const struct wi_news *news, enum wi_change_kind kind)
{
    return news->options.kinds >> kind & 1;
}

static int is_visible(const struct wi_news *news, const struct wi_change *change)
{
    return kind_is_wanted(news, change->kind) &&
           (!news->client || !change->owner || strcmp(change->owner, news->client) == 0);
}

/* Whether the changes that the client lacks are known; otherwise it needs a snapshot. */
static int can_go_on(const struct wi_news *news)
{
    return news->knows && wi_changes_reach(news->options.changes, news->position);
}

static int has_visible(const struct wi_news *news)
{
    const struct wi_change *change = wi_changes_after(news->options.changes, news->position);
    while (change && !is_visible(news, change))
        change = wi_changes_next(change);
    return change != NULL;
}

int wi_news_is_behind(const struct wi_news *news)
{
    return !news->knows || news->position != wi_changes_latest(news->options.changes);
}

int wi_news_is_within(const struct wi_news *news)
{
    return news->event != NO_EVENT;
}

int wi_news_begin(struct wi_news *news)
{
    uint64_t latest = wi_changes_latest(news->options.changes);
    assert(!wi_news_is_within(news));
    if (!can_go_on(news)) {
        news->event = SNAPSHOT;
        news->knows = 1;
        news->position = latest; /* later changes are told afterwards, even if they are seen here */
        news->kind = 0;
        news->next = 0;
    } else if (has_visible(news)) {
        news->event = CHANGE;
        news->until = latest;
    } else {
        news->position = latest;
    }
    news->printed = 0;
    return wi_news_is_within(news);
}

/* --- one member ------------------------------------------------------------------------------ */

/* 0 if there is none. */
static int drop_longest_member(json_t *object)
{
    const char *name, *longest = NULL;
    size_t most = 0;
    json_t *member;
    json_object_foreach(object, name, member)
    {
        size_t size = json_dumpb(member, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!longest || size > most) {
            longest = name;
            most = size;
        }
    }
    return longest && json_object_del(object, longest) == 0;
}

static void buffer_cut(struct wi_buffer *out, size_t size)
{
    out->size = size;
    out->text[size] = '\0';
}

static void add_object(struct wi_buffer *out, json_t *object)
{
    size_t before = out->size;
    wi_buffer_json(out, object);
    while (out->size - before > WI_NEWS_OBJECT_MAX && drop_longest_member(object)) {
        buffer_cut(out, before);
        wi_buffer_json(out, object);
    }
}

static void add_key(struct wi_buffer *out, enum wi_change_kind kind, const char *id)
{
    struct wi_buffer key = {0};
    wi_buffer_strings(&key, wi_change_kind_names[kind], *id ? "/" : "", id, NULL);
    wi_buffer_json_string(out, key.text);
    wi_buffer_clear(&key);
}

/* Adds a member of the event: null for an object that is gone, or nothing in a snapshot. 0, with
 * `out` unchanged, if there is no room for it. */
static int print_member(
    struct wi_news *news, struct wi_buffer *out, enum wi_change_kind kind, const char *id)
{
    const struct wi_news_source *source = news->options.source;
    json_t *object = source->object(source->context, kind, id, news->client);
    size_t before = out->size;
    if (!object && news->event == SNAPSHOT)
        return 1;
    wi_buffer_puts(out, news->printed == 0 ? "data: {" : ",\ndata: ");
    add_key(out, kind, id);
    wi_buffer_puts(out, ":");
    if (object)
        add_object(out, object);
    else
        wi_buffer_puts(out, "null");
    json_decref(object);
    if (out->size > WI_NEWS_PIECE_MAX && before > news->head) {
        buffer_cut(out, before);
        return 0;
    }
    news->printed++;
    return 1;
}

/* --- an event -------------------------------------------------------------------------------- */

/* Fills `ids` with the next ids of the kind, and then of the next kinds. 0: there are no more. */
static int find_more(struct wi_news *news)
{
    const struct wi_news_source *source = news->options.source;
    while (news->next == news->ids.count && news->kind < WI_CHANGE_KINDS) {
        struct wi_strings more = {0};
        const char *last = news->next > 0 ? news->ids.items[news->next - 1] : NULL;
        if (kind_is_wanted(news, news->kind))
            source->list(source->context, news->kind, news->client, last, &more);
        wi_strings_clear(&news->ids);
        news->ids = more;
        news->next = 0;
        news->kind += more.count == 0;
    }
    return news->next < news->ids.count;
}

/* 1: that was all of it. */
static int print_snapshot(struct wi_news *news, struct wi_buffer *out)
{
    while (find_more(news)) {
        if (!print_member(news, out, news->kind, news->ids.items[news->next]))
            return 0;
        news->next++;
    }
    return 1;
}

/* The same. If the rest of the changes was forgotten meanwhile, a snapshot has to follow. */
static int print_changes(struct wi_news *news, struct wi_buffer *out)
{
    if (!can_go_on(news))
        return 1;
    const struct wi_change *change = wi_changes_after(news->options.changes, news->position);
    for (; change && change->number <= news->until; change = wi_changes_next(change)) {
        if (is_visible(news, change) && !print_member(news, out, change->kind, change->id))
            return 0;
        news->position = change->number;
    }
    news->position = news->until;
    return 1;
}

void wi_news_print(struct wi_news *news, struct wi_buffer *out)
{
    int is_snapshot = news->event == SNAPSHOT;
    assert(wi_news_is_within(news) && out->size == 0);
    if (news->printed == 0)
        wi_buffer_puts(out, is_snapshot ? "event: snapshot\n" : "event: change\n");
    news->head = out->size;
    if (!(is_snapshot ? print_snapshot(news, out) : print_changes(news, out)))
        return;
    wi_buffer_printf(out, "%s}\nid: %s-%llu\n\n", news->printed == 0 ? "data: {" : "",
        news->options.run, (unsigned long long)news->position);
    news->event = NO_EVENT;
}
