/* Publishing over the API: answers, events and CARs, clients that leave, a server that closes. The
 * store of blocks is played. */
#include "../../fixture.h"
#include "models/models.h"

#define CID "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
#define PUBLISH "/v1/models/builtin/echo/publish"
#define NO_BODY "Content-Length: 0\r\n"
#define EVENTS NO_BODY "Accept: text/event-stream\r\n"
#define CAR NO_BODY "Accept: application/vnd.ipld.car\r\n"

/* --- what we play ----------------------------------------------------------------------------- */

#define SEGMENTS 6

static struct {
    /* a publishing under way */
    wi_publish_progress_fn *on_progress;
    wi_publish_fn *on_done; /* NULL: there is none */
    void *context;
    unsigned begun, cancelled, looked;
    struct wi_pin pins[4];
    size_t pin_count;
    struct wi_strings unpublished;
    /* what a CAR is made of */
    struct wi_segment segments[SEGMENTS];
    size_t segment_count, breaks_at; /* 0: nowhere */
    uint64_t announced;
    int readings; /* that are open */
    FILE *file;
} played;

struct wi_block_reading {
    size_t next;
};

struct wi_publishing *wi_blockstore_publish(struct wi_blockstore *blocks, struct wi_model *model,
    wi_publish_progress_fn *on_progress, wi_publish_fn *on_done, void *context)
{
    played.begun++;
    played.on_progress = on_progress;
    played.on_done = on_done;
    played.context = context;
    return (struct wi_publishing *)&played;
}

void wi_blockstore_cancel(struct wi_publishing *publishing)
{
    played.cancelled += publishing != NULL;
    if (publishing)
        played.on_done = NULL;
}

static struct wi_pin *find_pin(const char *name)
{
    for (size_t i = 0; i < played.pin_count; i++)
        if (strcmp(played.pins[i].model, name) == 0)
            return &played.pins[i];
    return NULL;
}

enum wi_code wi_blockstore_unpublish(
    struct wi_blockstore *blocks, const char *name, char cid[WI_CID_TEXT], struct wi_error *error)
{
    struct wi_pin *pin = find_pin(name);
    if (!pin)
        return wi_error_set(error, WI_NOT_FOUND, "model_name", "%.160s is not published", name);
    wi_strings_add(&played.unpublished, name);
    memcpy(cid, pin->cid_text, WI_CID_TEXT);
    size_t behind = --played.pin_count - (size_t)(pin - played.pins);
    memmove(pin, pin + 1, behind * sizeof *pin);
    return WI_OK;
}

int wi_blockstore_is_read(const struct wi_blockstore *blocks, const char *name)
{
    return 0;
}

const struct wi_pin *wi_blockstore_at(const struct wi_blockstore *blocks, size_t index)
{
    return blocks && index < played.pin_count ? &played.pins[index] : NULL;
}

void wi_blockstore_check(struct wi_blockstore *blocks)
{
    played.looked++;
}

struct wi_block_reading *wi_blockstore_read(struct wi_blockstore *blocks, const struct wi_cid *cid,
    int is_car, enum wi_dag_scope scope, uint64_t *bytes)
{
    if (!is_car)
        return NULL; /* nothing is pulled here */
    assert_int_equal(scope, WI_SCOPE_ALL);
    if (played.segment_count == 0)
        return NULL;
    played.readings++;
    *bytes = played.announced;
    return calloc(1, sizeof(struct wi_block_reading));
}

int wi_block_reading_next(struct wi_block_reading *reading, struct wi_segment *segment)
{
    if (played.breaks_at > 0 && reading->next == played.breaks_at)
        return -1;
    if (reading->next == played.segment_count)
        return 0;
    *segment = played.segments[reading->next++];
    return 1;
}

void wi_block_reading_free(struct wi_block_reading *reading)
{
    played.readings -= reading != NULL;
    free(reading);
}

static struct wi_pin pin_of(char *name, int stale)
{
    struct wi_pin pin = {
        .cid_text = CID, .model = name, .bytes = 1000, .published_at = 1700000000, .stale = stale};
    return pin;
}

