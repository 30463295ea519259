/* A queue lets few pieces of work into the pool at a time, in their order, and leaves the rest of
 * the pool to others. */
#include "../test.h"

#include "base/work_queue.h"
#include <string.h>

struct fixture {
    uv_loop_t loop;
    struct wi_work_queue *queue;
    uv_sem_t gate, begun; /* work waits for the gate; each piece that begins posts `begun` */
    char done[16];        /* the names of what called back; cancelled ones in capitals */
};

struct piece {
    struct fixture *fixture;
    char name;
    int frees; /* the queue, when it is done */
};

static int set_up(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof fixture);
    *state = &fixture;
    uv_sem_init(&fixture.gate, 0);
    uv_sem_init(&fixture.begun, 0);
    if (uv_loop_init(&fixture.loop))
        return -1;
    fixture.queue = wi_work_queue_new(&fixture.loop, 2);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_work_queue_free(f->queue);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    uv_sem_destroy(&f->gate);
    uv_sem_destroy(&f->begun);
    return uv_loop_close(&f->loop);
}

static void pass_the_gate(void *data)
{
    struct piece *piece = data;
    uv_sem_post(&piece->fixture->begun);
    uv_sem_wait(&piece->fixture->gate);
}

static void note(void *data, int cancelled)
{
    struct piece *piece = data;
    struct fixture *f = piece->fixture;
    f->done[strlen(f->done)] = (char)(cancelled ? piece->name - 'a' + 'A' : piece->name);
    if (piece->frees) {
        wi_work_queue_free(f->queue);
        f->queue = NULL;
    }
}

static struct wi_queued_work *start(struct fixture *f, struct piece *piece, char name, int weight)
{
    *piece = (struct piece){.fixture = f, .name = name};
    return wi_work_queue_start(f->queue, (uint64_t)weight, pass_the_gate, note, piece);
}

static void open_gate(struct fixture *f, int times)
{
    for (int i = 0; i < times; i++)
        uv_sem_post(&f->gate);
}

/* Lets one piece end, and turns the loop until it has called back. */
static void let_one_end(struct fixture *f)
{
    size_t before = strlen(f->done);
    open_gate(f, 1);
    while (strlen(f->done) == before)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void nothing(void *data)
{
}

FIXTURE(set_up, tear_down)

TEST(so_many_run_and_the_pool_has_room_for_others)
{
    struct fixture *f = *state;
    struct piece pieces[6], other = {.fixture = f, .name = 'z'};
    for (int i = 0; i < 6; i++)
        start(f, &pieces[i], (char)('a' + i), 0);
    uv_sem_wait(&f->begun);
    uv_sem_wait(&f->begun);
    wi_work_start(&f->loop, nothing, note, &other);
    while (*f->done == '\0')
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_string_equal(f->done, "z");
    assert_int_equal(uv_sem_trywait(&f->begun), UV_EAGAIN);
    open_gate(f, 6);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(strlen(f->done), 7);
}

TEST(light_ones_go_first_and_equals_in_their_order)
{
    struct fixture *f = *state;
    struct piece pieces[6];
    wi_work_queue_free(f->queue);
    f->queue = wi_work_queue_new(&f->loop, 1);
    start(f, &pieces[0], 'a', 9);
    start(f, &pieces[1], 'b', 7);
    start(f, &pieces[2], 'c', 5);
    start(f, &pieces[3], 'd', 7);
    start(f, &pieces[4], 'e', 5);
    start(f, &pieces[5], 'f', 1);
    for (int i = 0; i < 6; i++)
        let_one_end(f);
    assert_string_equal(f->done, "afcebd");
}

TEST(what_is_abandoned_calls_back_all_the_same)
{
    struct fixture *f = *state;
    struct piece pieces[3];
    struct wi_queued_work *first = start(f, &pieces[0], 'a', 0);
    start(f, &pieces[1], 'b', 0);
    struct wi_queued_work *third = start(f, &pieces[2], 'c', 0);
    uv_sem_wait(&f->begun);
    uv_sem_wait(&f->begun);
    wi_queued_work_abandon(third);
    assert_string_equal(f->done, "C"); /* it waited in the queue */
    wi_queued_work_abandon(first);
    assert_string_equal(f->done, "C");
    open_gate(f, 2);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(strlen(f->done), 3);
    assert_non_null(strchr(f->done, 'A'));
    assert_non_null(strchr(f->done, 'b'));
}

TEST(a_freed_queue_ends_what_waits_and_lets_the_rest_end)
{
    struct fixture *f = *state;
    struct piece pieces[3];
    for (int i = 0; i < 3; i++)
        start(f, &pieces[i], (char)('a' + i), 0);
    uv_sem_wait(&f->begun);
    uv_sem_wait(&f->begun);
    wi_work_queue_free(f->queue);
    f->queue = NULL;
    assert_string_equal(f->done, "C");
    open_gate(f, 2);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(strlen(f->done), 3);
}

TEST(work_may_free_its_queue)
{
    struct fixture *f = *state;
    struct piece piece;
    start(f, &piece, 'a', 0);
    piece.frees = 1;
    let_one_end(f);
    assert_null(f->queue);
}
