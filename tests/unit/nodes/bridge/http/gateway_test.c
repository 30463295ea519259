/* The trustless gateway: what of the blockstore is given to whom, in which words, and how fast. */
#include "../fixture.h"

#include "cluster/content_row.h"
#include <ctype.h>

#define DEFAULT_HOST "\r\nHost: 127.0.0.1"
/* Of the page's large file, whose bytes are those of `pattern`. */
#define FILE_BYTES 300000u

static const unsigned char small[] = "a block in memory";
static unsigned char heads[3][40];

/* A block in memory, a block in a file, an empty one, one that breaks off; a CAR of many pieces. */
static struct wi_cid cids[4];
static char texts[4][WI_CID_TEXT];
static struct given given[6];
static struct wi_blockstore blocks = {.given = given, .given_count = 6};
static int page_file;

static struct wi_segment in_memory(const unsigned char *bytes, size_t size)
{
    return (struct wi_segment){.memory = bytes, .size = size};
}

static struct wi_segment in_file(uint64_t at, size_t size)
{
    return (struct wi_segment){.fd = page_file, .at = at, .size = size};
}

static void make_given(void)
{
    for (unsigned char i = 0; i < 4; i++) {
        wi_cid_of(WI_CODEC_RAW, &i, 1, &cids[i]);
        wi_cid_print(&cids[i], texts[i]);
    }
    for (size_t i = 0; i < 3; i++)
        memset(heads[i], 'A' + (int)i, sizeof heads[i]);
    given[0] = (struct given){.cid = &cids[0], .count = 1, .good = 9};
    given[0].segments[0] = in_memory(small, sizeof small);
    given[1] = (struct given){.cid = &cids[1], .count = 1, .good = 9};
    given[1].segments[0] = in_file(0, FILE_BYTES);
    given[2] = (struct given){.cid = &cids[2], .count = 1, .good = 9};
    given[2].segments[0] = in_file(0, 0);
    given[3] = (struct given){.cid = &cids[3], .count = 2, .good = 1};
    given[3].segments[0] = in_file(0, 200000);
    given[3].segments[1] = in_file(200000, 100000);
    given[4] =
        (struct given){.cid = &cids[0], .is_car = 1, .scope = WI_SCOPE_ALL, .count = 7, .good = 9};
    given[4].segments[0] = in_memory(heads[0], 40);
    given[4].segments[1] = in_memory(heads[1], 40);
    given[4].segments[2] = in_file(7, 200001);
    given[4].segments[3] = in_memory(heads[2], 0);
    given[4].segments[4] = in_file(0, 0);
    given[4].segments[5] = in_memory(heads[2], 40);
    given[4].segments[6] = in_file(11, 1);
    given[5] = given[3];
    given[5].is_car = 1;
    given[5].scope = WI_SCOPE_BLOCK;
    given[5].good = 2; /* every segment, and then it is not what it was */
}

static void set(struct fixture *fixture, enum wi_serve serve, int anyone, uint64_t upload_limit)
{
    fixture->config.content =
        (struct wi_config_content){.serve = serve, .anyone = anyone, .upload_limit = upload_limit};
    wi_bridge_reload(fixture->bridge, &fixture->config);
}

static int set_up_gateway(void **state)
{
    if (set_up(state) != 0)
        return -1;
    struct fixture *fixture = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/model.onnx.test", fixture->folder);
    page_file = open(path, O_RDONLY);
    assert_true(page_file >= 0);
    make_given();
    blocks.pins = NULL;
    blocks.pin_count = 0;
    wi_bridge_serve_content(fixture->bridge, &blocks, "daemon-1", NULL);
    set(fixture, WI_SERVE_PUBLISHED, 0, 0);
    return 0;
}

static int tear_down_gateway(void **state)
{
    int result = tear_down(state);
    close(page_file);
    return result;
}

FIXTURE(set_up_gateway, tear_down_gateway)

static const struct wi_bridge_counters *counters(struct fixture *fixture)
{
    return wi_bridge_counters(fixture->bridge);
}

/* "METHOD /ipfs/CID" and what stands behind it, with more header lines, each with CR LF before. */
static void send_request(
    struct client *client, const char *method, const char *path, const char *more)
{
    char text[2048];
    snprintf(text, sizeof text, "%s %s HTTP/1.1%s%s\r\n\r\n", method, path,
        strcasestr(more, "\r\nHost:") ? "" : DEFAULT_HOST, more);
    assert_int_equal(client_send(client, text, strlen(text)), 0);
}

