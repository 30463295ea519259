/* Pulls of content: whom they ask before they list and fetch it. The network is played, and what
 * lists and fetches; routers and neighbours are the real ones. */
#include "pulls_fixture.h"

#include "../../../cluster/fake_rows.h"
#include "models/arrive/hub/content_pull.h"
#include "models/arrive/source/neighbours.h"

#define CID "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"

static char done[128]; /* a word for each step, in their order */

static void note(const char *word)
{
    size_t length = strlen(done);
    snprintf(done + length, sizeof done - length, "%s ", word);
}

/* --- the network ------------------------------------------------------------------------------ */

struct wi_http_call {
    wi_http_fn *on_answer;
    void *context;
    const char *body;
    struct wi_timer *timer;
};

#include "plain_calls.h"

const char *wi_http_call_header(const struct wi_http_call *call, const char *name)
{
    return strcasecmp(name, "content-type") == 0 ? "application/json" : NULL;
}

static void answer(void *context)
{
    struct wi_http_call *call = context;
    const struct wi_http_answer answer = {.status = 200,
        .end = WI_HTTP_ANSWERED,
        .body = call->body,
        .body_size = strlen(call->body),
        .call = call};
    call->on_answer(call->context, &answer);
    wi_http_cancel(call);
}

struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context)
{
    struct fixture *f = (struct fixture *)http;
    struct wi_http_call *call = wi_alloc(sizeof *call);
    int is_router = strncmp(request->url, "https://router.example/", 23) == 0;
    note(is_router ? "router" : "neighbour");
    *call = (struct wi_http_call){.on_answer = on_answer,
        .context = context,
        .body = is_router ? "{\"Providers\":[]}" : "{\"id\":\"n\",\"version\":1,\"content\":[]}",
        .timer = wi_timer_new(&f->loop, answer, call)};
    wi_timer_start(call->timer, 0, 0);
    return call;
}

/* --- what lists and fetches ------------------------------------------------------------------- */

struct wi_content_pull {
    struct wi_timer *timer;
    wi_hub_list_fn *on_tree;
    void *context;
};

static unsigned lists_to_fail;

static void give_content(void *context)
{
    struct wi_content_pull *pull = context;
    struct wi_error error;
    if (lists_to_fail > 0) {
        lists_to_fail--;
        note("failed");
        wi_error_set(&error, WI_HUB_FAILED, "hub", "there is no source");
        pull->on_tree(pull->context, NULL, &error);
        return;
    }
    struct wi_hub_tree tree = {.commit = wi_strdup(CID)};
    struct wi_hub_file file = {
        .path = "model.onnx", .remote = "model.onnx", .bytes = played.model.size};
    sha256(&played.model, file.hash);
    wi_hub_tree_add(&tree, &file, file.path);
    note("listed");
    pull->on_tree(pull->context, &tree, NULL);
    wi_hub_tree_clear(&tree);
}

struct wi_content_pull *wi_content_pull_new(const struct wi_content_order *order)
{
    struct wi_content_pull *pull = wi_alloc(sizeof *pull);
    for (size_t i = 0; i < order->member_count; i++)
        note(wi_block_source_look(order->members[i]).name);
    pull->timer = wi_timer_new(order->loop, give_content, pull);
    return pull;
}

void wi_content_pull_free(struct wi_content_pull *pull)
{
    if (!pull)
        return;
    wi_timer_free(pull->timer);
    free(pull);
}

void wi_content_pull_list(struct wi_content_pull *pull, wi_fetch_progress_fn *on_progress,
    wi_hub_list_fn *on_tree, void *context)
{
    pull->on_tree = on_tree;
    pull->context = context;
    wi_timer_start(pull->timer, 0, 0);
}

/* It stands still. */
void wi_content_pull_fetch(struct wi_content_pull *pull, struct wi_hub_tree *files,
    wi_fetch_progress_fn *on_progress, wi_fetch_fn *on_end, void *context)
{
    note("fetch");
}

