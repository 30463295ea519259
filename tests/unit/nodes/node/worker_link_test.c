/* Join links, the addresses of a name in turn, and what the worker's owner is told of connections.
 */
#include "../../test.h"

#include "../bridge/fixture.h"
#include "base/clock.h"
#include "nodes/node/worker_private.h"
#include <dlfcn.h>
#include <netdb.h>

/* --- names, played ---------------------------------------------------------------------------- */

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* ::1, then 127.0.0.1, and so on to 127.0.0.N. */
static struct addrinfo *addresses_make(size_t count)
{
    struct addrinfo *list = NULL;
    while (count-- > 0) {
        struct addrinfo *one = calloc(1, sizeof *one + sizeof(struct sockaddr_in6));
        one->ai_addr = (struct sockaddr *)(one + 1);
        one->ai_addrlen = count ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        one->ai_family = one->ai_addr->sa_family = count ? AF_INET : AF_INET6;
        if (count)
            ((struct sockaddr_in *)one->ai_addr)->sin_addr.s_addr =
                htonl(INADDR_LOOPBACK + (uint32_t)count - 1);
        else
            ((struct sockaddr_in6 *)one->ai_addr)->sin6_addr = in6addr_loopback;
        one->ai_next = list;
        list = one;
    }
    return list;
}

int getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    getaddrinfo_fn *real = (getaddrinfo_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (!name || !strstr(name, ".example"))
        return real(name, service, hints, found);
    *found = addresses_make((size_t)atoi(name));
    return *found ? 0 : EAI_NONAME;
}

TEST_IN(a_join_link_is_taken_apart, NULL, NULL)
{
    static const char *const wrong[] = {"", "http://", "http://127.0.0.1:1/", "127.0.0.1/#token=a",
        "ftp://127.0.0.1/#token=a", "http://127.0.0.1/#token=", "http://127.0.0.1/#token=a/b",
        "/#token=a://127.0.0.1"};
    struct wi_join_link link;
    struct wi_error error;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(wi_join_link_read(wrong[i], &link, &error), WI_BAD_REQUEST);
    assert_int_equal(wi_join_link_read("https://[::1]/#token=a_-9", &link, &error), WI_OK);
    assert_string_equal(link.host, "[::1]");
    assert_int_equal(link.address_count, 1);
    assert_string_equal(link.addresses[0], "::1");
    assert_string_equal(link.token, "a_-9");
    assert_true(link.tls && link.port == 443);
    assert_int_equal(wi_join_link_read("http://127.0.0.1:81/#token=a", &link, &error), WI_OK);
    assert_true(!link.tls && link.port == 81);
    assert_int_equal(wi_join_link_read("http://127.0.0.1/#token=a&start", &link, &error), WI_OK);
    assert_string_equal(link.token, "a");
    assert_int_equal(
        wi_join_link_read("http://127.0.0.1/#token=&start", &link, &error), WI_BAD_REQUEST);
}

/* As many as are tried, in the order in which they came. */
TEST_IN(all_addresses_of_a_name_are_kept, NULL, NULL)
{
    struct wi_join_link link;
    struct wi_error error;
    assert_int_equal(wi_join_link_read("http://2.example:9/#token=a", &link, &error), WI_OK);
    assert_int_equal(link.address_count, 2);
    assert_string_equal(link.addresses[0], "::1");
    assert_string_equal(link.addresses[1], "127.0.0.1");
    assert_int_equal(wi_join_link_make("http://30.example:9//", "a", &link, &error), WI_OK);
    assert_int_equal(link.address_count, WI_JOIN_ADDRESSES_MAX);
    assert_string_equal(link.addresses[WI_JOIN_ADDRESSES_MAX - 1], "127.0.0.7");
    assert_string_equal(link.host, "30.example:9");
    assert_int_equal(
        wi_join_link_read("http://0.example:9/#token=a", &link, &error), WI_BAD_REQUEST);
    assert_string_equal(error.detail, "the address of 0.example cannot be found");
}

