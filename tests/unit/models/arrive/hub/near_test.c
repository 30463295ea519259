/* Files of a hub from neighbours, into a real folder, with an HTTP client that is played here: what
 * each neighbour says to have, and which blocks it has. */
#include "../../../test.h"

#include "../../../files.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/loop.h"
#include "models/arrive/hub/near.h"
#include "models/share/content/tree.h"
#include <strings.h>

#define LEAVES 3
#define BYTES (LEAVES * WI_LEAF_BYTES)
#define NEIGHBOURS 3
#define BLOCKS_MAX 16

/* A file of some bytes: all the same, or those of another. */
struct content {
    unsigned char *bytes;
    struct wi_leaves leaves;
    struct wi_tree_root root;
    char sha256[WI_HASH_HEX_SIZE];
};

struct block {
    char cid[WI_CID_TEXT];
    const unsigned char *bytes;
    size_t size;
};

/* What a neighbour says of the right file, and does. */
struct neighbour {
    const struct content *claims; /* to be the right one; NULL: it has nothing */
    size_t blocks;                /* that it brings; then it is gone */
    size_t asked;
    int hesitates; /* then it is there, and sends nothing */
};

struct wi_http_call {
    struct neighbour *neighbour;
    char url[160];
    wi_http_head_fn *on_head;
    wi_http_data_fn *on_data;
    wi_http_fn *on_answer;
    void *context;
    struct wi_timer *timer;
};

static struct {
    uv_loop_t loop;
    char root[64];
    int folder;
    struct content right, wrong;
    struct wi_buffer nodes[2];
    struct block blocks[BLOCKS_MAX];
    size_t block_count;
    struct neighbour neighbours[NEIGHBOURS];
    struct wi_sources *sources;
    struct wi_neighbours *known;
    struct wi_hub_tree files;
    struct wi_near *near;
    int ended, told;
    struct wi_fetch_progress progress;
} test;

/* --- what there is ---------------------------------------------------------------------------- */

static void add_block(const struct wi_cid *cid, const void *bytes, size_t size)
{
    struct block *block = &test.blocks[test.block_count++];
    wi_cid_print(cid, block->cid);
    block->bytes = bytes;
    block->size = size;
}

static void on_node(
    void *context, const struct wi_cid *cid, const unsigned char *bytes, size_t size)
{
    struct wi_buffer *node = context;
    wi_buffer_add(node, bytes, size);
    add_block(cid, node->text, size);
}

static void make_content(struct content *content, unsigned char first, struct wi_buffer *node)
{
    struct wi_leaf_hasher *hasher = wi_leaf_hasher_new();
    unsigned char hash[WI_HASH_SIZE];
    content->bytes = wi_alloc(BYTES);
    for (size_t i = 0; i < LEAVES; i++)
        memset(content->bytes + i * WI_LEAF_BYTES, first + (int)i, WI_LEAF_BYTES);
    wi_leaf_hasher_add(hasher, content->bytes, BYTES);
    wi_leaf_hasher_end(hasher, &content->leaves);
    wi_leaf_hasher_free(hasher);
    wi_tree_of_file(&content->leaves, on_node, node, &content->root);
    for (size_t i = 0; i < LEAVES; i++) {
        struct wi_cid cid = {WI_CODEC_RAW, {0}};
        memcpy(cid.hash, content->leaves.hashes[i], WI_HASH_SIZE);
        add_block(&cid, content->bytes + i * WI_LEAF_BYTES, WI_LEAF_BYTES);
    }
    wi_hash(content->bytes, BYTES, hash);
    wi_hash_hex(hash, content->sha256);
}

static void clear_content(struct content *content)
{
    free(content->bytes);
    wi_leaves_clear(&content->leaves);
}

/* --- the HTTP client -------------------------------------------------------------------------- */

#include "plain_calls.h"

const char *wi_http_call_header(const struct wi_http_call *call, const char *name)
{
    if (strcasecmp(name, "content-type") == 0)
        return strstr(call->url, "/ipfs/") ? "application/vnd.ipld.raw" : "application/json";
    return NULL;
}

static void end_call(struct wi_http_call *call, int status, const char *body)
{
    const struct wi_http_answer answer = {.status = status,
        .end = status ? WI_HTTP_ANSWERED : WI_HTTP_BROKEN,
        .failure = status ? NULL : "it is gone",
        .body = body,
        .body_size = strlen(body),
        .call = call};
    call->on_answer(call->context, &answer);
    wi_http_cancel(call);
}