/* --- whom they ask ---------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

/* A daemon with these lines in its configuration, and the sources that they name. */
static void begin_with(struct fixture *f, const char *lines)
{
    struct wi_problems problems = {0};
    char *path = path_to(f->root, "conf");
    char *text = wi_sprintf("[models]\ndirectory = %s\nquota = 1GiB\n%s", f->root, lines);
    write_text(f->root, "conf", text);
    end(f);
    wi_config_unref(f->config);
    f->config = wi_config_load(path, &problems);
    if (!f->config)
        fail_msg("%s", problems.items[0].detail);
    *done = '\0';
    f->http = (struct wi_http *)f;
    begin(f);
    free(text);
    free(path);
}

TEST(a_router_and_neighbours_are_asked_once_before_content_is_fetched)
{
    struct fixture *f = *state;
    static const char router[] = "[content]\nrouting = https://router.example\n";
    static const char only_near[] = "[hub.ipfs]\nurl =\n[hub.near]\nurl = https://near.example\n"
                                    "layout = webinfer\n";
    static const struct {
        const char *lines[2], *done;
    } cases[] = {{{"", ""}, "listed fetch "}, {{router, ""}, "router listed fetch "},
        {{"", only_near}, "listed neighbour fetch "},
        {{router, only_near}, "router listed neighbour fetch "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *lines = wi_sprintf("%s%s", cases[i].lines[0], cases[i].lines[1]);
        begin_with(f, lines);
        start(f, "ipfs://" CID, "ipfs/" CID);
        run_until(f, "ipfs/" CID, WI_PULL_DOWNLOADING);
        assert_string_equal(done, cases[i].done);
        free(lines);
    }
}

/* --- members of the cluster ------------------------------------------------------------------- */

#define ROW                                                                                        \
    "{\"row\":1,\"held\":{"                                                                        \
    "\"member-a\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","           \
    "\"member-b\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}}"

/* Two serve it: one at a private address, and one that is not seen. */
static struct wi_cluster_member attic = {
    .name = "attic", .instance = "member-a", .bridge = "http://10.0.0.2:8471"};
static struct fake_table table;
static struct fake_follower follower;

static const struct wi_cluster_member *find_member(void *context, const char *instance)
{
    return strcmp(instance, attic.instance) == 0 ? &attic : NULL;
}

static void each_served(void *context, wi_served_fn *each, void *data)
{
}

static void join_cluster(struct fixture *f)
{
    begin_with(f, "[hub.ipfs]\nurl =\n");
    fake_rows_join(&follower, &table, "member-own");
    const struct wi_shared_content_deps deps = {
        .rows = follower.rows, .find = find_member, .served = each_served};
    f->parts.shared = wi_shared_content_new(&deps);
    fake_rows_connect(&follower);
    fake_row_set(&table, WI_ROW_PREFIX "content." CID, ROW, strlen(ROW));
    fake_turn_all(&follower, 1);
}

static void leave_cluster(struct fixture *f)
{
    wi_shared_content_free(f->parts.shared);
    f->parts.shared = NULL;
    fake_rows_leave(&follower);
    follower = (struct fake_follower){0};
    fake_table_clear(&table);
}

TEST(members_that_serve_the_content_are_sources)
{
    struct fixture *f = *state;
    join_cluster(f);
    start(f, "ipfs://" CID, "ipfs/" CID);
    run_until(f, "ipfs/" CID, WI_PULL_DOWNLOADING);
    assert_string_equal(done, "member attic listed fetch ");
    leave_cluster(f);
}

TEST(members_that_are_not_seen_yet_are_waited_for_a_while)
{
    struct fixture *f = *state;
    join_cluster(f);
    strcpy(attic.instance, "member-z"); /* now neither is seen */
    lists_to_fail = 2;
    start(f, "ipfs://" CID, "ipfs/" CID);
    run_until(f, "ipfs/" CID, WI_PULL_DOWNLOADING);
    assert_string_equal(done, "failed failed listed fetch ");
    strcpy(attic.instance, "member-a");
    leave_cluster(f);
}

TEST(and_no_longer)
{
    struct fixture *f = *state;
    struct watcher watcher = {0};
    join_cluster(f);
    lists_to_fail = 100;
    start(f, "ipfs://" CID, "ipfs/" CID);
    watch(f, "ipfs/" CID, &watcher);
    run_until_ended(f, &watcher);
    assert_int_equal(watcher.error.code, WI_HUB_FAILED);
    assert_int_equal(lists_to_fail, 100 - 6);
    lists_to_fail = 0;
    leave_cluster(f);
}