/* --- a worker ----------------------------------------------------------------------------------
 */

struct place {
    struct fixture *fixture;
    struct wi_worker_service service;
    struct wi_worker *worker;
    int ups, resumes, downs, left, code; /* code and why: of the last end of a connection */
    char why[200], order[40];            /* "u" and "d" as they came */
};

static void on_task(struct wi_worker_task *task, const struct wi_worker_request *request)
{
}

static void on_of_task(struct wi_worker_task *task)
{
}

static void on_load(struct wi_worker *worker, const json_t *model)
{
}

static void on_unload(struct wi_worker *worker, const char *name)
{
}

static struct place *place_of(const struct wi_worker *worker)
{
    return wi_worker_service(worker)->context;
}

static void on_left(struct wi_worker *worker)
{
    place_of(worker)->left++;
}

static void on_welcomed(struct wi_worker *worker, const json_t *welcome)
{
    struct place *place = place_of(worker);
    assert_true(wi_worker_is_up(worker));
    assert_true(json_is_string(json_object_get(welcome, "node")));
    place->ups++;
    place->resumes += json_is_true(json_object_get(welcome, "resumed"));
    strcat(place->order, "u");
}

static void on_cut_off(struct wi_worker *worker, int code, const char *why)
{
    struct place *place = place_of(worker);
    place->downs++;
    place->code = code;
    snprintf(place->why, sizeof place->why, "%s", why);
    strcat(place->order, "d");
}

static const struct wi_worker_events events = {.task = on_task,
    .go_on = on_of_task,
    .cancel = on_of_task,
    .end = on_of_task,
    .load = on_load,
    .unload = on_unload,
    .left = on_left,
    .up = on_welcomed,
    .down = on_cut_off};

/* The test connects the worker. */
static int set_up_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    char id[WI_ID_SIZE], text[128], token[WI_TOKEN_SIZE];
    struct wi_error error;
    void *fixture;
    assert_int_equal(set_up_with_output(&fixture), 0);
    place->fixture = fixture;
    assert_int_equal(wi_bridge_invite(place->fixture->bridge,
                         &(struct wi_join_terms){.nodes = 1, .ttl_ms = 60000}, id, token, &error),
        WI_OK);
    snprintf(text, sizeof text, "http://127.0.0.1:%d/#token=%s", place->fixture->port, token);
    assert_int_equal(wi_join_link_read(text, &place->service.link, &error), WI_OK);
    place->service.loop = &place->fixture->loop;
    place->service.lws = place->fixture->lws;
    place->service.vhost = wi_worker_vhost_new(place->service.lws, 0, NULL);
    assert_non_null(place->service.vhost);
    place->service.capabilities =
        "{\"browser\":{\"name\":\"program\"},\"cross_origin_isolated\":false,"
        "\"platforms\":{\"wasm\":{\"available\":true}}}";
    place->service.events = &events;
    place->service.context = place;
    wi_pcg32_seed(&place->service.random, 1, 0);
    wi_worker_service_open(&place->service);
    place->worker = wi_worker_new(&place->service);
    *state = place;
    return 0;
}

static int tear_down_place(void **state)
{
    struct place *place = *state;
    void *fixture = place->fixture;
    wi_worker_stop(place->worker);
    assert_int_equal(tear_down(&fixture), 0);
    wi_worker_free(place->worker);
    wi_worker_service_close(&place->service);
    free(place);
    return 0;
}

FIXTURE(set_up_place, tear_down_place)