/* It is done, of two files. */
static void succeed(void)
{
    struct wi_pin_file files[] = {
        {.path = (char *)"a.json", .bytes = 0, .sha256 = "00ff", .cid = {.codec = WI_CODEC_RAW}},
        {.path = (char *)"model.onnx",
            .bytes = 1000,
            .sha256 = "ff00",
            .cid = {.codec = WI_CODEC_RAW}}};
    struct wi_pin pin = pin_of((char *)"builtin/echo", 0);
    pin.files = files;
    pin.count = 2;
    wi_publish_fn *on_done = played.on_done;
    played.on_done = NULL;
    on_done(played.context, &pin, NULL);
}

static void fail_with(enum wi_code code)
{
    struct wi_error error;
    wi_publish_fn *on_done = played.on_done;
    wi_error_set(&error, code, NULL, "it went wrong");
    played.on_done = NULL;
    on_done(played.context, NULL, &error);
}

static void advance(uint64_t done)
{
    const struct wi_publish_progress progress = {done, 1000};
    played.on_progress(played.context, &progress);
}

static int set_up_blocks(void **state)
{
    struct wi_error error;
    memset(&played, 0, sizeof played);
    set_up(state);
    wi_server_free(fixture->server);
    fixture->deps.blocks = (struct wi_blockstore *)&played;
    fixture->server = wi_server_new(&fixture->deps, &error);
    return fixture->server ? 0 : -1;
}

static int tear_down_blocks(void **state)
{
    tear_down(state);
    wi_strings_clear(&played.unpublished);
    if (played.file)
        fclose(played.file);
    assert_int_equal(played.readings, 0);
    return 0;
}

FIXTURE(set_up_blocks, tear_down_blocks)

static struct client *begin(const char *more)
{
    struct client *client = connect_client();
    unsigned before = played.begun;
    send_head(client, "POST", PUBLISH, more);
    until(played.begun > before);
    return client;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void check_published(const json_t *json, int served)
{
    const json_t *files = json_object_get(json, "files"), *file = json_array_get(files, 1);
    assert_string_equal(json_string_value(json_object_get(json, "cid")), CID);
    assert_string_equal(json_string_value(json_object_get(json, "name")), "builtin/echo");
    assert_int_equal(json_integer_value(json_object_get(json, "bytes")), 1000);
    assert_int_equal(json_is_true(json_object_get(json, "served")), served);
    assert_int_equal(json_array_size(files), 2);
    assert_string_equal(json_string_value(json_object_get(file, "path")), "model.onnx");
    assert_string_equal(json_string_value(json_object_get(file, "sha256")), "ff00");
    assert_int_equal(json_integer_value(json_object_get(file, "bytes")), 1000);
    assert_memory_equal(json_string_value(json_object_get(file, "cid")), "bafkrei", 7);
    assert_int_equal(json_object_size(json), 5);
}

TEST(the_answer_is_the_cid_and_whether_it_is_served)
{
    for (int served = 0; served < 2; served++) {
        fixture->config.content.serve = served ? WI_SERVE_PUBLISHED : WI_SERVE_NO;
        struct client *client = begin(NO_BODY);
        advance(500); /* nobody wants to know */
        succeed();
        until(answered(client));
        assert_int_equal(status_of(client), 200);
        json_t *json = body_of(client);
        check_published(json, served);
        json_decref(json);
        free_client(client);
    }
}

TEST(what_fails_has_its_status)
{
    static const char *const accepts[] = {NO_BODY, EVENTS, CAR};
    for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
        struct client *client = begin(accepts[i]);
        fail_with(WI_CONFLICT);
        until(answered(client));
        check_problem(client, 409, "conflict");
        free_client(client);
    }
}

TEST(a_model_that_is_not_here_is_not_published)
{
    assert_int_equal(ask("POST", "/v1/models/no/such/publish", NO_BODY, NULL), 404);
    assert_int_equal(ask("POST", "/v1/models/nosuch/publish", NO_BODY, NULL), 404);
    assert_int_equal(played.begun, 0);
}

