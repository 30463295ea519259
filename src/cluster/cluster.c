/* See cluster.h. */
#include "cluster/cluster.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "cluster/courier.h"
#include "cluster/keeper.h"
#include "terms/model_name.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The names of models are gathered with every so manieth record: the folder is read for it. */
#define MODELS_EVERY 15
/* After so long each member's record names a model that it has. */
#define MODELS_KNOWN_MS (2 * MODELS_EVERY * WI_MEMBER_BEAT_MS)
/* It is not that of any members. */
#define AUDIENCE_OTHER UINT64_MAX
/* So many warnings about clocks are logged in an hour: the writers of records decide how many there
 * could be. */
#define SKEWS_MAX WI_MEMBERS_MAX
#define HOUR_MS 3600e3

const char *const wi_cluster_state_names[] = {[WI_CLUSTER_CONNECTING] = "connecting",
    [WI_CLUSTER_JOINING] = "joining",
    [WI_CLUSTER_MEMBER] = "member",
    [WI_CLUSTER_NAME_TAKEN] = "name_taken",
    NULL};

struct wi_cluster {
    struct wi_courier *courier; /* NULL once it is closed */
    struct wi_keeper *keeper;
    struct wi_rows *rows;
    int was_member; /* its name was its own once */
    struct wi_timer *beat;
    wi_cluster_describe_fn *describe; /* NULL: it only observes */
    void *context;
    struct wi_cluster_member self;
    char key[WI_MEMBER_KEY_SIZE];
    unsigned beats;
    struct wi_members members;
    struct wi_name_claim claim;
    struct wi_talk_follower follower; /* all zero: there is none */
    uint64_t audience;                /* of those members that listen; 0: none does */
    struct wi_row_counters heard;
    const char *server; /* the courier's */
    int is_replayed;    /* all that was there has come */
    enum wi_cluster_state state;
    struct wi_broker_problem problem;            /* that there is now */
    char told[sizeof(struct wi_broker_problem)]; /* the text of the last one in the log */
    double skews_until;                          /* the hour ends in which these were logged */
    unsigned skews;
};

/* --- what is said of it ----------------------------------------------------------------------- */

/* Both are to be freed. */
static char *words_of_taken(const struct wi_cluster *cluster)
{
    return wi_sprintf(
        "another daemon is a member as \"%s\", so this one does not take part; give it another "
        "[cluster] name",
        cluster->self.name);
}

static char *words_of_skew(const struct wi_seen *skewed)
{
    return wi_sprintf(
        "the clock of member \"%s\" differs from this machine's by %lld s; set both by NTP",
        skewed->member.name, (long long)skewed->skew_ms / 1000);
}

static void words_log(char *words)
{
    wi_warn("cluster", NULL, "%s", words);
    free(words);
}

static void words_add(char *words, json_t *warnings)
{
    json_array_append_new(warnings, json_sprintf("cluster: %s", words));
    free(words);
}

/* --- what it is ------------------------------------------------------------------------------- */

static enum wi_cluster_state cluster_judge(const struct wi_cluster *cluster)
{
    if (!cluster->server)
        return WI_CLUSTER_CONNECTING;
    if (!cluster->is_replayed)
        return WI_CLUSTER_JOINING;
    switch (wi_name_claim_judge(&cluster->claim, cluster->self.instance, wi_awake_ms())) {
    case WI_CLAIM_OURS:
        return WI_CLUSTER_MEMBER;
    case WI_CLAIM_TAKEN:
        return WI_CLUSTER_NAME_TAKEN;
    default:
        return WI_CLUSTER_JOINING;
    }
}

static void cluster_tell_state(struct wi_cluster *cluster)
{
    if (cluster->state == WI_CLUSTER_MEMBER) {
        cluster->was_member = 1;
        cluster->told[0] = '\0';
        wi_info("cluster", NULL, "this daemon is a member of the cluster as \"%s\", through %s",
            cluster->self.name, cluster->server);
    } else if (cluster->state == WI_CLUSTER_NAME_TAKEN) {
        words_log(words_of_taken(cluster));
    }
}