static int ask(struct client *client, const char *path, const char *more, struct http_reply *reply)
{
    send_request(client, "GET", path, more);
    assert_int_equal(client_reply(client, 0, reply), 0);
    return reply->status;
}

static int status_of(struct fixture *fixture, const char *path, const char *more)
{
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    int status = ask(&client, path, more, &reply);
    reply_clear(&reply);
    client_close(&client);
    return status;
}

static const char *path_of(int block, const char *behind)
{
    static char path[256];
    snprintf(path, sizeof path, "/ipfs/%s%s", texts[block], behind);
    return path;
}

static void assert_has(const struct http_reply *reply, const char *line)
{
    if (!strstr(reply->head, line))
        fail_msg("\"%s\" is not in %s", line, reply->head);
}

static void assert_lacks(const struct http_reply *reply, const char *line)
{
    if (strstr(reply->head, line))
        fail_msg("\"%s\" is in %s", line, reply->head);
}

static void assert_pattern(const unsigned char *bytes, size_t first, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != pattern(first + i))
            fail_msg("byte %zu is wrong", first + i);
}

/* --- blocks and CARs -------------------------------------------------------------------------- */

TEST(a_block_is_given_as_the_contract_says)
{
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char line[256];
    assert_int_equal(ask(&client, path_of(0, "?format=raw"), "", &reply), 200);
    assert_int_equal(reply.size, sizeof small);
    assert_memory_equal(reply.body, small, sizeof small);
    assert_has(&reply, "\r\nContent-Type: application/vnd.ipld.raw\r\n");
    assert_has(&reply, "\r\nCache-Control: public, max-age=29030400, immutable\r\n");
    assert_has(&reply, "\r\nX-Content-Type-Options: nosniff\r\n");
    snprintf(line, sizeof line, "\r\nETag: \"%s.raw\"\r\n", texts[0]);
    assert_has(&reply, line);
    snprintf(
        line, sizeof line, "Content-Disposition: attachment; filename=\"%s.bin\"\r\n", texts[0]);
    assert_has(&reply, line);
    assert_lacks(&reply, "Access-Control");
    reply_clear(&reply);

    assert_int_equal(
        ask(&client, path_of(1, ""), "\r\nAccept: application/vnd.ipld.raw", &reply), 200);
    assert_int_equal(reply.size, FILE_BYTES);
    assert_pattern(reply.body, 0, FILE_BYTES);
    reply_clear(&reply);
    /* A range is not looked at: whoever asks wants to hash the whole. */
    assert_int_equal(ask(&client, path_of(1, "?format=raw"), "\r\nRange: bytes=0-9", &reply), 200);
    assert_int_equal(reply.size, FILE_BYTES);
    reply_clear(&reply);
    assert_int_equal(ask(&client, path_of(2, "?format=raw"), "", &reply), 200);
    assert_int_equal(reply.size, 0);
    assert_has(&reply, "\r\nContent-Length: 0\r\n");
    reply_clear(&reply);
    client_close(&client);
    assert_int_equal(counters(fixture)->content_blocks, 4);
    assert_int_equal(counters(fixture)->content_bytes, sizeof small + 2 * FILE_BYTES);
    assert_int_equal(counters(fixture)->file_bytes, 0);
}

TEST(a_car_is_given_in_all_its_pieces)
{
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char line[256];
    assert_int_equal(ask(&client, path_of(0, "?format=car"), "", &reply), 200);
    assert_int_equal(reply.size, 3 * 40 + 200001 + 1);
    assert_memory_equal(reply.body, heads[0], 40);
    assert_memory_equal(reply.body + 40, heads[1], 40);
    assert_pattern(reply.body + 80, 7, 200001);
    assert_memory_equal(reply.body + 200081, heads[2], 40);
    assert_pattern(reply.body + 200121, 11, 1);
    assert_has(
        &reply, "\r\nContent-Type: application/vnd.ipld.car; version=1; order=dfs; dups=n\r\n");
    snprintf(line, sizeof line, "\r\nETag: \"%s.car.all\"\r\n", texts[0]);
    assert_has(&reply, line);
    snprintf(
        line, sizeof line, "Content-Disposition: attachment; filename=\"%s.car\"\r\n", texts[0]);
    assert_has(&reply, line);
    reply_clear(&reply);
    assert_int_equal(ask(&client, path_of(0, "?dag-scope=all"),
                         "\r\nAccept: application/vnd.ipld.car;version=1;order=unk;dups=y", &reply),
        200);
    reply_clear(&reply);
    assert_int_equal(ask(&client, path_of(0, "?format=car&dag-scope=entity"), "", &reply), 404);
    reply_clear(&reply);
    client_close(&client);
    assert_int_equal(counters(fixture)->content_cars, 2);
    assert_int_equal(counters(fixture)->content_missing, 1);
}