TEST(events_tell_how_far_it_is)
{
    struct client *client = begin(EVENTS);
    advance(500);
    until((read_more(client), client->head > 0 && strstr(client->text, "event: progress")));
    assert_int_equal(status_of(client), 200);
    assert_non_null(strstr(client->text, "\"loaded_bytes\":500,\"total_bytes\":1000"));
    assert_non_null(strstr(client->text, "\"phase\":\"hashing\""));
    succeed();
    until((read_more(client), strstr(client->text, "event: done")));
    assert_non_null(strstr(strstr(client->text, "event: done"), CID));
    free_client(client);
}

TEST(what_fails_later_is_an_event)
{
    struct client *client = begin(EVENTS);
    advance(500);
    until((read_more(client), client->head > 0));
    fail_with(WI_CONFLICT);
    until((read_more(client), strstr(client->text, "event: error")));
    assert_non_null(strstr(client->text, "\"code\":\"conflict\""));
    free_client(client);
}

TEST(a_client_that_leaves_ends_its_publishing)
{
    static const char *const accepts[] = {NO_BODY, EVENTS, CAR, EVENTS};
    for (unsigned i = 0; i < 4; i++) {
        struct client *client = begin(accepts[i]);
        if (i == 3) {
            advance(500);
            until((read_more(client), client->head > 0));
        }
        free_client(client);
        until(played.cancelled == i + 1);
        assert_null(played.on_done);
    }
}

TEST(a_server_that_closes_says_so)
{
    struct client *silent = begin(NO_BODY), *told = begin(EVENTS);
    advance(500);
    until((read_more(told), told->head > 0));
    wi_server_quiesce(fixture->server);
    wi_server_finish(fixture->server);
    assert_int_equal(played.cancelled, 2);
    until(answered(silent));
    check_problem(silent, 503, "shutting_down");
    until((read_more(told), strstr(told->text, "event: error")));
    assert_non_null(strstr(told->text, "\"code\":\"shutting_down\""));
    free_client(silent);
    free_client(told);
}

/* --- CARs ------------------------------------------------------------------------------------- */

static const unsigned char head[] = "the head of a CAR";
#define FILE_BYTES (300u << 10)

static unsigned char byte_at(uint64_t at)
{
    return (unsigned char)(at * 31 + at / 251);
}

/* Heads in memory and pieces of a file in turn: less than is read at once, and more. */
static void make_segments(void)
{
    played.file = tmpfile();
    assert_non_null(played.file);
    for (uint64_t at = 0; at < FILE_BYTES; at++)
        fputc(byte_at(at), played.file);
    fflush(played.file);
    const struct wi_segment segments[SEGMENTS] = {{.memory = head, .size = sizeof head},
        {.fd = fileno(played.file), .at = 0, .size = 5}, {.memory = head, .size = 3},
        {.fd = fileno(played.file), .at = 5, .size = 200u << 10}, {.memory = head, .size = 1},
        {.fd = fileno(played.file), .at = (200u << 10) + 5, .size = (100u << 10) - 5}};
    memcpy(played.segments, segments, sizeof segments);
    played.segment_count = SEGMENTS;
    played.announced = sizeof head + 3 + 1 + FILE_BYTES;
}

/* The first `size` bytes of what the client got are those of the segments. */
static void check_car(const struct client *client, uint64_t size)
{
    const unsigned char *body = (const unsigned char *)client->text + client->head;
    for (size_t i = 0; i < SEGMENTS && size > 0; i++) {
        const struct wi_segment *segment = &played.segments[i];
        uint64_t length = segment->size < size ? segment->size : size;
        for (uint64_t k = 0; k < length; k++)
            assert_int_equal(
                body[k], segment->memory ? segment->memory[k] : byte_at(segment->at + k));
        body += length;
        size -= length;
    }
    assert_int_equal(size, 0);
}

static struct client *begin_car(void)
{
    struct client *client = begin(CAR);
    succeed();
    until((read_more(client), client->head > 0));
    assert_int_equal(status_of(client), 200);
    assert_int_equal(client->body_size, played.announced);
    return client;
}

