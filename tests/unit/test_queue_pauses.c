/* Work that gives its thread back: paused for its reader, or waiting for memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "http/queue.h"

enum { MOST = 16, BUDGET = 1000 };

struct scene;

/* Returns `results` one after another, and posts `ran` each time. */
struct piece {
    struct http_work work; /* first */
    struct scene *scene;
    struct http_charge charge;
    enum http_work_result results[4];
    uint64_t needs;      /* bytes, when it returns HTTP_WORK_WAITS first, */
    uint64_t then_needs; /* and from then on; 0: the same */
    unsigned runs;
    sem_t ran;
    sem_t *gate; /* that each run waits for; NULL: none */
};

struct scene {
    struct http_memory *memory;
    struct http_queue *queue;
    struct piece pieces[MOST];
};

static enum http_work_result run(struct http_work *work)
{
    struct piece *piece = (struct piece *)work;
    enum http_work_result result = piece->results[piece->runs++];
    if (result == HTTP_WORK_WAITS)
        piece->work.memory =
            piece->runs > 1 && piece->then_needs > 0 ? piece->then_needs : piece->needs;
    if (result == HTTP_WORK_DONE)
        http_memory_release(piece->scene->memory, &piece->charge);
    sem_post(&piece->ran);
    if (piece->gate != NULL)
        sem_wait(piece->gate);
    return result;
}

static void look(void *context)
{
    struct scene *scene = context;
    http_queue_look(scene->queue);
}

static void begin(struct scene *scene, unsigned threads, unsigned per_client)
{
    const struct http_memory_options memory = {
        .size = BUDGET, .bodies = 0, .released = look, .context = scene};
    scene->memory = http_memory_create(&memory);
    const struct http_queue_options options = {
        .threads = threads, .capacity = MOST, .per_client = per_client, .memory = scene->memory};
    scene->queue = http_queue_create(&options);
    assert_non_null(scene->queue);
    for (size_t i = 0; i < MOST; i++) {
        scene->pieces[i] = (struct piece){.work = {.run = run}, .scene = scene};
        scene->pieces[i].work.charge = &scene->pieces[i].charge;
        sem_init(&scene->pieces[i].ran, 0, 0);
    }
}

static void end(struct scene *scene)
{
    http_queue_close(scene->queue);
    assert_true(http_queue_idle(scene->queue));
    assert_int_equal(http_memory_taken(scene->memory).all, 0);
    http_queue_destroy(scene->queue);
    http_memory_destroy(scene->memory);
    for (size_t i = 0; i < MOST; i++)
        sem_destroy(&scene->pieces[i].ran);
}

static struct piece *submit(struct scene *scene, size_t i, uint64_t client,
                            enum http_work_result first, uint64_t needs)
{
    struct piece *piece = &scene->pieces[i];
    piece->results[0] = first;
    piece->needs = needs;
    piece->work.client = (struct http_client){.prefix = client, .family = 2};
    assert_true(http_queue_submit(scene->queue, &piece->work));
    return piece;
}

static void await_paused(struct scene *scene, size_t count)
{
    while (http_queue_paused(scene->queue) != count)
        sched_yield();
}

static void paused_work_gives_its_thread_back(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, 1, 1);
    struct piece *paused = submit(&scene, 0, 1, HTTP_WORK_PAUSED, 0);
    struct piece *same = submit(&scene, 1, 1, HTTP_WORK_DONE, 0);
    struct piece *other = submit(&scene, 2, 2, HTTP_WORK_DONE, 0);
    sem_wait(&same->ran);
    sem_wait(&other->ran);
    await_paused(&scene, 1);
    assert_false(http_queue_idle(scene.queue));
    assert_false(http_queue_is_pressed(scene.queue));
    assert_int_equal(http_queue_length(scene.queue), 0);
    assert_int_equal(paused->runs, 1);
    http_queue_resume(scene.queue, &paused->work);
    await_paused(&scene, 0);
    http_queue_close(scene.queue);
    assert_int_equal(paused->runs, 2);
    end(&scene);
}

/* What it waits for may have come before it pauses. */
static void work_may_be_resumed_before_it_pauses(void **state)
{
    struct scene scene;
    sem_t gate;
    (void)state;
    sem_init(&gate, 0, 0);
    begin(&scene, 1, 1);
    scene.pieces[0].gate = &gate;
    struct piece *piece = submit(&scene, 0, 1, HTTP_WORK_PAUSED, 0);
    sem_wait(&piece->ran);
    http_queue_resume(scene.queue, &piece->work);
    sem_post(&gate);
    sem_wait(&piece->ran);
    sem_post(&gate);
    end(&scene);
    assert_int_equal(piece->runs, 2);
    sem_destroy(&gate);
}

static void paused_work_can_be_withdrawn_once(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, 1, 1);
    struct piece *piece = submit(&scene, 0, 1, HTTP_WORK_PAUSED, 0);
    await_paused(&scene, 1);
    assert_true(http_queue_withdraw(scene.queue, &piece->work));
    assert_false(http_queue_withdraw(scene.queue, &piece->work));
    http_queue_resume(scene.queue, &piece->work); /* too late, and fine */
    assert_true(http_queue_idle(scene.queue));
    end(&scene);
    assert_int_equal(piece->runs, 1);
}