static void cluster_look(struct wi_cluster *cluster)
{
    wi_members_expire(&cluster->members, wi_awake_ms());
    enum wi_cluster_state state = cluster_judge(cluster);
    if (state == cluster->state)
        return;
    cluster->state = state;
    cluster_tell_state(cluster);
}

/* --- what members say ------------------------------------------------------------------------- */

static int is_self(const struct wi_cluster *cluster, const char *instance)
{
    return strcmp(cluster->self.instance, instance) == 0;
}

/* A daemon goes on as a member when it has lost its server, but not when its name is another's. */
static int takes_part(const struct wi_cluster *cluster)
{
    return cluster->was_member && cluster->state != WI_CLUSTER_NAME_TAKEN;
}

/* The sum of the times at which they began: it changes with each that begins or ceases. */
static uint64_t audience_of(const struct wi_cluster *cluster)
{
    const struct wi_members *members = &cluster->members;
    uint64_t sum = 0;
    for (const struct wi_seen *seen = wi_members_next(members, NULL); seen;
         seen = wi_members_next(members, seen->member.name))
        if (!is_self(cluster, seen->member.instance))
            sum += (uint64_t)seen->member.hears;
    return takes_part(cluster) ? sum : 0;
}

/* While there is no connection, they may still listen. */
static void audience_look(struct wi_cluster *cluster)
{
    uint64_t audience = audience_of(cluster);
    if (!cluster->is_replayed || audience == cluster->audience)
        return;
    cluster->audience = audience;
    if (cluster->follower.on_audience)
        cluster->follower.on_audience(cluster->follower.context, audience != 0);
}

static void cluster_hear(struct wi_cluster *cluster, const struct wi_broker_entry *said)
{
    const struct wi_talk_follower *follower = &cluster->follower;
    if (!follower->on_heard || !takes_part(cluster) || is_self(cluster, said->key))
        return;
    enum wi_read_fault fault =
        follower->on_heard(follower->context, said->key, said->text, said->size);
    cluster->heard.garbage += fault == WI_READ_GARBAGE;
    cluster->heard.other_version += fault == WI_READ_OTHER_VERSION;
}

static void talk_follow(void *context, const struct wi_talk_follower *follower)
{
    struct wi_cluster *cluster = context;
    cluster->follower = follower ? *follower : (struct wi_talk_follower){0};
}

/* The record says so at once. */
static void talk_listen(void *context, int listens)
{
    struct wi_cluster *cluster = context;
    cluster->self.hears = listens ? wi_wall_ms() : 0;
    if (cluster->courier)
        wi_timer_start(cluster->beat, 0, WI_MEMBER_BEAT_MS);
}

static int talk_say(void *context, struct wi_buffer *text)
{
    struct wi_cluster *cluster = context;
    if (cluster->courier)
        return wi_courier_say(cluster->courier, text);
    wi_buffer_clear(text);
    return -1;
}

void wi_cluster_talk(struct wi_cluster *cluster, struct wi_member_talk *talk)
{
    *talk = (struct wi_member_talk){
        .context = cluster, .follow = talk_follow, .listen = talk_listen, .say = talk_say};
}

/* --- the own record --------------------------------------------------------------------------- */

static void record_write(struct wi_cluster *cluster, uint64_t revision)
{
    struct wi_buffer record = {0};
    cluster->describe(cluster->context, &cluster->self, cluster->beats++ % MODELS_EVERY == 0);
    cluster->self.at = wi_wall_ms();
    wi_member_print(&cluster->self, &record);
    wi_courier_write(cluster->courier, record.text, revision, cluster->self.hears != 0);
    wi_buffer_clear(&record);
}

/* Who lives, for sweeps. */
static void on_look(void *context, struct wi_members_view *view)
{
    struct wi_cluster *cluster = context;
    const struct wi_members *members = &cluster->members;
    cluster_look(cluster);
    for (const struct wi_seen *seen = wi_members_next(members, NULL); seen;
         seen = wi_members_next(members, seen->member.name)) {
        view->is_first |= view->count == 0 && is_self(cluster, seen->member.instance);
        wi_text_copy(view->living[view->count++], WI_ID_SIZE, seen->member.instance);
    }
}