TEST(a_car_is_sent_whole)
{
    make_segments();
    struct client *client = begin_car();
    assert_non_null(strcasestr(
        client->text, "Content-Type: application/vnd.ipld.car; version=1; order=dfs; dups=n\r\n"));
    assert_non_null(
        strcasestr(client->text, "Content-Disposition: attachment; filename=\"" CID ".car\"\r\n"));
    until(answered(client));
    assert_int_equal(client->size, client->head + played.announced);
    check_car(client, played.announced);
    until(played.readings == 0);
    free_client(client);
}

TEST(a_car_that_breaks_off_closes_its_connection)
{
    make_segments();
    played.breaks_at = 5;
    struct client *client = begin_car();
    until(closed(client));
    assert_true(client->size < client->head + played.announced);
    check_car(client, client->size - client->head);
    free_client(client);
}

TEST(a_file_that_is_shorter_breaks_a_car_off)
{
    make_segments();
    assert_int_equal(ftruncate(fileno(played.file), 100u << 10), 0);
    struct client *client = begin_car();
    until(closed(client));
    assert_true(client->size < client->head + (150u << 10));
    free_client(client);
}

TEST(what_has_changed_since_gives_no_car)
{
    struct client *client = begin(CAR);
    succeed();
    until(answered(client));
    check_problem(client, 409, "conflict");
    free_client(client);
}

/* A sparse file of so many bytes, which no socket holds. */
static struct client *begin_large_car(void)
{
    played.file = tmpfile();
    assert_int_equal(ftruncate(fileno(played.file), 256 << 20), 0);
    played.segments[0] = (struct wi_segment){.fd = fileno(played.file), .size = 256 << 20};
    played.segment_count = 1;
    played.announced = 256 << 20;
    return begin_car();
}

TEST(a_client_that_leaves_a_car_leaves_nothing_behind)
{
    struct client *client = begin_large_car();
    free_client(client);
    until(played.readings == 0);
}

TEST(a_client_that_does_not_read_costs_little_memory_and_is_cut_off)
{
    fixture->config.api.send_timeout = 200;
    struct client *client = begin_large_car();
    until(fixture->budget.used > 0);
    assert_true(fixture->budget.used <= 256 << 10);
    until(played.readings == 0);
    free_client(client);
}

TEST(a_car_that_does_not_fit_is_refused)
{
    make_segments();
    struct client *client = begin(CAR);
    fixture->budget.limit = 1000;
    succeed();
    until(answered(client));
    check_problem(client, 503, "memory_budget");
    assert_int_equal(played.readings, 0);
    fixture->budget.limit = 1 << 28;
    free_client(client);
}

TEST(a_server_that_closes_breaks_cars_off)
{
    struct client *client = begin_large_car();
    wi_server_quiesce(fixture->server);
    wi_server_finish(fixture->server);
    until(closed(client));
    assert_true(client->size < client->head + played.announced);
    free_client(client);
}

/* --- what is published ------------------------------------------------------------------------ */

static void put_pins(void)
{
    static char names[4][20] = {"ada/bird", "ada/bird:q4", "ada/birdy", "cat:q8"};
    for (size_t i = 0; i < 4; i++)
        played.pins[i] = pin_of(names[i], i == 1 || i == 3);
    played.pin_count = 4;
}

TEST(it_is_taken_back_by_its_name)
{
    json_t *json;
    put_pins();
    assert_int_equal(ask("POST", "/v1/models/ada/bird:q4/unpublish", NO_BODY, &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "unpublished");
    assert_string_equal(json_string_value(json_object_get(json, "name")), "ada/bird:q4");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(json, "unpublished"), 0)), CID);
    json_decref(json);
    assert_int_equal(ask("POST", "/v1/models/ada/bird:q4/unpublish", NO_BODY, &json), 404);
    assert_string_equal(json_string_value(json_object_get(json, "code")), "not_found");
    json_decref(json);
    assert_int_equal(played.unpublished.count, 1);
}

TEST(an_alias_is_as_good_as_the_name)
{
    struct wi_alias alias = {.name = (char *)"pet", .model = (char *)"cat:q8"};
    const struct wi_aliases aliases = {&alias, 1};
    put_pins();
    wi_repository_set_aliases(fixture->repository, &aliases);
    assert_int_equal(ask("POST", "/v1/models/pet/unpublish", NO_BODY, NULL), 200);
    assert_string_equal(played.unpublished.items[0], "cat:q8");
}

