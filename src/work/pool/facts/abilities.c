/* What kinds of browser can do; see abilities.h. A key is the kind and the stamp; a value is
 * {"doubted", "reports": [{"session", "browser_version", "seen_at", "capabilities"}]}. */
#include "work/pool/facts/abilities.h"

#include "base/json_read.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/table.h"
#include "base/text.h"
#include "nodes/bridge/report.h"
#include "settings/store/db.h"
#include <stdlib.h>
#include <string.h>

/* The version of what is kept, and of how pages find out what they report. */
#define RULES 1
#define KIND_SIZE 32
#define KEY_SIZE (KIND_SIZE + WI_KIND_STAMP_SIZE)
/* No report that the bridge lets in is as large. */
#define VALUE_MAX (1 << 20)

struct ability_report {
    struct wi_node_info page; /* `capabilities` is ours */
    int64_t seen_at;
};

struct ability {
    char key[KEY_SIZE];
    struct ability_report reports[WI_ABILITIES_REPORTS]; /* the last first */
    size_t count;
    int doubted;
    UT_hash_handle hh;
};

struct wi_abilities {
    struct wi_db *db;
    struct ability *items; /* in the order in which they were noted first */
};

/* --- the table -------------------------------------------------------------------------------- */

static void ability_forget(struct ability *item, size_t from)
{
    for (size_t i = from; i < item->count; i++)
        json_decref(item->reports[i].page.capabilities);
    if (from < item->count)
        item->count = from;
}

static void ability_drop(struct wi_abilities *abilities, struct ability *item)
{
    HASH_DEL(abilities->items, item);
    ability_forget(item, 0);
    free(item);
}

static struct ability *ability_find(
    const struct wi_abilities *abilities, const char *kind, const char *stamp)
{
    char key[KEY_SIZE];

    wi_join(key, sizeof key, kind, "\t", stamp, NULL);
    return WI_TABLE_FIND(abilities->items, key, strlen(key));
}

static struct ability *ability_add(struct wi_abilities *abilities, const char *key)
{
    struct ability *item = wi_alloc(sizeof *item);

    if (HASH_COUNT(abilities->items) >= WI_ABILITIES_MAX) {
        wi_db_forget(abilities->db, WI_DB_ABILITIES, abilities->items->key);
        ability_drop(abilities, abilities->items);
    }
    wi_text_copy(item->key, sizeof item->key, key);
    HASH_ADD_STR(abilities->items, key, item);
    return item;
}

/* --- over a restart --------------------------------------------------------------------------- */

struct kept_report {
    const char *session, *browser_version;
    int64_t seen_at;
    json_t *capabilities;
};

static const struct wi_param report_table[] = {
    WI_PARAM(kept_report, session, STRING, .required = 1, .min = 1, .max = WI_ID_SIZE - 1),
    WI_PARAM(kept_report, browser_version, STRING, .required = 1, .max = 63),
    WI_PARAM(kept_report, seen_at, INTEGER, .required = 1, .min = 1, .max = 9007199254740991.0),
    WI_PARAM(kept_report, capabilities, OBJECT, .required = 1),
    WI_PARAM_END,
};

/* As it was when its page announced it: read by the rules of announcements. */
static enum wi_code ability_read_report(
    const json_t *object, const char *kind, struct ability_report *report)
{
    struct kept_report kept = {0};
    struct wi_error error;
    enum wi_code code = wi_params_read(report_table, object, WI_PARAMS_OPEN, "", &kept, &error);

    if (code != WI_OK)
        return code;
    *report = (struct ability_report){.seen_at = kept.seen_at};
    wi_text_copy(report->page.kind, sizeof report->page.kind, kind);
    wi_text_copy(report->page.session, sizeof report->page.session, kept.session);
    wi_text_copy(
        report->page.browser_version, sizeof report->page.browser_version, kept.browser_version);
    return wi_report_read(kept.capabilities, &report->page, &error);
}

static void ability_load_reports(struct ability *item, const char *kind, const json_t *reports)
{
    while (item->count < WI_ABILITIES_REPORTS &&
           ability_read_report(
               json_array_get(reports, item->count), kind, &item->reports[item->count]) == WI_OK)
        item->count++;
}

static void ability_load(void *context, const char *key, const char *value)
{
    struct wi_abilities *abilities = context;
    size_t length = strcspn(key, "\t"), size = strlen(value);
    char kind[KIND_SIZE];

    if (strlen(key) >= KEY_SIZE || length == 0 || length >= sizeof kind || !key[length] ||
        size > VALUE_MAX || WI_TABLE_FIND(abilities->items, key, strlen(key)))
        return;
    memcpy(kind, key, length);
    kind[length] = '\0';
    json_error_t place;
    json_t *object = wi_json_read(value, size, 0, &place);
    struct ability *item = ability_add(abilities, key);
    item->doubted = json_is_true(json_object_get(object, "doubted"));
    ability_load_reports(item, kind, json_object_get(object, "reports"));
    if (item->count == 0)
        ability_drop(abilities, item);
    json_decref(object);
}

static void ability_keep(struct wi_abilities *abilities, const struct ability *item)
{
    json_t *reports = json_array();

    for (size_t i = 0; i < item->count; i++) {
        const struct ability_report *report = &item->reports[i];
        json_array_append_new(
            reports, json_pack("{s:s, s:s, s:I, s:O}", "session", report->page.session,
                         "browser_version", report->page.browser_version, "seen_at",
                         (json_int_t)report->seen_at, "capabilities", report->page.capabilities));
    }
    json_t *object = json_pack("{s:b, s:o}", "doubted", item->doubted, "reports", reports);
    char *text = json_dumps(object, JSON_COMPACT);
    if (text)
        wi_db_put(abilities->db, WI_DB_ABILITIES, RULES, item->key, text);
    free(text);
    json_decref(object);
}