TEST(whoever_has_it_already_is_told_so)
{
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    char more[256];
    snprintf(more, sizeof more, "\r\nIf-None-Match: \"x\", \"%s.raw\"", texts[1]);
    assert_int_equal(ask(&client, path_of(1, "?format=raw"), more, &reply), 304);
    assert_int_equal(reply.size, 0);
    assert_has(&reply, "\r\nCache-Control: public, max-age=29030400, immutable\r\n");
    reply_clear(&reply);
    /* The other form of it is something else. */
    snprintf(more, sizeof more, "\r\nIf-None-Match: \"%s.car.all\"", texts[1]);
    assert_int_equal(ask(&client, path_of(1, "?format=raw"), more, &reply), 200);
    reply_clear(&reply);
    send_request(&client, "HEAD", path_of(1, "?format=raw"), "");
    assert_int_equal(client_reply(&client, 1, &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_has(&reply, "\r\nContent-Length: 300000\r\n");
    reply_clear(&reply);
    /* The connection is as good as new. */
    assert_int_equal(ask(&client, path_of(0, "?format=raw"), "", &reply), 200);
    assert_memory_equal(reply.body, small, sizeof small);
    reply_clear(&reply);
    client_close(&client);
    assert_int_equal(counters(fixture)->content_blocks, 2);
}

TEST(what_is_asked_wrongly_is_refused)
{
    static const struct {
        const char *path, *more;
    } bad[] = {
        {"/ipfs/", ""},
        {"/ipfs/abc?format=raw", ""},
        {"/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbd?format=raw", ""},
        /* of an identity, and of another codec */
        {"/ipfs/bafkqablimvwgy3y?format=raw", ""},
        {"/ipfs/bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi?format=raw", ""},
    };
    static const char *const behind[] = {"", "?format=", "?format=tar", "?format=RAW",
        "?format=raw&format=raw", "?format=raw&entity-bytes=0:10", "?format=car&entity-bytes=0:*",
        "?format=car&dag-scope=none", "?format=car&dag-scope=", "?format=car&car-order=dfs",
        "?format=car&protocol=https", "/?format=raw", "/model.onnx?format=raw"};
    static const char *const accepts[] = {"\r\nAccept: */*", "\r\nAccept: text/html",
        "\r\nAccept: application/vnd.ipld.raw;q=0", "\r\nAccept: application/vnd.ipld.rawer",
        "\r\nAccept: application/vnd.ipld.car;version=2",
        "\r\nAccept: application/vnd.ipld.car;order=bfs",
        "\r\nAccept: application/vnd.ipld.car;dups"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (status_of(fixture, bad[i].path, bad[i].more) != 400)
            fail_msg("%s", bad[i].path);
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        if (status_of(fixture, path_of(0, behind[i]), "") != 400)
            fail_msg("%s", behind[i]);
    for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++)
        if (status_of(fixture, path_of(0, ""), accepts[i]) != 400)
            fail_msg("%s", accepts[i]);
    char path[1024];
    snprintf(path, sizeof path, "%s&%0600d", path_of(0, "?format=raw"), 0);
    assert_int_equal(status_of(fixture, path, ""), 400);
    assert_int_equal(status_of(fixture, "/ipfs", ""), 404);
    assert_int_equal(open_readings, 0);
}

/* The parameter goes before the header, and of the header what weighs most. */
TEST(a_form_is_chosen)
{
    static const struct {
        const char *behind, *accept, *type;
    } cases[] = {
        {"?format=raw", "\r\nAccept: application/vnd.ipld.car", "application/vnd.ipld.raw\r\n"},
        {"?format=car", "\r\nAccept: application/vnd.ipld.raw", "application/vnd.ipld.car; "},
        {"", "\r\nAccept: text/html, application/vnd.ipld.car;q=0.5, application/vnd.ipld.raw",
            "application/vnd.ipld.raw\r\n"},
        {"", "\r\nAccept: application/vnd.ipld.raw ; q=0.5, application/vnd.ipld.car; q=0.6",
            "application/vnd.ipld.car; "},
        {"", "\r\nAccept: Application/vnd.IPLD.raw, */*", "application/vnd.ipld.raw\r\n"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client = client_open(&fixture->loop, fixture->port);
        struct http_reply reply;
        char line[128];
        assert_int_equal(ask(&client, path_of(0, cases[i].behind), cases[i].accept, &reply), 200);
        snprintf(line, sizeof line, "\r\nContent-Type: %s", cases[i].type);
        assert_has(&reply, line);
        reply_clear(&reply);
        client_close(&client);
    }
}

TEST(a_cid_may_be_written_in_each_way)
{
    struct fixture *fixture = *state;
    char path[256];
    snprintf(path, sizeof path, "/ipfs/%s?format=raw", texts[0]);
    for (char *letter = path + strlen("/ipfs/"); *letter != '?'; letter++)
        *letter = (char)toupper((unsigned char)*letter);
    assert_int_equal(status_of(fixture, path, ""), 200);
    /* Another codec of the same hash is another block. */
    struct wi_cid other = {.codec = WI_CODEC_DAG_PB};
    memcpy(other.hash, cids[0].hash, sizeof other.hash);
    char text[WI_CID_TEXT];
    wi_cid_print(&other, text);
    snprintf(path, sizeof path, "/ipfs/%s?format=raw", text);
    assert_int_equal(status_of(fixture, path, ""), 404);
}

/* --- who may ask ------------------------------------------------------------------------------ */

TEST(nothing_is_given_unless_the_configuration_says_so)
{
    struct fixture *fixture = *state;
    set(fixture, WI_SERVE_NO, 1, 0);
    assert_int_equal(status_of(fixture, path_of(0, "?format=raw"), ""), 404);
    assert_int_equal(status_of(fixture, "/ipfs/bafkqaaa?format=raw", ""), 404);
    assert_int_equal(status_of(fixture, "/ipfs/abc", ""), 404);
    assert_int_equal(status_of(fixture, "/content", ""), 404);
    set(fixture, WI_SERVE_ALL, 1, 0);
    assert_int_equal(status_of(fixture, path_of(0, "?format=raw"), ""), 200);
    assert_int_equal(status_of(fixture, "/content", ""), 200);
    wi_bridge_serve_content(fixture->bridge, NULL, "daemon-1", NULL);
    assert_int_equal(status_of(fixture, path_of(0, "?format=raw"), ""), 404);
    assert_int_equal(status_of(fixture, "/content", ""), 200);
}

static void have_tokens(struct fixture *fixture)
{
    static struct wi_api_token items[] = {{.name = "ann", .rank = WI_RANK_ADMIN},
        {.name = "bob", .rank = WI_RANK_USER}, {.name = "neighbour", .rank = WI_RANK_NODE}};
    static const struct wi_api_tokens tokens = {.items = items, .count = 3};
    wi_hash("wi_admin", 8, items[0].hash);
    wi_hash("wi_user", 7, items[1].hash);
    wi_hash("wi_node", 7, items[2].hash);
    wi_bridge_take_tokens(fixture->bridge, &tokens);
    fixture->config.api.tokens_file = (char *)"/tokens";
    wi_bridge_reload(fixture->bridge, &fixture->config);
}

/* What a member of the cluster shows for that block. */
static const char *shown_for(const unsigned char key[WI_HASH_SIZE], const struct wi_cid *cid)
{
    static char line[128];
    unsigned char proof[WI_HASH_SIZE];
    char hex[WI_HASH_HEX_SIZE];
    wi_content_proof(key, cid, proof);
    wi_hash_hex(proof, hex);
    snprintf(line, sizeof line, "\r\nAuthorization: Bearer %s", hex);
    return line;
}

TEST(members_of_the_cluster_get_blocks_for_which_they_know_the_key)
{
    static const unsigned char key[WI_HASH_SIZE] = "a", other[WI_HASH_SIZE] = "b";
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    have_tokens(fixture);
    assert_int_equal(status_of(fixture, path_of(0, "?format=raw"), shown_for(key, &cids[0])), 401);
    wi_bridge_serve_content(fixture->bridge, &blocks, "daemon-1", key);
    assert_int_equal(
        ask(&client, path_of(0, "?format=raw"), shown_for(key, &cids[0]), &reply), 200);
    assert_has(&reply, "\r\nCache-Control: private,");
    reply_clear(&reply);
    client_close(&client);
    /* For another block, by another key, a whole tree, the list. */
    assert_int_equal(status_of(fixture, path_of(0, "?format=raw"), shown_for(key, &cids[1])), 401);
    assert_int_equal(
        status_of(fixture, path_of(0, "?format=raw"), shown_for(other, &cids[0])), 401);
    assert_int_equal(status_of(fixture, path_of(0, "?format=car"), shown_for(key, &cids[0])), 401);
    assert_int_equal(status_of(fixture, "/content", shown_for(key, &cids[0])), 401);
    assert_int_equal(
        status_of(fixture, path_of(0, "?format=raw"), "\r\nAuthorization: Bearer wi_node"), 200);
    fixture->config.api.tokens_file = NULL;
}

TEST(a_token_of_rank_node_is_needed_where_there_are_tokens)
{
    static const char *const wrong[] = {"", "\r\nAuthorization: Bearer wi_wrong",
        "\r\nAuthorization: Bearer wi_user", "\r\nAuthorization: Bearer wi_admin",
        "\r\nAuthorization: Basic wi_node", "\r\nAuthorization: Bearer "};
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    have_tokens(fixture);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ask(&client, path_of(0, "?format=raw"), wrong[i], &reply), 401);
        assert_has(&reply, "\r\nWWW-Authenticate: Bearer\r\n");
        assert_lacks(&reply, "Access-Control");
        reply_clear(&reply);
        assert_int_equal(ask(&client, "/content", wrong[i], &reply), 401);
        reply_clear(&reply);
    }
    assert_int_equal(counters(fixture)->content_unauthorized, 2 * sizeof wrong / sizeof *wrong);
    assert_int_equal(
        ask(&client, path_of(0, "?format=raw"), "\r\nAuthorization: Bearer wi_node", &reply), 200);
    assert_has(&reply, "\r\nCache-Control: private, max-age=29030400, immutable\r\n");
    reply_clear(&reply);
    assert_int_equal(ask(&client, "/content", "\r\nAuthorization: bearer wi_node", &reply), 200);
    reply_clear(&reply);
    /* A token does not depend on the name that it was sent to. */
    assert_int_equal(ask(&client, path_of(0, "?format=raw"),
                         "\r\nHost: gpubox:8471\r\nAuthorization: Bearer wi_node", &reply),
        200);
    reply_clear(&reply);
    client_close(&client);
    fixture->config.api.tokens_file = NULL;
}

TEST(who_is_let_in_for_being_here_means_us)
{
    static const struct {
        const char *host;
        int status;
    } hosts[] = {{"localhost", 200}, {"localhost:8471", 200}, {"127.0.0.1:8471", 200},
        {"[::1]:8471", 200}, {"192.168.1.7", 200}, {"evil.example", 403},
        {"localhost.evil.example", 403}};
    struct fixture *fixture = *state;
    char more[128];
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        snprintf(more, sizeof more, "\r\nHost: %s", hosts[i].host);
        assert_int_equal(status_of(fixture, path_of(0, "?format=raw"), more), hosts[i].status);
        assert_int_equal(status_of(fixture, "/content", more), hosts[i].status);
    }
    /* Whom a proxy of this machine lets in may be anywhere. */
    static const char *const signs[] = {"X-Forwarded-For: 192.0.2.1", "x-forwarded-for: 127.0.0.1",
        "X-Forwarded-Proto: https", "X-Forwarded-Host: localhost", "X-Forwarded-Prefix: /a",
        "Forwarded: for=192.0.2.1", "X-Real-IP: 192.0.2.1"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        snprintf(more, sizeof more, "\r\nHost: localhost\r\n%s", signs[i]);
        assert_int_equal(status_of(fixture, path_of(0, "?format=raw"), more), 403);
    }
    set(fixture, WI_SERVE_PUBLISHED, 1, 0);
    assert_int_equal(status_of(fixture, path_of(0, "?format=raw"), "\r\nHost: evil.example"), 200);
}

