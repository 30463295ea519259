/*
 * A member and its courier, at a broker in memory that stands in the place of NATS: what members
 * say to each other, and who listens. The rest of the cluster is tested at a real server.
 */
#include "../test.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cluster/cluster.h"
#include <stdlib.h>
#include <string.h>

/* --- the broker ------------------------------------------------------------------------------- */

struct wi_broker {
    int is_members;
    int listens;
};

/* All is shared with the courier's thread. */
static struct {
    uv_mutex_t mutex;
    struct wi_broker_entry *entries; /* that the watch brings */
    size_t entry_count, entry_next;
    struct wi_broker_entry *heard;
    size_t heard_count, heard_next;
    char *said[16];
    size_t said_count;
    char subject[128];
    struct wi_cluster_member record; /* that was written last */
    int listened;                    /* before that */
    uint64_t revision;
    int is_away, opened, is_old;
} bus;

const char *const wi_broker_fault_names[] = {NULL};
const struct wi_broker_bucket wi_broker_members = {0}, wi_broker_jobs = {0};

/* With the mutex. */
static void watch_bring(const char *key, const char *text, uint64_t revision, int replayed)
{
    *WI_APPEND(bus.entries, bus.entry_count) = (struct wi_broker_entry){.key = wi_strdup(key),
        .text = wi_strdup(text),
        .size = text ? strlen(text) : 0,
        .revision = revision,
        .replayed = replayed};
}

/* Of the bucket of jobs there is none. */
struct wi_broker *wi_broker_open(
    const char *server, const struct wi_broker_terms *terms, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = NULL;
    *problem = (struct wi_broker_problem){WI_BROKER_UNREACHABLE, "away"};
    uv_mutex_lock(&bus.mutex);
    if (terms->kind == &wi_broker_members && !bus.is_away) {
        broker = wi_alloc(sizeof *broker);
        bus.opened++;
        *problem = bus.is_old ? (struct wi_broker_problem){WI_BROKER_OLD, "it is old"}
                              : (struct wi_broker_problem){0};
        watch_bring(NULL, NULL, 0, 0);
    }
    uv_mutex_unlock(&bus.mutex);
    return broker;
}

void wi_broker_close(struct wi_broker *broker)
{
    free(broker);
}

int wi_broker_next(struct wi_broker *broker, unsigned wait_ms, size_t most,
    struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    int got = 0;
    uv_mutex_lock(&bus.mutex);
    if (bus.is_away) {
        *problem = (struct wi_broker_problem){WI_BROKER_UNREACHABLE, "lost"};
        got = -1;
    } else if (bus.entry_next < bus.entry_count) {
        *entry = bus.entries[bus.entry_next++];
        got = 1;
    }
    uv_mutex_unlock(&bus.mutex);
    if (got == 0)
        usleep(1000);
    return got;
}

int wi_broker_write(struct wi_broker *broker, const char *key, const char *text, uint64_t revision,
    size_t most, struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    uv_mutex_lock(&bus.mutex);
    wi_member_clear(&bus.record);
    assert_int_equal(wi_member_read(&bus.record, key, text, strlen(text)), WI_READ_GOOD);
    bus.listened = broker->listens;
    watch_bring(key, text, ++bus.revision, 0);
    uv_mutex_unlock(&bus.mutex);
    return 1;
}

void wi_broker_remove(struct wi_broker *broker, const char *key)
{
}

void wi_broker_kv(struct wi_broker *broker, struct wi_kv *kv)
{
}

int wi_broker_listen(
    struct wi_broker *broker, const char *subjects, struct wi_broker_problem *problem)
{
    assert_true(!subjects || strcmp(subjects, "webinfer.channels.*") == 0);
    broker->listens = subjects != NULL;
    return 0;
}

int wi_broker_say(struct wi_broker *broker, const char *subject, const void *bytes, size_t size,
    struct wi_broker_problem *problem)
{
    uv_mutex_lock(&bus.mutex);
    assert_true(bus.said_count < 16);
    bus.said[bus.said_count++] = wi_strndup(bytes, size);
    wi_text_copy(bus.subject, sizeof bus.subject, subject);
    uv_mutex_unlock(&bus.mutex);
    return 0;
}

int wi_broker_hear(
    struct wi_broker *broker, struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    assert_true(broker->listens);
    uv_mutex_lock(&bus.mutex);
    int got = bus.heard_next < bus.heard_count;
    if (got)
        *entry = bus.heard[bus.heard_next++];
    uv_mutex_unlock(&bus.mutex);
    return got;
}

