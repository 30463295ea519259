/* Places: what tells one from another, and their keys. */
#include "../../../test.h"

#include "work/pool/facts/place.h"
#include <string.h>

static struct wi_node_info node;

static int setup(void **state)
{
    node = (struct wi_node_info){
        .session = "session-1", .kind = "chrome", .browser_version = "156.0", .cores = 4};
    strcpy(node.engines[WI_ENGINE_ORT].version, "1.30.0");
    node.platforms[WI_WEBGPU].has_adapter = 1;
    node.platforms[WI_WEBGPU].adapter = (struct wi_adapter){"acme", "gen-1", "GPU", 0};
    return 0;
}

static struct wi_place here(void)
{
    return wi_place_of(&node, WI_ENGINE_ORT, WI_WEBGPU);
}

static void assert_elsewhere(const struct wi_place *place)
{
    struct wi_place other = here();

    assert_string_not_equal(other.key, place->key);
    setup(NULL);
    other = here();
    assert_string_equal(other.key, place->key);
}

FIXTURE(setup, NULL)

TEST(each_part_of_a_place_counts)
{
    struct wi_place place = here(), other;

    strcpy(node.kind, "edge");
    assert_elsewhere(&place);
    strcpy(node.browser_version, "157.0");
    assert_elsewhere(&place);
    strcpy(node.engines[WI_ENGINE_ORT].version, "1.31.0");
    assert_elsewhere(&place);
    strcpy(node.platforms[WI_WEBGPU].adapter.architecture, "gen-2");
    assert_elsewhere(&place);
    node.platforms[WI_WEBGPU].adapter.is_fallback = 1;
    assert_elsewhere(&place);
    node.platforms[WI_WEBGPU].has_adapter = 0;
    assert_elsewhere(&place);
    node.session[0] = '\0';
    assert_elsewhere(&place);
    node.session[0] = '\0';
    strcpy(node.party, "alice");
    assert_elsewhere(&place);
    other = wi_place_of(&node, WI_ENGINE_ORT, WI_WASM);
    assert_string_not_equal(other.key, place.key);
    other = wi_place_of(&node, WI_ENGINE_PIPELINE, WI_WEBGPU);
    assert_string_not_equal(other.key, place.key);
}

/* Of Firefox, nothing else tells two GPUs apart. */
TEST(the_gpu_of_a_browser_counts_where_it_names_none)
{
    struct wi_adapter *adapter = &node.platforms[WI_WEBGPU].adapter;
    struct wi_place place = here(), parsed;

    strcpy(node.gpu, "/dev/nvidia1");
    assert_string_equal(here().key, place.key);
    *adapter = (struct wi_adapter){0};
    place = here();
    assert_string_equal(place.adapter, "///dev/nvidia1");
    assert_int_equal(wi_place_parse(&parsed, place.key), 0);
    assert_string_equal(parsed.key, place.key);
    assert_string_equal(wi_place_of(&node, WI_ENGINE_ORT, WI_WASM).adapter, "");
    strcpy(node.gpu, "/dev/nvidia2");
    assert_string_not_equal(here().key, place.key);
    node.gpu[0] = '\0';
    assert_string_equal(here().adapter, "//");
}

TEST(which_node_it_is_and_how_large_does_not)
{
    struct wi_place place = here(), other;

    strcpy(node.id, "node-2");
    strcpy(node.session, "session-2");
    strcpy(node.engines[WI_ENGINE_LLAMA].version, "b2"); /* of another engine */
    node.cores = 8;
    other = here();
    assert_string_equal(other.key, place.key);
    assert_int_equal(other.cores, 0);
    node.session[0] = '\0';
    other = here();
    assert_int_equal(other.cores, 8);
    node.cores = 4;
    place = here();
    assert_string_equal(other.key, place.key);
}