TEST(with_anyone_pages_of_others_may_read_it)
{
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    have_tokens(fixture);
    set(fixture, WI_SERVE_PUBLISHED, 1, 0);
    static const struct {
        const char *path;
        int status;
    } cases[] = {{"?format=raw", 200}, {"?format=car", 200}, {"?format=tar", 400},
        {"?format=car&dag-scope=entity", 404}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            ask(&client, path_of(0, cases[i].path), "\r\nOrigin: https://a.example", &reply),
            cases[i].status);
        assert_has(&reply, "\r\nAccess-Control-Allow-Origin: *\r\n");
        if (reply.status == 200)
            assert_has(&reply, "\r\nCache-Control: public, max-age=29030400, immutable\r\n");
        reply_clear(&reply);
    }
    assert_int_equal(ask(&client, "/content", "", &reply), 200);
    assert_has(&reply, "\r\nAccess-Control-Allow-Origin: *\r\n");
    reply_clear(&reply);
    client_close(&client);
    fixture->config.api.tokens_file = NULL;
}

TEST(whoever_asks_may_know_that_it_is_a_gateway)
{
    struct fixture *fixture = *state;
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    have_tokens(fixture);
    static const char *const ways[] = {"GET", "HEAD"};
    for (size_t i = 0; i < 2; i++) {
        send_request(&client, ways[i], "/ipfs/bafkqaaa?format=raw", "");
        assert_int_equal(client_reply(&client, i == 1, &reply), 0);
        assert_int_equal(reply.status, 200);
        assert_int_equal(reply.size, 0);
        assert_has(&reply, "\r\nContent-Type: application/vnd.ipld.raw\r\n");
        assert_has(&reply, "\r\nContent-Length: 0\r\n");
        assert_has(&reply, "\r\nETag: \"bafkqaaa.raw\"\r\n");
        reply_clear(&reply);
    }
    send_request(&client, "POST", "/ipfs/bafkqaaa?format=raw", "\r\nContent-Length: 0");
    assert_int_equal(client_reply(&client, 0, &reply), 0);
    assert_int_equal(reply.status, 405);
    reply_clear(&reply);
    client_close(&client);
    fixture->config.api.tokens_file = NULL;
}