static void tell_content(struct wi_http_call *call)
{
    const struct content *claims = call->neighbour->claims;
    struct wi_buffer out = {0};
    char cid[WI_CID_TEXT];
    wi_buffer_printf(&out, "{\"id\":\"n%d\",\"version\":1,\"content\":[",
        (int)(call->neighbour - test.neighbours));
    if (claims) {
        wi_cid_print(&claims->root.cid, cid);
        wi_buffer_printf(&out,
            "{\"cid\":\"%s\",\"name\":\"o/n\",\"bytes\":%u,\"files\":[{\"path\":\"other.bin\","
            "\"bytes\":%u,\"sha256\":\"%s\",\"cid\":\"%s\"}]}",
            cid, BYTES, BYTES, test.right.sha256, cid);
    }
    wi_buffer_puts(&out, "]}");
    end_call(call, 200, out.text);
    wi_buffer_clear(&out);
}

static void send_block(struct wi_http_call *call)
{
    const char *cid = strstr(call->url, "/ipfs/") + 6;
    if (call->neighbour->asked++ >= call->neighbour->blocks) {
        if (!call->neighbour->hesitates)
            end_call(call, 0, "");
        return;
    }
    for (size_t i = 0; i < test.block_count; i++) {
        const struct block *block = &test.blocks[i];
        if (strncmp(cid, block->cid, strlen(block->cid)) != 0)
            continue;
        assert_int_equal(call->on_head(call->context, call, 200), 0);
        assert_int_equal(
            call->on_data(call->context, (const char *)block->bytes, block->size), WI_HTTP_TAKEN);
        end_call(call, 200, "");
        return;
    }
    fail_msg("nobody has %s", cid);
}

static void on_network(void *context)
{
    struct wi_http_call *call = context;
    if (strstr(call->url, "/ipfs/"))
        send_block(call);
    else
        tell_content(call);
}

struct wi_http_call *wi_http_start(struct wi_http *http, const struct wi_http_request *request,
    wi_http_fn *on_answer, void *context)
{
    struct wi_http_call *call = wi_alloc(sizeof *call);
    *call = (struct wi_http_call){.neighbour = &test.neighbours[request->url[8] - '0'],
        .on_head = request->on_head,
        .on_data = request->on_data,
        .on_answer = on_answer,
        .context = context,
        .timer = wi_timer_new(&test.loop, on_network, call)};
    snprintf(call->url, sizeof call->url, "%s", request->url);
    wi_timer_start(call->timer, 0, 0);
    return call;
}

