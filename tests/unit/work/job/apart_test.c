/* The models whose requests run apart, and how many of them are remembered. */
#include "../../test.h"

#include "work/job/apart.h"
#include <stdio.h>

TEST(each_reason_is_remembered_for_itself)
{
    struct wi_apart apart = {0};
    const struct wi_model a = {.name = (char *)"a", .hash = "a"},
                          b = {.name = (char *)"b", .hash = "b"};

    assert_false(wi_apart_has(&apart, &a, WI_APART_ROWS));
    wi_apart_note(&apart, &a, WI_APART_ROWS, "why");
    wi_apart_note(&apart, &a, WI_APART_ROWS, "why");
    assert_true(wi_apart_has(&apart, &a, WI_APART_ROWS));
    assert_false(wi_apart_has(&apart, &a, WI_APART_SLOW));
    assert_false(wi_apart_has(&apart, &b, WI_APART_ROWS));
    assert_string_equal(wi_apart_shown(&apart, &a), wi_apart_why(WI_APART_ROWS));
    wi_apart_note(&apart, &b, WI_APART_SLOW, "why"); /* at one place */
    assert_null(wi_apart_shown(&apart, &b));
    assert_int_equal(wi_apart_proof(&apart, &b), WI_APART_UNPROVEN);
    wi_apart_set_proof(&apart, &b, WI_APART_PROVEN);
    assert_int_equal(wi_apart_proof(&apart, &b), WI_APART_PROVEN);
    wi_apart_clear(&apart);
    assert_false(wi_apart_has(&apart, &a, WI_APART_ROWS));
}

TEST(of_too_many_the_first_is_forgotten)
{
    struct wi_apart apart = {0};
    struct wi_model model = {.name = (char *)"model"};

    for (int i = 0; i <= WI_APART_MAX; i++) {
        snprintf(model.hash, sizeof model.hash, "%d", i);
        wi_apart_note(&apart, &model, WI_APART_SLOW, "why");
    }
    assert_true(wi_apart_has(&apart, &model, WI_APART_SLOW));
    snprintf(model.hash, sizeof model.hash, "1");
    assert_true(wi_apart_has(&apart, &model, WI_APART_SLOW));
    snprintf(model.hash, sizeof model.hash, "0");
    assert_false(wi_apart_has(&apart, &model, WI_APART_SLOW));
    wi_apart_clear(&apart);
}