/* The model is not in the store, which is seen only then. */
TEST(what_is_removed_is_unpublished_first_with_its_variants)
{
    json_t *json;
    put_pins();
    assert_int_equal(ask("DELETE", "/v1/models/ada/bird", "", &json), 404);
    assert_non_null(
        strstr(json_string_value(json_object_get(json, "detail")), "it is no longer published"));
    json_decref(json);
    assert_int_equal(played.unpublished.count, 2);
    assert_true(wi_strings_contain(&played.unpublished, "ada/bird"));
    assert_true(wi_strings_contain(&played.unpublished, "ada/bird:q4"));
}

TEST(the_operator_is_told)
{
    json_t *json;
    put_pins();
    assert_int_equal(ask("GET", "/v1/status", "", &json), 200);
    const json_t *warnings = json_object_get(json, "warnings"), *warning;
    size_t i, found = 0;
    json_array_foreach(warnings, i, warning) found +=
        strstr(json_string_value(warning), "ada/bird:q4, cat:q8,") != NULL;
    assert_int_equal(found, 1);
    json_decref(json);
    struct client *client = connect_client();
    send_head(client, "GET", "/metrics", "");
    until(answered(client));
    assert_non_null(strstr(client->text, "\nwebinfer_published_models 4\n"));
    assert_non_null(strstr(client->text, "\nwebinfer_published_models_stale 2\n"));
    assert_non_null(strstr(client->text, "\nwebinfer_published_bytes 4000\n"));
    assert_true(played.looked > 0);
    free_client(client);
}

TEST(a_copy_is_no_model_that_is_published)
{
    json_t *json;
    played.pins[0] = pin_of((char *)"ipfs/" CID, 0);
    played.pins[0].kind = WI_PIN_COPY;
    played.pin_count = 1;
    assert_int_equal(ask("GET", "/v1/models", "", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "published")), 0);
    json_decref(json);
    assert_int_equal(ask("GET", "/v1/content", "", &json), 200);
    const json_t *row = json_array_get(json_object_get(json, "models"), 0);
    assert_true(json_is_true(json_object_get(row, "copy")));
    json_decref(json);
    struct client *client = connect_client();
    send_head(client, "GET", "/metrics", "");
    until(answered(client));
    assert_non_null(strstr(client->text, "\nwebinfer_published_models 0\n"));
    assert_non_null(strstr(client->text, "\nwebinfer_content_copies 1\n"));
    assert_non_null(strstr(client->text, "\nwebinfer_content_copy_bytes 1000\n"));
    free_client(client);
}

TEST(without_a_store_of_blocks_nothing_is_published)
{
    struct wi_error error;
    wi_server_free(fixture->server);
    fixture->deps.blocks = NULL;
    fixture->server = wi_server_new(&fixture->deps, &error);
    assert_int_equal(ask("POST", PUBLISH, NO_BODY, NULL), 501);
    assert_int_equal(ask("POST", "/v1/models/ada/bird/unpublish", NO_BODY, NULL), 501);
    assert_int_equal(ask("GET", "/v1/status", "", NULL), 200);
}

TEST(the_content_lists_what_is_published)
{
    json_t *json;
    put_pins();
    fixture->config.content.serve = WI_SERVE_PUBLISHED;
    assert_int_equal(ask("GET", "/v1/content", "", &json), 200);
    const json_t *models = json_object_get(json, "models"), *first = json_array_get(models, 0);
    assert_true(json_is_true(json_object_get(json, "served")));
    assert_int_equal(json_array_size(models), played.pin_count);
    assert_string_equal(json_string_value(json_object_get(first, "cid")), CID);
    assert_string_equal(json_string_value(json_object_get(first, "name")), played.pins[0].model);
    assert_int_equal(json_integer_value(json_object_get(first, "bytes")), 1000);
    assert_int_equal(json_is_true(json_object_get(first, "stale")), played.pins[0].stale);
    assert_true(json_is_true(json_object_get(first, "here")));
    assert_int_equal(json_integer_value(json_object_get(first, "copies")), !played.pins[0].stale);
    assert_true(played.looked > 0);
    json_decref(json);
}
