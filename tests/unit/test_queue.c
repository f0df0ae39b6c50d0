/* The queue of work: its order, its bound, and that closing it runs what was taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "http/queue.h"

static const struct http_client client;

struct piece {
    struct http_work work; /* first */
    atomic_uint *clock;
    unsigned turn; /* when it ran: 1 for the first */
    sem_t *started;
    sem_t *gate;
};

static enum http_work_result run(struct http_work *work)
{
    struct piece *piece = (struct piece *)work;
    if (piece->started != NULL)
        sem_post(piece->started);
    if (piece->gate != NULL)
        sem_wait(piece->gate);
    piece->turn = atomic_fetch_add(piece->clock, 1) + 1;
    return HTTP_WORK_DONE;
}

static struct http_queue *create(unsigned threads, size_t capacity)
{
    const struct http_queue_options options = {
        .threads = threads, .capacity = capacity, .per_client = threads};
    struct http_queue *queue = http_queue_create(&options);
    assert_non_null(queue);
    return queue;
}

static void runs_in_order_and_refuses_when_full(void **state)
{
    enum { WAITING = 3 };
    sem_t started;
    sem_t gate;
    atomic_uint turns = 0;
    struct piece pieces[WAITING + 2];
    (void)state;
    sem_init(&started, 0, 0);
    sem_init(&gate, 0, 0);
    for (size_t i = 0; i < WAITING + 2; i++)
        pieces[i] = (struct piece){.work = {.run = run}, .clock = &turns};
    pieces[0].started = &started;
    pieces[0].gate = &gate;

    struct http_queue *queue = create(1, WAITING);
    assert_true(http_queue_idle(queue));
    assert_false(http_queue_full(queue, &client));
    assert_true(http_queue_submit(queue, &pieces[0].work));
    sem_wait(&started);
    assert_false(http_queue_idle(queue)); /* although nothing waits */
    for (size_t i = 1; i <= WAITING; i++) {
        assert_false(http_queue_full(queue, &client));
        assert_true(http_queue_submit(queue, &pieces[i].work));
    }
    assert_true(http_queue_full(queue, &client));
    assert_int_equal(http_queue_length(queue), WAITING);
    assert_false(http_queue_submit(queue, &pieces[WAITING + 1].work));
    assert_int_equal(http_queue_length(queue), WAITING);

    sem_post(&gate);
    http_queue_close(queue);
    for (size_t i = 0; i <= WAITING; i++)
        assert_int_equal(pieces[i].turn, i + 1);
    assert_int_equal(http_queue_length(queue), 0);
    assert_true(http_queue_idle(queue));
    assert_int_equal(pieces[WAITING + 1].turn, 0);
    assert_true(http_queue_full(queue, &client));
    assert_false(http_queue_submit(queue, &pieces[0].work));
    http_queue_destroy(queue);
    sem_destroy(&gate);
    sem_destroy(&started);
}

/* However slowly the threads wake up, work for which there is an idle one is not refused. */
static void idle_threads_take_work_beyond_the_bound(void **state)
{
    enum { THREADS = 4, WAITING = 1 };
    sem_t gate;
    atomic_uint turns = 0;
    struct piece pieces[THREADS + WAITING + 1];
    (void)state;
    sem_init(&gate, 0, 0);
    struct http_queue *queue = create(THREADS, WAITING);
    for (size_t i = 0; i <= THREADS + WAITING; i++) {
        pieces[i] = (struct piece){.work = {.run = run}, .clock = &turns, .gate = &gate};
        assert_int_equal(http_queue_submit(queue, &pieces[i].work), i < THREADS + WAITING);
    }
    for (size_t i = 0; i < THREADS + WAITING; i++)
        sem_post(&gate);
    http_queue_destroy(queue);
    assert_int_equal(turns, THREADS + WAITING);
    sem_destroy(&gate);
}

