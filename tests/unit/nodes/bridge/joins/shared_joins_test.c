/* Join tokens that the members of a cluster share: their places are counted once, whoever races for
 * them; what a lost member held is given back; a revoked token is revoked everywhere. */
#include "../../../cluster/fake_rows.h"
#include "../../../test.h"

#include "base/clock.h"
#include "cluster/join_row.h"
#include "nodes/bridge/joins/shared_joins.h"

#define MEMBERS 3
#define KEY WI_ROW_PREFIX "join."

/* A member, and what it has heard. */
struct place {
    struct wi_joins joins;
    struct fake_follower *follower;
    size_t granted, full, unknown, away;
    size_t most; /* of on_fewer; SIZE_MAX: it did not come */
    int revoked, known;
    int told;
    enum wi_code failure;
};

struct fixture {
    struct fake_table table;
    struct fake_follower followers[MEMBERS];
    struct place places[MEMBERS];
    char id[WI_ID_SIZE], token[WI_TOKEN_SIZE];
};

static void on_place(void *context, const char *id, enum wi_join_verdict verdict)
{
    struct place *place = context;
    place->granted += verdict == WI_JOIN_OK;
    place->full += verdict == WI_JOIN_FULL;
    place->unknown += verdict == WI_JOIN_UNKNOWN;
    place->away += verdict == WI_JOIN_AWAY;
}

static void on_fewer(void *context, const char *id, size_t most)
{
    struct place *place = context;
    place->most = most;
}

static void on_revoked(void *context, const char *id)
{
    struct place *place = context;
    place->revoked++;
}

static void on_known(void *context)
{
    struct place *place = context;
    place->known++;
}

static void on_done(void *data, const struct wi_error *failure)
{
    struct place *place = data;
    place->told++;
    place->failure = failure ? failure->code : WI_OK;
}

static void place_open(struct fixture *f, int i)
{
    char instance[WI_ID_SIZE];
    struct place *place = &f->places[i];
    const struct wi_joins_events events = {.on_place = on_place,
        .on_fewer = on_fewer,
        .on_revoked = on_revoked,
        .on_known = on_known,
        .context = place};
    snprintf(instance, sizeof instance, "member-%d", i);
    *place = (struct place){.follower = &f->followers[i], .most = SIZE_MAX};
    fake_rows_join(place->follower, &f->table, instance);
    wi_joins_share(&place->joins, place->follower->rows, &events);
    fake_rows_connect(place->follower);
}

static void place_close(struct fixture *f, int i)
{
    struct place *place = &f->places[i];
    wi_joins_unshare(&place->joins);
    wi_joins_clear(&place->joins);
    fake_rows_leave(place->follower);
    f->followers[i] = (struct fake_follower){0};
}

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    *state = f;
    for (int i = 0; i < MEMBERS; i++)
        place_open(f, i);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < MEMBERS; i++)
        if (f->followers[i].rows)
            place_close(f, i);
    fake_table_clear(&f->table);
    free(f);
    return 0;
}

FIXTURE(set_up, tear_down)

/* --- what tests do ---------------------------------------------------------------------------- */

static void turn(struct fixture *f)
{
    for (int more = 1; more;) {
        more = 0;
        for (int i = 0; i < MEMBERS; i++)
            more |= f->followers[i].rows && fake_turn(&f->followers[i]);
    }
}

static const struct wi_join_terms *terms_of(size_t nodes)
{
    static struct wi_join_terms terms = {.ttl_ms = 60000, .shareable = 1, .label = "Ada's phone"};
    terms.nodes = nodes;
    return &terms;
}

/* A token of the first member that all know. */
static void make(struct fixture *f, size_t nodes)
{
    struct wi_joins *joins = &f->places[0].joins;
    assert_int_equal(wi_joins_add(joins, terms_of(nodes), wi_now_ms(), f->id, f->token), 0);
    wi_joins_await(joins, f->id, on_done, &f->places[0]);
    turn(f);
    assert_int_equal(f->places[0].told, 1);
    assert_int_equal(f->places[0].failure, WI_OK);
}

static enum wi_join_verdict take(struct fixture *f, int i)
{
    char id[WI_ID_SIZE];
    return wi_joins_take(&f->places[i].joins, f->token, wi_now_ms(), id);
}

/* How many places the row says are taken. */
static size_t taken(const struct fixture *f)
{
    char key[WI_KV_KEY_SIZE];
    struct wi_join_row row = {0};
    wi_join(key, sizeof key, KEY, f->id, NULL);
    const struct fake_row *found = fake_row_find(&f->table, key);
    assert_non_null(found);
    assert_int_equal(wi_join_row_read(&row, f->id, found->text, found->size), WI_READ_GOOD);
    size_t count = wi_join_row_taken(&row);
    wi_join_row_clear(&row);
    return count;
}