/* --- what goes wrong on the way --------------------------------------------------------------- */

/* Less comes than was promised, and then the connection ends. */
static void check_broken_off(struct fixture *fixture, const char *path, size_t promised)
{
    struct client client = client_open(&fixture->loop, fixture->port);
    char line[64];
    send_request(&client, "GET", path, "");
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (!client.ended && client_now() < until)
        client_turn(&client);
    assert_true(client.ended);
    snprintf(line, sizeof line, "\r\nContent-Length: %zu\r\n", promised);
    assert_non_null(memmem(client.bytes, client.size, line, strlen(line)));
    const unsigned char *end = memmem(client.bytes, client.size, "\r\n\r\n", 4);
    assert_true(client.size - (size_t)(end + 4 - client.bytes) < promised);
    client_close(&client);
}

TEST(what_has_changed_meanwhile_is_broken_off)
{
    struct fixture *fixture = *state;
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    check_broken_off(fixture, path_of(3, "?format=raw"), 300000);
    check_broken_off(fixture, path_of(3, "?format=car&dag-scope=block"), 300000);
    /* The file is shorter than what was to be read of it. */
    given[1].segments[0] = in_file(1, FILE_BYTES);
    check_broken_off(fixture, path_of(1, "?format=raw"), FILE_BYTES);
    assert_int_equal(open_readings, 0);
    assert_int_equal(status_of(fixture, path_of(0, "?format=raw"), ""), 200);
}