/* --- a fetch ---------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    uv_loop_init(&test.loop);
    test.folder = open_root(test.root, "near");
    make_content(&test.right, 1, &test.nodes[0]);
    make_content(&test.wrong, 11, &test.nodes[1]);
    test.sources = wi_sources_new();
    test.known = wi_neighbours_new(&test.loop, NULL, "own");
    struct wi_hub_file file = {.remote = (char *)"there.bin", .bytes = BYTES};
    strcpy(file.hash, test.right.sha256);
    wi_hub_tree_add(&test.files, &file, "model.bin");
    for (size_t i = 0; i < NEIGHBOURS; i++)
        test.neighbours[i].blocks = SIZE_MAX;
    return 0;
}

static int tear_down(void **state)
{
    wi_near_free(test.near);
    wi_neighbours_free(test.known);
    wi_sources_free(test.sources);
    uv_run(&test.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&test.loop), 0);
    wi_hub_tree_clear(&test.files);
    clear_content(&test.right);
    clear_content(&test.wrong);
    wi_buffer_clear(&test.nodes[0]);
    wi_buffer_clear(&test.nodes[1]);
    close_root(test.root, test.folder);
    return 0;
}

FIXTURE(set_up, tear_down)

static void on_progress(void *context, const struct wi_fetch_progress *progress)
{
    assert_true(progress->done <= progress->total);
    test.told++;
}

static void on_end(void *context, const struct wi_fetch_progress *progress)
{
    assert_int_equal(test.ended++, 0);
    test.progress = *progress;
}

static void start(void)
{
    static const struct wi_block_source_row rows[NEIGHBOURS] = {
        {.name = "n0", .url = "https://0.example"}, {.name = "n1", .url = "https://1.example"},
        {.name = "n2", .url = "https://2.example"}};
    struct wi_block_source *sources[NEIGHBOURS];
    wi_sources_set(test.sources, rows, NEIGHBOURS);
    for (size_t i = 0; i < NEIGHBOURS; i++)
        sources[i] = wi_sources_at(test.sources, i);
    wi_neighbours_set(test.known, sources, NEIGHBOURS);
    const struct wi_near_order order = {
        .content = {.loop = &test.loop, .stall_ms = 10000, .folder = test.root, .pause_ms = 1},
        .neighbours = test.known,
        .files = &test.files};
    test.near = wi_near_start(&order, on_progress, on_end, NULL);
}

static void fetch(void)
{
    start();
    while (!test.ended)
        uv_run(&test.loop, UV_RUN_ONCE);
}

static enum wi_block_source_state state_of(size_t index)
{
    struct wi_block_source_info info = wi_block_source_look(wi_sources_at(test.sources, index));
    return info.state;
}

static int is_there(const char *path)
{
    return faccessat(test.folder, path, F_OK, 0) == 0;
}

static void assert_brought(void)
{
    assert_true(test.files.files[0].here);
    assert_string_equal(test.files.files[0].sha256, test.right.sha256);
    assert_true(is_there("model.bin"));
    assert_int_equal(test.progress.files_done, 1);
    assert_int_equal(test.progress.done, BYTES);
}

TEST(all_who_say_the_same_bring_it)
{
    test.neighbours[0].claims = test.neighbours[2].claims = &test.right;
    fetch();
    assert_brought();
    assert_int_equal(test.neighbours[1].asked, 0);
    assert_int_equal(test.progress.source_count, 2);
    assert_in_range(
        test.progress.sources[0].bytes + test.progress.sources[1].bytes, BYTES, BYTES + 1000);
}

TEST(what_nobody_has_is_left)
{
    fetch();
    assert_false(test.files.files[0].here);
    assert_int_equal(test.progress.done, 0);
    assert_int_equal(test.neighbours[0].asked, 0);
}

TEST(what_is_here_is_left_too)
{
    test.neighbours[0].claims = &test.right;
    test.files.files[0].here = 1;
    fetch();
    assert_int_equal(test.neighbours[0].asked, 0);
    assert_int_equal(test.progress.done, BYTES);
}

/* A majority is believed first, and the hash has the last word. */
TEST(who_says_what_is_wrong_is_out_and_others_are_believed)
{
    test.neighbours[0].claims = test.neighbours[1].claims = &test.wrong;
    test.neighbours[2].claims = &test.right;
    fetch();
    assert_brought();
    assert_int_equal(state_of(0), WI_SOURCE_OUT);
    assert_int_equal(state_of(1), WI_SOURCE_OUT);
    assert_int_equal(state_of(2), WI_SOURCE_READY);
    assert_in_range(test.progress.fetched, 2 * BYTES, 2 * BYTES + 2000);
}

TEST(what_came_of_who_is_gone_is_left_for_the_hub)
{
    test.neighbours[0].claims = &test.right;
    test.neighbours[0].blocks = 2;
    fetch();
    assert_false(test.files.files[0].here || is_there("model.bin"));
    char *part = wi_sprintf(".model.bin.%.8s", test.right.sha256);
    assert_true(is_there(part));
    free(part);
    assert_int_equal(state_of(0), WI_SOURCE_RESTING);
    assert_int_equal(wi_near_was_wrong(test.near, 1), 0);
    assert_int_equal(state_of(0), WI_SOURCE_RESTING);
    assert_int_equal(wi_near_was_wrong(test.near, 0), 1);
    assert_int_equal(state_of(0), WI_SOURCE_OUT);
    assert_int_equal(wi_near_was_wrong(test.near, 0), 0); /* the next time it is the hub */
}

/* What is behind the last block, and written beside the loop, is told once more at the most. */
TEST(how_far_it_is_is_told_when_that_changes)
{
    test.neighbours[0] = (struct neighbour){.claims = &test.right, .blocks = 2, .hesitates = 1};
    start();
    while (!test.told)
        uv_run(&test.loop, UV_RUN_ONCE);
    int told = test.told;
    double until = wi_now_ms() + 900; /* it would be told four times */
    while (wi_now_ms() < until)
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_in_range(test.told, told, told + 1);
}

TEST(it_ends_at_any_time)
{
    test.neighbours[0].claims = &test.right;
    for (int turns = 0; turns < 40 && !test.ended; turns++) {
        start();
        for (int i = 0; i < turns && !test.ended; i++)
            uv_run(&test.loop, UV_RUN_NOWAIT);
        wi_near_free(test.near);
        test.near = NULL;
    }
}