/* The row of a token that expired so long ago, of which a member has a place. */
static void expired_put(struct fixture *f, const char *id, int64_t ms_ago, const char *holder)
{
    struct wi_join_row row = {.nodes = 1, .expires_at = wi_wall_ms() - ms_ago};
    struct wi_buffer text = {0};
    char key[WI_KV_KEY_SIZE];
    wi_text_copy(row.id, sizeof row.id, id);
    wi_hash(f->token, strlen(f->token), row.hash);
    if (holder)
        wi_join_row_hold(&row, holder, 1);
    wi_join_row_print(&row, &text);
    wi_join(key, sizeof key, KEY, id, NULL);
    fake_row_set(&f->table, key, text.text, text.size);
    wi_buffer_clear(&text);
    wi_join_row_clear(&row);
}

static void expire(struct fixture *f, int64_t ms_ago, const char *holder)
{
    expired_put(f, f->id, ms_ago, holder);
}

static int64_t listed(const struct fixture *f, int i, const char *member)
{
    json_t *list = wi_joins_json(&f->places[i].joins, wi_now_ms());
    int64_t value = json_array_size(list) == 1
                        ? json_integer_value(json_object_get(json_array_get(list, 0), member))
                        : -1;
    json_decref(list);
    return value;
}

static void sweep(struct fixture *f, int first, const char *const *living)
{
    struct wi_members_view view = {.is_first = 1};
    for (; *living; living++)
        wi_text_copy(view.living[view.count++], WI_ID_SIZE, *living);
    wi_rows_sweep(f->followers[first].rows, &view);
    turn(f);
}

/* --- tests ------------------------------------------------------------------------------------ */

TEST(a_token_made_at_one_member_lets_a_node_join_at_another)
{
    struct fixture *f = *state;
    make(f, 2);
    assert_int_equal(take(f, 1), WI_JOIN_ASKED);
    turn(f);
    assert_int_equal(f->places[1].granted, 1);
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_equal(listed(f, i, "nodes"), 2);
        assert_int_equal(listed(f, i, "joined"), 1);
    }
    wi_joins_release(&f->places[1].joins, f->id);
    turn(f);
    assert_int_equal(taken(f), 0);
}

TEST(nobody_knows_a_token_before_it_is_stored_and_no_row_has_its_secret)
{
    struct fixture *f = *state;
    struct wi_joins *joins = &f->places[0].joins;
    char key[WI_KV_KEY_SIZE];
    assert_int_equal(wi_joins_add(joins, terms_of(1), wi_now_ms(), f->id, f->token), 0);
    assert_int_equal(take(f, 0), WI_JOIN_UNKNOWN);
    assert_int_equal(listed(f, 0, "nodes"), -1);
    turn(f);
    assert_int_equal(take(f, 0), WI_JOIN_ASKED);
    wi_join(key, sizeof key, KEY, f->id, NULL);
    const struct fake_row *row = fake_row_find(&f->table, key);
    assert_null(strstr(row->text, f->token));
    assert_null(strstr(row->text, f->token + 3));
}

TEST(eight_that_race_at_three_members_are_never_too_many)
{
    struct fixture *f = *state;
    make(f, 5);
    for (int i = 0; i < 8; i++)
        assert_int_equal(take(f, i % MEMBERS), WI_JOIN_ASKED);
    for (int more = 1; more;) {
        more = 0;
        for (int i = 0; i < MEMBERS; i++)
            more |= fake_turn(&f->followers[i]);
        assert_true(taken(f) <= 5);
    }
    size_t granted = 0, full = 0;
    for (int i = 0; i < MEMBERS; i++) {
        granted += f->places[i].granted;
        full += f->places[i].full;
    }
    assert_int_equal(granted, 5);
    assert_int_equal(full, 3);
    assert_int_equal(take(f, 1), WI_JOIN_FULL);
    for (size_t i = 0; i < f->places[0].granted; i++)
        wi_joins_release(&f->places[0].joins, f->id);
    turn(f);
    assert_int_equal(taken(f), 5 - f->places[0].granted);
    assert_int_equal(take(f, 1), WI_JOIN_ASKED);
    turn(f);
    assert_int_equal(f->places[1].granted + f->places[1].full, 3 + 1);
}