/* Neither the client's threads nor the queue's capacity have it. */
static void paused_work_counts_nowhere(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, 2, 1);
    for (size_t i = 0; i < MOST; i++) {
        submit(&scene, i, 1, HTTP_WORK_PAUSED, 0);
        await_paused(&scene, i + 1);
    }
    assert_false(http_queue_full(scene.queue, &scene.pieces[0].work.client));
    for (size_t i = 0; i < MOST; i++)
        http_queue_resume(scene.queue, &scene.pieces[i].work);
    end(&scene);
}

static void *close_queue(void *queue)
{
    http_queue_close(queue);
    return NULL;
}

static void closing_waits_for_paused_work(void **state)
{
    struct scene scene;
    pthread_t closing;
    (void)state;
    begin(&scene, 2, 2);
    struct piece *resumed = submit(&scene, 0, 1, HTTP_WORK_PAUSED, 0);
    struct piece *withdrawn = submit(&scene, 1, 1, HTTP_WORK_PAUSED, 0);
    await_paused(&scene, 2);
    assert_int_equal(pthread_create(&closing, NULL, close_queue, scene.queue), 0);
    http_queue_resume(scene.queue, &resumed->work);
    assert_true(http_queue_withdraw(scene.queue, &withdrawn->work));
    pthread_join(closing, NULL);
    assert_int_equal(resumed->runs, 2);
    end(&scene);
}

/* ---- Memory ---- */

static void work_runs_again_with_its_memory(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, 1, 1);
    struct piece *piece = submit(&scene, 0, 1, HTTP_WORK_WAITS, BUDGET);
    end(&scene);
    assert_int_equal(piece->runs, 2);
}

/* What does not fit is passed over by what does, of the same client and of another. */
static void little_work_passes_much(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, 1, 1);
    struct piece *holder = &scene.pieces[0];
    holder->results[1] = HTTP_WORK_PAUSED;
    submit(&scene, 0, 1, HTTP_WORK_WAITS, 600);
    await_paused(&scene, 1);
    struct piece *much = submit(&scene, 1, 2, HTTP_WORK_WAITS, 500);
    sem_wait(&much->ran);
    struct piece *little = submit(&scene, 2, 2, HTTP_WORK_WAITS, 400);
    sem_wait(&little->ran);
    sem_wait(&little->ran);
    struct piece *third = submit(&scene, 3, 3, HTTP_WORK_WAITS, 300);
    sem_wait(&third->ran);
    sem_wait(&third->ran);
    assert_int_equal(much->runs, 1);
    assert_int_equal(http_queue_length(scene.queue), 1);
    assert_true(http_queue_is_pressed(scene.queue));
    http_queue_resume(scene.queue, &holder->work); /* it ends, and releases */
    sem_wait(&much->ran);
    end(&scene);
}

/* While another waits, a client has half of all memory; alone, all of it. */
static void one_client_leaves_half_to_others(void **state)
{
    struct scene scene;
    sem_t gate;
    (void)state;
    sem_init(&gate, 0, 0);
    begin(&scene, 1, 1);
    struct piece *first = &scene.pieces[0], *second = &scene.pieces[1];
    first->results[1] = second->results[1] = HTTP_WORK_PAUSED;
    submit(&scene, 0, 1, HTTP_WORK_WAITS, 400);
    await_paused(&scene, 1);
    submit(&scene, 1, 1, HTTP_WORK_WAITS, 300); /* 700 in all: it waits alone */
    await_paused(&scene, 2);
    assert_true(http_queue_withdraw(scene.queue, &second->work));
    http_memory_release(scene.memory, &second->charge);

    scene.pieces[4].gate = &gate; /* has the thread, until two others wait */
    struct piece *busy = submit(&scene, 4, 3, HTTP_WORK_DONE, 0);
    sem_wait(&busy->ran);
    struct piece *third = submit(&scene, 2, 1, HTTP_WORK_WAITS, 300);
    struct piece *other = &scene.pieces[3];
    other->results[1] = HTTP_WORK_WAITS; /* it needs more than there is, and goes on waiting */
    submit(&scene, 3, 2, HTTP_WORK_WAITS, 700);
    sem_post(&gate);
    sem_wait(&third->ran);
    sem_wait(&other->ran);
    while (http_queue_length(scene.queue) < 2)
        sched_yield();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(http_queue_length(scene.queue), 2);
        sched_yield();
    }
    assert_true(http_queue_withdraw(scene.queue, &other->work));
    sem_wait(&third->ran); /* no other work waits */
    http_queue_resume(scene.queue, &first->work);
    end(&scene);
    sem_destroy(&gate);
}

/* Two that need more than half each do not wait for each other for ever. */
static void large_work_runs_one_after_another(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, 2, 2);
    for (size_t i = 0; i < 8; i++)
        submit(&scene, i, i, HTTP_WORK_WAITS, 600 + 10 * i);
    end(&scene);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(scene.pieces[i].runs, 2);
}