TEST(who_leaves_harms_nothing)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 8; i++) {
        struct client client = client_open(&fixture->loop, fixture->port);
        send_request(&client, "GET", path_of(1, "?format=raw"), "");
        for (int turn = 0; turn < i; turn++)
            uv_run(&fixture->loop, UV_RUN_NOWAIT);
        client_close(&client);
    }
    assert_int_equal(status_of(fixture, path_of(1, "?format=raw"), ""), 200);
    set(fixture, WI_SERVE_PUBLISHED, 0, 1000);
    for (int i = 0; i < 8; i++) { /* while they wait for their turn */
        struct client client = client_open(&fixture->loop, fixture->port);
        send_request(&client, "GET", path_of(1, "?format=raw"), "");
        for (int turn = 0; turn < 4 * i; turn++)
            uv_run(&fixture->loop, UV_RUN_NOWAIT);
        client_close(&client);
    }
    set(fixture, WI_SERVE_PUBLISHED, 0, 0);
    assert_int_equal(status_of(fixture, path_of(1, "?format=raw"), ""), 200);
}

/* --- how many, and how fast ------------------------------------------------------------------- */

TEST(so_many_are_served_at_a_time)
{
    struct fixture *fixture = *state;
    struct client clients[64], late;
    struct http_reply reply;
    set(fixture, WI_SERVE_PUBLISHED, 0, 1000); /* so that none is done */
    for (size_t i = 0; i < 64; i++) {
        clients[i] = client_open(&fixture->loop, fixture->port);
        send_request(&clients[i], "GET", path_of(1, "?format=raw"), "");
    }
    double until = client_now() + CLIENT_PATIENCE_MS;
    while (open_readings < 64 && client_now() < until)
        client_turn(&clients[0]);
    assert_int_equal(open_readings, 64);
    late = client_open(&fixture->loop, fixture->port);
    assert_int_equal(ask(&late, path_of(0, "?format=raw"), "", &reply), 503);
    assert_has(&reply, "\r\nRetry-After: 1\r\n");
    reply_clear(&reply);
    assert_int_equal(counters(fixture)->content_busy, 1);
    assert_int_equal(ask(&late, "/ipfs/bafkqaaa?format=raw", "", &reply), 200);
    reply_clear(&reply);
    assert_int_equal(ask(&late, "/index.html", "", &reply), 200); /* what is else is served */
    reply_clear(&reply);
    client_close(&clients[0]);
    while (open_readings >= 64 && client_now() < until)
        client_turn(&late);
    send_request(&late, "HEAD", path_of(0, "?format=raw"), "");
    assert_int_equal(client_reply(&late, 1, &reply), 0);
    assert_int_equal(reply.status, 200);
    reply_clear(&reply);
    /* Without the limit all that wait are served at once. */
    set(fixture, WI_SERVE_PUBLISHED, 0, 0);
    for (size_t i = 1; i < 64; i++) {
        assert_int_equal(client_reply(&clients[i], 0, &reply), 0);
        assert_int_equal(reply.size, FILE_BYTES);
        assert_pattern(reply.body, 0, FILE_BYTES);
        reply_clear(&reply);
        client_close(&clients[i]);
    }
    client_close(&late);
}