TEST(a_label_and_whether_the_link_may_be_passed_on_are_known_everywhere)
{
    struct fixture *f = *state;
    make(f, 1);
    for (int i = 0; i < MEMBERS; i++) {
        assert_string_equal(wi_joins_label(&f->places[i].joins, f->id), "Ada's phone");
        assert_true(wi_joins_is_shareable(&f->places[i].joins, f->id));
    }
}

TEST(a_place_that_is_given_back_is_taken_anew)
{
    struct fixture *f = *state;
    make(f, 1);
    take(f, 1);
    turn(f);
    wi_joins_release(&f->places[1].joins, f->id);
    assert_int_equal(take(f, 1), WI_JOIN_ASKED); /* it may be another member's by now */
    assert_int_equal(take(f, 2), WI_JOIN_FULL);
    turn(f);
    assert_int_equal(f->places[1].granted, 2);
    assert_int_equal(taken(f), 1);
}

TEST(a_place_that_may_have_been_given_back_is_nobodys)
{
    struct fixture *f = *state;
    make(f, 1);
    take(f, 1);
    turn(f);
    f->followers[1].loses_answers = 1;
    wi_joins_release(&f->places[1].joins, f->id);
    assert_true(fake_turn(&f->followers[1]));
    fake_rows_away(&f->followers[1]);
    assert_int_equal(take(f, 1), WI_JOIN_AWAY);
    turn(f);
    assert_int_equal(take(f, 2), WI_JOIN_ASKED);
    turn(f);
    assert_int_equal(f->places[2].granted, 1);
    f->followers[1].loses_answers = 0;
    fake_rows_connect(&f->followers[1]);
    assert_int_equal(take(f, 1), WI_JOIN_FULL);
    turn(f);
    assert_int_equal(taken(f), 1);
}

TEST(a_revoked_token_is_revoked_everywhere)
{
    struct fixture *f = *state;
    make(f, 3);
    take(f, 1);
    turn(f);
    assert_int_equal(wi_joins_revoke(&f->places[2].joins, f->id), 0);
    wi_joins_await(&f->places[2].joins, f->id, on_done, &f->places[2]);
    assert_int_equal(wi_joins_revoke(&f->places[2].joins, f->id), -1);
    assert_int_equal(take(f, 2), WI_JOIN_UNKNOWN);
    take(f, 1); /* it waits, while the row goes */
    turn(f);
    assert_int_equal(f->places[2].told, 1);
    assert_int_equal(f->places[2].failure, WI_OK);
    assert_int_equal(f->places[1].revoked, 1);
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_equal(take(f, i), WI_JOIN_UNKNOWN);
        assert_int_equal(wi_joins_revoke(&f->places[i].joins, f->id), -1);
    }
    assert_int_equal(fake_rows_count(&f->table, KEY), 0);
    wi_joins_release(&f->places[1].joins, f->id);
}

TEST(while_the_servers_are_away_only_places_that_are_held_are_taken)
{
    struct fixture *f = *state;
    make(f, 3);
    take(f, 1);
    turn(f);
    fake_rows_away(&f->followers[1]);
    assert_int_equal(take(f, 1), WI_JOIN_AWAY);
    wi_joins_release(&f->places[1].joins, f->id); /* its node goes, and another one comes */
    turn(f);
    assert_int_equal(taken(f), 1);
    assert_int_equal(take(f, 1), WI_JOIN_OK);
    assert_int_equal(take(f, 1), WI_JOIN_AWAY);
    f->token[5] ^= 1;
    assert_int_equal(take(f, 1), WI_JOIN_AWAY); /* it may be a token of another member */
    f->token[5] ^= 1;
    wi_joins_release(&f->places[1].joins, f->id);
    fake_rows_connect(&f->followers[1]);
    turn(f);
    assert_int_equal(taken(f), 0); /* what could not be given back then */
}

TEST(what_cannot_be_stored_is_not_made_and_what_cannot_be_revoked_is_revoked_here)
{
    struct fixture *f = *state;
    struct place *place = &f->places[0];
    fake_rows_away(place->follower);
    wi_joins_add(&place->joins, terms_of(3), wi_now_ms(), f->id, f->token);
    wi_joins_await(&place->joins, f->id, on_done, place);
    turn(f);
    assert_int_equal(place->failure, WI_CLUSTER_UNAVAILABLE);
    assert_int_equal(wi_joins_revoke(&place->joins, f->id), -1);
    fake_rows_connect(place->follower);
    place->told = 0;
    make(f, 3);
    take(f, 1);
    turn(f);
    fake_rows_away(place->follower);
    place->told = 0;
    assert_int_equal(wi_joins_revoke(&place->joins, f->id), 0);
    wi_joins_await(&place->joins, f->id, on_done, place);
    turn(f);
    assert_int_equal(place->told, 1);
    assert_int_equal(place->failure, WI_CLUSTER_UNAVAILABLE);
    assert_int_equal(take(f, 0), WI_JOIN_UNKNOWN);
    assert_int_equal(listed(f, 1, "joined"), 1);
    fake_rows_connect(place->follower);
    turn(f);
    assert_int_equal(fake_rows_count(&f->table, KEY), 0);
    assert_int_equal(f->places[1].revoked, 1);
}