/* Only a member sees to what the members share. */
static void rows_sweep(struct wi_cluster *cluster)
{
    struct wi_members_view view = {0};
    if (cluster->state != WI_CLUSTER_MEMBER)
        return;
    on_look(cluster, &view);
    wi_rows_sweep(cluster->rows, &view);
}

static void on_beat(void *context)
{
    struct wi_cluster *cluster = context;
    cluster_look(cluster);
    audience_look(cluster);
    rows_sweep(cluster);
    if (!cluster->is_replayed || !cluster->describe)
        return;
    switch (wi_name_claim_judge(&cluster->claim, cluster->self.instance, wi_awake_ms())) {
    case WI_CLAIM_FREE:
        record_write(cluster, 0);
        break;
    case WI_CLAIM_OURS:
    case WI_CLAIM_STALE:
        record_write(cluster, cluster->claim.revision);
        break;
    default:
        break;
    }
}

/* --- what comes ------------------------------------------------------------------------------- */

static void cluster_tell_skew(struct wi_cluster *cluster, const struct wi_seen *skewed)
{
    double now = wi_now_ms();
    if (now >= cluster->skews_until) {
        cluster->skews_until = now + HOUR_MS;
        cluster->skews = 0;
    }
    if (cluster->skews++ < SKEWS_MAX)
        words_log(words_of_skew(skewed));
}

static void cluster_take_entry(struct wi_cluster *cluster, const struct wi_broker_entry *got)
{
    const struct wi_member_entry entry = {.key = got->key,
        .text = got->text,
        .size = got->size,
        .revision = got->revision,
        .removed = got->removed,
        .replayed = got->replayed};
    const struct wi_seen *skewed =
        wi_members_take(&cluster->members, &entry, wi_awake_ms(), wi_wall_ms());
    if (skewed)
        cluster_tell_skew(cluster, skewed);
    if (strcmp(entry.key, cluster->key) == 0)
        wi_name_claim_take(&cluster->claim, &entry, wi_awake_ms());
}

/* Said once: a problem that stays, and one that comes back before this daemon was a member again,
 * are not said again. */
static void cluster_take_problem(
    struct wi_cluster *cluster, const struct wi_broker_problem *problem)
{
    cluster->problem = *problem;
    if (problem->fault == WI_BROKER_FINE || strcmp(cluster->told, problem->detail) == 0)
        return;
    wi_text_copy(cluster->told, sizeof cluster->told, problem->detail);
    wi_warn("cluster", NULL, "%s", problem->detail);
}

static void on_event(void *context, const struct wi_courier_event *event)
{
    struct wi_cluster *cluster = context;
    if (event->kind == WI_COURIER_FAILED) {
        cluster->server = NULL;
        cluster->is_replayed = 0;
        cluster_take_problem(cluster, &event->problem);
    } else if (event->kind == WI_COURIER_OPENED) {
        cluster->server = event->server;
        cluster_take_problem(cluster, &event->problem);
        cluster->claim = (struct wi_name_claim){0};
        cluster->audience = AUDIENCE_OTHER; /* what was said may have been lost … */
        if (cluster->self.hears)
            cluster->self.hears = wi_wall_ms(); /* … and what others said */
    } else if (event->kind == WI_COURIER_HEARD) {
        cluster_hear(cluster, &event->entry);
    } else if (event->entry.key) {
        cluster_take_entry(cluster, &event->entry);
    } else {
        cluster->is_replayed = 1;
        wi_timer_start(cluster->beat, 0, WI_MEMBER_BEAT_MS);
    }
    cluster_look(cluster);
    audience_look(cluster);
}

/* --- stored jobs, and rows -------------------------------------------------------------------- */

/* A daemon whose name is another's takes no part; one that has lost its server goes on as a member,
 * since stored jobs have a connection of their own. */