/* --- the member ------------------------------------------------------------------------------- */

static struct fixture {
    uv_loop_t loop;
    uv_timer_t limit;
    struct wi_config config;
    struct wi_cluster *cluster;
    struct wi_member_talk talk;
    int audiences, is_heard; /* how often it was told, and what last */
    size_t heard;
    char last[64]; /* that was heard, and from which instance */
} the_fixture, *fixture = &the_fixture;

#include "../until.h"

static void describe(void *context, struct wi_cluster_member *member, int models)
{
}

static enum wi_read_fault on_heard(
    void *context, const char *instance, const char *text, size_t size)
{
    fixture->heard++;
    snprintf(fixture->last, sizeof fixture->last, "%s: %.*s", instance, (int)size, text);
    return strcmp(text, "garbage") == 0 ? WI_READ_GARBAGE : WI_READ_GOOD;
}

static void on_audience(void *context, int is_heard)
{
    fixture->audiences++;
    fixture->is_heard = is_heard;
}

static int set_up(void **state)
{
    static const struct wi_talk_follower follower = {on_heard, on_audience, NULL};
    struct wi_error error = {0};
    memset(fixture, 0, sizeof *fixture);
    memset(&bus, 0, sizeof bus);
    uv_mutex_init(&bus.mutex);
    if (uv_loop_init(&fixture->loop))
        return -1;
    limit_waiting(&fixture->loop, &fixture->limit, 20000);
    wi_strings_add(&fixture->config.cluster.servers, "nats://127.0.0.1:1");
    fixture->config.cluster.prefix = (char *)"webinfer";
    fixture->config.cluster.name = (char *)"a";
    fixture->config.cluster.ack_wait = 1000;
    fixture->cluster = wi_cluster_new(&fixture->loop, &fixture->config, "1", &error);
    assert_non_null(fixture->cluster);
    wi_cluster_talk(fixture->cluster, &fixture->talk);
    fixture->talk.follow(fixture->talk.context, &follower);
    wi_cluster_join(fixture->cluster, describe, NULL);
    return 0;
}

static void entries_free(struct wi_broker_entry *entries, size_t next, size_t count)
{
    for (size_t i = next; i < count; i++)
        wi_broker_entry_clear(&entries[i]);
    free(entries);
}

