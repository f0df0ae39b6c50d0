/* The worker pool: every task once, fairness between jobs, cancelling, closing. */
#include <dissolve/pool.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TASKS 1000

struct tally {
    atomic_int calls[TASKS];
};

static void count_call(void *context, size_t index)
{
    struct tally *tally = context;
    atomic_fetch_add(&tally->calls[index], 1);
}

static struct dissolve_pool *open_pool(unsigned threads)
{
    struct dissolve_pool *pool;
    assert_int_equal(dissolve_pool_create(threads, &pool), DISSOLVE_OK);
    return pool;
}

static struct dissolve_job *open_job(struct dissolve_pool *pool)
{
    struct dissolve_job *job;
    assert_int_equal(dissolve_job_create(pool, &job), DISSOLVE_OK);
    return job;
}

static void each_task_runs_once(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 7; threads += 2) {
        struct dissolve_pool *pool = open_pool(threads);
        struct dissolve_job *job = open_job(pool);
        struct tally tally;
        memset(&tally, 0, sizeof tally);
        struct dissolve_batch batch = {.task = count_call, .context = &tally, .count = TASKS};
        dissolve_job_submit(job, &batch);
        assert_int_equal(dissolve_job_wait(job, &batch), DISSOLVE_OK);
        for (int i = 0; i < TASKS; i++)
            assert_int_equal(atomic_load(&tally.calls[i]), 1);
        dissolve_job_destroy(job);
        dissolve_pool_destroy(pool);
    }
}

static void an_empty_batch_is_over_at_once(void **state)
{
    (void)state;
    struct dissolve_pool *pool = open_pool(1);
    struct dissolve_job *job = open_job(pool);
    struct dissolve_batch batch = {.task = count_call};
    dissolve_job_submit(job, &batch);
    assert_int_equal(dissolve_job_wait(job, &batch), DISSOLVE_OK);
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
}

static void zero_threads_means_one_for_each_processor(void **state)
{
    (void)state;
    struct dissolve_pool *pool = open_pool(0);
    assert_int_equal(dissolve_pool_threads(pool), dissolve_processors());
    dissolve_pool_destroy(pool);
    dissolve_pool_destroy(NULL);
    dissolve_job_destroy(NULL);
}

/* A gate that holds the pool's only worker until the test has set the scene. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    bool entered;
    bool open;
};

static void wait_at_gate(void *context, size_t index)
{
    (void)index;
    struct gate *gate = context;
    pthread_mutex_lock(&gate->mutex);
    gate->entered = true;
    pthread_cond_broadcast(&gate->moved);
    while (!gate->open)
        pthread_cond_wait(&gate->moved, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

static void await_entry(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    while (!gate->entered)
        pthread_cond_wait(&gate->moved, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->mutex);
}

/* Who ran when, on a pool of one thread. */
struct diary {
    char text[64];
    size_t length;
};

struct author {
    struct diary *diary;
    char name;
};

static void write_name(void *context, size_t index)
{
    (void)index;
    struct author *author = context;
    author->diary->text[author->diary->length++] = author->name;
}

/* A task that takes long: the time of the others is next to nothing beside it. */
static void write_slowly(void *context, size_t index)
{
    struct timespec begun, now;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 < 50);
    write_name(context, index);
}

/* However many tasks a job has, and however long they take, a small one is done soon. */
static void jobs_get_equal_time(void **state)
{
    (void)state;
    struct dissolve_pool *pool = open_pool(1);
    struct dissolve_job *gatekeeper = open_job(pool);
    struct dissolve_job *large = open_job(pool);
    struct dissolve_job *small = open_job(pool);
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    struct dissolve_batch hold = {.task = wait_at_gate, .context = &gate, .count = 1};
    dissolve_job_submit(gatekeeper, &hold);
    await_entry(&gate);

    struct diary diary = {.length = 0};
    struct author l = {&diary, 'L'}, s = {&diary, 's'}, m = {&diary, 'M'};
    struct dissolve_batch many = {.task = write_slowly, .context = &l, .count = 6};
    struct dissolve_batch more = {.task = write_name, .context = &m, .count = 2};
    struct dissolve_batch few = {.task = write_name, .context = &s, .count = 10};
    dissolve_job_submit(large, &many);
    dissolve_job_submit(large, &more);
    dissolve_job_submit(small, &few);
    open_gate(&gate);
    assert_int_equal(dissolve_job_wait(gatekeeper, &hold), DISSOLVE_OK);
    assert_int_equal(dissolve_job_wait(large, &more), DISSOLVE_OK);
    assert_int_equal(dissolve_job_wait(large, &many), DISSOLVE_OK);
    assert_int_equal(dissolve_job_wait(small, &few), DISSOLVE_OK);
    assert_int_equal(diary.length, 18);
    size_t slow = 0, small_left = 10;
    for (size_t i = 0; i < diary.length && small_left > 0; i++) {
        slow += diary.text[i] == 'L';
        small_left -= diary.text[i] == 's';
    }
    assert_in_range(slow, 0, 2); /* in turns, the tenth would come behind all of them */
    assert_memory_equal(diary.text + 16, "MM", 2);

    dissolve_job_destroy(gatekeeper);
    dissolve_job_destroy(large);
    dissolve_job_destroy(small);
    dissolve_pool_destroy(pool);
}

