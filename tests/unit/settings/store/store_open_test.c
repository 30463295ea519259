/* What the daemon finds when it opens its database. */
#include "fixture.h"

#include "settings/store/private.h"
#include "work/pool/facts/verdicts.h"
#include <signal.h>
#include <sys/resource.h>

static void count(void *context, const char *key, const char *value)
{
    struct fixture *f = context;
    f->values++;
}

static int count_of(struct fixture *f, enum wi_db_space space, int rules)
{
    f->values = 0;
    wi_db_each(f->db, space, rules, count, f);
    return f->values;
}

static int set_up(void **state)
{
    *state = new_fixture();
    return 0;
}

FIXTURE(set_up, tear_down)

static void reopen(struct fixture *f)
{
    wi_db_close(f->db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    open_db(f);
}

TEST(what_other_rules_found_out_is_asked_anew)
{
    struct fixture *f = *state;
    open_db(f);
    wi_db_put(f->db, WI_DB_VERDICTS, WI_COMPARE_RULES - 1, "place", "ok");
    wi_db_put(f->db, WI_DB_ESTIMATES, 0, "place", "{}");
    wi_db_put(f->db, WI_DB_FILE_HASHES, 0, "file", "[]");
    reopen(f);
    assert_int_equal(count_of(f, WI_DB_VERDICTS, WI_COMPARE_RULES), 0);
    assert_int_equal(count_of(f, WI_DB_ESTIMATES, 0), 1);
    assert_int_equal(count_of(f, WI_DB_FILE_HASHES, 0), 1);
    wi_db_put(f->db, WI_DB_VERDICTS, WI_COMPARE_RULES, "place", "anew");
    reopen(f);
    assert_int_equal(count_of(f, WI_DB_VERDICTS, WI_COMPARE_RULES), 1);
    assert_int_equal(count_of(f, WI_DB_VERDICTS, WI_COMPARE_RULES - 1), 0);
}

/* A limit of sizes stands for a full disk. */
TEST_IN(says_that_there_is_no_room, NULL, NULL)
{
    struct fixture *f = new_fixture();
    struct rlimit usual, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = (struct rlimit){.rlim_cur = 8192, .rlim_max = usual.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    f->db = wi_db_open(&f->loop, f->folder, &f->error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_null(f->db);
    assert_string_equal(f->error.field, "store.path");
    assert_non_null(strstr(f->error.detail, "; make room there, or set [store] path to a folder"));
    open_db(f); /* and what was begun is in nobody's way */
    *state = f;
    assert_int_equal(tear_down(state), 0);
}