TEST(a_full_store_refuses_new_places)
{
    struct fixture *f = *state;
    make(f, 3);
    f->table.full = 1;
    assert_int_equal(take(f, 1), WI_JOIN_ASKED);
    turn(f);
    assert_int_equal(f->places[1].away, 1);
    f->table.full = 0;
    assert_int_equal(take(f, 1), WI_JOIN_ASKED);
    turn(f);
    assert_int_equal(f->places[1].granted, 1);
}

TEST(what_a_lost_member_held_is_given_back)
{
    struct fixture *f = *state;
    static const char *const living[] = {"member-0", "member-1", NULL};
    make(f, 2);
    take(f, 2);
    take(f, 2);
    turn(f);
    assert_int_equal(f->places[2].granted, 2);
    place_close(f, 2); /* without a word */
    assert_int_equal(take(f, 1), WI_JOIN_FULL);
    sweep(f, 0, living); /* its claim has not lapsed */
    assert_int_equal(taken(f), 2);
    f->followers[0].lapsed = "member-2";
    sweep(f, 0, living);
    assert_int_equal(taken(f), 0);
    assert_int_equal(take(f, 1), WI_JOIN_ASKED);
    turn(f);
    assert_int_equal(f->places[1].granted, 1);
}

TEST(a_member_whose_places_were_given_to_others_sends_nodes_away)
{
    struct fixture *f = *state;
    static const char *const living[] = {"member-0", "member-1", NULL};
    make(f, 3);
    for (int i = 0; i < 3; i++)
        take(f, 2);
    turn(f);
    fake_rows_away(&f->followers[2]);
    f->followers[0].lapsed = "member-2";
    sweep(f, 0, living);
    take(f, 1);
    take(f, 1);
    turn(f);
    assert_int_equal(f->places[1].granted, 2);
    fake_rows_connect(&f->followers[2]);
    turn(f);
    assert_int_equal(f->places[2].most, 1);
    assert_int_equal(taken(f), 3);
    wi_joins_release(&f->places[2].joins, f->id);
    wi_joins_release(&f->places[2].joins, f->id);
    turn(f);
    assert_int_equal(taken(f), 3);
    wi_joins_release(&f->places[2].joins, f->id);
    turn(f);
    assert_int_equal(taken(f), 2);
}

TEST(a_member_that_has_lost_all_its_places_keeps_no_node)
{
    struct fixture *f = *state;
    static const char *const living[] = {"member-0", "member-1", NULL};
    make(f, 1);
    take(f, 2);
    turn(f);
    fake_rows_away(&f->followers[2]);
    f->followers[0].lapsed = "member-2";
    sweep(f, 0, living);
    take(f, 1);
    turn(f);
    assert_int_equal(f->places[1].granted, 1);
    fake_rows_connect(&f->followers[2]);
    turn(f);
    assert_int_equal(f->places[2].most, 0);
    assert_int_equal(f->places[2].revoked, 0);
}

TEST(an_expired_token_goes_once_nobody_holds_a_place)
{
    struct fixture *f = *state;
    static const char *const living[] = {"member-0", "member-1", "member-2", NULL};
    make(f, 1);
    take(f, 1);
    turn(f);
    expire(f, 1000, "member-1");
    turn(f);
    assert_int_equal(take(f, 0), WI_JOIN_UNKNOWN);
    sweep(f, 0, living);
    assert_int_equal(listed(f, 0, "joined"), 1);
    wi_joins_release(&f->places[1].joins, f->id);
    turn(f);
    assert_int_equal(listed(f, 2, "joined"), -1);
    sweep(f, 0, living); /* a member whose clock is behind may still take a place */
    assert_int_equal(fake_rows_count(&f->table, KEY), 1);
    expire(f, 60000, NULL);
    turn(f);
    sweep(f, 1, living);
    assert_int_equal(fake_rows_count(&f->table, KEY), 0);
}

