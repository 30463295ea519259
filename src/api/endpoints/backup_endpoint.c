/*
 * POST /v1/admin/backup. The file is written first, on a thread, and then sent: a slow client keeps
 * no transaction open. Its room on the disk is why there is one at a time.
 */
#include "settings/store/backup.h"

#include "api/endpoints/endpoints.h"
#include "api/http/waiting.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdlib.h>
#include <unistd.h>

struct wi_api_backup {
    struct wi_endpoints *endpoints; /* NULL once they are gone */
    struct wi_request *request;     /* NULL once its client has left */
};

void wi_api_backup_forsake(struct wi_api_backup *backup)
{
    if (backup)
        backup->endpoints = NULL;
}

/* It was sent, or never will be. */
static void backup_end(void *context)
{
    struct wi_api_backup *backup = context;
    if (backup->endpoints)
        backup->endpoints->backup = NULL;
    free(backup);
}

static void on_left(void *work)
{
    struct wi_api_backup *backup = work;
    backup->request = NULL;
}

static void backup_send(struct wi_api_backup *backup, int fd, uint64_t size)
{
    struct wi_request *request = backup->request;
    const struct wi_api_file file = {.fd = fd,
        .size = size,
        .type = request->route->produces,
        .name = "webinfer.db",
        .on_end = backup_end,
        .context = backup};
    wi_info("api", request->id, "a backup of the database, %llu bytes, goes to %.80s",
        (unsigned long long)size, wi_request_client(request));
    wi_api_answer_file(request, &file);
}

static void on_made(void *context, int fd, uint64_t size, const struct wi_error *failure)
{
    struct wi_api_backup *backup = context;
    if (backup->request && !failure) {
        backup_send(backup, fd, size);
        return;
    }
    if (failure)
        wi_warn("api", backup->request ? backup->request->id : NULL,
            "no backup of the database was made: %s", failure->detail);
    if (backup->request)
        wi_request_answer_error(backup->request, failure);
    if (fd >= 0)
        close(fd);
    backup_end(backup);
}

void wi_handle_backup(struct wi_request *request)
{
    struct wi_endpoints *endpoints = request->api->endpoints;
    if (!request->api->deps.db || endpoints->backup) {
        wi_request_answer_refusal(request, endpoints->backup ? WI_CONFLICT : WI_UNAVAILABLE, NULL,
            "%s",
            endpoints->backup
                ? "a backup is already being made or sent; try again when it has ended"
                : "there is no database");
        return;
    }
    struct wi_api_backup *backup = wi_alloc(sizeof *backup);
    *backup = (struct wi_api_backup){.endpoints = endpoints, .request = request};
    endpoints->backup = backup;
    wi_request_wait(request, on_left, backup);
    wi_db_backup(request->api->deps.db, on_made, backup);
}