/* Of two at a time, too, no more than the limit leaves; the page is not held up. */
TEST(all_of_them_together_keep_the_limit)
{
    struct fixture *fixture = *state;
    struct client clients[2], other;
    struct http_reply reply;
    set(fixture, WI_SERVE_PUBLISHED, 0, 1000000);
    double began = client_now();
    for (size_t i = 0; i < 2; i++) {
        clients[i] = client_open(&fixture->loop, fixture->port);
        send_request(&clients[i], "GET", path_of(1, "?format=raw"), "");
    }
    other = client_open(&fixture->loop, fixture->port);
    assert_int_equal(ask(&other, "/assets/engine-5XK2Q7NB.wasm", "", &reply), 200);
    reply_clear(&reply);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(client_reply(&clients[i], 0, &reply), 0);
        assert_int_equal(reply.size, FILE_BYTES);
        assert_pattern(reply.body, 0, FILE_BYTES);
        reply_clear(&reply);
        client_close(&clients[i]);
    }
    /* The last turn of each, an eighth of a second, need not have passed, and what a tenth of a
     * second brings may leave at once. */
    assert_true(client_now() - began > 600 - 2 * 126 - 100);
    client_close(&other);
}

/* --- the list --------------------------------------------------------------------------------- */

static struct wi_pin_file pin_files[] = {{.path = (char *)"model.json", .bytes = 3},
    {.path = (char *)"onnx/\"model\".onnx", .bytes = 7}};

static void make_pins(struct wi_pin *pins, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pins[i] = (struct wi_pin){.cid = cids[0],
            .model = (char *)(i ? "acme/other" : "acme/digits:q4"),
            .origin = (char *)"daemon-2",
            .bytes = 10,
            .files = pin_files,
            .count = 2};
        snprintf(pins[i].cid_text, sizeof pins[i].cid_text, "%s", texts[0]);
    }
    for (size_t i = 0; i < 2; i++) {
        pin_files[i].cid = cids[i];
        memset(pin_files[i].sha256, '0' + (int)i, 64);
    }
    blocks.pins = pins;
    blocks.pin_count = count;
}