struct wi_abilities *wi_abilities_new(struct wi_db *db)
{
    struct wi_abilities *abilities = wi_alloc(sizeof *abilities);

    abilities->db = db;
    wi_db_each(db, WI_DB_ABILITIES, RULES, ability_load, abilities);
    return abilities;
}

void wi_abilities_free(struct wi_abilities *abilities)
{
    if (!abilities)
        return;
    while (abilities->items)
        ability_drop(abilities, abilities->items);
    free(abilities);
}

/* --- what pages report ------------------------------------------------------------------------ */

static int is_same_adapter(const struct wi_adapter *one, const struct wi_adapter *other)
{
    return strcmp(one->vendor, other->vendor) == 0 &&
           strcmp(one->architecture, other->architecture) == 0 &&
           strcmp(one->description, other->description) == 0;
}

/* Whether they are of one browser, with the same engines and adapters as far as both have them:
 * else one says nothing of the other. Two browsers that were given different GPUs have different
 * adapters, and both say what their kind can do. */
static int is_same_place(const struct wi_node_info *one, const struct wi_node_info *other)
{
    int is_same = strcmp(one->browser_version, other->browser_version) == 0;
    int of_one_gpu = strcmp(one->gpu, other->gpu) == 0;

    for (int e = 0; e < WI_ENGINE_COUNT; e++)
        if (one->engines[e].available && other->engines[e].available)
            is_same &= strcmp(one->engines[e].version, other->engines[e].version) == 0;
    for (int p = 0; p < WI_PLATFORM_COUNT; p++)
        if (of_one_gpu && one->platforms[p].has_adapter && other->platforms[p].has_adapter)
            is_same &= is_same_adapter(&one->platforms[p].adapter, &other->platforms[p].adapter);
    return is_same;
}

/* Whether the page has lost anything that it had before. */
static int has_lost(const struct wi_node_info *page, const struct wi_node_info *before)
{
    int lost = 0;

    for (int p = 0; p < WI_PLATFORM_COUNT; p++)
        lost |= before->platforms[p].available > page->platforms[p].available ||
                before->platforms[p].f16 > page->platforms[p].f16;
    for (int e = 0; e < WI_ENGINE_COUNT; e++)
        lost |= before->engines[e].available > page->engines[e].available ||
                before->engines[e].on_webgpu > page->engines[e].on_webgpu;
    return lost;
}

static void ability_put(
    struct ability *item, size_t index, const struct wi_node_info *page, int64_t now)
{
    item->reports[index] = (struct ability_report){*page, now};
    item->reports[index].page.capabilities =
        page->capabilities ? json_incref(page->capabilities) : json_object();
}

/* The session that reported last has sent a new report. Returns 1 if it contains more. */
static int ability_replace(struct ability *item, const struct wi_node_info *page, int64_t now)
{
    struct ability_report *last = &item->reports[0];

    if (has_lost(page, &last->page) || json_equal(page->capabilities, last->page.capabilities))
        return 0;
    json_decref(last->page.capabilities);
    ability_put(item, 0, page, now);
    return 1;
}

void wi_abilities_note(
    struct wi_abilities *abilities, const char *stamp, const struct wi_node_info *page, int64_t now)
{
    struct ability *item = ability_find(abilities, page->kind, stamp);
    char key[KEY_SIZE];

    wi_join(key, sizeof key, page->kind, "\t", stamp, NULL);
    if (!item)
        item = ability_add(abilities, key);
    if (item->count > 0 && !is_same_place(page, &item->reports[0].page))
        ability_forget(item, 0);
    if (item->count > 0 && strcmp(item->reports[0].page.session, page->session) == 0) {
        if (ability_replace(item, page, now))
            ability_keep(abilities, item);
        return;
    }
    ability_forget(item, WI_ABILITIES_REPORTS - 1);
    memmove(&item->reports[1], &item->reports[0], item->count * sizeof item->reports[0]);
    ability_put(item, 0, page, now);
    item->count++;
    item->doubted = 0;
    ability_keep(abilities, item);
}

struct wi_ability wi_abilities_of(
    const struct wi_abilities *abilities, const char *kind, const char *stamp, int64_t now)
{
    const struct ability *item = ability_find(abilities, kind, stamp);
    struct wi_ability ability = {0};

    if (!item || item->doubted)
        return ability;
    int64_t age = now - item->reports[0].seen_at; /* negative: the clock was set back */
    int several = item->count > 1;
    int64_t most = several ? WI_ABILITIES_DAYS * WI_ABILITIES_DAY_MS : WI_ABILITIES_DAY_MS;
    if (age < -WI_ABILITIES_DAY_MS || age > most)
        return ability;
    ability.due = age < 0 || age > (several ? WI_ABILITIES_DAY_MS : WI_ABILITIES_ONCE_MS);
    for (; ability.count < item->count; ability.count++)
        ability.pages[ability.count] = &item->reports[ability.count].page;
    return ability;
}

const struct wi_node_info *wi_ability_page(const struct wi_ability *ability)
{
    int worse = ability->count > 1 && has_lost(ability->pages[0], ability->pages[1]);

    return ability->count > 0 ? ability->pages[worse] : NULL;
}

void wi_abilities_doubt(struct wi_abilities *abilities, const char *kind)
{
    size_t length = strlen(kind);

    for (struct ability *item = abilities->items; item; item = item->hh.next) {
        if (strncmp(item->key, kind, length) != 0 || item->key[length] != '\t')
            continue;
        item->doubted = 1;
        ability_keep(abilities, item);
    }
}
