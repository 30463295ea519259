/* Work that a request waits for: the database has it until it is done, whether or not the request
 * is still there. */
#include "api/endpoints/lab/lab_step.h"

#include "base/memory.h"
#include <stdlib.h>

struct asked {
    wi_db_work_fn *work;
    void *op;
    struct wi_step *step;
};

static enum wi_code do_asked(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    const struct asked *asked = data;
    return asked->work(sqlite, asked->op, error);
}

static void on_asked(void *data, const struct wi_error *failure)
{
    struct asked *asked = data;
    wi_step_end(asked->step, failure);
    free(asked);
}

void wi_lab_step(struct wi_request *request, wi_lab_ask_fn *ask, wi_db_work_fn *work, void *op,
    wi_step_end_fn *done, void *owner, wi_step_free_fn *free_owner)
{
    struct asked *asked = wi_alloc(sizeof *asked);
    *asked = (struct asked){work, op, wi_request_step(request, done, owner, free_owner)};
    ask(request->api->deps.db, do_asked, on_asked, asked);
}
