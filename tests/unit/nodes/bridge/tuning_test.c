/* How kernels are computed fastest: what a node is told, and what is believed of what it says. */
#include "fixture.h"

FIXTURE(set_up, tear_down)

#define KNOWN                                                                                      \
    "[{\"kernel\":\"add\",\"size_class\":\"64\",\"choice\":{\"variant\":\"plain\","                \
    "\"workgroup\":[128,2]}}]"
#define ADAPTER                                                                                    \
    "\"adapter\":{\"vendor\":\"google\",\"architecture\":\"swiftshader\",\"description\":"         \
    "\"sw\\u0007\"}"
#define CHOICE "\"choice\":{\"variant\":\"plain\",\"workgroup\":[128,2],\"ms\":1}"
#define ADD_64 "\"kernel\":\"add\",\"size_class\":\"64\""

static void expect_list(json_t *message)
{
    char *text =
        json_dumps(json_object_get(json_object_get(message, "data"), "tuning"), JSON_COMPACT);
    assert_string_equal(text, KNOWN);
    free(text);
    json_decref(message);
}

TEST(a_node_is_told_what_is_known)
{
    struct fixture *fixture = *state;
    fixture->tuning = KNOWN;
    json_t *welcome, *list = json_loads(KNOWN, 0, NULL);
    struct client client = join(fixture, &welcome);
    expect_list(welcome);
    wi_bridge_tell_tuning(fixture->bridge, fixture->node, list);
    expect_list(hear(&client, "tuning"));
    assert_int_equal(
        wi_bridge_tune(fixture->bridge, fixture->node, wi_kernel_find("add"), "64"), WI_OK);
    json_t *tune = hear(&client, "tune");
    assert_string_equal(text_of(tune, "kernel"), "add");
    assert_string_equal(text_of(tune, "size_class"), "64");
    json_decref(tune);
    assert_int_equal(
        wi_bridge_tune(fixture->bridge, "nobody", wi_kernel_find("add"), "64"), WI_NODE_NOT_FOUND);
    wi_bridge_tell_tuning(fixture->bridge, "nobody", list);
    json_decref(list);
    client_close(&client);
}

/* Says it, and waits until it was heard. */
static void tell(struct fixture *fixture, struct client *client, const char *data)
{
    int before = fixture->tunings;
    say(client, "tuning", data);
    while (fixture->tunings == before)
        client_turn(client);
}

TEST(what_a_node_says_is_told_upward)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    tell(fixture, &client, "{" ADD_64 "," ADAPTER "," CHOICE "}");
    assert_string_equal(fixture->tuned, "add 64 plain");
    tell(fixture, &client, "{" ADD_64 "," ADAPTER "}");
    assert_string_equal(fixture->tuned, "add 64 -");
    tell(fixture, &client, "{" ADD_64 "," ADAPTER ",\"choice\":null}");
    /* Of another adapter than its own it says nothing. */
    tell(fixture, &client, "{" ADD_64 ",\"adapter\":{\"vendor\":\"nvidia\"}," CHOICE "}");
    assert_string_equal(fixture->tuned, "add 64 -");
    tell(fixture, &client, "{" ADD_64 "," CHOICE "}");
    assert_string_equal(fixture->tuned, "add 64 -");
    tell(fixture, &client, "{" ADD_64 ",\"hung\":{\"variant\":\"plain\",\"workgroup\":[64,1]}}");
    assert_string_equal(fixture->tuned, "add 64 - hung plain");
    client_close(&client);
}

TEST(what_is_none_of_ours_is_passed_over_and_so_is_what_is_too_much)
{
    struct fixture *fixture = *state;
    struct client client = join(fixture, NULL);
    char *large = malloc(5000);
    say(&client, "tuning", "{\"kernel\":\"dance\",\"size_class\":\"64\"," CHOICE "}");
    say(&client, "tuning", "{\"kernel\":\"add\",\"size_class\":\"65\"," CHOICE "}");
    snprintf(large, 5000, "{" ADD_64 ",\"x\":\"%04200d\"}", 0);
    say(&client, "tuning", large);
    tell(fixture, &client, "{" ADD_64 "}");
    assert_int_equal(fixture->tunings, 1);
    for (int i = 0; i < 100; i++)
        say(&client, "tuning", "{" ADD_64 "}");
    say(&client, "log", "{\"level\":\"loud\",\"message\":\"the last word\"}");
    assert_int_equal(hear_close(&client), 1008);
    assert_int_equal(fixture->tunings, 62); /* 64 count; two of them were none of ours */
    free(large);
    client_close(&client);
}

TEST(what_is_wrong_ends_the_connection)
{
    static const char *const wrong[] = {"{}", "{\"kernel\":\"add\"}",
        "{\"kernel\":7,\"size_class\":\"64\"}", "{" ADD_64 ",\"choice\":[]}",
        "{" ADD_64 ",\"hung\":{\"variant\":\"plain\"}}", "{" ADD_64 ",\"adapter\":\"google\"}",
        "{" ADD_64 ",\"choice\":{\"variant\":\"plain\",\"workgroup\":[1024,1024]}}",
        "{" ADD_64 ",\"choice\":{\"variant\":\"no name\",\"workgroup\":[1,1]}}"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct client client = join(fixture, NULL);
        say(&client, "tuning", wrong[i]);
        assert_int_equal(hear_close(&client), 1008);
        client_close(&client);
    }
    assert_int_equal(fixture->tunings, 0);
}