static void every_piece_runs_once(void **state)
{
    enum { PIECES = 5000 };
    static struct piece pieces[PIECES];
    atomic_uint turns = 0;
    (void)state;
    struct http_queue *queue = create(8, PIECES);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = (struct piece){.work = {.run = run}, .clock = &turns};
        assert_true(http_queue_submit(queue, &pieces[i].work));
    }
    http_queue_destroy(queue);
    assert_int_equal(turns, PIECES);
    static bool seen[PIECES + 1];
    for (size_t i = 0; i < PIECES; i++) {
        assert_in_range(pieces[i].turn, 1, PIECES);
        assert_false(seen[pieces[i].turn]);
        seen[pieces[i].turn] = true;
    }
}

/* First, last and between others; what is behind moves up, and there is room for more. */
static void what_is_withdrawn_does_not_run(void **state)
{
    enum { WAITING = 5 };
    sem_t started;
    sem_t gate;
    atomic_uint turns = 0;
    struct piece pieces[WAITING + 2];
    (void)state;
    sem_init(&started, 0, 0);
    sem_init(&gate, 0, 0);
    for (size_t i = 0; i < WAITING + 2; i++)
        pieces[i] = (struct piece){.work = {.run = run}, .clock = &turns};
    pieces[0].started = &started;
    pieces[0].gate = &gate;

    struct http_queue *queue = create(1, WAITING);
    assert_false(http_queue_withdraw(queue, &pieces[0].work));
    for (size_t i = 0; i <= WAITING; i++)
        assert_true(http_queue_submit(queue, &pieces[i].work));
    sem_wait(&started);
    assert_false(http_queue_withdraw(queue, &pieces[0].work));
    assert_false(http_queue_submit(queue, &pieces[WAITING + 1].work));
    assert_false(http_queue_withdraw(queue, &pieces[WAITING + 1].work));
    static const size_t withdrawn[] = {3, 1, 5};
    for (size_t i = 0; i < 3; i++) {
        assert_true(http_queue_withdraw(queue, &pieces[withdrawn[i]].work));
        assert_false(http_queue_withdraw(queue, &pieces[withdrawn[i]].work));
        assert_int_equal(http_queue_length(queue), WAITING - 1 - i);
        assert_false(http_queue_full(queue, &client));
    }
    assert_true(http_queue_submit(queue, &pieces[WAITING + 1].work));
    assert_true(http_queue_submit(queue, &pieces[1].work));
    assert_true(http_queue_withdraw(queue, &pieces[2].work));

    sem_post(&gate);
    http_queue_close(queue);
    assert_int_equal(pieces[4].turn, 2);
    assert_int_equal(pieces[WAITING + 1].turn, 3);
    assert_int_equal(pieces[1].turn, 4);
    assert_int_equal(turns, 4);
    assert_false(http_queue_withdraw(queue, &pieces[4].work));
    http_queue_destroy(queue);
    sem_destroy(&gate);
    sem_destroy(&started);
}

/* The last one of all leaves, and the next is the first. */
static void an_emptied_queue_goes_on(void **state)
{
    sem_t gate;
    atomic_uint turns = 0;
    struct piece held = {.work = {.run = run}, .clock = &turns, .gate = &gate};
    struct piece other = {.work = {.run = run}, .clock = &turns};
    (void)state;
    sem_init(&gate, 0, 0);
    struct http_queue *queue = create(1, 2);
    assert_true(http_queue_submit(queue, &held.work));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(http_queue_submit(queue, &other.work));
        assert_true(http_queue_withdraw(queue, &other.work));
    }
    assert_true(http_queue_submit(queue, &other.work));
    sem_post(&gate);
    http_queue_destroy(queue);
    assert_int_equal(other.turn, 2);
    sem_destroy(&gate);
}

static void nothing_to_do(void **state)
{
    (void)state;
    http_queue_close(NULL);
    http_queue_destroy(NULL);
    struct http_queue *queue = create(3, 1);
    http_queue_destroy(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_in_order_and_refuses_when_full),
        cmocka_unit_test(idle_threads_take_work_beyond_the_bound),
        cmocka_unit_test(every_piece_runs_once),
        cmocka_unit_test(what_is_withdrawn_does_not_run),
        cmocka_unit_test(an_emptied_queue_goes_on),
        cmocka_unit_test(nothing_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