#define TURN_UNTIL(place, condition)                                                               \
    do {                                                                                           \
        double until_ = client_now() + CLIENT_PATIENCE_MS;                                         \
        while (!(condition) && client_now() < until_) {                                            \
            uv_run(&(place)->fixture->loop, UV_RUN_NOWAIT);                                        \
            wi_worker_beat((place)->worker, wi_now_ms());                                          \
        }                                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

/* Where the bridge does not listen: it has 127.0.0.1 alone. */
static void addresses_set(struct place *place, const char *const *addresses, size_t count)
{
    struct wi_join_link *link = &place->service.link;
    for (link->address_count = 0; link->address_count < count; link->address_count++)
        strcpy(link->addresses[link->address_count], addresses[link->address_count]);
}

TEST(the_address_where_the_service_listens_is_found_and_kept)
{
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.4"};
    struct place *place = *state;
    addresses_set(place, addresses, 4);
    wi_worker_connect(place->worker);
    TURN_UNTIL(place, place->ups == 1);
    assert_int_equal(place->downs, 0); /* it was not unreachable */
    assert_int_equal(place->worker->address, 2);
    wi_worker_cut(place->worker);
    TURN_UNTIL(place, place->ups == 2);
    assert_int_equal(place->resumes, 1);
    assert_int_equal(place->worker->address, 2);
    assert_string_equal(place->order, "udu");
    assert_int_equal(place->service.counters.connecting, 0);
}

/* It waits between the rounds as it does between attempts where there is one address. */
TEST(who_is_nowhere_is_told_once_a_round)
{
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4"};
    struct place *place = *state;
    addresses_set(place, addresses, 3);
    wi_worker_connect(place->worker);
    for (int round = 1; round <= 2; round++) {
        TURN_UNTIL(place, place->downs == round);
        assert_int_equal(place->worker->address, 0);
        assert_int_equal(place->code, 0);
        assert_true(*place->why);
        assert_true(place->worker->retry_at > 0);
    }
    strcpy(place->service.link.addresses[1], "127.0.0.1"); /* where it is by now */
    TURN_UNTIL(place, place->ups == 1);
    assert_int_equal(place->worker->address, 1);
}

TEST(a_break_and_a_return_are_told)
{
    struct place *place = *state;
    wi_worker_connect(place->worker);
    TURN_UNTIL(place, place->ups == 1);
    wi_worker_cut(place->worker);
    TURN_UNTIL(place, place->downs == 1);
    assert_int_equal(place->code, 0);
    TURN_UNTIL(place, place->ups == 2);
    assert_int_equal(place->resumes, 1);
    assert_string_equal(place->order, "udu");
}

TEST(why_the_service_closed_is_told_with_its_code)
{
    struct place *place = *state;
    wi_worker_connect(place->worker);
    TURN_UNTIL(place, place->ups == 1);
    wi_bridge_drop(place->fixture->bridge, place->fixture->node, "enough");
    TURN_UNTIL(place, place->downs == 1);
    assert_int_equal(place->code, 1008);
    assert_string_equal(place->why, "enough");
    assert_true(wi_worker_is_gone(place->worker));
}

TEST(who_finds_no_room_is_told_so)
{
    struct place *place = *state;
    wi_worker_connect(place->worker);
    TURN_UNTIL(place, place->ups == 1);
    struct wi_worker *second = wi_worker_new(&place->service);
    wi_worker_connect(second);
    TURN_UNTIL(place, place->downs == 1);
    assert_int_equal(place->code, 1013);
    assert_non_null(strstr(place->why, "already used"));
    assert_false(wi_worker_is_gone(second));
    wi_worker_stop(second);
    wi_worker_free(second);
}

/* What takes the connection and says nothing is no service. */
TEST(without_a_welcome_in_ten_seconds_the_connection_ends)
{
    struct place *place = *state;
    struct wi_worker *worker = place->worker;
    wi_worker_connect(worker);
    TURN_UNTIL(place, worker->state == WI_WORKER_ANNOUNCING);
    wi_worker_beat(worker, worker->connected_at + 10000);
    assert_int_equal(worker->state, WI_WORKER_ANNOUNCING);
    wi_worker_beat(worker, worker->connected_at + 10001);
    assert_int_equal(worker->state, WI_WORKER_CUT);
    TURN_UNTIL(place, place->downs == 1);
    assert_string_equal(place->why, "no welcome came");
    assert_int_equal(place->ups, 0);
}