TEST(a_row_that_cannot_be_read_is_no_token)
{
    struct fixture *f = *state;
    char key[WI_KV_KEY_SIZE];
    make(f, 1);
    wi_join(key, sizeof key, KEY, f->id, NULL);
    fake_row_set(&f->table, key, "{\"row\":9}", 9);
    turn(f);
    assert_int_equal(take(f, 1), WI_JOIN_UNKNOWN);
    assert_int_equal(wi_rows_counters(f->followers[1].rows)->other_version, 1);
    assert_int_equal(f->places[1].revoked, 1);
}

TEST(nodes_of_a_token_that_has_ended_give_nothing_back_to_one_that_came_again)
{
    struct fixture *f = *state;
    char key[WI_KV_KEY_SIZE];
    make(f, 2);
    take(f, 1);
    turn(f);
    wi_join(key, sizeof key, KEY, f->id, NULL);
    const struct fake_row *row = fake_row_find(&f->table, key);
    size_t size = row->size;
    char *text = wi_strndup(row->text, size);
    fake_row_set(&f->table, key, "x", 1);
    turn(f);
    assert_int_equal(f->places[1].revoked, 1);
    fake_row_set(&f->table, key, text, size);
    free(text);
    turn(f);
    wi_joins_release(&f->places[1].joins, f->id);
    turn(f);
    assert_int_equal(taken(f), 0);
    assert_int_equal(take(f, 1), WI_JOIN_ASKED);
    turn(f);
    assert_int_equal(taken(f), 1);
}

TEST(a_row_that_has_the_id_or_the_hash_of_a_node_token_changes_nothing)
{
    struct fixture *f = *state;
    struct wi_joins *joins = &f->places[0].joins;
    struct wi_api_token node = {.name = "laptop", .rank = WI_RANK_NODE};
    const struct wi_api_tokens tokens = {&node, 1};
    char id[WI_ID_SIZE];
    wi_token_new(f->token);
    wi_hash(f->token, strlen(f->token), node.hash);
    expired_put(f, "join-1", -60000, NULL); /* of the same hash */
    turn(f);
    wi_joins_set_node_tokens(joins, &tokens, on_revoked, &f->places[0]);
    json_t *list = wi_joins_node_tokens_json(joins);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    assert_int_equal(wi_joins_take(joins, f->token, wi_now_ms(), id), WI_JOIN_OK);
    assert_string_equal(wi_joins_name(joins, id), "laptop");
    expired_put(f, id, -60000, NULL);
    turn(f);
    assert_int_equal(wi_rows_counters(f->followers[0].rows)->garbage, 1);
    assert_string_equal(wi_joins_name(joins, id), "laptop");
    wi_joins_release(joins, id);
}

TEST(more_tokens_than_are_read_are_refused)
{
    struct fixture *f = *state;
    struct place *place = &f->places[0];
    for (int i = 0; i < 4 * WI_JOINS_MAX; i++) {
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "join-%d", i);
        expired_put(f, id, 1000, NULL);
    }
    turn(f);
    assert_int_equal(wi_joins_add(&place->joins, terms_of(1), wi_now_ms(), f->id, f->token), 0);
    wi_joins_await(&place->joins, f->id, on_done, place);
    turn(f);
    assert_int_equal(place->told, 1);
    assert_int_equal(place->failure, WI_CONFLICT);
    assert_int_equal(take(f, 0), WI_JOIN_UNKNOWN);
    assert_true(wi_rows_counters(f->followers[0].rows)->left_out > 0);
}

TEST(a_device_takes_a_place_of_all_and_its_token_is_not_made_again)
{
    struct fixture *f = *state;
    struct wi_joins *joins = &f->places[1].joins;
    make(f, 1);
    assert_int_equal(wi_joins_take_again(joins, f->id), WI_JOIN_ASKED);
    turn(f);
    assert_int_equal(f->places[1].granted, 1);
    assert_int_equal(wi_joins_take_again(&f->places[0].joins, f->id), WI_JOIN_FULL);
    assert_string_equal(wi_joins_terms(joins, f->id).label, "Ada's phone");

    wi_joins_restore(joins, "join-of-before", terms_of(1), wi_now_ms());
    assert_int_equal(wi_joins_take_again(joins, "join-of-before"), WI_JOIN_UNKNOWN);
    assert_int_equal(f->places[1].known, 1);
    fake_rows_away(&f->followers[1]);
    assert_int_equal(wi_joins_take_again(joins, "join-of-before"), WI_JOIN_AWAY);
    fake_rows_connect(&f->followers[1]);
    assert_int_equal(f->places[1].known, 2);
}