static int tear_down(void **state)
{
    wi_cluster_close(fixture->cluster);
    uv_close((uv_handle_t *)&fixture->limit, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    wi_cluster_free(fixture->cluster);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    wi_strings_clear(&fixture->config.cluster.servers);
    entries_free(bus.entries, bus.entry_next, bus.entry_count);
    entries_free(bus.heard, bus.heard_next, bus.heard_count);
    for (size_t i = 0; i < bus.said_count; i++)
        free(bus.said[i]);
    wi_member_clear(&bus.record);
    uv_mutex_destroy(&bus.mutex);
    return uv_loop_close(&fixture->loop);
}

FIXTURE(set_up, tear_down)

/* --- what tests do ---------------------------------------------------------------------------- */

static enum wi_cluster_state state_now(void)
{
    struct wi_cluster_view view;
    wi_cluster_look(fixture->cluster, &view);
    return view.state;
}

/* Another member has written its record. */
static void other_writes(const char *name, const char *instance, int64_t hears, int replayed)
{
    struct wi_cluster_member member = {.version = "1", .bridge = "http://b", .hears = hears};
    struct wi_buffer out = {0};
    char key[WI_MEMBER_KEY_SIZE];
    wi_text_copy(member.name, sizeof member.name, name);
    wi_text_copy(member.instance, sizeof member.instance, instance);
    wi_member_print(&member, &out);
    wi_member_key(name, key);
    uv_mutex_lock(&bus.mutex);
    watch_bring(key, out.text, ++bus.revision, replayed);
    uv_mutex_unlock(&bus.mutex);
    wi_buffer_clear(&out);
}

static void other_says(const char *instance, const char *text)
{
    uv_mutex_lock(&bus.mutex);
    *WI_APPEND(bus.heard, bus.heard_count) = (struct wi_broker_entry){
        .key = wi_strdup(instance), .text = wi_strdup(text), .size = strlen(text)};
    uv_mutex_unlock(&bus.mutex);
}

static int64_t hears_written(void)
{
    uv_mutex_lock(&bus.mutex);
    int64_t hears = bus.record.hears;
    assert_int_equal(bus.listened, hears != 0);
    uv_mutex_unlock(&bus.mutex);
    return hears;
}

static size_t said_so_far(void)
{
    uv_mutex_lock(&bus.mutex);
    size_t count = bus.said_count;
    uv_mutex_unlock(&bus.mutex);
    return count;
}

static int say(const char *text)
{
    struct wi_buffer out = {0};
    wi_buffer_puts(&out, text);
    return fixture->talk.say(fixture->talk.context, &out);
}

static void connection_set(int is_away)
{
    uv_mutex_lock(&bus.mutex);
    bus.is_away = is_away;
    uv_mutex_unlock(&bus.mutex);
}

static void age_set(int is_old)
{
    uv_mutex_lock(&bus.mutex);
    bus.is_old = is_old;
    uv_mutex_unlock(&bus.mutex);
}

/* --- tests ------------------------------------------------------------------------------------ */

TEST(a_member_that_listens_says_so_in_its_record)
{
    until(state_now() == WI_CLUSTER_MEMBER);
    assert_int_equal(hears_written(), 0);
    fixture->talk.listen(fixture->talk.context, 1);
    until(hears_written() != 0);
    fixture->talk.listen(fixture->talk.context, 0);
    until(hears_written() == 0);
}

TEST(the_audience_is_told_when_one_begins_begins_again_or_ceases)
{
    until(state_now() == WI_CLUSTER_MEMBER);
    other_writes("b", "member-b", 0, 0);
    other_writes("c", "member-c", 5, 0);
    until(fixture->is_heard);
    int told = fixture->audiences;
    other_writes("c", "member-c", 5, 0);
    other_writes("b", "member-b", 7, 0);
    until(fixture->audiences == told + 1);
    other_writes("b", "member-b", 9, 0);
    until(fixture->audiences == told + 2);
    assert_true(fixture->is_heard);
    other_writes("b", "member-b", 0, 0);
    other_writes("c", "member-c", 0, 0);
    until(!fixture->is_heard);
}

TEST(what_is_said_goes_out_in_its_order)
{
    until(state_now() == WI_CLUSTER_MEMBER);
    assert_int_equal(say("one"), 0);
    assert_int_equal(say("two"), 0);
    until(said_so_far() == 2);
    assert_string_equal(bus.said[0], "one");
    assert_string_equal(bus.said[1], "two");
    struct wi_cluster_view view;
    wi_cluster_look(fixture->cluster, &view);
    assert_int_equal(strncmp(bus.subject, "webinfer.channels.", 18), 0);
    assert_string_equal(bus.subject + 18, view.instance);
}

TEST(others_are_heard_and_not_the_member_itself)
{
    struct wi_cluster_view view;
    fixture->talk.listen(fixture->talk.context, 1);
    until(state_now() == WI_CLUSTER_MEMBER && hears_written() != 0);
    wi_cluster_look(fixture->cluster, &view);
    other_says(view.instance, "of its own");
    other_says("member-b", "garbage");
    other_says("member-b", "good");
    until(strcmp(fixture->last, "member-b: good") == 0);
    assert_int_equal(fixture->heard, 2);
    wi_cluster_look(fixture->cluster, &view);
    assert_int_equal(view.talk->garbage, 1);
}

TEST(after_a_lost_connection_both_sides_begin_again)
{
    until(state_now() == WI_CLUSTER_MEMBER);
    fixture->talk.listen(fixture->talk.context, 1);
    until(hears_written() != 0);
    other_writes("b", "member-b", 5, 0);
    until(fixture->is_heard);
    int told = fixture->audiences;
    int64_t hears = hears_written();
    connection_set(1);
    until(state_now() == WI_CLUSTER_CONNECTING);
    assert_int_equal(fixture->audiences, told);
    other_writes("b", "member-b", 5, 1); /* as it was: it comes again */
    connection_set(0);
    until(fixture->audiences == told + 1);
    assert_true(fixture->is_heard);
    until(hears_written() > hears);
}

TEST(without_a_connection_so_much_waits)
{
    connection_set(1);
    until(state_now() == WI_CLUSTER_CONNECTING);
    char *text = wi_alloc(WI_TALK_MESSAGE_MAX + 1);
    memset(text, 'x', WI_TALK_MESSAGE_MAX);
    size_t taken = 0;
    while (say(text) == 0)
        taken++;
    assert_in_range(taken, 4, 8); /* the courier drops some when it tries to connect again */
    free(text);
}

static int has_problem(enum wi_broker_fault fault)
{
    struct wi_cluster_view view;
    wi_cluster_look(fixture->cluster, &view);
    return (view.problem ? view.problem->fault : WI_BROKER_FINE) == fault;
}

/* Its fault is a problem, and no reason to take no part. */
TEST(a_server_with_a_fault_is_used)
{
    json_t *warnings = json_array();
    until(state_now() == WI_CLUSTER_MEMBER);
    assert_true(has_problem(WI_BROKER_FINE));
    connection_set(1);
    until(state_now() == WI_CLUSTER_CONNECTING);
    assert_true(has_problem(WI_BROKER_UNREACHABLE));
    age_set(1);
    connection_set(0);
    until(has_problem(WI_BROKER_OLD) && state_now() == WI_CLUSTER_MEMBER);
    wi_cluster_add_warnings(fixture->cluster, warnings);
    assert_string_equal(json_string_value(json_array_get(warnings, 0)), "cluster: it is old");
    assert_int_equal(json_array_size(warnings), 1);
    json_decref(warnings);
    connection_set(1);
    until(has_problem(WI_BROKER_UNREACHABLE));
    age_set(0);
    connection_set(0);
    until(has_problem(WI_BROKER_FINE) && state_now() == WI_CLUSTER_MEMBER);
}

static int may_run_elsewhere(const struct wi_record *record, enum wi_code code)
{
    return wi_cluster_may_run_elsewhere(fixture->cluster, record, code);
}

TEST(what_cannot_run_here_may_run_at_members_that_have_not_said_the_same)
{
    struct wi_record record = {.model_name = (char *)"m"};
    assert_true(may_run_elsewhere(&record, WI_UNAVAILABLE)); /* none is seen yet */
    until(state_now() == WI_CLUSTER_MEMBER);
    assert_false(may_run_elsewhere(&record, WI_UNAVAILABLE));
    other_writes("b", "member-b", 0, 0);
    other_writes("c", "member-c", 0, 0);
    until(wi_cluster_find(fixture->cluster, "member-c"));
    record.runs = 99; /* back in the queue for other reasons: none has tried it */
    assert_true(may_run_elsewhere(&record, WI_UNAVAILABLE));
    wi_strings_add(&record.unable, "member-c");
    wi_strings_add(&record.unable, "member-gone");
    assert_true(may_run_elsewhere(&record, WI_UNAVAILABLE));
    wi_strings_add(&record.unable, "member-b");
    assert_false(may_run_elsewhere(&record, WI_UNAVAILABLE));
    wi_strings_clear(&record.unable);
}

/* Its record was there already: whether it lives is known when it changes, or does not. */
TEST(what_cannot_run_here_may_run_at_a_member_that_was_just_found)
{
    struct wi_record record = {.model_name = (char *)"m"};
    until(state_now() == WI_CLUSTER_MEMBER);
    other_writes("b", "member-b", 0, 1);
    until(may_run_elsewhere(&record, WI_UNAVAILABLE));
    assert_null(wi_cluster_find(fixture->cluster, "member-b"));
}

TEST(a_model_may_be_at_members_that_have_not_told_theirs_yet)
{
    struct wi_record record = {.runs = 9, .model_name = (char *)"m"};
    until(state_now() == WI_CLUSTER_MEMBER);
    record.accepted_at = wi_steady_ms();
    assert_false(may_run_elsewhere(&record, WI_MODEL_NOT_FOUND));
    other_writes("b", "member-b", 0, 0);
    until(wi_cluster_find(fixture->cluster, "member-b"));
    assert_true(may_run_elsewhere(&record, WI_MODEL_NOT_FOUND));
    record.accepted_at -= 61000;
    assert_false(may_run_elsewhere(&record, WI_MODEL_NOT_FOUND));
}

TEST(a_daemon_whose_name_is_taken_takes_no_part)
{
    until(state_now() == WI_CLUSTER_MEMBER);
    other_writes("b", "member-b", 5, 0);
    until(fixture->is_heard);
    other_writes("a", "member-x", 0, 0);
    until(state_now() == WI_CLUSTER_NAME_TAKEN);
    until(!fixture->is_heard);
}