TEST(a_key_is_read_as_it_was_written)
{
    struct wi_place place = here(), read;

    assert_int_equal(wi_place_parse(&read, place.key), 0);
    assert_string_equal(read.key, place.key);
    assert_string_equal(read.kind, "chrome");
    assert_string_equal(read.engine_version, "1.30.0");
    assert_string_equal(read.adapter, "acme/gen-1/GPU");
    assert_int_equal(read.platform, WI_WEBGPU);
    assert_false(read.joined);
    struct wi_place anywhere = wi_place_anywhere(&place, WI_WASM);
    assert_int_equal(wi_place_parse(&read, anywhere.key), 0);
    assert_string_equal(read.kind, "");
    assert_string_equal(read.engine_version, "1.30.0");
    assert_int_equal(read.platform, WI_WASM);
    /* The longest that a node can make of it. */
    memset(node.kind, 'k', sizeof node.kind - 1);
    memset(node.browser_version, 'v', sizeof node.browser_version - 1);
    memset(node.engines[WI_ENGINE_ORT].version, 'e', sizeof node.engines[0].version - 1);
    struct wi_adapter *adapter = &node.platforms[WI_WEBGPU].adapter;
    memset(adapter->vendor, 'a', sizeof adapter->vendor - 1);
    memset(adapter->architecture, 'b', sizeof adapter->architecture - 1);
    memset(adapter->description, 'c', sizeof adapter->description - 1);
    adapter->is_fallback = 1;
    node.session[0] = '\0';
    memset(node.party, 'p', sizeof node.party - 1);
    place = here();
    assert_int_equal(wi_place_parse(&read, place.key), 0);
    assert_string_equal(read.key, place.key);
    assert_true(read.joined && read.software);
    assert_string_equal(read.party, node.party);
}

static struct wi_place of_party(const char *party)
{
    node.session[0] = '\0';
    strcpy(node.party, party);
    return here();
}

/* The last field, which nothing that a node says of itself can be. */
static void assert_party_field(const struct wi_place *place, const char *field)
{
    size_t length;
    const char *found = wi_place_party_field(place->key, &length);

    assert_int_equal(length, strlen(field));
    assert_memory_equal(found, field, length);
    assert_string_equal(strrchr(place->key, '\t') + 1, field);
}

TEST(a_party_is_the_last_field_of_a_key)
{
    struct wi_place place = here(), read;

    assert_party_field(&place, "");
    place = of_party("alice");
    assert_party_field(&place, "joined alice");
    place = of_party("join-0123456789abcdef 192.0.2.7");
    assert_party_field(&place, "joined join-0123456789abcdef 192.0.2.7");
    assert_int_equal(wi_place_parse(&read, place.key), 0);
    assert_string_equal(read.party, "join-0123456789abcdef 192.0.2.7");
    assert_true(read.joined);
    struct wi_place anywhere = wi_place_anywhere(&place, WI_WASM);
    assert_party_field(&anywhere, "joined join-0123456789abcdef 192.0.2.7");
}

TEST(two_parties_are_at_two_places)
{
    struct wi_place alice = of_party("alice"), bob = of_party("bob");

    assert_string_not_equal(alice.key, bob.key);
    bob = of_party("alice");
    assert_string_equal(alice.key, bob.key);
}

TEST(what_all_joined_share_is_one_place)
{
    struct wi_place alice = of_party("alice"), shared = of_party(""), read;

    assert_string_not_equal(shared.key, alice.key);
    assert_party_field(&shared, "joined");
    assert_int_equal(wi_place_parse(&read, shared.key), 0);
    assert_true(read.joined);
    assert_string_equal(read.party, "");
    setup(NULL);
    struct wi_place ours = here();
    assert_string_not_equal(shared.key, ours.key);
}

TEST(what_is_no_key_is_told)
{
    static const char *const bad[] = {"", "chrome", "chrome\tort\t\twasm\t\t\t",
        "chrome\tort\t\twasm\t\t\t\t\t", "chrome\tabacus\t\twasm\t\t\t\t",
        "chrome\tort\t\tcuda\t\t\t\t",
        "a-kind-of-browser-with-far-too-long-a-name\tort\t\twasm\t\t\t\t",
        "chrome\tort\t\twasm\t\t\t\talice", "chrome\tort\t\twasm\t\t\t\tjoined ",
        "chrome\tort\t\twasm\t\t\t\tjoinedalice"};
    struct wi_place place;
    char text[2000];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(wi_place_parse(&place, bad[i]), -1);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(wi_place_parse(&place, text), -1);
    assert_int_equal(wi_place_parse(&place, "chrome\tort\t\twasm\t\t\t\t"), 0);
}