static const char *on_refuse(void *context)
{
    const struct wi_cluster *cluster = context;
    if (cluster->state == WI_CLUSTER_NAME_TAKEN)
        return "another daemon is a member with this one's name";
    if (cluster->was_member)
        return NULL;
    return cluster->server || cluster->problem.fault == WI_BROKER_FINE
               ? "this daemon is not a member yet"
               : cluster->problem.detail;
}

static struct wi_keeper *cluster_keep(struct wi_cluster *cluster, uv_loop_t *loop,
    const struct wi_config_cluster *settings, const struct wi_broker_terms *broker,
    struct wi_error *error)
{
    char *bucket = wi_sprintf("%s_jobs", settings->prefix);
    struct wi_keeper_terms terms = {.servers = &settings->servers,
        .broker = *broker,
        .instance = cluster->self.instance,
        .ack_wait_ms = settings->ack_wait,
        .refuse = on_refuse,
        .look = on_look,
        .context = cluster};
    terms.broker.bucket = bucket;
    terms.broker.kind = &wi_broker_jobs;
    struct wi_keeper *keeper = wi_keeper_start(loop, &terms, error);
    free(bucket);
    return keeper;
}

void wi_cluster_jobs(struct wi_cluster *cluster, struct wi_job_store *store)
{
    wi_keeper_open(cluster->keeper, store);
}

static int member_may_have(const struct wi_cluster_member *member, const char *model)
{
    size_t base = wi_model_name_base(model);
    int found = member->model_count > member->models.count;
    for (size_t i = 0; i < member->models.count && !found; i++)
        found = strncmp(member->models.items[i], model, base) == 0 &&
                member->models.items[i][base] == '\0';
    return found;
}

int wi_cluster_may_run_elsewhere(void *context, const struct wi_record *record, enum wi_code code)
{
    struct wi_cluster *cluster = context;
    const struct wi_members *members = &cluster->members;
    int is_young = wi_steady_ms() - record->accepted_at < MODELS_KNOWN_MS;
    int found = !cluster->is_replayed; /* the others are not seen */
    cluster_look(cluster);
    for (size_t i = 0; i < members->count && !found; i++) { /* also those that may live */
        const struct wi_cluster_member *member = &members->items[i]->member;
        found =
            !is_self(cluster, member->instance) &&
            (code == WI_MODEL_NOT_FOUND ? is_young || member_may_have(member, record->model_name)
                                        : !wi_strings_contain(&record->unable, member->instance));
    }
    return found;
}

const struct wi_cluster_member *wi_cluster_find(void *context, const char *instance)
{
    struct wi_cluster *cluster = context;
    cluster_look(cluster);
    for (const struct wi_seen *seen = wi_members_next(&cluster->members, NULL); seen;
         seen = wi_members_next(&cluster->members, seen->member.name))
        if (strcmp(seen->member.instance, instance) == 0)
            return &seen->member;
    return NULL;
}

struct wi_rows *wi_cluster_rows(struct wi_cluster *cluster)
{
    return cluster ? cluster->rows : NULL;
}

static struct wi_rows *rows_make(struct wi_cluster *cluster)
{
    struct wi_row_store store;
    wi_keeper_open_rows(cluster->keeper, &store);
    return wi_rows_new(&store, cluster->self.instance);
}

/* --- the beginning and the end ---------------------------------------------------------------- */

/* The configuration has checked a name that it gives; the host's is made to be one. */
static void member_set_name(struct wi_cluster_member *member, const char *configured)
{
    char host[WI_MEMBER_NAME_MAX + 1] = "";
    if (configured == NULL && gethostname(host, sizeof host - 1) == 0)
        wi_text_printable(member->name, sizeof member->name, wi_text_mend(host));
    else
        wi_text_copy(member->name, sizeof member->name, configured);
    if (member->name[0] == '\0')
        wi_text_copy(member->name, sizeof member->name, "webinfer");
}