/* The same if each has a little already: then a part of the memory is always taken. */
static void large_work_that_has_little_runs_too(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene, 2, 2);
    for (size_t i = 0; i < 8; i++) {
        scene.pieces[i].results[1] = HTTP_WORK_WAITS;
        scene.pieces[i].then_needs = 600 + 10 * i;
        submit(&scene, i, i, HTTP_WORK_WAITS, 10);
    }
    end(&scene);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(scene.pieces[i].runs, 3);
}

/* It keeps what it has: to release the rest would call http_queue_look from within the queue. */
static void work_may_ask_for_less_than_it_has(void **state)
{
    struct scene scene;
    struct http_charge refused = {0};
    sem_t gate;
    (void)state;
    sem_init(&gate, 0, 0);
    begin(&scene, 1, 1);
    struct piece *piece = &scene.pieces[0];
    piece->gate = &gate;
    piece->results[1] = HTTP_WORK_WAITS;
    piece->then_needs = 400;
    submit(&scene, 0, 1, HTTP_WORK_WAITS, 600);
    sem_post(&gate);
    sem_wait(&piece->ran);
    sem_wait(&piece->ran);
    assert_false(
        http_memory_set_job(scene.memory, &refused, &piece->work.client, BUDGET / 2, false));
    sem_post(&gate);
    sem_wait(&piece->ran);
    sem_post(&gate);
    end(&scene);
    assert_int_equal(piece->runs, 3);
    sem_destroy(&gate);
}

/* ---- All of it at once ---- */

enum { CROWD = 400, CLIENTS = 7 };

struct walker {
    struct http_work work; /* first */
    struct http_charge charge;
    struct http_memory *memory;
    struct http_queue *queue;
    atomic_uint *done;
    atomic_uint *resumers; /* threads that have not come back from the queue */
    unsigned seed;
    unsigned left;
};

static void *resume_later(void *argument)
{
    struct walker *walker = argument;
    atomic_uint *resumers = walker->resumers;
    http_queue_resume(walker->queue, &walker->work);
    atomic_fetch_sub(resumers, 1);
    return NULL;
}

static enum http_work_result walk(struct http_work *work)
{
    struct walker *walker = (struct walker *)work;
    walker->seed = walker->seed * 1664525 + 1013904223;
    unsigned dice = walker->seed >> 16;
    if (walker->left-- == 0) {
        http_memory_release(walker->memory, &walker->charge);
        atomic_fetch_add(walker->done, 1);
        return HTTP_WORK_DONE;
    }
    if (dice % 3 == 0) {
        assert_true(http_memory_set_job(walker->memory, &walker->charge, &work->client, 0, false));
        walker->work.memory = dice % (BUDGET / 2) + 1;
        return HTTP_WORK_WAITS;
    }
    atomic_fetch_add(walker->resumers, 1);
    if (dice % 3 == 1) {
        resume_later(walker);
        return HTTP_WORK_PAUSED;
    }
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, resume_later, walker), 0);
    pthread_detach(other);
    return HTTP_WORK_PAUSED;
}

/* Takes it back, if it waits or is paused just now. */
static bool withdraw(struct scene *scene, struct walker *walker)
{
    bool withdrawn = http_queue_withdraw(scene->queue, &walker->work);
    if (withdrawn)
        http_memory_release(scene->memory, &walker->charge);
    return withdrawn;
}

static void everything_ends(void **state)
{
    static struct walker walkers[CROWD];
    struct scene scene;
    atomic_uint done = 0, resumers = 0;
    unsigned withdrawn = 0;
    (void)state;
    begin(&scene, 4, 2);
    for (unsigned i = 0; i < CROWD; i++) {
        walkers[i] = (struct walker){.work = {.run = walk, .client = {.prefix = i % CLIENTS}},
                                     .memory = scene.memory,
                                     .queue = scene.queue,
                                     .done = &done,
                                     .resumers = &resumers,
                                     .seed = i,
                                     .left = i % 5};
        walkers[i].work.charge = &walkers[i].charge;
        while (!http_queue_submit(scene.queue, &walkers[i].work))
            sched_yield();
        if (i % 4 == 0)
            withdrawn += withdraw(&scene, &walkers[i - i % 7]);
    }
    http_queue_close(scene.queue);
    while (atomic_load(&resumers) > 0) /* they may still be unlocking the queue's mutex */
        sched_yield();
    end(&scene);
    assert_int_equal(done + withdrawn, CROWD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paused_work_gives_its_thread_back),
        cmocka_unit_test(work_may_be_resumed_before_it_pauses),
        cmocka_unit_test(paused_work_can_be_withdrawn_once),
        cmocka_unit_test(paused_work_counts_nowhere),
        cmocka_unit_test(closing_waits_for_paused_work),
        cmocka_unit_test(work_runs_again_with_its_memory),
        cmocka_unit_test(little_work_passes_much),
        cmocka_unit_test(one_client_leaves_half_to_others),
        cmocka_unit_test(large_work_runs_one_after_another),
        cmocka_unit_test(large_work_that_has_little_runs_too),
        cmocka_unit_test(work_may_ask_for_less_than_it_has),
        cmocka_unit_test(everything_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
