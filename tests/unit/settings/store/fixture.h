/* A database in a temporary folder. */
#ifndef WI_TESTS_STORE_FIXTURE_H
#define WI_TESTS_STORE_FIXTURE_H

#include "../../test.h"

#include "../../files.h"
#include "settings/store/db.h"

struct fixture {
    uv_loop_t loop;
    char folder[64];
    struct wi_db *db;
    struct wi_error error;
    int64_t now; /* what the rows take as the time */
    int values;  /* that were told */
};

/* An empty folder and a loop; the database is not opened. */
static struct fixture *new_fixture(void)
{
    struct fixture *f = wi_alloc(sizeof *f);
    make_root(f->folder, "store");
    assert_int_equal(uv_loop_init(&f->loop), 0);
    return f;
}

static void open_db(struct fixture *f)
{
    f->db = wi_db_open(&f->loop, f->folder, &f->error);
    if (!f->db)
        fail_msg("%s", f->error.detail);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_db_close(f->db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    remove_root(f->folder);
    int failed = uv_loop_close(&f->loop);
    free(f);
    return failed;
}

/* Works in the database, at once. */
static inline void now(struct fixture *f, wi_db_work_fn *work, void *data)
{
    if (wi_db_now(f->db, work, data, &f->error) != WI_OK)
        fail_msg("%s", f->error.detail);
}

#endif