static json_t *get_list(struct fixture *fixture, char etag[80])
{
    struct client client = client_open(&fixture->loop, fixture->port);
    struct http_reply reply;
    assert_int_equal(ask(&client, "/content", "", &reply), 200);
    assert_has(&reply, "\r\nContent-Type: application/json\r\n");
    assert_int_equal(sscanf(strstr(reply.head, "ETag: "), "ETag: %79s", etag), 1);
    assert_true(reply.size <= 4 << 20);
    json_t *list = json_loadb((char *)reply.body, reply.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(list);
    reply_clear(&reply);
    client_close(&client);
    return list;
}

TEST(what_is_published_is_listed)
{
    struct fixture *fixture = *state;
    struct wi_pin pins[3];
    char etag[80], same[80], more[128];
    make_pins(pins, 3);
    pins[1].stale = 1;
    json_t *list = get_list(fixture, etag);
    json_t *wanted = json_pack(
        "{s:s, s:i, s:i, s:[{s:s, s:s, s:i, s:b, s:s, s:i, s:[], s:[{s:s, s:i, "
        "s:s, s:s}, {s:s, s:i, s:s, s:s}]}]}",
        "id", "daemon-1", "version", 1, "takes", 0, "content", "cid", texts[0], "name",
        "acme/digits:q4", "bytes", 10, "published", 1, "origin", "daemon-2", "runs_24h", 0, "also",
        "files", "path", "model.json", "bytes", 3, "sha256", pin_files[0].sha256, "cid", texts[0],
        "path", "onnx/\"model\".onnx", "bytes", 7, "sha256", pin_files[1].sha256, "cid", texts[1]);
    json_t *content = json_object_get(list, "content");
    assert_int_equal(json_array_size(content), 2); /* the stale one is left out */
    json_array_remove(content, 1);
    assert_non_null(wanted);
    if (!json_equal(list, wanted))
        fail_msg("%s", json_dumps(list, 0));
    json_decref(wanted);
    json_decref(list);

    json_decref(get_list(fixture, same));
    assert_string_equal(etag, same);
    snprintf(more, sizeof more, "\r\nIf-None-Match: %s", etag);
    assert_int_equal(status_of(fixture, "/content", more), 304);
    pins[1].stale = 0; /* it is what it was again */
    list = get_list(fixture, same);
    assert_int_equal(json_array_size(json_object_get(list, "content")), 3);
    assert_string_not_equal(etag, same);
    assert_int_equal(status_of(fixture, "/content", more), 200);
    json_decref(list);
    blocks.pin_count = 0;
    list = get_list(fixture, same);
    assert_int_equal(json_array_size(json_object_get(list, "content")), 0);
    json_decref(list);
}

TEST(the_list_says_how_often_models_ran)
{
    struct fixture *fixture = *state;
    struct wi_pin pins[1];
    char first[80], etag[80];
    make_pins(pins, 1);
    blocks.runs = 7;
    json_decref(get_list(fixture, first));
    blocks.runs = 8;
    for (json_int_t runs = 7; runs != 8;) { /* not with each request */
        json_t *list = get_list(fixture, etag),
               *row = json_array_get(json_object_get(list, "content"), 0);
        runs = json_integer_value(json_object_get(row, "runs_24h"));
        assert_int_equal(strcmp(etag, first) == 0, runs == 7);
        assert_true(runs == 7 || runs == 8);
        json_decref(list);
    }
    blocks.runs = 0;
}

TEST(the_list_has_an_end)
{
    struct fixture *fixture = *state;
    struct wi_pin *pins = wi_alloc(1200 * sizeof *pins);
    struct wi_pin_file *many = wi_alloc(3000 * sizeof *many);
    char etag[80];
    make_pins(pins, 1200);
    json_t *list = get_list(fixture, etag);
    assert_int_equal(json_array_size(json_object_get(list, "content")), 1000);
    json_decref(list);
    /* Ten models of almost 600 kB each in the list. */
    for (size_t i = 0; i < 3000; i++)
        many[i] = pin_files[0];
    for (size_t i = 0; i < 10; i++) {
        pins[i].files = many;
        pins[i].count = 3000;
        pins[i].origin = (char *)"daemon-3";
    }
    list = get_list(fixture, etag);
    size_t count = json_array_size(json_object_get(list, "content"));
    assert_true(count > 3 && count < 10);
    json_decref(list);
    free(many);
    free(pins);
}