static void cancelling_drops_what_has_not_begun(void **state)
{
    (void)state;
    struct dissolve_pool *pool = open_pool(1);
    struct dissolve_job *job = open_job(pool);
    struct dissolve_job *other = open_job(pool);
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    struct tally tally, untouched;
    memset(&tally, 0, sizeof tally);
    memset(&untouched, 0, sizeof untouched);
    struct dissolve_batch hold = {.task = wait_at_gate, .context = &gate, .count = 1};
    struct dissolve_batch dropped = {.task = count_call, .context = &tally, .count = TASKS};
    struct dissolve_batch kept = {.task = count_call, .context = &untouched, .count = TASKS};
    dissolve_job_submit(job, &hold);
    await_entry(&gate);
    dissolve_job_submit(job, &dropped);
    dissolve_job_submit(other, &kept);
    assert_false(dissolve_job_cancelled(job));
    dissolve_job_cancel(job);
    assert_true(dissolve_job_cancelled(job));
    assert_int_equal(dissolve_job_wait(job, &dropped), DISSOLVE_CANCELLED);
    open_gate(&gate);
    assert_int_equal(dissolve_job_wait(job, &hold), DISSOLVE_OK);
    assert_int_equal(dissolve_job_wait(other, &kept), DISSOLVE_OK);
    assert_int_equal(atomic_load(&tally.calls[0]), 0);

    struct dissolve_batch late = {.task = count_call, .context = &tally, .count = 1};
    dissolve_job_submit(job, &late);
    assert_int_equal(dissolve_job_wait(job, &late), DISSOLVE_CANCELLED);
    assert_int_equal(atomic_load(&tally.calls[0]), 0);
    dissolve_job_destroy(job);
    dissolve_job_destroy(other);
    dissolve_pool_destroy(pool);
}

/* Many clients at once: for the thread sanitizer, and to lose no task under contention. */
struct client {
    struct dissolve_pool *pool;
    atomic_int *done;
};

static void count_one(void *context, size_t index)
{
    (void)index;
    atomic_fetch_add((atomic_int *)context, 1);
}

static void *submit_many(void *argument)
{
    struct client *client = argument;
    for (int i = 0; i < 200; i++) {
        struct dissolve_job *job;
        if (dissolve_job_create(client->pool, &job) != DISSOLVE_OK)
            return argument;
        struct dissolve_batch one = {.task = count_one, .context = client->done, .count = 3};
        struct dissolve_batch two = one;
        dissolve_job_submit(job, &one);
        dissolve_job_submit(job, &two);
        bool fine = dissolve_job_wait(job, &two) == DISSOLVE_OK;
        fine = dissolve_job_wait(job, &one) == DISSOLVE_OK && fine;
        dissolve_job_destroy(job);
        if (!fine)
            return argument;
    }
    return NULL;
}

static void many_clients_lose_nothing(void **state)
{
    (void)state;
    struct dissolve_pool *pool = open_pool(3);
    atomic_int done = 0;
    struct client client = {pool, &done};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &client), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(atomic_load(&done), 4 * 200 * 6);
    dissolve_pool_destroy(pool);
}

struct order {
    pthread_t thread;
    struct dissolve_job *job;
    size_t calls;
    size_t cancel_at;
};

static void note_order(void *context, size_t index)
{
    struct order *order = context;
    assert_true(pthread_equal(pthread_self(), order->thread));
    assert_int_equal(index, order->calls);
    order->calls++;
    if (order->calls == order->cancel_at)
        dissolve_job_cancel(order->job);
}

static void without_workers_a_batch_runs_where_it_is_submitted(void **state)
{
    (void)state;
    struct order order = {.thread = pthread_self(), .job = open_job(NULL)};
    struct dissolve_batch batch = {.task = note_order, .context = &order, .count = 5};
    struct dissolve_batch empty = {.task = note_order, .context = &order};
    dissolve_job_submit(order.job, &batch);
    assert_int_equal(order.calls, 5);
    assert_int_equal(dissolve_job_wait(order.job, &batch), DISSOLVE_OK);
    dissolve_job_submit(order.job, &empty);
    assert_int_equal(dissolve_job_wait(order.job, &empty), DISSOLVE_OK);

    order.calls = 0;
    order.cancel_at = 2;
    dissolve_job_submit(order.job, &batch);
    assert_int_equal(order.calls, 2);
    assert_int_equal(dissolve_job_wait(order.job, &batch), DISSOLVE_CANCELLED);
    assert_true(dissolve_job_cancelled(order.job));
    dissolve_job_destroy(order.job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_task_runs_once),
        cmocka_unit_test(an_empty_batch_is_over_at_once),
        cmocka_unit_test(zero_threads_means_one_for_each_processor),
        cmocka_unit_test(jobs_get_equal_time),
        cmocka_unit_test(cancelling_drops_what_has_not_begun),
        cmocka_unit_test(many_clients_lose_nothing),
        cmocka_unit_test(without_workers_a_batch_runs_where_it_is_submitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