struct wi_cluster *wi_cluster_new(
    uv_loop_t *loop, const struct wi_config *config, const char *version, struct wi_error *error)
{
    const struct wi_config_cluster *settings = &config->cluster;
    if (settings->servers.count == 0)
        return NULL;
    struct wi_cluster *cluster = wi_alloc(sizeof *cluster);
    member_set_name(&cluster->self, settings->name);
    wi_id_new(cluster->self.instance, "member");
    wi_text_copy(cluster->self.version, sizeof cluster->self.version, version);
    wi_member_key(cluster->self.name, cluster->key);
    char *bucket = wi_sprintf("%s_members", settings->prefix);
    char *subject = wi_sprintf("%s.channels.%s", settings->prefix, cluster->self.instance);
    char *subjects = wi_sprintf("%s.channels.*", settings->prefix);
    const struct wi_courier_terms terms = {.servers = &settings->servers,
        .broker = {.credentials_file = settings->credentials_file,
            .tls_ca = settings->tls_ca,
            .bucket = bucket,
            .kind = &wi_broker_members,
            .replicas = 1 + 2 * settings->replicas,
            .name = cluster->self.name},
        .key = cluster->key,
        .value_max = WI_MEMBER_RECORD_MAX,
        .subject = subject,
        .subjects = subjects};
    cluster->beat = wi_timer_new(loop, on_beat, cluster);
    cluster->courier = wi_courier_start(loop, &terms, on_event, cluster, error);
    if (cluster->courier)
        cluster->keeper = cluster_keep(cluster, loop, settings, &terms.broker, error);
    free(bucket);
    free(subject);
    free(subjects);
    if (cluster->keeper == NULL) {
        wi_cluster_free(cluster);
        return NULL;
    }
    cluster->rows = rows_make(cluster);
    return cluster;
}

void wi_cluster_join(struct wi_cluster *cluster, wi_cluster_describe_fn *describe, void *context)
{
    cluster->describe = describe;
    cluster->context = context;
    wi_timer_start(cluster->beat, 0, WI_MEMBER_BEAT_MS);
}

void wi_cluster_leave(struct wi_cluster *cluster)
{
    if (cluster == NULL || cluster->courier == NULL)
        return;
    wi_timer_free(cluster->beat);
    cluster->beat = NULL;
    wi_courier_close(cluster->courier, cluster_judge(cluster) == WI_CLUSTER_MEMBER);
    cluster->courier = NULL;
    cluster->server = NULL;
}

void wi_cluster_close(struct wi_cluster *cluster)
{
    if (cluster == NULL)
        return;
    wi_cluster_leave(cluster);
    wi_keeper_close(cluster->keeper);
}

void wi_cluster_free(struct wi_cluster *cluster)
{
    if (cluster == NULL)
        return;
    wi_cluster_close(cluster);
    wi_keeper_free(cluster->keeper);
    wi_rows_free(cluster->rows);
    wi_timer_free(cluster->beat);
    wi_members_clear(&cluster->members);
    wi_member_clear(&cluster->self);
    free(cluster);
}

/* --- looking ---------------------------------------------------------------------------------- */

void wi_cluster_look(struct wi_cluster *cluster, struct wi_cluster_view *view)
{
    cluster_look(cluster);
    *view = (struct wi_cluster_view){.state = cluster->state,
        .name = cluster->self.name,
        .server = cluster->server,
        .instance = cluster->self.instance,
        .problem = cluster->problem.fault == WI_BROKER_FINE ? NULL : &cluster->problem,
        .members = &cluster->members};
    wi_keeper_counters(cluster->keeper, &view->jobs);
    view->rows = wi_rows_counters(cluster->rows);
    view->talk = &cluster->heard;
}

void wi_cluster_add_warnings(struct wi_cluster *cluster, json_t *warnings)
{
    cluster_look(cluster);
    if (cluster->problem.fault != WI_BROKER_FINE)
        words_add(wi_strdup(cluster->problem.detail), warnings);
    if (cluster->state == WI_CLUSTER_NAME_TAKEN)
        words_add(words_of_taken(cluster), warnings);
    for (const struct wi_seen *seen = wi_members_next(&cluster->members, NULL); seen;
         seen = wi_members_next(&cluster->members, seen->member.name))
        if (seen->skewed)
            words_add(words_of_skew(seen), warnings);
}
